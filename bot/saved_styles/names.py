"""What a saved style may be called. Pure."""

import re
import unicodedata
from collections.abc import Iterable

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import STYLES, find
from bot.messaging.commands import is_reference

MAX_NAME = 40  # characters
MAX_NAME_WORDS = 2 * MAX_NAME  # of a name, with dashes between them; nobody has to read a whole novel for one
_RENAME_SEPARATOR = re.compile(r"\s*(?:=|->|→|＝)\s*")


def tidy(name: str) -> str:
    """A name as it is kept: one line, no invisible characters, single spaces."""
    visible = "".join(" " if unicodedata.category(char).startswith("C") else char for char in name)
    return " ".join(unicodedata.normalize("NFKC", visible).split())


def normalize(name: str) -> str:
    """A name as it is compared."""
    return "".join(tidy(name).casefold().split()).replace("-", "").replace("_", "")


def name_problem(name: str) -> UserError | None:
    """Why a tidy name won't do, if so: empty, too long, or that of a style that everybody has."""
    if not normalize(name) or len(name) > MAX_NAME:
        return UserError(ErrorCode.NAME_INVALID, {"limit": MAX_NAME})
    return UserError(ErrorCode.NAME_TAKEN) if find(name, STYLES) or is_reference(name) else None


def parse_rename(text: str, names: Iterable[str]) -> tuple[str, str] | None:
    """The old and the new name that the words tell: one of these `names`, then what it is to be called, with or without
    "=", "->" or "→" between them. The longest name wins; None when they begin with none of them, or end with it."""
    known, told = {normalize(name) for name in names}, tidy(text).strip("=→ ")
    if len(parts := _RENAME_SEPARATOR.split(told, maxsplit=1)) == 2 and normalize(parts[0]) in known:
        return parts[0], parts[1]
    parts = told.split()
    for end in range(min(len(parts) - 1, MAX_NAME_WORDS), 0, -1):
        if normalize(old := " ".join(parts[:end])) in known:
            return old, " ".join(parts[end:])
    return None
