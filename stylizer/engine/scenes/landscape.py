"""Skies, clouds and ridges."""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import mix, rgb, smoothstep
from stylizer.engine.filters import shifted
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Plane, Size

COOL = np.array([-0.02, 0, 0.02], np.float32)


def _column(height: int, top: str, bottom: str, gamma: float) -> Picture:
    """One column of a gradient: (height, 1, 3)."""
    t = np.linspace(0, 1, height, dtype=np.float32)[:, None, None] ** np.float32(gamma)
    return rgb(top) * (1 - t) + rgb(bottom) * t


def gradient(size: Size, top: str, bottom: str, gamma: float = 1.0) -> Picture:
    return np.ascontiguousarray(np.broadcast_to(_column(size[0], top, bottom, gamma), (*size, 3)), np.float32)


def sky(
    size: Size, top: str, bottom: str, *, cloud: str = "ffffff", cover: float = 0.5, soft: float = 0.12, seed: int = 5
) -> Picture:
    """A gradient with fractal clouds, shaded from below; `cover` .4 is overcast, .6 clear."""
    height = size[0]
    billows = clouds(size, 3, 6, seed, 0.55)
    billows += 0.10 * np.sin(np.linspace(0, 9, height, dtype=np.float32))[:, None]

    def clouded(ground: Picture, billow: Plane, underneath: Plane) -> Picture:
        shade = smoothstep(cover + 0.02, cover + 0.25, underneath)[..., None]
        lit = np.clip(rgb(cloud) * (1 - 0.18 * shade) + COOL * shade, 0, 1)
        return mix(np.broadcast_to(ground, lit.shape), lit, smoothstep(cover, cover + soft, billow) * 0.95)

    return in_bands(clouded, _column(height, top, bottom, 0.9), billows, shifted(billows, -height / 40, 0))


def ridge(width: int, base: float, height: float, seed: int, rough: float = 0.5) -> Plane:
    """The skyline of a mountain range: a row for each column, midpoint noise about `base`."""
    random = np.random.default_rng(seed)
    x, line = np.linspace(0, 1, width), np.zeros(width)
    for octave in range(1, 7):
        count = 3 * 2**octave // 2 + 2
        line += np.interp(x * count, np.arange(count + 3), random.random(count + 3)) * rough**octave
    return base - height * (line - line.mean()) / (line.std() + 1e-6)


def ridges(size: Size, count: int, *, top: float, seed: int, rough: float = 0.5, step: float = 0.13) -> list[Plane]:
    """Skylines from far to near."""
    height, width = size
    return [ridge(width, height * (top + step * i), height * 0.12, seed * 101 + i, rough) for i in range(count)]


def below(size: Size, skyline: Plane, softness: float = 1.5) -> Plane:
    """Mask of what lies under a skyline."""
    rows = np.arange(size[0], dtype=np.float32)[:, None]
    return smoothstep(-softness, softness, rows - skyline[None, :].astype(np.float32))


def hills(picture: Picture, colours: tuple[str, ...], *, top: float, seed: int, rough: float = 0.4) -> Picture:
    """Paint flat ranges over a picture, far to near."""
    size = (picture.shape[0], picture.shape[1])
    for skyline, colour in zip(ridges(size, len(colours), top=top, seed=seed, rough=rough), colours, strict=True):
        picture = mix(picture, rgb(colour), below(size, skyline))
    return picture


def sun(canvas: Canvas, x: float, y: float, radius: float, colour: str) -> None:
    canvas.circle(x, y, radius, colour)
