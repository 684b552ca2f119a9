"""Parses what people type: commands and captions. Pure.

`/style 3`, `/style@our_bot comic`, `/style3`, `/style_3`, `/style 复古漫画`, `/style ref`, `/ref`, `style 3`, `３`.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.domain.styles import STYLES, Style, find, nearest

MAX_STYLE_TEXT = 40  # characters of a person's text that are quoted back to them
_COMMAND = re.compile(
    r"/([a-z]{1,32}?)_?(-?\d{1,6})?(?:@(\w{1,64}))?(?:\s+(.*))?", re.ASCII | re.IGNORECASE | re.DOTALL
)
_MENTION = re.compile(r"@(\w{1,64})[\s,:]*(.*)", re.DOTALL)
_STYLE_WORD = re.compile(r"(?:style|风格|画风)(?=[\s\d])\s*", re.IGNORECASE)
_EDGES = " \t\n#.,:;!?\"'“”《》「」()，。！？：；、（）号"
_ME_WORDS = frozenset({"me", "myself", "my", "我", "自己", "我自己"})
_REFERENCE_WORDS = frozenset({"ref", "reference", "-1", "参考", "参考图"})


NO_NAME = "?"  # the command of a text that begins with a slash but is not a command


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
    text = text.strip()
    if match := _COMMAND.fullmatch(text):
        name, number, bot, rest = match[1].casefold(), match[2] or "", match[3], match[4] or ""
        return ParsedText(name, f"{number} {rest}".strip(), bot.casefold() if bot else None)
    if text.startswith("/"):
        return ParsedText(NO_NAME, text)
    if match := _MENTION.fullmatch(text):
        rest = match[2].strip()
        parsed = parse_text(rest) if rest.startswith("/") else ParsedText(None, rest)
        return replace(parsed, bot=match[1].casefold())
    return ParsedText(None, text)


@dataclass(frozen=True)
class UnknownStyle:
    """Text that names no style on offer. `suggestion`: the nearest one on offer; `unavailable`: the named style, if it
    exists but is not on offer now."""

    text: str
    suggestion: Style | None
    unavailable: Style | None = None


def is_reference(text: str) -> bool:
    """Whether the text asks for the style of a reference picture."""
    return _normalized(text).casefold() in _REFERENCE_WORDS


def split_me(text: str) -> tuple[str, bool]:
    """The text without a final "me", and whether it had one: `/style 3 me` means the person's own profile photo."""
    before, _, last = text.strip().rpartition(" ")
    return (before.strip(), True) if last.strip(_EDGES).casefold() in _ME_WORDS else (text, False)


def find_style(text: str, offered: Collection[Style]) -> Style | UnknownStyle | None:
    """The style that the text names, an UnknownStyle, or None for an empty text."""
    wanted = _STYLE_WORD.sub("", _normalized(text), count=1)
    if not wanted:
        return None
    if style := find(wanted, offered):
        return style
    return UnknownStyle(text.strip()[:MAX_STYLE_TEXT], nearest(wanted, offered), find(wanted, STYLES))


def _normalized(text: str) -> str:
    first_line = text.strip().partition("\n")[0]
    return unicodedata.normalize("NFKC", first_line[: MAX_STYLE_TEXT * 2]).strip(_EDGES)
