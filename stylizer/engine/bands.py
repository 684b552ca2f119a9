"""Pictures painted a few rows at a time.

What lies between input and output then takes the memory of a band, not of a picture, and stays in the processor's
cache, which makes it faster too.
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


def in_bands(paint: Callable[..., NDArray[Any]], *layers: NDArray[Any]) -> NDArray[Any]:
    """`paint(*layers)` for a `paint` that looks at every pixel alone. Layers are of one height, and not empty.

    Floats come out single, whatever `paint` makes of them.
    """
    height, width = layers[0].shape[0], max(layer.shape[1] for layer in layers)
    pieces = bands(height, width)
    first = next(pieces)
    band = paint(*(layer[first] for layer in layers))
    painted = np.empty((height, *band.shape[1:]), np.float32 if band.dtype.kind == "f" else band.dtype)
    painted[first] = band
    for rows in pieces:
        painted[rows] = paint(*(layer[rows] for layer in layers))
    return painted
