"""Backdrops. Those that do not depend on the portrait are rendered once for each size and seed, and cached as bytes."""

from collections.abc import Callable
from functools import lru_cache

import cv2

from stylizer.engine.picture import Picture, Pixels, Size, to_bytes, to_float

KEPT_BACKDROPS = 6
Render = Callable[[Size, int], Picture]


@lru_cache(maxsize=KEPT_BACKDROPS)
def _cached(render: Render, size: Size, seed: int) -> Pixels:
    return to_bytes(render(size, seed))


def backdrop(render: Render, size: Size, seed: int) -> Picture:
    """`render(size, seed)`, from a cache of the most recent ones."""
    return to_float(_cached(render, size, seed))


def soft_backdrop(render: Render, size: Size, seed: int) -> Picture:
    """The same rendered at half the size: for skies, haze and what is out of focus."""
    half = _cached(render, (-(-size[0] // 2), -(-size[1] // 2)), seed)
    return to_float(cv2.resize(half, (size[1], size[0]), interpolation=cv2.INTER_CUBIC))
