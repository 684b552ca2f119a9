"""A press of a button as it arrives, and what is to be done after it: values that every desk shares."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain.error_codes import UserError
from bot.i18n import error_message, texts_for
from bot.messaging.incoming import not_an_admin
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Card, Chat, Person


@dataclass(frozen=True)
class CallbackAnswer:
    """What to do after a press: a short `notice` (an `alert` stays until read), a `card` to send as an answer to the
    pressed message, new buttons (`rows`) on it, a card that it becomes (`edit`), or `remove` it, and what is `also` to
    be removed. Job cards are redrawn by the courier.
    """

    notice: str = ""
    alert: bool = False
    card: Card | None = None
    rows: ButtonRows | None = None
    edit: Card | None = None
    remove: bool = False
    also: tuple[Address, ...] = ()


@dataclass(frozen=True)
class ButtonPress:
    """A press as it arrives: `source` is unique to it, `message_id` the message whose button it was, `is_admin` asks
    the platform whether the person is an admin of the group."""

    person: Person
    chat: Chat
    data: str
    source: str
    message_id: str
    is_admin: Callable[[], Awaitable[bool]] = not_an_admin


def error_answer(why: UserError, person: Person, now: float) -> CallbackAnswer:
    """The reason why not, until it is read."""
    return CallbackAnswer(error_message(why, texts_for(person.language), now=now), alert=True)


def not_yours(person: Person) -> CallbackAnswer:
    """Somebody else's button."""
    return CallbackAnswer(texts_for(person.language).gettext("This button is for somebody else."), alert=True)
