"""What the captions of an album ask for. Pure."""

from collections.abc import Sequence

from bot.domain.styles import STYLES, Style
from bot.messaging.commands import parse_text
from bot.messaging.style_text import find_style


def caption_of(captions: Sequence[str]) -> str:
    """The caption that holds for the whole album: the first that is a command or names a style, else the first one."""
    written = [caption for caption in captions if caption]
    return next((caption for caption in written if _asks(caption)), next(iter(written), ""))


def split_by_caption(captions: Sequence[str]) -> list[list[int]]:
    """The numbers (from 0) of the photos that are one request each. Photos whose captions ask for different things are
    requests of their own; those without such a caption go with the first."""
    common = caption_of(captions)
    requests: dict[str, list[int]] = {}
    for number, caption in enumerate(captions):
        requests.setdefault(caption if _asks(caption) else common, []).append(number)
    return list(requests.values())


def _asks(caption: str) -> bool:
    return parse_text(caption).command is not None or isinstance(find_style(caption, STYLES), Style)
