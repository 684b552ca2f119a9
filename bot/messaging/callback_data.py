"""Button data: typed, packed into at most 64 bytes; a foreign string parses to None.

One press is `verb:about` or `verb:about:number`, ASCII, e.g. `choose:1042:32`. What it is about is a job, unless its
verb says otherwise. Ids are no secret: whoever answers the press checks who presses.
"""

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

from bot.messaging.platform import Person

MAX_BYTES = 64  # Telegram's callback_data; Discord's custom_id takes 100

_PACKED = re.compile(r"([a-z]{1,10}):(\d{1,18})(?::(-?\d{1,18}))?", re.ASCII)  # 18 digits fit 64 bits


class Verb(StrEnum):
    """What a button does."""

    CHOOSE = "choose"  # number: the style's index
    WEAR = "wear"  # number: a saved style's id
    SURPRISE = "surprise"  # any style, whichever
    PAGE = "page"  # number: which page of the style buttons
    CANCEL = "cancel"
    AGAIN = "again"  # the same once more, with fresh brushwork
    OTHER = "other"  # show the style buttons for the same photo
    BRING = "bring"  # ask for a style picture in a form; where there are forms
    FILE = "file"  # the picture as an uncompressed file
    BESIDE = "beside"  # photo and picture side by side
    DELETE = "delete"  # no number: ask first; 1: do it; 0: keep it
    CONSENT = "consent"  # 1: whose photo it is says yes; 0: no
    OPEN = "open"  # a picture of the history, once more
    ALBUM = "album"  # about: the first job of an album; number: `bot.messaging.album_card` says what

    GALLERY = "gallery"  # about: nothing; number: which page of the samples
    HISTORY = "history"  # about: whose; number: which page
    LANGUAGE = "lang"  # about: whose; number: which language, -1: as the app says
    FORGET = "forget"  # about: whose; 1: really, 0: no
    OPT_OUT = "optout"  # about: whose; 1: out, 0: in again
    CLOSET = "closet"  # about: whose; number: which page
    SAVED = "saved"  # about: a saved style; number: `bot.saved_styles.chat_commands` says what
    BUY = "buy"  # about: units; number: stars
    RULE = "rule"  # about: a rule of the group; number: its new value, see `bot.groups.chat_commands`
    LOOK = "look"  # about: a style that the group may use or not; number: 1 or 0
    OWNER = "owner"  # about: what the owner wants, see `bot.admin.chat_commands`; number: with whom or what


NEEDS_NUMBER = frozenset(
    {
        *(Verb.CHOOSE, Verb.WEAR, Verb.PAGE, Verb.CONSENT, Verb.HISTORY, Verb.LANGUAGE, Verb.FORGET, Verb.OPT_OUT),
        *(Verb.CLOSET, Verb.SAVED, Verb.BUY, Verb.RULE, Verb.LOOK, Verb.OWNER, Verb.ALBUM, Verb.GALLERY),
    }
)
_TAKES_NUMBER = NEEDS_NUMBER | {Verb.DELETE}


@dataclass(frozen=True)
class Press:
    """One press of a button."""

    verb: Verb
    about: int
    number: int | None = None

    def pack(self) -> str:
        tail = "" if self.number is None else f":{self.number}"
        return f"{self.verb}:{self.about}{tail}"


def parse(data: str) -> Press | None:
    """The press that `data` packs, or None for anything we did not write."""
    match = _PACKED.fullmatch(data)
    if match is None or match[1] not in set(Verb):
        return None
    verb, number = Verb(match[1]), match[3]
    if verb in NEEDS_NUMBER if number is None else verb not in _TAKES_NUMBER:
        return None
    return Press(verb, int(match[2]), None if number is None else int(number))


def whose(person: Person) -> int:
    """A number that stands for a person in their buttons, so that nobody else's tap is taken for theirs."""
    return zlib.crc32(f"{person.platform}:{person.platform_id}".encode())
