"""Registration of features: their commands, button presses, deep links and help. `bot.conversation` only routes.

Each feature is built once per platform and returns a `Feature`. Menus, forms and the help text are made from the same
tables, so a new command is defined in one place.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from bot.messaging.callback_data import CallbackData, kind_of
from bot.messaging.incoming import ButtonPress, CallbackAnswer, IncomingMessage
from bot.messaging.platform import Card, Person

# Arguments: the message, and the text after its command.
CommandHandler = Callable[[IncomingMessage, str], Awaitable[Card | None]]
# Arguments: the unpacked callback data, and the press.
PressHandler = Callable[[Any, ButtonPress], Awaitable[CallbackAnswer]]
Data = TypeVar("Data", bound=CallbackData)


class Menu(StrEnum):
    """Which menu of commands: for whom, and in which chats."""

    PRIVATE = "private"
    GROUP = "group"
    GROUP_ADMIN = "group_admin"
    OWNER = "owner"


EVERYBODY = frozenset(Menu)
IN_PRIVATE = frozenset({Menu.PRIVATE, Menu.OWNER})
IN_GROUPS = frozenset({Menu.GROUP, Menu.GROUP_ADMIN})


class OptionKind(StrEnum):
    """The type of a form's option."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    PICTURE = "picture"


@dataclass(frozen=True)
class Option:
    """One option of a form. `choices`: label and value of each text to pick from; `typed`: the text that a set flag
    stands for; `maximum`: the largest number."""

    name: str
    description: str
    kind: OptionKind = OptionKind.TEXT
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    typed: str = ""
    maximum: int = 1000


@dataclass(frozen=True)
class Form:
    """A command that is filled in instead of typed (Discord).

    Attributes:
        template: The text that would be typed after the command, with `{option}` for each; pictures become attachments.
        description: Replaces the command's summary where that doesn't fit a form.
        in_groups: Available only in groups.
        in_private: Available only in private chats.
        for_managers: Shown only to those who manage the group.
        is_private: Only the person sees the answer.
    """

    options: tuple[Option, ...] = ()
    template: str = ""
    description: str = ""
    in_groups: bool = False
    in_private: bool = False
    for_managers: bool = False
    is_private: bool = True


def _anybody(_: Person) -> bool:
    return True


@dataclass(frozen=True)
class Command:
    """A command: `/name text`.

    Attributes:
        answer: Handles the command.
        edited: Handles a message that was edited into this command; None: it is ignored.
        summary: A line for menus, translatable; empty: in no menu.
        menus: The menus that list it, in the order of `rank`.
        form: The form on platforms with forms; None: not available there, or handled by the platform.
        is_for: Who may use it; to everybody else it is an unknown command.
        is_personal: Its answer concerns one person alone: in a group it goes to their private chat.
    """

    name: str
    answer: CommandHandler
    edited: CommandHandler | None = None
    summary: str = ""
    menus: frozenset[Menu] = EVERYBODY
    rank: int = 0
    form: Form | None = None
    is_for: Callable[[Person], bool] = _anybody
    is_personal: bool = False


@dataclass(frozen=True)
class Press:
    """The handler of one kind of button."""

    kind: type[CallbackData]
    answer: PressHandler


def on_press(kind: type[Data], answer: Callable[[Data, ButtonPress], Awaitable[CallbackAnswer]]) -> Press:
    """A `Press` whose handler is type-checked against its kind."""
    return Press(kind, answer)


@dataclass(frozen=True)
class StartLink:
    """The handler of deep links whose payload begins with `prefix`; it gets the rest of the payload as its text."""

    prefix: str
    answer: CommandHandler


@dataclass(frozen=True)
class HelpLine:
    """A line of /help, in the order of `rank`: one text where commands are `typed`, one where they are forms (`form`).
    Both are translatable; empty: no line."""

    rank: int
    typed: str = ""
    form: str = ""


@dataclass(frozen=True)
class Feature:
    """Everything that one feature registers."""

    commands: tuple[Command, ...] = ()
    presses: tuple[Press, ...] = ()
    links: tuple[StartLink, ...] = ()
    help: tuple[HelpLine, ...] = ()


@dataclass
class Registry:
    """The tables of all features. Raises ValueError if two of them register the same command or kind of button."""

    features: Iterable[Feature]
    commands: dict[str, Command] = field(default_factory=dict)
    presses: dict[str, Press] = field(default_factory=dict)
    links: list[StartLink] = field(default_factory=list)
    help: list[HelpLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        for feature in self.features:
            for command in feature.commands:
                _add(self.commands, command.name, command)
            for press in feature.presses:
                _add(self.presses, press.kind.KIND, press)
            self.links += feature.links
            self.help += feature.help
        self.help.sort(key=lambda line: line.rank)

    def press(self, data: str) -> tuple[Press, CallbackData] | None:
        """The handler of a button's data, and the data unpacked; None for data that no feature has packed."""
        press = self.presses.get(kind_of(data))
        value = None if press is None else press.kind.unpack(data)
        return None if press is None or value is None else (press, value)

    async def follow(self, message: IncomingMessage, payload: str) -> Card | None:
        """Handle a deep link; None if no feature has registered it."""
        for link in self.links:
            if payload.startswith(link.prefix):
                return await link.answer(message, payload.removeprefix(link.prefix))
        return None


Entry = TypeVar("Entry")


def _add(table: dict[str, Entry], key: str, entry: Entry) -> None:
    if key in table:
        raise ValueError(f"{key} is registered twice")
    table[key] = entry
