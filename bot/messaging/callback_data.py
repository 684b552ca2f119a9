"""Callback data of buttons: a dataclass a kind, packed into at most 64 bytes; a foreign string unpacks to None.

The packed form is `kind:number` or `kind:number:number` in ASCII, e.g. `choose:1042:32`: the fields in order. Numbers
are no secret: the handler of a press checks who pressed. Kinds and the order of fields are a wire format: buttons stay
in chats for years, so whatever was packed once must keep unpacking.

Kinds that concern a single feature are defined there; those of a job's card are here.
"""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import ClassVar, Self, get_args, get_type_hints

from bot.messaging.platform import Button, Person

MAX_BYTES = 64  # Telegram's callback_data; Discord's custom_id takes 100

_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)  # 18 digits fit 64 bits
_KIND = re.compile(r"[a-z]{1,10}", re.ASCII)


def kind_of(data: str) -> str:
    """The kind that packed data names."""
    return data.partition(":")[0]


@dataclass(frozen=True)
class CallbackData:
    """Base of all kinds. Fields are int, an IntEnum, or (only the last) `int | None`. KIND is the name when packed.

    Raises ValueError for a subclass whose kind isn't 1 to 10 lower-case letters.
    """

    KIND: ClassVar[str] = ""

    def __init_subclass__(cls, kind: str, **options: object) -> None:
        super().__init_subclass__(**options)
        if _KIND.fullmatch(kind) is None:
            raise ValueError(f"{kind!r} can't be packed")
        cls.KIND = kind

    def pack(self) -> str:
        values = [getattr(self, field.name) for field in fields(self)]
        return ":".join([self.KIND, *(str(int(value)) for value in values if value is not None)])

    @classmethod
    def unpack(cls, data: str) -> Self | None:
        """The value packed in `data`, or None for anything that `pack` doesn't produce."""
        kind, *numbers = data.split(":")
        types = _types(cls)
        optional = sum(type(None) in get_args(expected) for expected in types)
        if kind != cls.KIND or not len(types) - optional <= len(numbers) <= len(types):
            return None
        if not all(map(_NUMBER.fullmatch, numbers)) or numbers[:1] == [] or numbers[0].startswith("-"):
            return None
        try:
            return cls(*(_value(expected, int(number)) for expected, number in zip(types, numbers, strict=False)))
        except ValueError:  # no such enum member
            return None


def _types(cls: type[CallbackData]) -> list[type]:
    hints = get_type_hints(cls)
    return [hints[field.name] for field in fields(cls)]


def _value(expected: type, number: int) -> int:
    return expected(number) if isinstance(expected, type) and issubclass(expected, IntEnum) else number


def person_key(person: Person) -> int:
    """A 32-bit hash of a person, packed into their buttons so that presses by others can be recognized."""
    return zlib.crc32(f"{person.platform}:{person.platform_id}".encode())


# --- buttons of the greeting ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShowGallery(CallbackData, kind="looks"):
    """Show the gallery, from this page (from 0), as a new message."""

    page: int


@dataclass(frozen=True)
class TryProfilePhoto(CallbackData, kind="selfie"):
    """Use the profile photo of the person of this `person_key`."""

    person: int


# --- buttons of a job's card ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChooseStyle(CallbackData, kind="choose"):
    """Choose a style for a draft."""

    job: int
    style: int


@dataclass(frozen=True)
class UseSavedStyle(CallbackData, kind="wear"):
    """Choose a saved style for a draft."""

    job: int
    saved_style: int


@dataclass(frozen=True)
class SurpriseMe(CallbackData, kind="surprise"):
    """Choose a random style for a draft."""

    job: int


@dataclass(frozen=True)
class UploadReference(CallbackData, kind="bring"):
    """Open a form for uploading a reference picture, on platforms with forms."""

    job: int


@dataclass(frozen=True)
class TurnStylePage(CallbackData, kind="page"):
    """Show another page of a draft's style buttons."""

    job: int
    page: int


@dataclass(frozen=True)
class CancelJob(CallbackData, kind="cancel"):
    """Cancel the job and its whole album."""

    job: int


@dataclass(frozen=True)
class RepeatJob(CallbackData, kind="again"):
    """Repeat the job with another seed."""

    job: int


@dataclass(frozen=True)
class ChangeStyle(CallbackData, kind="other"):
    """Ask for another style for the same photo."""

    job: int


@dataclass(frozen=True)
class SendFile(CallbackData, kind="file"):
    """Send the picture as a file that is not recompressed."""

    job: int


@dataclass(frozen=True)
class Compare(CallbackData, kind="beside"):
    """Show photo and picture side by side."""

    job: int


@dataclass(frozen=True)
class OpenPicture(CallbackData, kind="open"):
    """Send a picture of the history or of an album as a message of its own."""

    job: int


@dataclass(frozen=True)
class DeleteJob(CallbackData, kind="delete"):
    """Delete the job. `confirmed` None: ask first; 1: delete; 0: keep."""

    job: int
    confirmed: int | None = None


@dataclass(frozen=True)
class AnswerConsent(CallbackData, kind="consent"):
    """The answer of the person in the photo: `allow` 1 or 0."""

    job: int
    allow: int


class AlbumAction(IntEnum):
    """What a button does with a whole album."""

    OTHER_STYLE = 0  # ask for another style
    FILES = 1  # send the pictures as files
    DELETE = 2  # ask for confirmation
    CONFIRM_DELETE = 3
    KEEP = 4


@dataclass(frozen=True)
class AlbumPress(CallbackData, kind="album"):
    """An action on a whole album, identified by its first job."""

    job: int
    action: AlbumAction


def clamp_page(page: int, pages: int) -> int:
    """The nearest existing page, from 0: an old button may name one that no longer exists."""
    return min(max(page, 0), pages - 1)


def page_buttons(press: Callable[[int], CallbackData], page: int, pages: int) -> tuple[tuple[Button, ...], ...]:
    """A row with a button for the previous page, one that says which page (from 0) this is, and one for the next. It
    wraps around at the ends, so that the buttons keep their positions; the one in the middle shows the page anew."""
    if pages <= 1:
        return ()
    before, after = (page - 1) % pages, (page + 1) % pages
    return (
        (
            Button("◀", press(before).pack()),
            Button(f"{page + 1}/{pages}", press(page).pack()),
            Button("▶", press(after).pack()),
        ),
    )
