"""A neon city at night."""

import numpy as np

from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import screen
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, Size

WINDOWS = ("00e5ff", "ff2bd6", "7df9ff", "8a5cff")
LAYERS = (("0b1740", 0.55), ("0a0f2c", 0.40))


def neon_city(size: Size, seed: int) -> Picture:
    """Two rows of towers with lit windows in a violet haze."""
    canvas = Canvas.filled(size, "03040f", "241052", 0.8)
    random = np.random.default_rng(seed)
    for colour, height in LAYERS:
        x = 0.0
        while x < size[1]:
            width = size[1] * (0.04 + 0.07 * random.random())
            top = size[0] * (0.68 - height * 0.9 * random.random())
            canvas.box((x, top), (x + width, size[0]), colour)
            _windows(canvas, (x, top, width), random)
            x += width + size[1] * 0.01 * random.random()
    towers = blur(canvas.picture(), min(size) / 700)
    return screen(towers, blur(towers, min(size) / 50) * 0.9)


def _windows(canvas: Canvas, tower: tuple[float, float, float], random: np.random.Generator) -> None:
    left, top, width = tower
    unit = min(canvas.height, canvas.width) / 1536
    for y in np.arange(top + 12 * unit, canvas.height, 26 * unit):
        for x in np.arange(left + 8 * unit, left + width - 8 * unit, 20 * unit):
            if random.random() < 0.28:
                colour = WINDOWS[random.integers(len(WINDOWS))]
                canvas.box((x, y), (x + 7 * unit, y + 9 * unit), _dimmed(colour, 0.35 + 0.5 * random.random()))


def _dimmed(colour: str, amount: float) -> str:
    return "".join(f"{round(int(colour[i : i + 2], 16) * amount):02x}" for i in (0, 2, 4))
