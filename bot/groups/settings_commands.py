"""A group's rules, as presses and words of its admins change them. Pure."""

import re
from collections.abc import Sequence
from enum import IntEnum

from bot.domain.styles import REFERENCE, SHEET, Style
from bot.groups.settings import DAY_MINUTES
from bot.messaging.commands import find_style, is_reference

LOOK_SHIFT = 2  # button data count from 0, styles from -2
NONE = -1  # a button's number for "no such rule"
LOOKS_ON_A_PAGE = 12
_HOURS_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~]\s*(\d{1,2}):(\d{2})", re.ASCII)
_OFF = frozenset({"off", "no", "none", "关", "关闭", "无"})
_ON = frozenset({"on", "yes", "开", "打开"})


class GroupRule(IntEnum):
    """What a button of the settings changes; its number is the new value, or NONE."""

    ENABLED = 0  # 1 or 0
    ADMINS_ONLY = 1  # 1 or 0
    CONSENT = 2  # 1 or 0
    LIMIT = 3  # pictures a day
    COOLDOWN = 4  # seconds
    QUIET = 5  # from × 1440 + to, in minutes
    DELETE = 6  # hours
    PAGE = 7  # of the styles; NONE: back to the settings


def changes_from_press(rule: GroupRule, number: int) -> dict[str, object]:
    """The fields that a press changes."""
    there = None if number < 0 else number
    match rule:
        case GroupRule.ENABLED:
            return {"enabled": number == 1}
        case GroupRule.ADMINS_ONLY:
            return {"who": "admins" if number == 1 else "everyone"}
        case GroupRule.CONSENT:
            return {"ask_consent": number == 1}
        case GroupRule.LIMIT:
            return {"daily_limit": there}
        case GroupRule.COOLDOWN:
            return {"cooldown_seconds": number}
        case GroupRule.QUIET if there is None:
            return {"quiet_from": None, "quiet_to": None}
        case GroupRule.QUIET:
            start, end = divmod(number, DAY_MINUTES)
            return {"quiet_from": start, "quiet_to": end}
        case _:
            return {"delete_cards_after_hours": None if there is None else float(there)}


def changes_from_text(words: str, styles: Sequence[Style]) -> dict[str, object] | None:
    """The fields that `/settings limit 35` and the like change; None when they make no sense."""
    what, _, value = words.strip().partition(" ")
    value = value.strip().casefold()
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
    match what.casefold():
        case "on" | "off" as word:
            return {"enabled": word == "on"}
        case "who" if value in {"admins", "everyone"}:
            return {"who": value}
        case "consent" if value in _ON | _OFF:
            return {"ask_consent": value in _ON}
        case "limit" if value in _OFF or number is not None:
            return {"daily_limit": number}
        case "cooldown" if value in _OFF or number is not None:
            return {"cooldown_seconds": number or 0}
        case "delete" if value in _OFF or number is not None:
            return {"delete_cards_after_hours": None if number is None else float(number)}
        case "quiet" if value in _OFF:
            return {"quiet_from": None, "quiet_to": None}
        case "quiet" if hours := _HOURS_OF_DAY.fullmatch(value):
            h, m, to_h, to_m = map(int, hours.groups())
            return {"quiet_from": h * 60 + m, "quiet_to": to_h * 60 + to_m}
        case "styles":
            return _styles_spelled(value, styles)
    return None


def toggle_style(
    allowed: frozenset[int] | None, index: int, styles: Sequence[Style], *, on: bool
) -> frozenset[int] | None:
    """The styles that may be used after one was switched; None: all."""
    everything = _everything(styles)
    now = everything if allowed is None else allowed & everything
    now = now | ({index} & everything) if on else now - {index}
    return None if now == everything else now


def page_of(index: int, styles: Sequence[Style]) -> int:
    """The page of the styles on which one of them stands."""
    return next((at for at, style in enumerate(switchable_styles(styles)) if style == index), 0) // LOOKS_ON_A_PAGE


def switchable_styles(styles: Sequence[Style]) -> list[int]:
    """The styles that admins may switch, with that of a picture last."""
    return [*(style.index for style in styles if style is not SHEET), REFERENCE]


def _everything(styles: Sequence[Style]) -> frozenset[int]:
    return frozenset(switchable_styles(styles))


def _styles_spelled(value: str, styles: Sequence[Style]) -> dict[str, object] | None:
    if value in {"all", "全部"} | _OFF:
        return {"styles": None}
    found = [REFERENCE if is_reference(word) else find_style(word, styles) for word in re.split(r"[,，、]", value)]
    indices = [style.index if isinstance(style, Style) else style for style in found]
    if not indices or not all(isinstance(index, int) for index in indices):
        return None
    return {"styles": frozenset(indices)}
