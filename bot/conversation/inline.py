"""Where we are not a member: what people find under our name in any chat (inline), and what a guest is told."""

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
    """One thing that can be sent: a picture of their own (`job`), or a look (`style`) as the message `text`."""

    id: str
    title: str
    description: str
    text: str
    job: int | None = None
    style: int | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True)
class InlinePage:
    """Results from an offset on; `next_offset` is empty at the end; `hint` is the label of a button into the bot."""

    results: tuple[InlineResult, ...]
    next_offset: str = ""
    hint: str = ""


class InlineSearch:
    """Finds a person's own pictures and the looks. `link` turns the payload of a deep link into one."""

    def __init__(self, queries: JobQueries, link: Callable[[str], str] | None = None) -> None:
        self._queries = queries
        self._link = link

    async def search(self, person: Person, query: str, offset: str) -> InlinePage:
        """`#1042` finds that picture, words find pictures and looks of that name, nothing finds everything."""
        texts, wanted = texts_for(person.language), query.strip().casefold()
        past = await self._queries.history(person, limit=MAX_PICTURES)
        pictures = [
            _picture_result(view, texts)
            for view in past
            if view.state in _PAINTED and _picture_matches(view, wanted, texts)
        ]
        looks = [
            self._style_result(style, texts)
            for style in self._queries.styles()
            if style is not SHEET and _style_matches(style, wanted, texts)
        ]
        found = [*pictures, *looks]
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
    """What a chat that we are no member of is told at once."""
    texts = texts_for(message.person.language)
    is_request = parse_text(message.text).command in _REQUESTS
    if not is_request or not (message.attachments or message.replied):
        return Card(how_to_style_text(texts))
    return Card(texts.gettext("One moment: I'm looking at the photo…"))


def _picture_result(view: JobView, texts: Texts) -> InlineResult:
    name = style_title(view, texts)
    return InlineResult(
        id=f"job-{view.id}", title=name, description=texts.moment(view.created), text=f"🎨 {name}", job=view.id
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
