"""A brushed steel fridge door in mint, with other magnets on it."""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import heart, star, stencil
from stylizer.engine.colour import mix, rgb, shaded, smoothstep
from stylizer.engine.compose import light_from, vignette
from stylizer.engine.filters import blur, shifted
from stylizer.engine.noise import white
from stylizer.engine.picture import Picture, Plane, Size
from stylizer.engine.region import covering
from stylizer.engine.scenes.landscape import gradient
from stylizer.engine.sticker import bevel

MAGNETS = (
    (0.13, 0.13, "star", "ffd84d"),
    (0.87, 0.11, "heart", "ff5d73"),
    (0.11, 0.84, "heart", "7aa7ff"),
    (0.90, 0.81, "star", "ff9d5c"),
    (0.09, 0.48, "dot", "b98cff"),
    (0.92, 0.45, "dot", "5fd38d"),
)


def fridge_door(size: Size, seed: int) -> Picture:
    """The door with its small magnets."""
    (height, width), short = size, min(size)
    brushed = cv2.GaussianBlur(white(size, seed + 3), (0, 0), sigmaX=0.7, sigmaY=max(4, short / 38)) - 0.5
    door = np.clip(shaded(gradient(size, "a8ddd0", "86c5b8"), 1 + brushed * 0.9), 0, 1)
    door = light_from(door, width * 0.22, height * 0.4, reach=short * 0.35, colour="ffffff", amount=0.25)
    door = vignette(door, "3c6b62", 0.45)
    for x, y, kind, colour in MAGNETS:
        door = stuck_on(door, _shape(size, kind, x * width, y * height, short * 0.05), colour, width=short * 0.020)
    return door


def _shape(size: Size, kind: str, x: float, y: float, radius: float) -> Plane:
    turn = np.linspace(0, 2 * np.pi, 60)
    outline = {
        "star": star(x, y, radius),
        "heart": heart(x, y, radius),
        "dot": np.stack([x + radius * 0.72 * np.cos(turn), y + radius * 0.72 * np.sin(turn)], -1),
    }[kind]
    return smoothstep(0.4, 0.6, blur(stencil(size, outline), max(0.6, radius * 0.03)))


def stuck_on(scene: Picture, mask: Plane, colour: str, *, width: float) -> Picture:
    """A glossy thing of one colour with rounded edges, and its shadow on the door; painted into the scene."""
    short = min(mask.shape)
    region = covering(mask, short * 0.04)
    part, cut = scene[region], mask[region]
    shadow = blur(shifted(cut, short * 0.010, short * 0.007), short * 0.008) * 0.5 * (1 - cut)
    light, shine = bevel(cut, width, max(0.6, short / 768))

    def stick(door: Picture, under: Plane, lit: Plane, gloss: Plane, covered: Plane) -> Picture:
        body = np.clip(rgb(colour) * lit[..., None] + gloss[..., None] * 0.9, 0, 1)
        return mix(shaded(door, 1 - under), body, covered)

    in_bands(stick, part, shadow, light, shine, cut, into=part)
    return scene
