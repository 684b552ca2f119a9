"""Putting a painted figure in front of a scene."""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import glow, mix, rgb, shaded, smoothstep
from stylizer.engine.filters import blur, edge_of, shifted
from stylizer.engine.picture import Picture, Plane, Size, resize
from stylizer.engine.portrait import Portrait


def place(portrait: Portrait, figure: Picture, scene: Picture) -> Picture:
    """The figure cut out in front of the scene, painted into it; without a separable person, the figure alone."""
    return in_bands(mix, scene, figure, portrait.cutout, into=scene) if portrait.separable else figure


def outline(portrait: Portrait, picture: Picture, colour: str, *, width: float, strength: float = 0.9) -> Picture:
    """A line round the figure, `width` in pixels of 1536, drawn into the picture."""
    if not portrait.separable:
        return picture
    edge, line = edge_of(portrait.cutout, portrait.px(width), max(2, portrait.px(3)), portrait.px(1.0)), rgb(colour)
    return in_bands(lambda rows, part: mix(rows, line, part * strength), picture, edge, into=picture)


def cast_shadow(scene: Picture, mask: Plane, length: float, *, softness: float, amount: float) -> Picture:
    """The shadow that something cut out by `mask` throws down and to the right, painted into the scene."""
    shadow = blur(shifted(mask, length, length * 0.7), softness)
    return in_bands(lambda rows, dark: shaded(rows, 1 - amount * dark), scene, shadow, into=scene)


def rows_columns(size: Size) -> tuple[Plane, Plane]:
    """Pixel coordinates that broadcast: (height, 1) rows and (1, width) columns."""
    return np.arange(size[0], dtype=np.float32)[:, None], np.arange(size[1], dtype=np.float32)[None, :]


def vignette(picture: Picture, colour: str, amount: float, start: float = 0.45) -> Picture:
    """Darken (or tint) towards the corners."""
    height, width = picture.shape[:2]
    rows, columns = rows_columns((height, width))
    down, across = ((rows - height / 2) / height) ** 2, ((columns - width / 2) / width) ** 2

    def darken(part: Picture, from_middle: Plane) -> Picture:
        return mix(part, rgb(colour), smoothstep(start, 0.8, np.sqrt(from_middle + across)) * amount)

    return in_bands(darken, picture, down)


def light_from(picture: Picture, x: float, y: float, *, reach: float, colour: str, amount: float) -> Picture:
    """A soft light at a pixel, falling off over `reach` pixels."""
    rows, columns = rows_columns((picture.shape[0], picture.shape[1]))
    down, across = np.exp(-(((rows - y) / reach) ** 2)) * amount, np.exp(-(((columns - x) / reach) ** 2))
    return in_bands(lambda part, fall: glow(part, fall * across, rgb(colour)), picture, down)


def bloom(picture: Picture, threshold: float, sigma: float, amount: float) -> Picture:
    """Bright parts shine over their surroundings; painted into the picture, the light at a quarter of its size."""
    height, width = picture.shape[:2]
    bright = in_bands(lambda rows: np.clip(rows - threshold, 0, 1), picture)
    light = blur(resize(bright, (max(1, height // 4), max(1, width // 4))), sigma / 4)
    del bright  # as large as the picture, and the light will be, too
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    return in_bands(lambda rows, more: 1 - (1 - rows) * (1 - more * amount), picture, light, into=picture)
