"""A toy room in soft studio light: pastel wall, shelf, blocks, balls, a rainbow."""

import numpy as np

from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import mix, rgb, smoothstep
from stylizer.engine.compose import light_from, rows_columns
from stylizer.engine.filters import blur, shifted
from stylizer.engine.picture import Picture, Plane, Size, to_float
from stylizer.engine.region import covering
from stylizer.engine.relief import body_height, lit, normals_of, shine

KEY = (-0.55, -0.60, 0.60)
RAINBOW = ("ff7b7b", "ffb26b", "ffe08a", "9adf9a", "86c5ff")
BALLS = (
    (0.10, 0.66, 0.075, "ff8fa3"),
    (0.93, 0.60, 0.085, "7cc4ff"),
    (0.16, 0.83, 0.105, "ffd166"),
    (0.88, 0.82, 0.120, "9b8cff"),
)
BLOCKS = (
    (0.03, 0.20, 0.105, "8fd694"),
    (0.15, 0.22, 0.085, "ffadad"),
    (0.90, 0.19, 0.110, "ffc36b"),
    (0.79, 0.215, 0.085, "8ecae6"),
)


def toy(scene: Picture, mask: Plane, colour: str, *, roundness: float, gloss: float = 0.5) -> Picture:
    """A smooth plastic thing of this outline: rounded edges, a highlight, a soft shadow on what is behind.

    Painted into the scene."""
    unit = min(mask.shape) / 1536
    region = covering(mask, 80 * unit)
    part, cut = scene[region], mask[region]
    shadow = blur(shifted(cut, 20 * unit, 14 * unit), 24 * unit)
    normals = normals_of(body_height(cut, roundness, roundness * 0.85))
    light = 0.58 + 0.50 * lit(normals, KEY, wrap=0.3)
    plastic = rgb(colour) * light[..., None] + (shine(normals, KEY, 30) * gloss)[..., None]
    part = part * (1 - 0.35 * shadow * (1 - cut))[..., None]
    scene[region] = mix(part, np.clip(plastic, 0, 1).astype(np.float32), cut)
    return scene


def toy_room(size: Size, seed: int) -> Picture:
    """The whole backdrop; `seed` shuffles the colours of the balls."""
    (height, width), short = size, min(size)
    rows, _ = rows_columns(size)
    wall = np.broadcast_to(rgb("ffd9c7"), (*size, 3)).astype(np.float32)
    floor = smoothstep(height * 0.715, height * 0.725, rows)
    scene = mix(wall, rgb("f3b9a0"), np.broadcast_to(floor, size))
    scene = light_from(scene, width * 0.25, height * 0.2, reach=short * 0.7, colour="fff4e2", amount=0.75)
    scene = _rainbow(scene, width * 0.5, height * 0.60, short * 0.56)
    scene = _shelf_with_blocks(scene)
    turn = seed % len(BALLS)
    for (x, y, radius, _), (_, _, _, colour) in zip(BALLS, BALLS[turn:] + BALLS[:turn], strict=True):
        ball = Canvas.plane(size)
        ball.circle(x * width, y * height, radius * short, 1.0)
        scene = toy(scene, to_float(ball.pixels), colour, roundness=radius * short)
    return blur(scene.astype(np.float32), short / 500)


def _rainbow(scene: Picture, x: float, y: float, radius: float) -> Picture:
    """Five padded arches, one inside the other."""
    size, band = (scene.shape[0], scene.shape[1]), radius * 0.115
    for i, colour in enumerate(RAINBOW):
        canvas = Canvas.plane(size)
        canvas.circle(x, y, radius - band * i, 1.0)
        canvas.circle(x, y, radius - band * (i + 0.94), 0.0)
        scene = toy(scene, to_float(canvas.pixels), colour, roundness=band * 0.5, gloss=0.25)
    return scene


def _shelf_with_blocks(scene: Picture) -> Picture:
    height, width = scene.shape[:2]
    size, short = (height, width), min(height, width)
    for left, right in ((-0.02, 0.27), (0.76, 1.02)):
        board = Canvas.plane(size)
        board.box((left * width, height * 0.265), (right * width, height * 0.29), 1.0)
        scene = toy(scene, to_float(board.pixels), "fff3e6", roundness=short * 0.012, gloss=0.15)
    for x, _, side, colour in BLOCKS:
        block, top = Canvas.plane(size), height * 0.265 - side * short
        block.box((x * width, top), (x * width + side * short, height * 0.265), 1.0)
        scene = toy(scene, blur(to_float(block.pixels), 1.0), colour, roundness=side * short * 0.22, gloss=0.3)
    return scene
