"""What a saved style may be called. Pure."""

import unicodedata

from bot.commands import is_reference
from bot.styles import STYLES, find
from bot.wishes import Reason, Refusal

MAX_NAME = 40  # characters


def tidy(name: str) -> str:
    """A name as it is kept: one line, no invisible characters, single spaces."""
    visible = "".join(" " if unicodedata.category(char).startswith("C") else char for char in name)
    return " ".join(unicodedata.normalize("NFKC", visible).split())


def fold(name: str) -> str:
    """A name as it is compared."""
    return "".join(tidy(name).casefold().split()).replace("-", "").replace("_", "")


def problem_with(name: str) -> Refusal | None:
    """Why a tidy name won't do, if so: empty, too long, or that of a style that everybody has."""
    if not fold(name) or len(name) > MAX_NAME:
        return Refusal(Reason.NAME_INVALID, {"limit": MAX_NAME})
    return Refusal(Reason.NAME_TAKEN) if find(name, STYLES) or is_reference(name) else None
