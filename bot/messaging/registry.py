"""What features bring to a conversation: commands, presses of buttons, links, help. `bot.conversation` only routes.

A feature is built once for each platform and hands over a `Feature`. A platform's menus, its forms and the help text
are made of the same tables, so a new command is written in one place.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from bot.messaging.callback_data import CallbackData, kind_of
from bot.messaging.callbacks import ButtonPress, CallbackAnswer
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Card, Person

CommandHandler = Callable[
    [IncomingMessage, str], Awaitable[Card | None]
]  # the message, and the words after its command
PressHandler = Callable[[Any, ButtonPress], Awaitable[CallbackAnswer]]  # the callback data, and the press itself
Data = TypeVar("Data", bound=CallbackData)


class Menu(StrEnum):
    """Whose menu of commands, and where it is seen."""

    PRIVATE = "private"
    GROUP = "group"
    GROUP_ADMIN = "group_admin"
    OWNER = "owner"


EVERYBODY = frozenset(Menu)
IN_PRIVATE = frozenset({Menu.PRIVATE, Menu.OWNER})
IN_GROUPS = frozenset({Menu.GROUP, Menu.GROUP_ADMIN})


class OptionKind(StrEnum):
    """What an option of a form takes."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    PICTURE = "picture"


@dataclass(frozen=True)
class Option:
    """One option of a form. `choices`: label and value of each text that may be picked; `typed`: the words that a set
    flag stands for; `most`: of a number."""

    name: str
    description: str
    kind: OptionKind = OptionKind.TEXT
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    typed: str = ""
    maximum: int = 1000


@dataclass(frozen=True)
class Form:
    """A command where it is filled in instead of typed (Discord).

    `words` are what would have been typed after it, with `{option}` for each; pictures become attachments.
    `description`: where the menu's summary doesn't fit a form; `in_groups`: only there, `in_private`: only there;
    `for_managers`: shown to those who manage the group; `is_private`: nobody else sees the answer.
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
    """A command: `/name words`.

    Attributes:
        answer: Its answer.
        edited: What to do when a message that was answered before is changed into this; None: nothing.
        summary: A line for menus, translatable; empty: in no menu.
        menus: In whose menus it stands, in the order of `rank`.
        form: How it is filled in, where commands are forms; None: not there, or the platform has a way of its own.
        is_for: To whom it answers; for everybody else there is no such command.
    """

    name: str
    answer: CommandHandler
    edited: CommandHandler | None = None
    summary: str = ""
    menus: frozenset[Menu] = EVERYBODY
    rank: int = 0
    form: Form | None = None
    is_for: Callable[[Person], bool] = _anybody


@dataclass(frozen=True)
class Press:
    """What answers a kind of button."""

    kind: type[CallbackData]
    answer: PressHandler


def on_press(kind: type[Data], answer: Callable[[Data, ButtonPress], Awaitable[CallbackAnswer]]) -> Press:
    """The same, with types that fit each other."""
    return Press(kind, answer)


@dataclass(frozen=True)
class StartLink:
    """What answers somebody who came by a deep link, whose payload begins with `prefix`; it gets the rest."""

    prefix: str
    answer: CommandHandler


@dataclass(frozen=True)
class HelpLine:
    """A line of /help, in the order of `rank`: where commands are `typed`, and where they are filled in (`form`).
    Translatable; empty: no line."""

    rank: int
    typed: str = ""
    form: str = ""


@dataclass(frozen=True)
class Feature:
    """All that one feature registers."""

    commands: tuple[Command, ...] = ()
    presses: tuple[Press, ...] = ()
    links: tuple[StartLink, ...] = ()
    help: tuple[HelpLine, ...] = ()


@dataclass
class Registry:
    """The tables of all features. Raises ValueError for a command or kind of button that two of them claim."""

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
        """What answers a button's data, and the data unpacked; None for anything that we did not pack."""
        press = self.presses.get(kind_of(data))
        value = None if press is None else press.kind.unpack(data)
        return None if press is None or value is None else (press, value)

    async def follow(self, message: IncomingMessage, payload: str) -> Card | None:
        """What somebody finds who came by a deep link; None for a link of nobody's."""
        for link in self.links:
            if payload.startswith(link.prefix):
                return await link.answer(message, payload.removeprefix(link.prefix))
        return None


Entry = TypeVar("Entry")


def _add(table: dict[str, Entry], key: str, entry: Entry) -> None:
    if key in table:
        raise ValueError(f"{key} is registered twice")
    table[key] = entry
