"""A school roof in the last sun: glowing sky, roofs of a town, a wire fence, cherry petals in the wind."""

import math
from functools import partial

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import glow, mix, rgb
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, Pixels, Plane, Size, to_bytes, to_float
from stylizer.engine.scenes.garden import leaf
from stylizer.engine.scenes.graphic import polar
from stylizer.engine.scenes.landscape import sky

PETALS = ("ffc4d6", "ffb0c8", "ffdfe8")


def roof_at_sunset(size: Size, seed: int) -> Picture:
    """The backdrop without petals."""
    (height, width), short = size, min(size)
    scene = sky(size, "4f63d6", "ffae7d", cloud="ffd9cf", cover=0.50, soft=0.14, seed=seed + 40)
    away = polar(size, width * 0.82, height * 0.52)[0] / short
    scene = glow(scene, np.exp(-((away / 0.09) ** 4)), rgb("fff3cf"))
    scene = glow(scene, np.exp(-away / 0.35) * 0.85, rgb("ff9d6b"))
    for base, tint, number in ((0.60, "b58aa8", 1), (0.66, "8c6b96", 2)):
        scene = mix(scene, rgb(tint), _roofs(size, base, seed + number) * 0.9)
    return _fence(glow(scene, np.exp(-away / 0.7) * 0.42, rgb("ff9f70")), short)


def _roofs(size: Size, base: float, seed: int) -> Plane:
    """A skyline of houses, blocks and aerials."""
    (height, width), random = size, np.random.default_rng(seed)
    canvas, x = Canvas.plane(size), 0.0
    while x < width:
        broad = width * (0.05 + 0.09 * random.random())
        top = height * (base + 0.05 * random.random())
        canvas.box((x, top), (x + broad, height), 1.0)
        if random.random() < 0.5:
            canvas.polygon(
                [(x - broad * 0.08, top), (x + broad * 1.08, top), (x + broad * 0.5, top - broad * 0.3)], 1.0
            )
        else:
            canvas.line([(x + broad * 0.7, top), (x + broad * 0.7, top - height * 0.03)], 1.0, width / 500)
        x += broad
    return to_float(canvas.pixels)


def _fence(scene: Picture, short: float) -> Picture:
    """Posts, rails and diagonal wire in the lower half, and the roof's edge."""
    height, width = scene.shape[:2]
    canvas = Canvas(to_bytes(scene))
    top, step = height * 0.585, short * 0.055
    for x in np.arange(-height, width + height, step):
        canvas.line([(x, top), (x + height - top, height)], "6d7f9c", short / 500)
        canvas.line([(x, top), (x - height + top, height)], "6d7f9c", short / 500)
    for x in np.arange(width * 0.06, width * 1.1, width * 0.29):
        canvas.line([(x, top - short * 0.02), (x, height)], "4c5b7d", short / 90)
    canvas.line([(0, top), (width, top)], "55668a", short / 110)
    canvas.box((0, height * 0.93), (width, height), "c9b0b4")
    canvas.line([(0, height * 0.93), (width, height * 0.93)], "f3d9cf", short / 200)
    return canvas.picture()


def petals_in_wind(picture: Picture, focus: tuple[float, float, float], seed: int) -> Picture:
    """Petals before everything, some out of focus, none on the face; painted into the picture."""
    size, random = (picture.shape[0], picture.shape[1]), np.random.default_rng(seed + 6)
    short, (x, y, unit) = min(size), focus
    for count, scale, softness in ((46, 1.0, 0.0), (12, 2.6, 0.006)):
        layer = Canvas(np.zeros(picture.shape, np.uint8))
        cover = Canvas.plane(size)
        for _ in range(count):
            at = random.random(2) * (size[1], size[0])
            length, angle = short * (0.012 + 0.012 * random.random()) * scale, random.random() * 2 * math.pi
            if np.hypot(at[0] - x, at[1] - y) < unit * 0.95:
                continue
            petal = leaf((float(at[0]), float(at[1])), length, angle, 0.42)
            layer.polygon(petal, PETALS[random.integers(3)])
            cover.polygon(petal, 1.0)
        petals, shape = blur(layer.pixels, short * softness), blur(cover.pixels, short * softness)
        in_bands(partial(_before, 0.75 if softness else 0.95), picture, petals, shape, into=picture)
    return picture


def _before(opacity: float, rows: Picture, petals: Pixels, shape: Pixels) -> Picture:
    """Petals, premultiplied with their shape, before what is there."""
    mask = to_float(shape)
    colour = np.clip(to_float(petals) / np.maximum(mask, 0.02)[..., None], 0, 1)
    return np.clip(mix(rows, colour, mask * opacity), 0, 1)
