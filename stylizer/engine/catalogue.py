"""All looks: index and English name as in the API, and the function that renders each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stylizer.engine.looks import (
    adventure,
    anime,
    animeworld,
    badge,
    cartoon,
    clay,
    comic,
    crayon,
    elegant,
    fairytale,
    fresh,
    future,
    general,
    gongbi,
    greetings,
    handdrawn,
    inkwash,
    magnet,
    manga,
    newyear,
    pixel,
    story,
    toyworld,
)
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait

Recipe = Callable[[Portrait, int], Picture]


@dataclass(frozen=True)
class Look:
    """A preset: `render(portrait, seed)` paints it at the portrait's output size; `brushed` ones need the brush net."""

    index: int
    slug: str
    name: str
    render: Recipe
    brushed: bool = True

    def paint(self, portrait: Portrait, seed: int) -> Picture:
        """Render, the net's strokes first: run in the middle of a recipe it would need the most memory at once."""
        if self.brushed:
            _ = portrait.brushwork
        return self.render(portrait, seed)


_ALL = (
    Look(0, "comic", "Retro comic", comic.render),
    Look(1, "fairytale", "3D fairy tale", fairytale.render, brushed=False),
    Look(2, "anime", "Anime", anime.render),
    Look(3, "fresh", "Fresh", fresh.render),
    Look(4, "future", "Futuristic tech", future.render),
    Look(5, "ink", "Chinese ink painting", inkwash.render),
    Look(6, "general", "Warrior general", general.render, brushed=False),
    Look(7, "cartoon", "Colourful cartoon", cartoon.render),
    Look(8, "elegant", "Elegant Chinese style", elegant.render),
    Look(9, "newyear", "New Year celebration", newyear.render),
    Look(14, "gongbi", "Gongbi (fine brush)", gongbi.render),
    Look(15, "greetings", "New Year greetings", greetings.render),
    Look(30, "story", "Fairy-tale world", story.render, brushed=False),
    Look(31, "clay", "Clay world", clay.render, brushed=False),
    Look(32, "pixel", "Pixel world", pixel.render, brushed=False),
    Look(33, "adventure", "Adventure world", adventure.render),
    Look(34, "manga", "Japanese manga world", manga.render),
    Look(35, "toyworld", "3D world", toyworld.render, brushed=False),
    Look(36, "animeworld", "Anime world", animeworld.render),
    Look(37, "handdrawn", "Hand-drawn world", handdrawn.render),
    Look(38, "crayon", "Crayon world", crayon.render),
    Look(39, "magnet", "Fridge-magnet world", magnet.render),
    Look(40, "badge", "Badge world", badge.render),
)
LOOKS: Mapping[int, Look] = MappingProxyType({look.index: look for look in _ALL})
