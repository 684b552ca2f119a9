"""Things made of modelling clay: its light, its fingerprints, hills and clouds of it."""

import math

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import mix, rgb, shaded
from stylizer.engine.filters import blur
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Plane, Size, to_float
from stylizer.engine.relief import lit, shine, slopes, upright
from stylizer.engine.scenes.landscape import below, gradient, ridge

LAMP, BOUNCE = (-0.42, -0.50, 0.80), (0.45, 0.65, 0.55)
HILLS = (("a5dba0", 0.58), ("7cc47f", 0.70), ("57ab68", 0.82))
CLOUDS = (
    ((0.20, 0.16, 0.075), (0.29, 0.17, 0.060), (0.12, 0.18, 0.055)),
    ((0.82, 0.10, 0.070), (0.90, 0.115, 0.050), (0.73, 0.12, 0.050)),
)


def clay_light(colours: Picture, height: Plane, unit: float) -> Picture:
    """Soft matt light on a height field in output pixels, with a dull shine and darkness in the creases."""
    height = blur(height, max(0.6, 1.2 * unit))
    hollow = blur(height, 9 * unit) - height

    def under_lamp(rows: Picture, across: Plane, down: Plane, deep: Plane) -> Picture:
        normals = upright(across, down)
        light = 0.22 + 0.76 * lit(normals, LAMP, wrap=0.45) + 0.22 * lit(normals, BOUNCE, wrap=0.2)
        light *= np.clip(1 - deep * np.float32(0.010 / unit), 0.82, 1.05)
        gloss = shine(normals, LAMP, 20) * np.float32(0.13)
        return np.clip(shaded(rows, light) + gloss[..., None], 0, 1)

    return in_bands(under_lamp, colours, *slopes(height), hollow)


def kneaded(size: Size, seed: int) -> Plane:
    """The uneven surface that hands leave, in output pixels: lumps and fingerprints."""
    unit, short, random = min(size) / 1536, min(size), np.random.default_rng(seed + 3)
    surface = (clouds(size, 26, 3, seed + 8) - 0.5) * (4.5 * unit) + (clouds(size, 90, 2, seed + 5) - 0.5) * (
        0.7 * unit
    )
    for _ in range(40):
        x, y = random.random(2) * (size[1], size[0])
        _press_finger(surface, (x, y), short * (0.025 + 0.02 * random.random()), random.random() * 6, short * 0.0021)
    return surface


def _press_finger(surface: Plane, at: tuple[float, float], radius: float, turn: float, ridge_width: float) -> None:
    """Add the ridges of one fingertip."""
    height, width = surface.shape
    left, right = int(max(0, at[0] - 2.2 * radius)), int(min(width, at[0] + 2.2 * radius))
    top, bottom = int(max(0, at[1] - 2.2 * radius)), int(min(height, at[1] + 2.2 * radius))
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    across, down = columns - at[0], rows - at[1]
    along = across * math.cos(turn) + down * math.sin(turn)
    over = (down * math.cos(turn) - across * math.sin(turn)) * 0.7
    whorl = np.sqrt(along**2 + over**2) + 3 * np.sin(along / radius * 3)
    fade = np.exp(-(along**2 + (over / 0.7) ** 2) / (radius * radius) * 0.9)
    surface[top:bottom, left:right] += np.sin(whorl / ridge_width) * fade * (0.26 * ridge_width / 3.2)


def clay_scene(size: Size, seed: int) -> Picture:
    """Hills and clouds pressed onto a wall."""
    (height, width), short = size, min(size)
    unit = short / 1536
    scene, form = gradient(size, "9ad7f5", "d8f0d0"), np.zeros(size, np.float32)
    for i, (colour, top) in enumerate(HILLS):
        skyline = ridge(width, height * top, height * 0.05, seed * 7 + 5 + i, 0.35)
        skyline = cv2.GaussianBlur(skyline.reshape(1, -1), (0, 0), width * 0.03).ravel()
        scene, form = _pressed_on(scene, form, below(size, skyline), colour, 40 * unit)
    for group in CLOUDS:
        canvas = Canvas.plane(size)
        for x, y, radius in group:
            canvas.circle(x * width, y * height, radius * short, 1.0)
        scene, form = _pressed_on(scene, form, to_float(canvas.pixels), "fdfdfd", 46 * unit)
    return clay_light(scene, blur(form, 3 * unit) + kneaded(size, seed) * 1.2, unit)


def _pressed_on(scene: Picture, form: Plane, mask: Plane, colour: str, reach: float) -> tuple[Picture, Plane]:
    distance = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    rounded = np.sqrt(np.minimum(distance / np.float32(reach), 1)) * np.float32(reach * 0.75)
    form = np.where(mask > 0.5, rounded + form * np.float32(0.2), form)
    return mix(scene, rgb(colour), mask), form
