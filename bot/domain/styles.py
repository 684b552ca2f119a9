"""The catalogue of styles: their names, and lookup by index or name.

Index and Chinese name are the API's own (its model page); slugs, English and traditional Chinese names are ours.
"""

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib.resources import files

REFERENCE = -1  # the API's index for "the style of this picture"


@dataclass(frozen=True)
class Style:
    """One style. `slug` names its sample picture, and people may type it instead of the number."""

    index: int
    slug: str
    english: str
    chinese: str
    traditional: str

    def name(self, language: str) -> str:
        """The name in one of the supported languages: `en`, `zh` or `zh-Hant`."""
        return {"zh": self.chinese, "zh-Hant": self.traditional}.get(language, self.english)


@dataclass(frozen=True)
class SavedStyle:
    """A saved style as its owner or their group may see it. `created` is in epoch seconds; equal pictures have the same
    `sha256` (hex)."""

    id: int
    name: str
    created: float
    sha256: str
    in_library: bool = False
    is_shared: bool = False


STYLES: tuple[Style, ...] = (
    Style(0, "comic", "Retro comic", "复古漫画", "復古漫畫"),
    Style(1, "fairytale", "3D fairy tale", "3D童话", "3D童話"),
    Style(2, "anime", "Anime", "二次元", "二次元"),
    Style(3, "fresh", "Fresh", "小清新", "小清新"),
    Style(4, "future", "Futuristic tech", "未来科技", "未來科技"),
    Style(5, "ink", "Chinese ink painting", "国画古风", "國畫古風"),
    Style(6, "general", "Warrior general", "将军百战", "將軍百戰"),
    Style(7, "cartoon", "Colourful cartoon", "炫彩卡通", "炫彩卡通"),
    Style(8, "elegant", "Elegant Chinese", "清雅国风", "清雅國風"),
    Style(9, "newyear", "New Year celebration", "喜迎新年", "喜迎新年"),
    Style(14, "gongbi", "Gongbi fine brush", "国风工笔", "國風工筆"),
    Style(15, "greetings", "New Year greetings", "恭贺新禧", "恭賀新禧"),
    Style(30, "story", "Fairy-tale world", "童话世界", "童話世界"),
    Style(31, "clay", "Clay world", "黏土世界", "黏土世界"),
    Style(32, "pixel", "Pixel world", "像素世界", "像素世界"),
    Style(33, "adventure", "Adventure world", "冒险世界", "冒險世界"),
    Style(34, "manga", "Manga world", "日漫世界", "日漫世界"),
    Style(35, "toyworld", "3D world", "3D世界", "3D世界"),
    Style(36, "animeworld", "Anime world", "二次元世界", "二次元世界"),
    Style(37, "handdrawn", "Hand-drawn world", "手绘世界", "手繪世界"),
    Style(38, "crayon", "Crayon world", "蜡笔世界", "蠟筆世界"),
    Style(39, "magnet", "Fridge-magnet world", "冰箱贴世界", "冰箱貼世界"),
    Style(40, "badge", "Badge world", "吧唧世界", "吧唧世界"),
)
# All styles on one sheet: an extension of our own stylizer (the API has nothing below -1).
SHEET = Style(-2, "all", "All styles at once", "全部风格一览", "全部風格一覽")

_SEPARATORS = re.compile(r"(?<![\d\s_-])[\s_-]+|[\s_-]+(?![\d\s_-])")
INDICES = frozenset(style.index for style in STYLES)
ALL_INDICES = INDICES | {REFERENCE, SHEET.index}
_BY_INDEX = {style.index: style for style in (*STYLES, SHEET)}


def by_index(index: int) -> Style:
    """The style of a valid index. Raises KeyError for any other."""
    return _BY_INDEX[index]


def offered(indices: Collection[int]) -> tuple[Style, ...]:
    """The styles with these indices, in catalogue order."""
    return tuple(style for style in (*STYLES, SHEET) if style.index in indices)


def find(text: str, among: Collection[Style]) -> Style | None:
    """The style that a person names by number, slug, English or Chinese name, in either script; None when none matches
    exactly."""
    wanted = _fold(text)
    return next((style for style in among if wanted in _names(style)), None)


def nearest(text: str, among: Collection[Style]) -> Style | None:
    """The style whose name is closest to a mistyped one, to ask "did you mean"; None when none is close."""
    names = {name: style for style in among for name in _names(style)}
    close = difflib.get_close_matches(_fold(text), names, n=1, cutoff=0.6)
    return names[close[0]] if close else None


def sample(slug: str) -> bytes | None:
    """The sample JPEG of a style (short side 640 px), or None when there is none."""
    picture = files("bot") / "samples" / f"{slug}.jpg"
    return picture.read_bytes() if picture.is_file() else None


def before_and_after() -> bytes:
    """A JPEG with one photo and some of the pictures made of it, side by side."""
    return (files("bot") / "samples" / "before-after.jpg").read_bytes()


def sample_label(slug: str, language: str) -> bytes | None:
    """The name of a style in `language`, drawn as a PNG to stand below its sample; None when there is none."""
    picture = files("bot") / "samples" / language / f"{slug}.png"
    return picture.read_bytes() if picture.is_file() else None


def _fold(text: str) -> str:
    """The text as names are compared. What separates two numbers stays: "3 5" is not 35."""
    return _SEPARATORS.sub("", text.strip().casefold())


def _names(style: Style) -> tuple[str, ...]:
    return (str(style.index), *map(_fold, (style.slug, style.english, style.chinese, style.traditional)))
