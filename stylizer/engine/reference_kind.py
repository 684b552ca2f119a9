"""What kind of picture a reference is: flat art, a photo, or a painting. Each is followed in a way of its own."""

from enum import Enum, auto

import cv2
import numpy as np

from stylizer.engine.colour import to_lab
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, resize, scaled_size
from stylizer.engine.tone import nearest, palette

LOOKED_AT, COLOURS = 384, 10  # short side in pixels; of a palette
FEW_COLOURS, EDGED = 2.0, 0.10  # Lab distance to the palette; slope of the steepest pixels: a few colours, hard edges
MOSTLY_EVEN, CLEARLY_EDGED = 0.45, 0.12  # share of pixels without a slope; slope, with any number of colours
DRAWN, HARD = 0.0013, 0.15  # grain of surfaces that were filled, not photographed; slope of their outlines
EVEN, ALL_EVEN = 0.004, 0.75
SMOOTH, SMOOTH_WITH_FACE = 0.0025, 0.0040  # grain of the smoothest quarter: paintings have strokes everywhere


class Kind(Enum):
    """Flat: few colours or even surfaces, and hard edges (prints, posters, cels, vectors)."""

    FLAT = auto()
    PHOTO = auto()
    PAINTING = auto()


def kind_of(picture: Picture, *, with_face: bool) -> Kind:
    """The kind of a reference picture, from its surfaces, edges and colours."""
    small = resize(picture, scaled_size((picture.shape[0], picture.shape[1]), LOOKED_AT)).astype(np.float32)
    lab = to_lab(small)
    light = np.ascontiguousarray(lab[..., 0]) / np.float32(100)
    slope = cv2.magnitude(cv2.Scharr(light, -1, 1, 0, scale=1 / 32), cv2.Scharr(light, -1, 0, 1, scale=1 / 32))
    steep, even = float(np.percentile(slope, 98)), float((slope < EVEN).mean())
    colours = palette(small, COLOURS, 0)
    away = float(np.median(np.linalg.norm(lab - colours[nearest(lab, colours)], axis=-1)))
    grain = float(np.percentile(np.abs(light - blur(light, 1.5)), 25))
    few, filled = away < FEW_COLOURS and (steep > EDGED or even > ALL_EVEN), grain < DRAWN and steep > HARD
    if few or filled or (even > MOSTLY_EVEN and steep > CLEARLY_EDGED):
        return Kind.FLAT
    return Kind.PHOTO if grain < (SMOOTH_WITH_FACE if with_face else SMOOTH) else Kind.PAINTING
