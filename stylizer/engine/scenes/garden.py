"""A fresh morning: pale mint sky, soft light spots, leaves and small flowers round the border."""

import math

import numpy as np

from stylizer.engine.canvas import Canvas, Point
from stylizer.engine.colour import screen
from stylizer.engine.picture import Picture, Plane, Size, to_bytes
from stylizer.engine.scenes.blossom import blossom
from stylizer.engine.scenes.castle import bokeh
from stylizer.engine.scenes.landscape import sky

GREENS = ("8fd6a8", "6cc08b", "b7e4c7", "a8d8a0", "5fb087")
FLOWERS = ("ffffff", "ffd9df", "fff3b0")


def leaf(at: Point, length: float, angle: float, plump: float = 0.34) -> Plane:
    """Outline of a pointed leaf that starts at a point."""
    t = np.linspace(0, 1, 14)
    belly = np.sin(t * np.pi) ** 0.8 * length * plump
    along, over = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    spine = np.asarray(at) + (t * length)[:, None] * along
    return np.concatenate([spine + belly[:, None] * over, (spine - belly[:, None] * over)[::-1]])


def _sprig(canvas: Canvas, at: Point, angle: float, length: float, random: np.random.Generator) -> None:
    """A bent twig with leaves in pairs and one at its tip."""
    unit, x, y = length / 7, *at
    for _ in range(7):
        end = (x + math.cos(angle) * unit, y + math.sin(angle) * unit)
        canvas.line([(x, y), end], "6b9c78", max(1.5, length * 0.012))
        for side in (-1, 1):
            colour = GREENS[random.integers(len(GREENS))]
            canvas.polygon(leaf(end, length * (0.22 + 0.1 * random.random()), angle + side * 0.85), colour)
        x, y = end
        angle += random.normal(0, 0.16)
    canvas.polygon(leaf((x, y), length * 0.28, angle), GREENS[0])


def leafy_morning(size: Size, seed: int) -> Picture:
    """The whole backdrop."""
    height, width = size
    random, short = np.random.default_rng(seed + 2), min(size)
    ground = sky(size, "a9e6cd", "fdfdf0", cover=0.54, soft=0.30, seed=seed + 9)
    canvas = Canvas(to_bytes(screen(ground, bokeh(size, ("ffffff", "e9ffd9", "fff6cf"), count=36, seed=seed) * 0.5)))
    for corner, heading in (
        ((0, 0), 0.75),
        ((width, 0), 2.4),
        ((0, height * 0.55), -0.2),
        ((width, height * 0.5), 3.4),
    ):
        for _ in range(3):
            jitter = random.normal(0, short * 0.05, 2)
            start = (corner[0] + jitter[0], corner[1] + jitter[1])
            _sprig(canvas, start, heading + random.normal(0, 0.45), short * (0.22 + 0.12 * random.random()), random)
    for _ in range(26):
        side = random.random() < 0.5
        x = random.random() ** 2 * width * 0.24
        at = (x if side else width - x, random.random() * height)
        petal = FLOWERS[random.integers(3)]
        blossom(canvas, at, short * (0.010 + 0.012 * random.random()), petal, turn=random.random() * 6, heart="f2b84b")
    return canvas.picture()


def leaves_in_front(picture: Picture, seed: int) -> Picture:
    """Sprigs that reach into the lower corners, nearer than the person."""
    height, width = picture.shape[:2]
    random, short, canvas = np.random.default_rng(seed + 5), min(height, width), Canvas(to_bytes(picture))
    for x, heading in ((0, -0.85), (width, -2.3)):
        for turn, length in ((-0.30, 0.26), (0.25, 0.30)):
            start = (x + random.normal(0, short * 0.02), height + short * 0.03)
            _sprig(canvas, start, heading + turn, short * length, random)
    return canvas.picture()
