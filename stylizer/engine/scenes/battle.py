"""A battlefield at sunset: burning sky, dark ridges, banners; embers and smoke to go in front."""

import math

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas, stencil
from stylizer.engine.colour import glow, mix, rgb, screen, smoothstep
from stylizer.engine.compose import rows_columns
from stylizer.engine.filters import blur
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Pixels, Plane, Size, to_bytes, to_float
from stylizer.engine.scenes.landscape import below, gradient, ridges

RIDGES = ("3b1d16", "26120f", "150b0a")
BANNERS = ((0.10, 0.16, 1.0), (0.88, 0.20, 0.9), (0.22, 0.32, 0.6))  # x, y of the top, size


def sunset_field(size: Size, seed: int) -> Picture:
    """Everything behind the general."""
    height, width = size
    rows, columns = rows_columns(size)
    smoke = clouds(size, 4, 6, seed + 17, 0.6)
    scene = gradient(size, "2a1a1a", "d0611f", 1.5) * (0.45 + 0.95 * smoke)[..., None]
    away = np.sqrt((columns - width * 0.78) ** 2 + (rows - height * 0.30) ** 2) / width
    scene = glow(np.clip(scene, 0, 1), np.exp(-((away / 0.12) ** 3)), rgb("ff8a3e"))
    scene = glow(scene, np.exp(-away / 0.28) * 0.9, rgb("b8420f"))
    for skyline, colour in zip(ridges(size, len(RIDGES), top=0.45, seed=seed + 13), RIDGES, strict=True):
        scene = mix(scene, rgb(colour), below(size, skyline) * 0.92)
    for banner in BANNERS:
        scene = _banner(scene, banner)
    return scene


def _banner(scene: Picture, banner: tuple[float, float, float]) -> Picture:
    """A red war banner with a gold rim on a dark pole, blown to the right."""
    height, width = scene.shape[:2]
    x, y, scale = banner[0] * width, banner[1] * height, banner[2]
    canvas = Canvas(to_bytes(scene))
    canvas.line([(x, y), (x, height)], "15100e", max(2, width * 0.007 * scale))
    canvas.polygon([(x - width * 0.008, y), (x + width * 0.008, y), (x, y - width * 0.05 * scale)], "8a8178")
    scene = canvas.picture()
    length, drop = width * 0.17 * scale, width * 0.26 * scale
    along = np.linspace(0, 1, 20)
    wave = np.sin(along * 5 + banner[0] * 9) * width * 0.012
    upper = np.stack([x + along * length, y + width * 0.02 + wave], -1)
    lower = np.stack([x + along * length * 0.92, y + width * 0.02 + drop * (1 - 0.35 * along) + wave], -1)
    cloth = stencil((height, width), np.concatenate([upper, lower[::-1]]))
    _, columns = rows_columns((height, width))
    folds = 0.62 + 0.38 * np.sin((columns - x) / length * 9 + 1)
    red = np.clip(rgb("a8241c") * folds[..., None], 0, 1)
    scene = mix(scene, np.broadcast_to(red, scene.shape).astype(np.float32), cloth * 0.96)
    rim = Canvas(to_bytes(scene))
    rim.line(np.concatenate([upper, lower[::-1]]), "c9963f", max(1.5, width * 0.004 * scale))
    return rim.picture()


def embers_and_smoke(picture: Picture, seed: int) -> Picture:
    """Sparks in the air and smoke from below, painted in front of everything."""
    size = (picture.shape[0], picture.shape[1])
    random, unit = np.random.default_rng(seed + 3), min(size) / 1536
    canvas = Canvas(np.zeros(picture.shape, np.uint8))
    for _ in range(150):
        x, y = random.random(2) * (size[1], size[0])
        radius = max(0.8, (1.2 + 4.6 * random.random() ** 3) * unit)
        canvas.ellipse(x, y, radius, radius * 2, "ffb45c", turn=math.degrees(random.random() - 0.5))

    def in_front(part: Picture, sparks: Pixels, around: Pixels, cloud: Plane, down: Plane) -> Picture:
        part = screen(part, np.clip(to_float(sparks) + to_float(around) * 1.5, 0, 1))
        smoke = smoothstep(0.45, 0.8, cloud) * smoothstep(0.62, 1.0, down / size[0])
        return glow(part, smoke * 0.30, rgb("c9a58a"))

    drifting, rows = clouds(size, 3, 5, seed + 5, 0.55), rows_columns(size)[0]
    return in_bands(in_front, picture, canvas.pixels, blur(canvas.pixels, 7 * unit), drifting, rows, into=picture)
