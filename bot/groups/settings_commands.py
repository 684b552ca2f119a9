"""A group's settings, as presses and words of its admins change them. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from bot.domain.styles import REFERENCE, SHEET, Style
from bot.groups.settings import DAY_MINUTES, GroupSettingsPatch
from bot.messaging.callback_data import CallbackData
from bot.messaging.commands import find_style, is_reference

STYLE_SHIFT = 2  # the first number of callback data is never negative, styles begin at -2
NONE = -1  # a button's value for "no such rule"
STYLES_PER_PAGE = 12
_HOURS_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~]\s*(\d{1,2}):(\d{2})", re.ASCII)
_OFF = frozenset({"off", "no", "none", "关", "关闭", "无"})
_ON = frozenset({"on", "yes", "开", "打开"})


class GroupRule(IntEnum):
    """Which setting a button changes; with it goes the new value, or NONE."""

    ENABLED = 0  # 1 or 0
    ADMINS_ONLY = 1  # 1 or 0
    CONSENT = 2  # 1 or 0
    LIMIT = 3  # pictures a day
    COOLDOWN = 4  # seconds
    QUIET = 5  # from × 1440 + to, in minutes
    DELETE = 6  # hours
    PAGE = 7  # of the styles; NONE: back to the settings


@dataclass(frozen=True)
class SetGroupRule(CallbackData, kind="rule"):
    """Set this rule to this value."""

    rule: GroupRule
    value: int


@dataclass(frozen=True)
class SwitchStyle(CallbackData, kind="look"):
    """Allow a style in the group (`on` 1) or not (0)."""

    shifted: int
    on: int

    @property
    def style(self) -> int:
        """The style's index."""
        return self.shifted - STYLE_SHIFT


def switch_style(index: int, *, on: bool) -> SwitchStyle:
    """The press for a style's index."""
    return SwitchStyle(index + STYLE_SHIFT, int(on))


def patch_of_press(press: SetGroupRule) -> GroupSettingsPatch:
    """What a press changes."""
    value = press.value
    there = None if value < 0 else value
    match press.rule:
        case GroupRule.ENABLED:
            return GroupSettingsPatch(enabled=value == 1)
        case GroupRule.ADMINS_ONLY:
            return GroupSettingsPatch(who="admins" if value == 1 else "everyone")
        case GroupRule.CONSENT:
            return GroupSettingsPatch(ask_consent=value == 1)
        case GroupRule.LIMIT:
            return GroupSettingsPatch(daily_limit=there)
        case GroupRule.COOLDOWN:
            return GroupSettingsPatch(cooldown_seconds=value)
        case GroupRule.QUIET if there is None:
            return GroupSettingsPatch(quiet_from=None, quiet_to=None)
        case GroupRule.QUIET:
            start, end = divmod(value, DAY_MINUTES)
            return GroupSettingsPatch(quiet_from=start, quiet_to=end)
        case GroupRule.DELETE:
            return GroupSettingsPatch(delete_cards_after_hours=None if there is None else float(there))
        case GroupRule.PAGE:
            return GroupSettingsPatch()


def patch_of_text(words: str, styles: Sequence[Style]) -> GroupSettingsPatch | None:
    """What `/settings limit 35` and the like change; None when that makes no sense."""
    what, _, value = words.strip().partition(" ")
    value = value.strip().casefold()
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
    match what.casefold():
        case "on" | "off" as word:
            return GroupSettingsPatch(enabled=word == "on")
        case "who" if value in {"admins", "everyone"}:
            return GroupSettingsPatch(who="admins" if value == "admins" else "everyone")
        case "consent" if value in _ON | _OFF:
            return GroupSettingsPatch(ask_consent=value in _ON)
        case "limit" if value in _OFF or number is not None:
            return GroupSettingsPatch(daily_limit=number)
        case "cooldown" if value in _OFF or number is not None:
            return GroupSettingsPatch(cooldown_seconds=number or 0)
        case "delete" if value in _OFF or number is not None:
            return GroupSettingsPatch(delete_cards_after_hours=None if number is None else float(number))
        case "quiet":
            return _quiet(value)
        case "styles":
            return _allowed_styles(value, styles)
    return None


def toggle_style(
    allowed: frozenset[int] | None, index: int, styles: Sequence[Style], *, on: bool
) -> frozenset[int] | None:
    """The styles that may be used after one was switched; None: all."""
    everything = frozenset(switchable_styles(styles))
    now = everything if allowed is None else allowed & everything
    now = now | ({index} & everything) if on else now - {index}
    return None if now == everything else now


def page_of(index: int, styles: Sequence[Style]) -> int:
    """The page of the switches on which a style stands."""
    return next((at for at, style in enumerate(switchable_styles(styles)) if style == index), 0) // STYLES_PER_PAGE


def switchable_styles(styles: Sequence[Style]) -> list[int]:
    """The styles that admins may switch, with that of a reference picture last."""
    return [*(style.index for style in styles if style is not SHEET), REFERENCE]


def _quiet(value: str) -> GroupSettingsPatch | None:
    if value in _OFF:
        return GroupSettingsPatch(quiet_from=None, quiet_to=None)
    hours = _HOURS_OF_DAY.fullmatch(value)
    if hours is None:
        return None
    from_h, from_m, to_h, to_m = map(int, hours.groups())
    return GroupSettingsPatch(quiet_from=from_h * 60 + from_m, quiet_to=to_h * 60 + to_m)


def _allowed_styles(value: str, styles: Sequence[Style]) -> GroupSettingsPatch | None:
    if value in {"all", "全部"} | _OFF:
        return GroupSettingsPatch(styles=None)
    found = [REFERENCE if is_reference(word) else find_style(word, styles) for word in re.split(r"[,，、]", value)]
    indices = [style.index if isinstance(style, Style) else style for style in found]
    numbers = frozenset(index for index in indices if isinstance(index, int))
    return GroupSettingsPatch(styles=numbers) if indices and len(numbers) == len(set(indices)) else None
