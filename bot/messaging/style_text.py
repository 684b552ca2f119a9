"""Finds the style that somebody's words name: "3", "anime, please", "第3种", "用二次元吧", "3 and 5". Pure."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bot.domain.numerals import plain, read_number
from bot.domain.styles import STYLES, Style, find, nearest

MAX_STYLE_TEXT = 40  # characters of a person's text that are quoted back to them
_EDGES = " \t#.,:;!?\"'“”‘’《》「」『』【】[]()*~_…·、。〜～=<>-"
_ME_WORDS = frozenset({"me", "myself", "my", "我", "自己", "我自己"})
_REFERENCE_WORDS = frozenset({"ref", "reference", "-1", "参考", "参考图", "參考", "參考圖"})
# What may stand around a style's name without changing what is asked for. Nothing that negates belongs here.
_BEFORE = re.compile(
    r"(?:(?:in|as|an?|the|to|try|use|paint|make|it|do|i|want|i'd|like|would|with|please|pls|plz|looks?|ok|okay|yes)"
    r"(?=[\s.:,#])|(?:style|option|number|nr|no(?=\.?\s*\d))(?![a-z]))[\s.:,#]*"
    r"|(?:请|請|麻烦|麻煩|幫我|給我|選|來個|來一張|來張|來|畫成|變成|換成|試試|畫風|風格|樣式|編號|帮我|给我|我想|我要|想要|要|用|选|来个|来张|来一张|来|画成|变成|换成|试试|画风|风格|样式|编号|第|那就|就)\s*",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\s*(?:\b(?:please|pls|plz|thanks|thank\s+you|thx|styles?|one|look)"
    r"|(?<=\d)\s*(?:st|nd|rd|th)|谢谢|謝謝|多谢|多謝|吧|啊|呀|哦|的|风格|画风|样式|風格|畫風|樣式|[号號种種个個款张張])",
    re.IGNORECASE,
)
_STRONG = re.compile(r"\s*(?:[,、，;；+&|]|\b(?:and|or)\b|还有|和|与|或者|或|跟)\s*", re.IGNORECASE)
_WEAK = re.compile(r"[\s./·•_-]+")


@dataclass(frozen=True)
class UnknownStyle:
    """Text that names no style on offer, or several.

    Attributes:
        text: What they wrote, shortened.
        suggestion: The nearest style on offer.
        unavailable: The named style, if it exists but is not on offer now.
        several: The styles that it names, in their order, if there are two or more.
    """

    text: str
    suggestion: Style | None
    unavailable: Style | None = None
    several: tuple[Style, ...] = ()


def is_reference(text: str) -> bool:
    """Whether the text asks for the style of a reference picture."""
    return plain(_first_line(text)).strip(_EDGES.replace("-", "")).casefold() in _REFERENCE_WORDS


def split_me(text: str) -> tuple[str, bool]:
    """The text without a final "me", and whether it had one: `/style 3 me` means the person's own profile photo."""
    before, _, last = text.strip().rpartition(" ")
    return (before.strip(), True) if last.strip(_EDGES).casefold() in _ME_WORDS else (text, False)


def find_style(text: str, offered: Collection[Style]) -> Style | UnknownStyle | None:
    """The style that the text names, an UnknownStyle, or None for an empty text."""
    wanted = plain(_first_line(text)).strip(_EDGES)
    if not wanted:
        return None
    if style := _single(wanted, offered):
        return style
    if several := _several(wanted, offered):
        return several[0] if len(several) == 1 else UnknownStyle(_quoted(text), None, several=several)
    if len(named := _several(wanted, STYLES)) > 1:  # not all of them are on offer
        return UnknownStyle(_quoted(text), next((style for style in named if style in offered), None))
    suggestion = nearest(wanted, offered) if any(map(str.isalpha, wanted)) else None
    return UnknownStyle(_quoted(text), suggestion, _single(wanted, STYLES))


def names_literally(text: str, style: Style) -> bool:
    """Whether the text is just the style's number or name, nothing around it and no other spelling."""
    return find(text.strip(), (style,)) is not None


def _single(wanted: str, among: Collection[Style]) -> Style | None:
    """The one style that is named, with or without words of courtesy around it."""
    for words in _peeled(wanted):
        number = read_number(words)
        if style := find(words if number is None else str(number), among):
            return style
    return None


def _peeled(words: str) -> Iterator[str]:
    """The words, then what remains as what may stand around a name is taken off, one by one: first in front."""
    yield words
    while match := _BEFORE.match(words):
        words = words[match.end() :].strip(_EDGES)
        yield words
        yield from _peeled_behind(words)
    yield from _peeled_behind(words)


def _peeled_behind(words: str) -> Iterator[str]:
    while ends := [match for match in _AFTER.finditer(words) if match.end() == len(words)]:
        words = words[: ends[0].start()].strip(_EDGES)
        yield words


def _several(wanted: str, among: Collection[Style]) -> tuple[Style, ...]:
    """The different styles that a list names: all of its parts must be styles. Empty if it isn't such a list."""
    for separator in (_STRONG, _WEAK):
        parts = [part for part in separator.split(wanted) if part.strip(_EDGES)]
        found = [_single(part.strip(_EDGES), among) for part in parts]
        if len(found) > 1 and None not in found:
            return tuple(dict.fromkeys(style for style in found if style is not None))
    return _several_in_parts(wanted, among)


def _several_in_parts(wanted: str, among: Collection[Style]) -> tuple[Style, ...]:
    """Like `_several`, for a list with both kinds of separators, such as "3, 5 and 7 please"."""
    parts = [part for strong in _STRONG.split(wanted) for part in _WEAK.split(strong) if part.strip(_EDGES)]
    found = [_single(part.strip(_EDGES), among) for part in parts]
    if len(found) < 2 or None in found:  # a list has two items at least
        return ()
    return tuple(dict.fromkeys(style for style in found if style is not None))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][: MAX_STYLE_TEXT * 2]


def _quoted(text: str) -> str:
    return text.strip()[:MAX_STYLE_TEXT]
