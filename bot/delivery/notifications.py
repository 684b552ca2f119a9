"""The one short new message that says "it is there": edits don't notify, and who waited long has looked away. Pure."""

from bot.domain.job_view import JobView, State
from bot.i18n import texts_for
from bot.messaging.platform import Card

LONG_SECONDS = 120.0

_PICTURE = frozenset({State.STORED, State.DELIVERED})


def is_worth_a_notice(view: JobView, now: float) -> bool:
    """Whether an outcome that came by an edit has to be told once more, by a message that notifies."""
    if view.asked is None or view.state not in _PICTURE | {State.FAILED}:
        return False
    return now - view.asked > LONG_SECONDS


def notice_card(view: JobView, language: str, *, many: bool = False) -> Card:
    """What it says; it answers the job's card. `many`: the card is that of several photos, one of which is `view`."""
    texts = texts_for(language)
    if view.state in _PICTURE and many:
        return Card(texts.gettext("Your pictures are ready: here they are."))
    if view.state in _PICTURE:
        return Card(texts.gettext("Your picture is ready: here it is."))
    return Card(texts.gettext("This one didn't work out. My message above says why."))
