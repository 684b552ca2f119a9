"""The looks that exist: index and English name as the API has them, and the module that paints each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stylizer.engine.looks import comic, pixel
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
    Look(32, "pixel", "Pixel world", pixel.render),
)
LOOKS: Mapping[int, Look] = MappingProxyType({look.index: look for look in _ALL})
