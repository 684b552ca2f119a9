"""Group settings in a chat: the cards, and parsing of button presses and of /settings text. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

from bot.domain.styles import REFERENCE, SHEET, Style
from bot.groups.settings import DAY_MINUTES, GroupSettings, GroupSettingsPatch
from bot.i18n import Texts, texts_for
from bot.messaging.callback_data import CallbackData, clamp_page, page_buttons
from bot.messaging.job_card import ButtonRows
from bot.messaging.platform import Button, Card, Person
from bot.messaging.style_text import find_style, is_reference

STYLE_SHIFT = 2  # the first number of callback data is never negative, styles begin at -2
NONE = -1  # a button's value for "not set"
STYLES_PER_PAGE = 12
_COLUMNS = 2
_LIMITS = (None, 10, 20, 50, 100, 200, 500)
_COOLDOWNS = (0, 10, 30, 60, 300, 3600)
_NIGHTS = (None, (22 * 60, 7 * 60), (23 * 60, 6 * 60), (14 * 60, 23 * 60))  # the last one is a night in China
_HOURS = (None, 1, 6, 24, 47)
_HOURS_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~]\s*(\d{1,2}):(\d{2})", re.ASCII)
_OFF = frozenset({"off", "no", "none", "关", "关闭", "无"})
_ON = frozenset({"on", "yes", "开", "打开"})


class SettingField(IntEnum):
    """The setting that a button changes. The comments give the values; NONE removes a limit."""

    ENABLED = 0  # 1 or 0
    ADMINS_ONLY = 1  # 1 or 0
    CONSENT = 2  # 1 or 0
    LIMIT = 3  # pictures a day
    COOLDOWN = 4  # seconds
    QUIET = 5  # from × 1440 + to, in minutes
    DELETE = 6  # hours
    PAGE = 7  # of the styles; NONE: back to the settings


@dataclass(frozen=True)
class ChangeSetting(CallbackData, kind="rule"):
    """A button that sets a setting to a value."""

    field: SettingField
    value: int


@dataclass(frozen=True)
class SwitchStyle(CallbackData, kind="look"):
    """A button that allows a style in the group (`on` 1) or disallows it (0)."""

    shifted: int
    on: int

    @property
    def style(self) -> int:
        """The style's index."""
        return self.shifted - STYLE_SHIFT


def switch_style(index: int, *, on: bool) -> SwitchStyle:
    """The callback data that switches the style of this index."""
    return SwitchStyle(index + STYLE_SHIFT, int(on))


def patch_of_press(press: ChangeSetting) -> GroupSettingsPatch:
    """The change that a button asks for."""
    value = press.value
    limit = None if value < 0 else value
    match press.field:
        case SettingField.ENABLED:
            return GroupSettingsPatch(enabled=value == 1)
        case SettingField.ADMINS_ONLY:
            return GroupSettingsPatch(who="admins" if value == 1 else "everyone")
        case SettingField.CONSENT:
            return GroupSettingsPatch(ask_consent=value == 1)
        case SettingField.LIMIT:
            return GroupSettingsPatch(daily_limit=limit)
        case SettingField.COOLDOWN:
            return GroupSettingsPatch(cooldown_seconds=value)
        case SettingField.QUIET if limit is None:
            return GroupSettingsPatch(quiet_from=None, quiet_to=None)
        case SettingField.QUIET:
            start, end = divmod(value, DAY_MINUTES)
            return GroupSettingsPatch(quiet_from=start, quiet_to=end)
        case SettingField.DELETE:
            return GroupSettingsPatch(delete_cards_after_hours=None if limit is None else float(limit))
        case SettingField.PAGE:
            return GroupSettingsPatch()


def patch_of_text(text: str, styles: Sequence[Style]) -> GroupSettingsPatch | None:
    """The change that the text after /settings asks for, such as `limit 35`; None if it can't be parsed."""
    what, _, value = text.strip().partition(" ")
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
            return _quiet_hours_patch(value)
        case "styles":
            return _styles_patch(value, styles)
    return None


def toggle_style(
    allowed: frozenset[int] | None, index: int, styles: Sequence[Style], *, on: bool
) -> frozenset[int] | None:
    """The allowed style indices after switching one on or off; None: all."""
    everything = frozenset(switchable_styles(styles))
    now = everything if allowed is None else allowed & everything
    now = now | ({index} & everything) if on else now - {index}
    return None if now == everything else now


def page_of(index: int, styles: Sequence[Style]) -> int:
    """The page (from 0) of the style switches on which a style is shown; 0 if it is on none."""
    return next((at for at, style in enumerate(switchable_styles(styles)) if style == index), 0) // STYLES_PER_PAGE


def switchable_styles(styles: Sequence[Style]) -> list[int]:
    """The indices of the styles that admins may switch; reference pictures come last."""
    return [*(style.index for style in styles if style is not SHEET), REFERENCE]


def _quiet_hours_patch(value: str) -> GroupSettingsPatch | None:
    if value in _OFF:
        return GroupSettingsPatch(quiet_from=None, quiet_to=None)
    hours = _HOURS_OF_DAY.fullmatch(value)
    if hours is None:
        return None
    from_h, from_m, to_h, to_m = map(int, hours.groups())
    return GroupSettingsPatch(quiet_from=from_h * 60 + from_m, quiet_to=to_h * 60 + to_m)


def _styles_patch(value: str, styles: Sequence[Style]) -> GroupSettingsPatch | None:
    if value in {"all", "全部"} | _OFF:
        return GroupSettingsPatch(styles=None)
    found = [REFERENCE if is_reference(word) else find_style(word, styles) for word in re.split(r"[,，、]", value)]
    indices = [style.index if isinstance(style, Style) else style for style in found]
    numbers = frozenset(index for index in indices if isinstance(index, int))
    return GroupSettingsPatch(styles=numbers) if indices and len(numbers) == len(set(indices)) else None


def settings_card(settings: GroupSettings, person: Person) -> Card:
    """The card of all settings as text, with a button for each that sets its next value."""
    texts = texts_for(person.language)
    how = texts.gettext(
        "Tap a button for the next value. For any other, write /settings and one of these: limit 35, cooldown 90 "
        "(seconds), quiet 22:30-06:45 (UTC), delete 12 (hours), styles 0,2,ref. The value can also be off."
    )
    return Card("\n".join([*_lines(settings, texts), "", how]), _buttons(settings, texts))


def styles_card(settings: GroupSettings, styles: Sequence[Style], person: Person, *, page: int) -> Card:
    """One page (from 0) of the style switches; a page out of range shows the nearest one."""
    texts, indices = texts_for(person.language), switchable_styles(styles)
    pages = -(-len(indices) // STYLES_PER_PAGE)
    page = clamp_page(page, pages)
    names = {style.index: f"{style.index} · {style.name(texts.language)}" for style in styles}
    names[REFERENCE] = texts.gettext("Style pictures")
    switches = []
    for index in indices[page * STYLES_PER_PAGE : (page + 1) * STYLES_PER_PAGE]:
        is_on = settings.styles is None or index in settings.styles
        press = switch_style(index, on=not is_on)
        switches.append(Button(f"{'✅' if is_on else '⬜'} {names[index]}", press.pack()))
    grid = tuple(tuple(switches[start : start + _COLUMNS]) for start in range(0, len(switches), _COLUMNS))
    back = Button(texts.gettext("↩ Back"), ChangeSetting(SettingField.PAGE, NONE).pack())
    turn = partial(ChangeSetting, SettingField.PAGE)
    return Card(
        texts.gettext("Which styles can be used in this group?"), (*grid, *page_buttons(turn, page, pages), (back,))
    )


def _lines(settings: GroupSettings, texts: Texts) -> list[str]:
    title = texts.gettext("This group's settings")
    if not settings.enabled:
        title += " · " + texts.gettext("switched off")
    return [title, *(f"• {text}" for text in (*_who_and_how_much(settings, texts), *_when_and_what(settings, texts)))]


def _who_and_how_much(settings: GroupSettings, texts: Texts) -> list[str]:
    limit, pause = settings.daily_limit, settings.cooldown_seconds
    return [
        texts.gettext("Only admins can use me.") if settings.who == "admins" else texts.gettext("Everyone can use me."),
        texts.gettext("No daily limit.")
        if limit is None
        else texts.ngettext("{n} picture a day for the whole group.", "{n} pictures a day for the whole group.", limit),
        texts.gettext("At least {time} between one person's pictures.", time=texts.duration(pause))
        if pause
        else texts.gettext("No waiting between pictures."),
        texts.gettext("Painting someone else's photo needs their consent.")
        if settings.ask_consent
        else texts.gettext("Other people's photos can be painted without asking them."),
    ]


def _when_and_what(settings: GroupSettings, texts: Texts) -> list[str]:
    hours, night, styles = settings.delete_cards_after_hours, _night(settings), settings.styles
    return [
        texts.gettext("No quiet hours.")
        if night is None
        else texts.gettext("Quiet hours from {start} to {end} (UTC).", start=_clock(night[0]), end=_clock(night[1])),
        texts.gettext("All styles can be used.")
        if styles is None
        else texts.ngettext("{n} style can be used.", "{n} styles can be used.", len(styles)),
        texts.gettext("My pictures are kept.")
        if hours is None
        else texts.gettext("My pictures are deleted after {time}.", time=texts.duration(hours * 3600)),
    ]


def _buttons(settings: GroupSettings, texts: Texts) -> ButtonRows:
    """The settings buttons, two in a row, each labelled with the value it sets."""
    switch = texts.gettext("⏹ Switch off") if settings.enabled else texts.gettext("▶ Switch on")
    who = texts.gettext("👥 Everyone") if settings.who == "admins" else texts.gettext("👮 Only admins")
    consent = texts.gettext("🙈 Don't ask for consent") if settings.ask_consent else texts.gettext("🙋 Ask for consent")
    return (
        (
            _button(switch, SettingField.ENABLED, 0 if settings.enabled else 1),
            _button(who, SettingField.ADMINS_ONLY, 0 if settings.who == "admins" else 1),
        ),
        (_limit_button(settings, texts), _cooldown_button(settings, texts)),
        (_quiet_button(settings, texts), _retention_button(settings, texts)),
        (
            _button(texts.gettext("🎨 Styles"), SettingField.PAGE, 0),
            _button(consent, SettingField.CONSENT, 0 if settings.ask_consent else 1),
        ),
    )


def _button(label: str, rule: SettingField, number: int) -> Button:
    return Button(label, ChangeSetting(rule, number).pack())


def _limit_button(settings: GroupSettings, texts: Texts) -> Button:
    limit = _next(_LIMITS, settings.daily_limit)
    if limit is None:
        return _button(texts.gettext("📅 No daily limit"), SettingField.LIMIT, NONE)
    return _button(texts.gettext("📅 {n} a day", n=int(limit)), SettingField.LIMIT, int(limit))


def _cooldown_button(settings: GroupSettings, texts: Texts) -> Button:
    seconds = int(_next(_COOLDOWNS, settings.cooldown_seconds) or 0)
    if not seconds:
        return _button(texts.gettext("⏲ No pause"), SettingField.COOLDOWN, 0)
    return _button(texts.gettext("⏲ Pause {time}", time=texts.duration(seconds)), SettingField.COOLDOWN, seconds)


def _quiet_button(settings: GroupSettings, texts: Texts) -> Button:
    now = _night(settings)
    night = _NIGHTS[(_NIGHTS.index(now) + 1) % len(_NIGHTS)] if now in _NIGHTS else None
    if night is None:
        return _button(texts.gettext("🌙 No quiet hours"), SettingField.QUIET, NONE)
    label = texts.gettext("🌙 {start} to {end} UTC", start=_clock(night[0]), end=_clock(night[1]))
    return _button(label, SettingField.QUIET, night[0] * DAY_MINUTES + night[1])


def _retention_button(settings: GroupSettings, texts: Texts) -> Button:
    hours = _next(_HOURS, settings.delete_cards_after_hours)
    if hours is None:
        return _button(texts.gettext("🧹 Keep pictures"), SettingField.DELETE, NONE)
    label = texts.gettext("🧹 Delete after {time}", time=texts.duration(hours * 3600))
    return _button(label, SettingField.DELETE, int(hours))


def _next(steps: Sequence[float | None], now: float | None) -> float | None:
    """The smallest step above the current value, or the first step after the last one."""
    following = [step for step in steps if step is not None and step > (0 if now is None else now)]
    return following[0] if following else steps[0]


def _night(settings: GroupSettings) -> tuple[int, int] | None:
    return (
        None if settings.quiet_from is None or settings.quiet_to is None else (settings.quiet_from, settings.quiet_to)
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
