"""Mountains at dusk with hot-air balloons, painted in dabs."""

import cv2
import numpy as np

from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import glow, mix, rgb, smoothstep
from stylizer.engine.filters import kuwahara
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Size, scaled_size, to_bytes
from stylizer.engine.scenes.graphic import polar
from stylizer.engine.scenes.landscape import below, ridges, sky

HAZE = ("8aa6c9", "5f86a8", "3f7a6c", "2f5d3f")
BALLOONS = ((0.15, 0.18, 0.06, "e4572e", "f9d36b"), (0.90, 0.44, 0.035, "3a7ca5", "f2f2f2"))


def balloon_dusk(size: Size, seed: int) -> Picture:
    """The whole backdrop; dabs are painted at half size."""
    half = scaled_size(size, max(256, min(size) // 2))
    scene = sky(half, "2a6fb8", "ffd9a0", cloud="fff1dc", cover=0.49, soft=0.2, seed=seed + 33)
    sun = polar(half, half[1] * 0.8, half[0] * 0.24)[0]
    scene = glow(scene, np.exp(-sun / (half[1] * 0.22)) * 0.9, rgb("ffc36b"))
    for i, (skyline, colour) in enumerate(zip(ridges(half, len(HAZE), top=0.38, seed=seed + 23), HAZE, strict=True)):
        scene = mix(scene, _slope(half, skyline, colour, seed + i), below(half, skyline))
    for balloon in BALLOONS:
        scene = _balloon(scene, balloon)
    dabs = kuwahara(scene, max(2, round(min(half) / 190)))
    return np.clip(cv2.resize(dabs, (size[1], size[0]), interpolation=cv2.INTER_CUBIC), 0, 1)


def _slope(size: Size, skyline: Picture, colour: str, seed: int) -> Picture:
    rows = np.arange(size[0], dtype=np.float32)[:, None] - skyline[None, :].astype(np.float32)
    relief = (clouds(size, 30 + 10 * (seed % 4), 3, seed) - 0.5) * 0.25
    shade = 1.05 + relief - 0.25 * smoothstep(0, size[0] * 0.3, rows)
    return np.clip(rgb(colour) * shade[..., None], 0, 1).astype(np.float32)


def _balloon(scene: Picture, balloon: tuple[float, float, float, str, str]) -> Picture:
    """A striped envelope with shading, a basket and its ropes."""
    height, width = scene.shape[:2]
    x, y, radius = balloon[0] * width, balloon[1] * height, balloon[2] * width
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = (columns - x) / radius, (rows - y) / (radius * 1.15)
    stripe = np.sin(np.arcsin(np.clip(across, -1, 1)) * 6) > 0
    light = 0.75 + 0.45 * np.clip(1 - np.hypot(across + 0.4, down + 0.4) * 0.6, 0, 1)
    envelope = np.where(stripe[..., None], rgb(balloon[3]), rgb(balloon[4])) * light[..., None]
    scene = mix(scene, np.clip(envelope, 0, 1).astype(np.float32), smoothstep(1.02, 0.98, np.hypot(across, down)))
    canvas = Canvas(to_bytes(scene))
    canvas.box((x - radius * 0.18, y + radius * 1.5), (x + radius * 0.18, y + radius * 1.8), "664026")
    for side in (-1, 1):
        rope = [(x + side * radius * 0.55, y + radius * 0.95), (x + side * radius * 0.16, y + radius * 1.5)]
        canvas.line(rope, "4d4033", max(1, radius * 0.04))
    return canvas.picture()
