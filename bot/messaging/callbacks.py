"""Button presses and the answers to them, as values."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain.error_codes import UserError
from bot.i18n import error_message, texts_for
from bot.messaging.incoming import not_an_admin
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Address, Card, Chat, Person


@dataclass(frozen=True)
class CallbackAnswer:
    """What to do after a press. Job cards are updated by `bot.delivery`, not by answers.

    Attributes:
        notice: A short text for the person; an `alert` stays until dismissed.
        card: To be sent as a reply to the pressed message.
        rows: New buttons of the pressed message.
        edit: What the pressed message becomes.
        remove: Delete the pressed message, and the messages at `also`.
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
    """A press of a button. `data` is the packed callback data, `source` a unique id of the press, `message_id` the
    message with the button; `is_admin` asks the platform whether the person is an admin of the group."""

    person: Person
    chat: Chat
    data: str
    source: str
    message_id: str
    is_admin: Callable[[], Awaitable[bool]] = not_an_admin


def error_answer(why: UserError, person: Person, now: float) -> CallbackAnswer:
    """The error's message as an alert. `now` is in epoch seconds."""
    return CallbackAnswer(error_message(why, texts_for(person.language), now=now), alert=True)


def not_yours(person: Person) -> CallbackAnswer:
    """The answer to a press of somebody else's button."""
    return CallbackAnswer(texts_for(person.language).gettext("This button is for somebody else."), alert=True)
