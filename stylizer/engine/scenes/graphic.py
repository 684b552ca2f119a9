"""Flat graphic backdrops: rays, focus lines, Memphis shapes."""

import cv2
import numpy as np

from stylizer.engine.bands import bands, in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import rgb
from stylizer.engine.compose import rows_columns
from stylizer.engine.picture import Picture, Plane, Size

MEMPHIS = ("36d1dc", "ffe14d", "7b5cff", "ffffff", "ff3d77", "2ee6a6")


def polar(size: Size, x: float, y: float) -> tuple[Plane, Plane]:
    """Distance in pixels and angle in radians (0..2 pi) about a pixel."""
    rows, columns = rows_columns(size)
    across, down = np.broadcast_arrays(columns - np.float32(x), rows - np.float32(y))
    distance, angle = np.empty(size, np.float32), np.empty(size, np.float32)
    for band in bands(*size):
        distance[band], angle[band] = cv2.cartToPolar(across[band].copy(), down[band].copy())
    return distance, angle


def rays(size: Size, x: float, y: float, colours: tuple[str, str], count: int = 30) -> Picture:
    """Sunburst about a pixel, with clean edges."""

    def burst(distance: Plane, angle: Plane) -> Picture:
        edge = np.clip(np.sin((angle + 0.1) * (count / 2)) * distance / 16 + 0.5, 0, 1)
        return rgb(colours[0]) + (rgb(colours[1]) - rgb(colours[0])) * edge[..., None]

    return in_bands(burst, *polar(size, x, y))


def focus_lines(size: Size, x: float, y: float, clear: float, *, seed: int, count: int = 420) -> Plane:
    """Manga speed lines running in to a clear ellipse of this radius: 1 where there is ink."""
    distance, angle = polar(size, x, y)
    rows, columns = rows_columns(size)
    radius = np.sqrt((columns - x) ** 2 + ((rows - y) / 1.25) ** 2)
    turn = angle * np.float32(count / (2 * np.pi))
    wedge = np.floor(turn).astype(np.int32) % count
    random = np.random.default_rng(seed)
    start = (clear * (1 + 0.55 * random.random(count) ** 2)).astype(np.float32)
    width = (0.15 + 0.75 * random.random(count)).astype(np.float32) * (random.random(count) < 0.75)
    grown = np.clip((radius - start[wedge]) * np.float32(1 / (clear * 1.1)), 0, 1)
    off_centre = np.abs(turn - np.floor(turn) - 0.5) * 2
    inked = (width[wedge] * grown - off_centre) * distance * np.float32(np.pi / count)
    return np.clip(inked + 0.5, 0, 1) * (grown > 0)


def memphis(size: Size, seed: int) -> Picture:
    """Pink to orange with loose shapes of the eighties."""
    canvas = Canvas.filled(size, "ff5fa2", "ffb84d")
    random = np.random.default_rng(seed)
    for i in range(46):
        x, y = random.random(2) * (size[1], size[0])
        radius = min(size) * (0.012 + 0.05 * random.random() ** 2)
        kind, colour = int(random.integers(5)), MEMPHIS[random.integers(6)]
        _memphis_shape(canvas, kind, colour, at=(x, y), radius=radius, turn=float(i))
    return canvas.picture()


def _memphis_shape(
    canvas: Canvas, kind: int, colour: str, *, at: tuple[float, float], radius: float, turn: float
) -> None:
    x, y = at
    match kind:
        case 0:
            canvas.circle(x, y, radius, colour)
        case 1:
            canvas.circle(x, y, radius, colour, width=max(3, radius / 4))
        case 2:
            canvas.polygon(
                [(x + radius * np.cos(a + turn), y + radius * np.sin(a + turn)) for a in (0, 2.09, 4.19)], colour
            )
        case 3:
            along = np.linspace(-2, 2, 60)
            wave = np.stack([x + radius * along, y + radius * 0.35 * np.sin(along * 4.5)], -1)
            canvas.line(wave, colour, max(4, radius / 5))
        case _:
            for column in range(3):
                for row in range(3):
                    canvas.circle(x + column * radius / 2, y + row * radius / 2, max(3, radius / 8), colour)
