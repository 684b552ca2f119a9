"""What people type: commands and captions, understood without I/O.

`/style 3`, `/style@our_bot comic`, `/style3`, `/style_3`, `/style 复古漫画`, `/style ref`, `/ref`, `style 3`, `３`.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.domain.styles import STYLES, Style, find, nearest

MAX_STYLE_TEXT = 40  # characters of a person's words that are looked at or repeated back
_COMMAND = re.compile(
    r"/([a-z]{1,32}?)_?(-?\d{1,6})?(?:@(\w{1,64}))?(?:\s+(.*))?", re.ASCII | re.IGNORECASE | re.DOTALL
)
_MENTION = re.compile(r"@(\w{1,64})[\s,:]*(.*)", re.DOTALL)
_STYLE_WORD = re.compile(r"(?:style|风格|画风)(?=[\s\d])\s*", re.IGNORECASE)
_EDGES = " \t\n#.,:;!?\"'“”《》「」()，。！？：；、（）号"
_ME_WORDS = frozenset({"me", "myself", "my", "我", "自己", "我自己"})
_REFERENCE_WORDS = frozenset({"ref", "reference", "-1", "参考", "参考图"})


NO_NAME = "?"  # the command of a text that begins like one, and is none


@dataclass(frozen=True)
class ParsedText:
    """A message's text. `command` is a name as it was typed (lower case), whether there is such a command or not, and
    None for plain words; `bot` is whom the words name (`/help@bot`, `@bot 3`)."""

    command: str | None
    text: str
    bot: str | None = None

    def for_another(self, bot_name: str) -> bool:
        """Whether the words name somebody else: another bot, or a person mentioned."""
        return self.bot is not None and self.bot != bot_name.casefold()

    def mentions(self, bot_name: str) -> bool:
        return self.bot == bot_name.casefold()


def parse_text(text: str) -> ParsedText:
    """What a text or caption says."""
    text = text.strip()
    if match := _COMMAND.fullmatch(text):
        name, number, bot, words = match[1].casefold(), match[2] or "", match[3], match[4] or ""
        return ParsedText(name, f"{number} {words}".strip(), bot.casefold() if bot else None)
    if text.startswith("/"):
        return ParsedText(NO_NAME, text)
    if match := _MENTION.fullmatch(text):
        words = match[2].strip()
        said = parse_text(words) if words.startswith("/") else ParsedText(None, words)
        return replace(said, bot=match[1].casefold())
    return ParsedText(None, text)


@dataclass(frozen=True)
class UnknownStyle:
    """Words that name no style on offer; `meant` is the nearest on offer, `known` one that isn't on offer now."""

    text: str
    suggestion: Style | None
    unavailable: Style | None = None


def is_reference(words: str) -> bool:
    """Whether the words ask for the style of a picture."""
    return _normalized(words).casefold() in _REFERENCE_WORDS


def split_me(words: str) -> tuple[str, bool]:
    """The words without a closing "me", and whether it was there: `/style 3 me` is about their own profile photo."""
    before, _, last = words.strip().rpartition(" ")
    return (before.strip(), True) if last.strip(_EDGES).casefold() in _ME_WORDS else (words, False)


def find_style(words: str, offered: Collection[Style]) -> Style | UnknownStyle | None:
    """The style that the words name, an Unknown with the nearest one, or None when there are no words."""
    wanted = _STYLE_WORD.sub("", _normalized(words), count=1)
    if not wanted:
        return None
    if style := find(wanted, offered):
        return style
    return UnknownStyle(words.strip()[:MAX_STYLE_TEXT], nearest(wanted, offered), find(wanted, STYLES))


def _normalized(words: str) -> str:
    first_line = words.strip().partition("\n")[0]
    return unicodedata.normalize("NFKC", first_line[: MAX_STYLE_TEXT * 2]).strip(_EDGES)
