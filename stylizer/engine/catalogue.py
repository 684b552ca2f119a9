"""The looks that exist: index and English name as the API has them, and the module that paints each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stylizer.engine.looks import anime, cartoon, comic, future, inkwash, newyear, pixel
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait

Recipe = Callable[[Portrait, int], Picture]


@dataclass(frozen=True)
class Look:
    """A preset: `render(portrait, seed)` paints it at the portrait's output size."""

    index: int
    slug: str
    name: str
    render: Recipe


_ALL = (
    Look(0, "comic", "Retro comic", comic.render),
    Look(2, "anime", "Anime", anime.render),
    Look(4, "future", "Futuristic tech", future.render),
    Look(5, "ink", "Chinese ink painting", inkwash.render),
    Look(7, "cartoon", "Colourful cartoon", cartoon.render),
    Look(9, "newyear", "New Year celebration", newyear.render),
    Look(32, "pixel", "Pixel world", pixel.render),
)
LOOKS: Mapping[int, Look] = MappingProxyType({look.index: look for look in _ALL})
