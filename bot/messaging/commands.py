"""Parses what people type into a command and its text. Pure.

`/style 3`, `/style@our_bot comic`, `/style3`, `/style_3`, `/style:3`, `/style第3种`, `／style　3`, `、style 3`.
The text after a command stays as it was typed; `bot.messaging.style_text` finds the style in it.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.domain.numerals import is_invisible, is_space

NO_NAME = "?"  # the command of a text that begins with a slash but is not a command
_SLASHES = frozenset("/／")
_COMMA_FOR_SLASH = re.compile(r"、(?=[A-Za-z])")  # what the slash key types in Chinese input methods
_HEAD = re.compile(r"([a-z](?:_?[a-z]){0,31})(?![a-z])_?(?:(-?\d{1,6})(?!\d))?(?:@(\w{1,64}))?", re.ASCII)
_MAX_HEAD = 128  # characters, of a command with the bot's name
_AFTER_NAME = ":：=＝,，、.。"
_MENTION = re.compile(r"@(\w{1,64})[\s,:]*(.*)", re.DOTALL)
LETTERS_PER_TYPO = 4  # one letter in so many may be wrong


@dataclass(frozen=True)
class ParsedText:
    """A parsed message. `command` is the name in lower case, whether it exists or not, or None for plain text; `text`
    is what follows the command or mention; `bot` is the name that is mentioned (`/help@bot`, `@bot 3`), lower case."""

    command: str | None
    text: str
    bot: str | None = None

    def for_another(self, bot_name: str) -> bool:
        """Whether it mentions another bot or a person instead of us."""
        return self.bot is not None and self.bot != bot_name.casefold()

    def mentions(self, bot_name: str) -> bool:
        return self.bot == bot_name.casefold()


def parse_text(text: str) -> ParsedText:
    """Parse a text or caption."""
    text = _trimmed(text)
    if text[:1] in _SLASHES or _COMMA_FOR_SLASH.match(text):
        return _parse_command(text)
    if match := _MENTION.fullmatch(text):
        rest = _trimmed(match[2])
        parsed = parse_text(rest) if rest[:1] in _SLASHES else ParsedText(None, rest)
        return replace(parsed, bot=match[1].casefold())
    return ParsedText(None, text)


def named_by(parsed: ParsedText) -> str:
    """The words of a command that doesn't exist, without its slash: `/anime`, `/2` and `/style_anime` name a style."""
    return parsed.text[1:] if parsed.command == NO_NAME else f"{parsed.command} {parsed.text}".strip()


def nearest_command(name: str, known: Collection[str]) -> str | None:
    """The command that was most likely meant by a mistyped name; None if none is close, or two are equally close."""
    distances = sorted((_edits(name, command), command) for command in known)
    close = [(edits, command) for edits, command in distances if edits * LETTERS_PER_TYPO <= len(command)]
    if not close or (len(close) > 1 and close[0][0] == close[1][0]):
        return None
    return close[0][1]


def _parse_command(text: str) -> ParsedText:
    head, typed = _plain_head(text[1:])
    match = _HEAD.match(head)
    if match is None:
        return ParsedText(NO_NAME, text)
    name, number, bot = match[1], match[2] or "", match[3]
    rest = text[1 + typed[match.end()] :].lstrip(_AFTER_NAME)
    return ParsedText(name, f"{number} {_trimmed(rest)}".strip(), bot.casefold() if bot else None)


def _plain_head(text: str) -> tuple[str, list[int]]:
    """The beginning of a text up to its first space, in plain lower-case characters without invisible marks; and for
    each of them, and for the end, where it stands in the text."""
    plain = ""
    typed: list[int] = []
    for at, char in enumerate(text[:_MAX_HEAD]):
        if is_space(char):
            return plain, [*typed, at]
        if is_invisible(char):
            continue
        digit = unicodedata.digit(char, None)
        shown = str(digit) if digit is not None else unicodedata.normalize("NFKC", char).casefold()
        plain += shown
        typed += [at] * len(shown)
    return plain, [*typed, min(len(text), _MAX_HEAD)]


def _trimmed(text: str) -> str:
    """The text without spaces and invisible marks at its ends."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and is_space(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(char: str) -> bool:
    return is_space(char) or is_invisible(char)


def _edits(one: str, other: str) -> int:
    """How many letters have to be added, left out, changed or swapped with their neighbour to get from one word to the
    other (the optimal string alignment distance)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != wanted))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == wanted:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]
