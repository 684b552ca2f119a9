"""What a person had painted: /history, page by page, each picture to be opened once more."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.i18n import Texts, error_message, texts_for
from bot.messaging.callback_data import Press, Verb, whose
from bot.messaging.callbacks import ButtonPress, CallbackAnswer, not_yours
from bot.messaging.job_card import ButtonRows, job_card, style_title
from bot.messaging.pagination import clamp_page, page_buttons
from bot.messaging.platform import Button, Card, Person, Picture

if TYPE_CHECKING:
    from bot.jobs.service import JobService

ON_A_PAGE = 6
MOST = 120  # pictures that can be leafed through; the newest ones
_COLUMNS = 3
_PAINTED = frozenset({State.STORED, State.DELIVERED})


class HistoryCommands:
    """Shows a person their own past."""

    def __init__(self, job_service: "JobService") -> None:
        self._job_service = job_service

    async def first(self, person: Person) -> Card:
        """The newest page."""
        return history_card(await self._job_service.history(person, limit=MOST), person, page=0)

    async def turned(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        """Another page, in place of this one."""
        if press.about != whose(pressed.person):
            return not_yours(pressed.person)
        views = await self._job_service.history(pressed.person, limit=MOST)
        return CallbackAnswer(edit=history_card(views, pressed.person, page=press.number or 0))

    async def opened(self, view: JobView, person: Person) -> CallbackAnswer:
        """A picture with its buttons, as a new message."""
        texts = texts_for(person.language)
        jpeg = await self._job_service.result(person, view.id)
        if jpeg is None:
            return CallbackAnswer(texts.gettext("I no longer keep this picture."), alert=True)
        picture = Picture(jpeg, f"repaint-{view.id}.jpg", style_title(view, texts), job=view.id)
        return CallbackAnswer(
            card=job_card(view, styles=self._job_service.styles(), language=person.language, picture=picture)
        )


def history_card(views: Sequence[JobView], person: Person, *, page: int) -> Card:
    """One page of the past: a line for each job, a button for each picture that is still there."""
    texts = texts_for(person.language)
    if not views:
        return Card(texts.gettext("Nothing yet. Send me a photo to begin."))
    pages = -(-len(views) // ON_A_PAGE)
    page = clamp_page(page, pages)
    start = page * ON_A_PAGE
    shown = list(enumerate(views[start : start + ON_A_PAGE], start + 1))
    title = texts.ngettext("Your last picture:", "Your last {n} pictures:", len(views))
    lines = [title, "", *(_line(number, view, texts) for number, view in shown)]
    lines += ["", texts.gettext("A number shows its picture once more.")]
    turn = partial(Press, Verb.HISTORY, whose(person))
    return Card("\n".join(lines), (*_numbers(shown), *page_buttons(turn, page, pages)))


def _line(number: int, view: JobView, texts: Texts) -> str:
    name, when = style_title(view, texts), texts.moment(view.created)
    if view.state in _PAINTED:
        return f"{number}. {name} · {when}"
    if view.state is State.CANCELED:
        return f"{number}. {name} · {when} · {texts.gettext('Cancelled.')}"
    if view.state is State.FAILED:
        why = view.error or UserError(ErrorCode.SERVICE_DOWN)
        return f"{number}. {name} · {when} · {error_message(why, texts)}"
    return f"{number}. {name} · {when} · {texts.gettext('on its way')}"


def _numbers(shown: Sequence[tuple[int, JobView]]) -> ButtonRows:
    buttons = [
        Button(f"🖼 {number}", Press(Verb.OPEN, view.id).pack())
        for number, view in shown
        if view.state in _PAINTED and view.expires_at is not None
    ]
    return tuple(tuple(buttons[start : start + _COLUMNS]) for start in range(0, len(buttons), _COLUMNS))
