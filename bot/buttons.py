"""Button data: typed, packed into at most 64 bytes; a foreign string parses to None.

One press is `verb:job` or `verb:job:number`, ASCII, e.g. `choose:1042:32`. Job ids are no secret: the studio
checks who presses.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_BYTES = 64  # Telegram's callback_data; Discord's custom_id takes 100

_PACKED = re.compile(r"([a-z]{1,10}):(\d{1,19})(?::(-?\d{1,6}))?", re.ASCII)


class Verb(StrEnum):
    """What a button does to its job."""

    CHOOSE = "choose"  # number: the style's index
    PAGE = "page"  # number: which page of the style buttons
    CANCEL = "cancel"
    AGAIN = "again"  # the same once more, with fresh brushwork
    OTHER = "other"  # show the style buttons for the same photo
    FILE = "file"  # the picture as an uncompressed file
    DELETE = "delete"  # no number: ask first; 1: do it; 0: keep it


_NEEDS_NUMBER = frozenset({Verb.CHOOSE, Verb.PAGE})
_TAKES_NUMBER = _NEEDS_NUMBER | {Verb.DELETE}


@dataclass(frozen=True)
class Press:
    """One press of a button that belongs to a job."""

    verb: Verb
    job: int
    number: int | None = None

    def pack(self) -> str:
        tail = "" if self.number is None else f":{self.number}"
        return f"{self.verb}:{self.job}{tail}"


def parse(data: str) -> Press | None:
    """The press that `data` packs, or None for anything we did not write."""
    match = _PACKED.fullmatch(data)
    if match is None or match[1] not in set(Verb):
        return None
    verb, number = Verb(match[1]), match[3]
    if verb in _NEEDS_NUMBER if number is None else verb not in _TAKES_NUMBER:
        return None
    return Press(verb, int(match[2]), None if number is None else int(number))
