"""Rendering pictures a few rows at a time.

Intermediate results then take the memory of a band, not of a picture, and stay in the processor's cache, which is
faster too.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BAND_PIXELS = 49_152  # 32 rows of 1536: a band in float RGB is half a megabyte


def bands(height: int, width: int) -> Iterator[slice]:
    """The rows of a picture, a band at a time from the top."""
    rows = max(1, BAND_PIXELS // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def in_bands(
    paint: Callable[..., NDArray[Any]], *layers: NDArray[Any], into: NDArray[Any] | None = None
) -> NDArray[Any]:
    """`paint(*layers)` for a `paint` that treats every pixel by itself. Layers have the same height and are not empty.

    The result goes into a new array (floats are single, whatever `paint` makes of them), or `into` one of the layers.
    """
    height, width = layers[0].shape[0], max(layer.shape[1] for layer in layers)
    for rows in bands(height, width):
        band = paint(*(layer[rows] for layer in layers))
        if into is None:
            into = np.empty((height, *band.shape[1:]), np.float32 if band.dtype.kind == "f" else band.dtype)
        into[rows] = band
    return layers[0] if into is None else into
