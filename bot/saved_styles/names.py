"""Names of saved styles: normalization, validation and the parsing of renames. Pure."""

import re
import unicodedata
from collections.abc import Iterable

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import STYLES, find
from bot.messaging.style_text import is_reference

MAX_NAME = 40  # characters
MAX_NAME_WORDS = 2 * MAX_NAME  # a name of MAX_NAME characters has fewer; bounds the work on long input
_RENAME_SEPARATOR = re.compile(r"\s*(?:=|->|→|＝)\s*")


def tidy(name: str) -> str:
    """A name as it is stored: NFKC, one line, no control characters, single spaces."""
    visible = "".join(" " if unicodedata.category(char).startswith("C") else char for char in name)
    return " ".join(unicodedata.normalize("NFKC", visible).split())


def normalize(name: str) -> str:
    """A name as it is compared: `tidy`, casefolded, without spaces, dashes and underscores."""
    return "".join(tidy(name).casefold().split()).replace("-", "").replace("_", "")


def name_problem(name: str) -> UserError | None:
    """Why a tidy name is not allowed, or None: NAME_INVALID (empty, too long), NAME_TAKEN (a built-in style's name)."""
    if not normalize(name) or len(name) > MAX_NAME:
        return UserError(ErrorCode.NAME_INVALID, {"limit": MAX_NAME})
    return UserError(ErrorCode.NAME_TAKEN) if find(name, STYLES) or is_reference(name) else None


def parse_rename(text: str, names: Iterable[str]) -> tuple[str, str] | None:
    """The old and the new name in `text`: one of these `names`, then the new one, with or without "=", "->" or "→"
    between them. The longest known name wins; None if the text begins with none of them or nothing follows it."""
    known, tidied = {normalize(name) for name in names}, tidy(text).strip("=→ ")
    if len(parts := _RENAME_SEPARATOR.split(tidied, maxsplit=1)) == 2 and normalize(parts[0]) in known:
        return parts[0], parts[1]
    parts = tidied.split()
    for end in range(min(len(parts) - 1, MAX_NAME_WORDS), 0, -1):
        if normalize(old := " ".join(parts[:end])) in known:
            return old, " ".join(parts[end:])
    return None
