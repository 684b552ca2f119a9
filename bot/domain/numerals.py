"""Text as people type it, made plain: any script's digits, any space, no invisible marks; and numbers in it. Pure."""

import re
import unicodedata

_DIGIT_VALUES: dict[str, int] = dict(
    zip(
        "零〇一二三四五六七八九两兩壹贰叁肆伍陆柒捌玖",
        (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 2, *range(1, 10)),
        strict=True,
    )
)
_CHINESE = "".join(_DIGIT_VALUES)
_TENS = re.compile(rf"([{_CHINESE}]?)[十拾]([{_CHINESE}]?)")
_ENGLISH_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen"),
)
_ENGLISH = {word: number for number, word in enumerate(_ENGLISH_WORDS)}
# Marks that change how the character before them looks: the keycap's frame, text or emoji presentation.
_MARKS = frozenset({"\u20e3", *map(chr, range(0xFE00, 0xFE10))})


def is_invisible(char: str) -> bool:
    """Whether a character takes no space and says nothing: direction marks, joiners, zero-width spaces."""
    return char in _MARKS or unicodedata.category(char) == "Cf"


def is_space(char: str) -> bool:
    """Whether it separates words: any Unicode space, line break or control character."""
    return char.isspace() or unicodedata.category(char) == "Cc"


def plain(text: str) -> str:
    """The text in NFKC, without invisible marks and emoji; every space is a blank, every digit one of 0-9."""
    apart = "".join(f" {char} " if unicodedata.category(char) == "No" else char for char in text)  # ③⑤ is not 35
    return "".join(map(_plain_char, unicodedata.normalize("NFKC", apart)))


def read_number(text: str) -> int | None:
    """The number that `plain` text is: in digits, in Chinese (up to 99), or in English (up to fifteen)."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= 6 else None
    if text.casefold() in _ENGLISH:
        return _ENGLISH[text.casefold()]
    if len(text) == 1 and text in _DIGIT_VALUES:
        return _DIGIT_VALUES[text]
    if match := _TENS.fullmatch(text):
        tens, ones = match.groups()
        return _DIGIT_VALUES.get(tens, 1) * 10 + _DIGIT_VALUES.get(ones, 0)
    return None


def _plain_char(char: str) -> str:
    if is_invisible(char):
        return ""
    if is_space(char):
        return " "
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    return " " if unicodedata.category(char) in {"So", "Sk", "Cn", "Cs", "Co"} else char
