"""Backdrops. Those that do not depend on the portrait are painted once a size and seed, and kept as bytes."""

from collections.abc import Callable
from functools import lru_cache

import cv2

from stylizer.engine.picture import Picture, Pixels, Size, to_bytes, to_float

KEPT_BACKDROPS = 6
Painter = Callable[[Size, int], Picture]


@lru_cache(maxsize=KEPT_BACKDROPS)
def _kept(painter: Painter, size: Size, seed: int) -> Pixels:
    return to_bytes(painter(size, seed))


def backdrop(painter: Painter, size: Size, seed: int) -> Picture:
    """`painter(size, seed)`, from the few kept ones when it was asked for lately."""
    return to_float(_kept(painter, size, seed))


def soft_backdrop(painter: Painter, size: Size, seed: int) -> Picture:
    """The same painted at half the size: for skies, haze and what is out of focus."""
    half = _kept(painter, (-(-size[0] // 2), -(-size[1] // 2)), seed)
    return to_float(cv2.resize(half, (size[1], size[0]), interpolation=cv2.INTER_CUBIC))
