"""Fairy-tale dusk: bokeh lights, a castle with lit windows, stars."""

import numpy as np

from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import glow, mix, rgb, screen
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, Size, to_float
from stylizer.engine.scenes.landscape import gradient

TOWERS = (  # x, y of the eaves, width, height of the roof, as fractions of width and height
    (0.10, 0.42, 0.06, 0.11),
    (0.17, 0.36, 0.075, 0.14),
    (0.24, 0.46, 0.06, 0.10),
    (0.03, 0.52, 0.07, 0.10),
    (0.78, 0.44, 0.06, 0.10),
    (0.86, 0.37, 0.08, 0.15),
    (0.94, 0.47, 0.07, 0.11),
)
WINDOWS = (
    (0.10, 0.47),
    (0.17, 0.41),
    (0.17, 0.47),
    (0.24, 0.51),
    (0.86, 0.42),
    (0.86, 0.48),
    (0.94, 0.52),
    (0.78, 0.49),
)
LIGHTS = ("ffd6f5", "ffe9a8", "b5e3ff", "ffffff")


def bokeh(size: Size, colours: tuple[str, ...], *, count: int, seed: int) -> Picture:
    """Out-of-focus lights on black, to be screened onto a scene; at a quarter of the size, as they are soft."""
    quarter = (max(1, size[0] // 4), max(1, size[1] // 4))
    light, random = np.zeros((*quarter, 3), np.float32), np.random.default_rng(seed)
    for _ in range(count):
        x, y = random.random(2) * (quarter[1], quarter[0])
        radius = (0.015 + 0.05 * random.random() ** 2) * quarter[1]
        canvas = Canvas.plane(quarter)
        canvas.circle(x, y, radius, 0.75)
        canvas.circle(x, y, radius, 1.0, width=radius * 0.08)
        disc = blur(to_float(canvas.pixels), radius * 0.06)
        light += (
            disc[..., None] * rgb(colours[random.integers(len(colours))]) * np.float32(0.16 + 0.38 * random.random())
        )
    return _stretched(light, size)


def _stretched(light: Picture, size: Size) -> Picture:
    rows = np.linspace(0, light.shape[0] - 1, size[0])
    columns = np.linspace(0, light.shape[1] - 1, size[1])
    return np.clip(blur(light[np.rint(rows).astype(int)][:, np.rint(columns).astype(int)], 2), 0, 1)


def castle_dusk(size: Size, seed: int) -> Picture:
    """Violet over rose, towers at both sides."""
    height, width = size
    scene = screen(gradient(size, "3b2a78", "f7a8c4"), bokeh(size, LIGHTS, count=70, seed=seed + 3))
    towers = Canvas.plane(size)
    for x, y, broad, roof in TOWERS:
        middle, eaves, half = x * width, y * height, broad * width / 2
        towers.box((middle - half, eaves), (middle + half, height), 1.0)
        towers.polygon(
            [(middle - half * 1.36, eaves), (middle + half * 1.36, eaves), (middle, eaves - roof * height)], 1.0
        )
    castle = blur(to_float(towers.pixels), min(size) / 600)
    scene = mix(scene, rgb("4a2f86"), castle * 0.62)
    windows = Canvas.plane(size)
    for x, y in WINDOWS:
        windows.ellipse(x * width, y * height, width * 0.008, width * 0.014, 1.0)
    lit = to_float(windows.pixels)
    scene = mix(scene, rgb("ffe08a"), lit * 0.9)
    return _stars(glow(scene, blur(lit, min(size) / 150) * 1.5, rgb("ffb95e")), seed)


def _stars(scene: Picture, seed: int) -> Picture:
    size, random = (scene.shape[0], scene.shape[1]), np.random.default_rng(seed + 8)
    canvas, unit = Canvas.plane(size), min(size) / 1536
    for _ in range(70):
        x, y = random.random(2) * (size[1], size[0] * 0.8)
        radius = random.random() ** 3 * 12 * unit + 1.5 * unit
        canvas.circle(x, y, radius * 0.5 + unit, 1.0)
        if radius > 5 * unit:
            canvas.line([(x - radius * 2, y), (x + radius * 2, y)], 0.8, 2 * unit)
            canvas.line([(x, y - radius * 2), (x, y + radius * 2)], 0.8, 2 * unit)
    stars = to_float(canvas.pixels)
    return glow(screen(scene, stars[..., None] * 0.9), blur(stars, 8 * unit) * 2, rgb("fff0c0"))
