"""/history: a person's past jobs, page by page, with buttons that show a picture again."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.i18n import Texts, error_message, mark, texts_for
from bot.jobs.queries import JobQueries
from bot.messaging.callback_data import CallbackData, OpenPicture, clamp_page, page_buttons, person_key
from bot.messaging.incoming import ButtonPress, CallbackAnswer, IncomingMessage, error_answer, not_yours
from bot.messaging.job_card import ButtonRows, job_card, style_title
from bot.messaging.platform import Button, Card, Person, Picture
from bot.messaging.registry import IN_PRIVATE, Command, Feature, Form, StartLink, on_press

PAGE_SIZE = 6
MAX_PICTURES = 120  # on all pages together; the newest ones
_COLUMNS = 3
_PAINTED = frozenset({State.STORED, State.DELIVERED})


@dataclass(frozen=True)
class HistoryPage(CallbackData, kind="history"):
    """Show another page; `person` is the `person_key` of the history's owner."""

    person: int
    page: int


class HistoryCommands:
    """Shows people their own history."""

    def __init__(self, queries: JobQueries) -> None:
        self._queries = queries

    def feature(self) -> Feature:
        """What it registers."""
        history = Command(
            "history",
            self.first_page,
            summary=mark("My pictures"),
            menus=IN_PRIVATE,
            rank=30,
            form=Form(),
            is_personal=True,
        )
        presses = (on_press(HistoryPage, self.turn_page), on_press(OpenPicture, self.open))
        return Feature((history,), presses, (StartLink("history", self.first_page),))

    async def first_page(self, message: IncomingMessage, _: str) -> Card:
        """The newest page."""
        views = await self._queries.history(message.person, limit=MAX_PICTURES)
        return history_card(views, message.person, page=0, now=self._queries.clock.now())

    async def turn_page(self, data: HistoryPage, press: ButtonPress) -> CallbackAnswer:
        """Another page, in place of this one."""
        if data.person != person_key(press.person):
            return not_yours(press.person)
        views = await self._queries.history(press.person, limit=MAX_PICTURES)
        return CallbackAnswer(edit=history_card(views, press.person, page=data.page, now=self._queries.clock.now()))

    async def open(self, data: OpenPicture, press: ButtonPress) -> CallbackAnswer:
        """A picture with its buttons, as a new message."""
        person, texts = press.person, texts_for(press.person.language)
        view = await self._queries.job(person, data.job)
        if view is None:
            return error_answer(UserError(ErrorCode.NOT_FOUND), person, self._queries.clock.now())
        jpeg = await self._queries.result(person, view.id)
        if jpeg is None:
            return CallbackAnswer(texts.gettext("I no longer have this picture."), alert=True)
        picture = Picture(jpeg, f"repaint-{view.id}.jpg", style_title(view, texts), job=view.id)
        styles = self._queries.styles()
        return CallbackAnswer(card=job_card(view, styles=styles, language=person.language, picture=picture))


def history_card(views: Sequence[JobView], person: Person, *, page: int, now: float) -> Card:
    """One page (from 0) of the history: a line for each job, a button for each picture that is still stored. `now` is
    in epoch seconds."""
    texts = texts_for(person.language)
    if not views:
        return Card(texts.gettext("Nothing yet. Send me a photo to start."))
    pages = -(-len(views) // PAGE_SIZE)
    page = clamp_page(page, pages)
    start = page * PAGE_SIZE
    shown = list(enumerate(views[start : start + PAGE_SIZE], start + 1))
    title = texts.ngettext("Your last picture:", "Your last {n} pictures:", len(views))
    lines = [title, "", *(_line(number, view, texts, now) for number, view in shown)]
    lines += ["", texts.gettext("Tap a number to see that picture again.")]
    turn = partial(HistoryPage, person_key(person))
    return Card("\n".join(lines), (*_numbers(shown), *page_buttons(turn, page, pages)))


def _line(number: int, view: JobView, texts: Texts, now: float) -> str:
    name, when = style_title(view, texts), texts.ago(view.created, now)
    if view.state in _PAINTED:
        return f"{number}. {name} · {when}"
    if view.state is State.CANCELED:
        outcome = texts.gettext("Cancelled.")
        return f"{number}. {name} · {when} · {outcome}"
    if view.state is State.FAILED:
        why = view.error or UserError(ErrorCode.SERVICE_DOWN)
        return f"{number}. {name} · {when} · {error_message(why, texts)}"
    state = texts.gettext("in progress")
    return f"{number}. {name} · {when} · {state}"


def _numbers(shown: Sequence[tuple[int, JobView]]) -> ButtonRows:
    buttons = [
        Button(f"🖼 {number}", OpenPicture(view.id).pack())
        for number, view in shown
        if view.state in _PAINTED and view.expires_at is not None
    ]
    return tuple(tuple(buttons[start : start + _COLUMNS]) for start in range(0, len(buttons), _COLUMNS))
