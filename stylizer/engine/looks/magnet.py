"""Fridge-magnet world: the figure as a die-cut magnet with a white rim and a glossy coat on a fridge door.

Own recipe.
"""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import glow, mix, rgb, smoothstep
from stylizer.engine.compose import rows_columns
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import cel_figure, inked
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, Plane
from stylizer.engine.portrait import Portrait
from stylizer.engine.region import covering
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.fridge import fridge_door, stuck_on
from stylizer.engine.sticker import Placement, offset_outline

SHARE, TILT, CORNER = 0.80, -3.5, 0.09


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.20, jaw=0.012, nose=0.04)
    shape, placement = _die_cut(portrait)
    size, short = portrait.size, min(portrait.size)
    figure = placement.move(redrawn(portrait, _drawing), size, border=cv2.BORDER_REPLICATE)
    inside = smoothstep(0.3, 0.7, blur(placement.move(shape, size), portrait.px(2)))
    border = offset_outline(inside, short * 0.022, portrait.px(4))
    picture = stuck_on(backdrop(fridge_door, size, seed), border, "fffcf7", width=short * 0.007)
    gloss = _gloss(portrait)

    def laid_on(rows: Picture, drawn: Picture, within: Plane, rim: Plane, shine: Plane) -> Picture:
        return glow(mix(rows, drawn, within * rim), shine * rim, rgb("ffffff"))

    return in_bands(laid_on, picture, figure, inside, border, gloss, into=picture)


def _drawing(portrait: Portrait) -> Picture:
    return inked(portrait, cel_figure(portrait, chroma=1.4, own=0.25), "161018", on_skin=0.6)


def _die_cut(portrait: Portrait) -> tuple[Plane, Placement]:
    """The cut-out with rounded lower corners, and where it goes on the door."""
    height, width = portrait.size
    rows, columns = covering(portrait.cutout > 0.5, 0)
    left, right, top, bottom = columns.start, columns.stop, rows.start, rows.stop
    radius = (right - left) * CORNER
    away = rows_columns(portrait.size)
    beyond_x = np.maximum(np.abs(away[1] - (left + right) / 2) - ((right - left) / 2 - radius), 0)
    beyond_y = np.maximum(away[0] - (bottom - radius), 0)
    rounded = np.clip(radius - np.sqrt(beyond_x**2 + beyond_y**2), 0, 1)
    scale = min(SHARE * width / (right - left + 1), SHARE * height / (bottom - top + 1), 1.0)
    placement = Placement(((left + right) / 2, (top + bottom) / 2), (width * 0.5, height * 0.515), scale, TILT)
    return portrait.cutout * np.where(away[0] > bottom - radius, rounded, 1).astype(np.float32), placement


def _gloss(portrait: Portrait) -> Plane:
    """Two slanted bands of light."""
    rows, columns = rows_columns(portrait.size)

    def bright(down: Plane) -> Plane:
        slant = (columns * 0.75 + down * 0.5) / (portrait.size[1] * 0.9)
        broad, narrow = (smoothstep(0, 1, 1 - np.abs(slant - at) * steep) for at, steep in ((0.78, 4), (0.98, 9)))
        return broad * 0.13 + narrow * 0.09

    return in_bands(bright, np.broadcast_to(rows, portrait.size))
