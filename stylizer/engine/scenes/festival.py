"""What is hung up and let off at New Year: lanterns and fireworks."""

import math

import numpy as np

from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import glow, mix, rgb, screen
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, Plane
from stylizer.engine.region import around


def lantern(picture: Picture, x: float, y: float, radius: float) -> Picture:
    """A glowing red lantern hung from above; drawn into the picture."""
    height, width = picture.shape[:2]
    reach = radius * 3
    top, bottom = int(max(0, y - reach)), int(min(height, y + reach * 1.3))
    left, right = int(max(0, x - reach)), int(min(width, x + reach))
    if bottom <= top or right <= left:
        return picture
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    window = picture[top:bottom, left:right]
    halo = np.exp(-(((columns - x) / (radius * 1.6)) ** 2 + ((rows - y) / (radius * 1.4)) ** 2) * 0.9)
    window = glow(window, halo * 0.55, rgb("cc591a"))
    picture[top:bottom, left:right] = _lantern_body(
        window, (columns - x) / radius, (rows - y) / (radius * 0.78), radius
    )
    return picture


def _lantern_body(window: Picture, across: Plane, down: Plane, radius: float) -> Picture:
    """The ribbed ball, in lantern coordinates."""
    squared = across * across + down * down
    ribs = 0.5 + 0.5 * np.cos(np.arcsin(np.clip(across / np.sqrt(np.maximum(1 - down * down, 0.02)), -1, 1)) * 9)
    inner = np.clip(1 - squared, 0, 1)
    body = np.dstack(
        [0.72 + 0.28 * np.clip(1 - squared * 0.7, 0, 1), 0.08 + 0.32 * inner**1.2 + 0.05 * ribs, 0.05 + 0.1 * inner]
    )
    body = np.clip(body * (0.82 + 0.18 * ribs)[..., None], 0, 1).astype(np.float32)
    return mix(window, body, np.clip((1 - squared) * radius * 0.5, 0, 1))


def lantern_fittings(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """Cord, gold caps and tassel."""
    canvas.line([(x, 0), (x, y - radius * 0.85)], "cc8c33", radius * 0.04)
    for cap in (y - radius * 0.78, y + radius * 0.78):
        canvas.box((x - radius * 0.42, cap - radius * 0.09), (x + radius * 0.42, cap + radius * 0.09), "f2b840")
    for i in range(-3, 4):
        canvas.line(
            [(x + i * radius * 0.07, y + radius * 0.86), (x + i * radius * 0.09, y + radius * 1.6)],
            "d9401f",
            radius * 0.04,
        )


def firework(picture: Picture, x: float, y: float, radius: float, *, colour: str, seed: int) -> Picture:
    """A burst that has begun to fall; painted into the picture."""
    random = np.random.default_rng(seed)
    region = around((picture.shape[0], picture.shape[1]), x, y, radius * 1.35)
    window, x, y = picture[region], x - region[1].start, y - region[0].start
    canvas = Canvas(np.zeros(window.shape, np.uint8))
    along = np.linspace(0.25, 1, 8)
    for _ in range(70):
        angle, length = random.random() * 2 * math.pi, radius * (0.45 + 0.55 * random.random())
        fall = 0.12 * radius * along**2
        path = np.stack([x + math.cos(angle) * length * along, y + math.sin(angle) * length * along + fall], -1)
        canvas.line(path, colour, radius * 0.008)
        canvas.circle(path[-1, 0], path[-1, 1], max(1, radius * 0.016), "ffffff")
    light = canvas.picture()
    picture[region] = screen(window, np.clip(light * 0.9 + blur(light, radius * 0.03) * 1.4, 0, 1))
    return picture
