"""The cards of /settings: a group's rules in words, and a button for each that sets its next value. Pure."""

from collections.abc import Sequence
from functools import partial

from bot.domain.styles import REFERENCE, Style
from bot.groups.settings import DAY_MINUTES, GroupSettings
from bot.groups.settings_commands import NONE, STYLES_PER_PAGE, GroupRule, SetGroupRule, switch_style, switchable_styles
from bot.i18n import Texts, texts_for
from bot.messaging.job_card import ButtonRows
from bot.messaging.pagination import clamp_page, page_buttons
from bot.messaging.platform import Button, Card, Person

_COLUMNS = 2
_LIMITS = (None, 10, 20, 50, 100, 200, 500)
_COOLDOWNS = (0, 10, 30, 60, 300, 3600)
_NIGHTS = (None, (22 * 60, 7 * 60), (23 * 60, 6 * 60), (14 * 60, 23 * 60))  # the last one is a night in China
_HOURS = (None, 1, 6, 24, 47)


def settings_card(rules: GroupSettings, person: Person) -> Card:
    """All rules in words, and a button for each; a press sets the value that comes next."""
    texts = texts_for(person.language)
    how = texts.gettext(
        "Tap a button for the next value. For any other, write /settings and one of these: limit 35, cooldown 90 "
        "(seconds), quiet 22:30-06:45 (UTC), delete 12 (hours), styles 0,2,ref. Or write off as the value."
    )
    return Card("\n".join([*_lines(rules, texts), "", how]), _buttons(rules, texts))


def styles_card(rules: GroupSettings, styles: Sequence[Style], person: Person, *, page: int) -> Card:
    """Which styles may be used, one switch each."""
    texts, indices = texts_for(person.language), switchable_styles(styles)
    pages = -(-len(indices) // STYLES_PER_PAGE)
    page = clamp_page(page, pages)
    names = {style.index: f"{style.index} · {style.name(texts.language)}" for style in styles}
    names[REFERENCE] = texts.gettext("Style pictures")
    switches = []
    for index in indices[page * STYLES_PER_PAGE : (page + 1) * STYLES_PER_PAGE]:
        is_on = rules.styles is None or index in rules.styles
        press = switch_style(index, on=not is_on)
        switches.append(Button(f"{'✅' if is_on else '⬜'} {names[index]}", press.pack()))
    grid = tuple(tuple(switches[start : start + _COLUMNS]) for start in range(0, len(switches), _COLUMNS))
    back = Button(texts.gettext("↩ Back"), SetGroupRule(GroupRule.PAGE, NONE).pack())
    turn = partial(SetGroupRule, GroupRule.PAGE)
    return Card(
        texts.gettext("Which styles can be used in this group?"), (*grid, *page_buttons(turn, page, pages), (back,))
    )


def _lines(rules: GroupSettings, texts: Texts) -> list[str]:
    title = texts.gettext("Settings of this group")
    if not rules.enabled:
        title += " · " + texts.gettext("switched off")
    return [title, *(f"• {words}" for words in (*_who_and_how_much(rules, texts), *_when_and_what(rules, texts)))]


def _who_and_how_much(rules: GroupSettings, texts: Texts) -> list[str]:
    limit, pause = rules.daily_limit, rules.cooldown_seconds
    return [
        texts.gettext("Only admins can use me.") if rules.who == "admins" else texts.gettext("Everyone can use me."),
        texts.gettext("No daily limit.")
        if limit is None
        else texts.ngettext("{n} picture a day for the whole group.", "{n} pictures a day for the whole group.", limit),
        texts.gettext("At least {time} between one person's pictures.", time=texts.duration(pause))
        if pause
        else texts.gettext("No waiting between pictures."),
        texts.gettext("To have someone else's photo painted, you need their consent.")
        if rules.ask_consent
        else texts.gettext("Other people's photos can be painted without asking them."),
    ]


def _when_and_what(rules: GroupSettings, texts: Texts) -> list[str]:
    hours, night, styles = rules.delete_cards_after_hours, _night(rules), rules.styles
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


def _buttons(rules: GroupSettings, texts: Texts) -> ButtonRows:
    """Two in a row; each says what it sets."""
    switch = texts.gettext("⏹ Switch off") if rules.enabled else texts.gettext("▶ Switch on")
    who = texts.gettext("👥 Everyone") if rules.who == "admins" else texts.gettext("👮 Only admins")
    consent = texts.gettext("🙈 Don't ask for consent") if rules.ask_consent else texts.gettext("🙋 Ask for consent")
    return (
        (
            _button(switch, GroupRule.ENABLED, 0 if rules.enabled else 1),
            _button(who, GroupRule.ADMINS_ONLY, 0 if rules.who == "admins" else 1),
        ),
        (_limit(rules, texts), _pause(rules, texts)),
        (_quiet(rules, texts), _deleting(rules, texts)),
        (
            _button(texts.gettext("🎨 Styles"), GroupRule.PAGE, 0),
            _button(consent, GroupRule.CONSENT, 0 if rules.ask_consent else 1),
        ),
    )


def _button(label: str, rule: GroupRule, number: int) -> Button:
    return Button(label, SetGroupRule(rule, number).pack())


def _limit(rules: GroupSettings, texts: Texts) -> Button:
    limit = _next(_LIMITS, rules.daily_limit)
    if limit is None:
        return _button(texts.gettext("📅 No daily limit"), GroupRule.LIMIT, NONE)
    return _button(texts.gettext("📅 {n} a day", n=int(limit)), GroupRule.LIMIT, int(limit))


def _pause(rules: GroupSettings, texts: Texts) -> Button:
    seconds = int(_next(_COOLDOWNS, rules.cooldown_seconds) or 0)
    if not seconds:
        return _button(texts.gettext("⏲ No pause"), GroupRule.COOLDOWN, 0)
    return _button(texts.gettext("⏲ Pause {time}", time=texts.duration(seconds)), GroupRule.COOLDOWN, seconds)


def _quiet(rules: GroupSettings, texts: Texts) -> Button:
    now = _night(rules)
    night = _NIGHTS[(_NIGHTS.index(now) + 1) % len(_NIGHTS)] if now in _NIGHTS else None
    if night is None:
        return _button(texts.gettext("🌙 No quiet hours"), GroupRule.QUIET, NONE)
    label = texts.gettext("🌙 {start} to {end} UTC", start=_clock(night[0]), end=_clock(night[1]))
    return _button(label, GroupRule.QUIET, night[0] * DAY_MINUTES + night[1])


def _deleting(rules: GroupSettings, texts: Texts) -> Button:
    hours = _next(_HOURS, rules.delete_cards_after_hours)
    if hours is None:
        return _button(texts.gettext("🧹 Keep pictures"), GroupRule.DELETE, NONE)
    label = texts.gettext("🧹 Delete after {time}", time=texts.duration(hours * 3600))
    return _button(label, GroupRule.DELETE, int(hours))


def _next(steps: Sequence[float | None], now: float | None) -> float | None:
    """The step after the current value, which need not be a step itself; round at the end."""
    following = [step for step in steps if step is not None and step > (0 if now is None else now)]
    return following[0] if following else steps[0]


def _night(rules: GroupSettings) -> tuple[int, int] | None:
    return None if rules.quiet_from is None or rules.quiet_to is None else (rules.quiet_from, rules.quiet_to)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
