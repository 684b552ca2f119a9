"""Putting a painted figure in front of a scene."""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import glow, mix, rgb, shaded, smoothstep
from stylizer.engine.filters import blur, edge_of, shifted
from stylizer.engine.picture import Picture, Plane, Size
from stylizer.engine.portrait import Portrait


def place(portrait: Portrait, figure: Picture, scene: Picture) -> Picture:
    """The figure cut out in front of the scene; without a separable person, the figure alone."""
    return mix(scene, figure, portrait.cutout) if portrait.separable else figure


def outline(portrait: Portrait, picture: Picture, colour: str, *, width: float, strength: float = 0.9) -> Picture:
    """A drawn line round the figure, `width` in pixels of 1536."""
    if not portrait.separable:
        return picture
    edge = edge_of(portrait.cutout, portrait.px(width), max(2, portrait.px(3)), portrait.px(1.0))
    return mix(picture, rgb(colour), edge * strength)


def cast_shadow(scene: Picture, mask: Plane, length: float, *, softness: float, amount: float) -> Picture:
    """The shadow that something cut out by `mask` throws down and to the right onto the scene."""
    return shaded(scene, 1 - amount * blur(shifted(mask, length, length * 0.7), softness))


def rows_columns(size: Size) -> tuple[Plane, Plane]:
    """Pixel coordinates that broadcast: (height, 1) rows and (1, width) columns."""
    return np.arange(size[0], dtype=np.float32)[:, None], np.arange(size[1], dtype=np.float32)[None, :]


def vignette(picture: Picture, colour: str, amount: float, start: float = 0.45) -> Picture:
    """Darken (or tint) towards the corners."""
    rows, columns = rows_columns((picture.shape[0], picture.shape[1]))
    height, width = picture.shape[:2]
    radius = np.sqrt(((rows - height / 2) / height) ** 2 + ((columns - width / 2) / width) ** 2)
    return mix(picture, rgb(colour), smoothstep(start, 0.8, radius) * amount)


def light_from(picture: Picture, x: float, y: float, *, reach: float, colour: str, amount: float) -> Picture:
    """A soft light at a pixel, falling off over `reach` pixels."""
    rows, columns = rows_columns((picture.shape[0], picture.shape[1]))
    fall = np.exp(-(((rows - y) / reach) ** 2)) * np.exp(-(((columns - x) / reach) ** 2))
    return glow(picture, fall * amount, rgb(colour))


def bloom(picture: Picture, threshold: float, sigma: float, amount: float) -> Picture:
    """Bright parts shine over their surroundings."""
    bright = in_bands(lambda rows: np.clip(rows - threshold, 0, 1), picture)
    return in_bands(lambda rows, light: 1 - (1 - rows) * (1 - light * amount), picture, blur(bright, sigma))
