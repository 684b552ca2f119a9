"""Chats where the bot is not a member: inline search results, and the first answer to guest messages."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.conversation.help import how_to_style_text
from bot.conversation.style_gallery import STYLE_LINK
from bot.domain.job_view import JobView, State
from bot.domain.styles import SHEET, Style
from bot.i18n import Texts, texts_for
from bot.jobs.queries import JobQueries
from bot.messaging.commands import parse_text
from bot.messaging.incoming import IncomingMessage
from bot.messaging.job_card import style_title
from bot.messaging.platform import Button, Card, Person

PAGE_SIZE = 20
_REQUESTS = frozenset({"style", "ref", None})  # commands that ask for a picture
MAX_PICTURES = 50
_PAINTED = frozenset({State.STORED, State.DELIVERED})


@dataclass(frozen=True)
class InlineResult:
    """A result that can be sent: one of the person's pictures (`job`), or a style (`style`) as the message `text`."""

    id: str
    title: str
    description: str
    text: str
    job: int | None = None
    style: int | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True)
class InlinePage:
    """One page of results; `next_offset` is empty on the last page; `hint` labels a button that opens the bot."""

    results: tuple[InlineResult, ...]
    next_offset: str = ""
    hint: str = ""


class InlineSearch:
    """Finds a person's own pictures and the styles. `link` makes a deep link from a payload."""

    def __init__(self, queries: JobQueries, link: Callable[[str], str] | None = None) -> None:
        self._queries = queries
        self._link = link

    async def search(self, person: Person, query: str, offset: str) -> InlinePage:
        """Search by picture number (`#1042`) or by style name; an empty query finds everything. `offset` is a
        `next_offset` of an earlier page, or empty."""
        texts, wanted = texts_for(person.language), query.strip().casefold()
        past = await self._queries.history(person, limit=MAX_PICTURES)
        pictures = [
            _picture_result(view, texts, self._queries.clock.now())
            for view in past
            if view.state in _PAINTED and _picture_matches(view, wanted, texts)
        ]
        styles = [
            self._style_result(style, texts)
            for style in self._queries.styles()
            if style is not SHEET and _style_matches(style, wanted, texts)
        ]
        found = [*pictures, *styles]
        start = int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 6 else 0
        end = start + PAGE_SIZE
        following = str(end) if end < len(found) else ""
        return InlinePage(tuple(found[start:end]), following, texts.gettext("Paint a new picture"))

    def _style_result(self, style: Style, texts: Texts) -> InlineResult:
        name = style.name(texts.language)
        text = texts.gettext("I can repaint your photo like this: {style}", style=name)
        button = (
            ()
            if self._link is None
            else (Button(texts.gettext("🎨 Try it"), link=self._link(f"{STYLE_LINK}{style.slug}")),)
        )
        return InlineResult(
            id=f"look-{style.index}",
            title=name,
            description=texts.gettext("Tell others about this style"),
            text=text,
            style=style.index,
            buttons=(button,) if button else (),
        )


def guest_card(message: IncomingMessage) -> Card:
    """The immediate answer to a message from a chat where the bot is not a member."""
    texts = texts_for(message.person.language)
    is_request = parse_text(message.text).command in _REQUESTS
    if not is_request or not (message.attachments or message.replied):
        return Card(how_to_style_text(texts))
    return Card(texts.gettext("One moment: I'm looking at the photo…"))


def _picture_result(view: JobView, texts: Texts, now: float) -> InlineResult:
    name = style_title(view, texts)
    return InlineResult(
        id=f"job-{view.id}", title=name, description=texts.ago(view.created, now), text=f"🎨 {name}", job=view.id
    )


def _picture_matches(view: JobView, wanted: str, texts: Texts) -> bool:
    if wanted.startswith("#"):
        return wanted == f"#{view.id}"
    return wanted in style_title(view, texts).casefold()


def _style_matches(style: Style, wanted: str, texts: Texts) -> bool:
    if wanted.startswith("#"):
        return False
    names = (style.name(texts.language).casefold(), style.slug)
    return wanted == str(style.index) or any(wanted in name for name in names)
