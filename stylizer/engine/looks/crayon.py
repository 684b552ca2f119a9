"""Crayon world: wax strokes in two directions on toothy paper, wobbly outlines, a child's sky.

Own recipe: strokes are noise smeared along the hand's slant; wax stays on the paper's bumps. Strokes are laid at
reduced size, where they are as broad and four times as cheap.
"""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import luminance, mix, rgb, smoothstep, vivid
from stylizer.engine.drawn import redrawn
from stylizer.engine.filters import blur, edge_of
from stylizer.engine.flow import hand_direction, rotated, smear, tangents
from stylizer.engine.noise import clouds, normalised, tooth, white
from stylizer.engine.picture import Picture, Plane, Size, to_bytes
from stylizer.engine.portrait import Portrait
from stylizer.engine.scenes.landscape import gradient, hills

SLANT = (0.78, -0.62)
PAPER = np.array([0.985, 0.975, 0.95], np.float32)


def render(portrait: Portrait, seed: int) -> Picture:
    colours = _colours(portrait, seed)
    first, second = _strokes(portrait, colours, seed)
    grain = tooth(portrait.size, seed + 1, 1.1)
    face = blur(np.maximum(portrait.masks.face, portrait.masks.skin) * portrait.masks.person, portrait.small_px(3))
    layers = first, second, grain, portrait.full(face), _outlines(portrait, seed)
    return in_bands(_waxed, colours, *layers, into=colours)


def _waxed(colours: Picture, *layers: Plane) -> Picture:
    """Paper, wax in two directions, the second darker, and lines; each as far as the paper's bumps take it."""
    first, second, grain, face, outlines = layers
    grey = luminance(colours)
    wax = smoothstep(-1.5, 0.5, first * 0.75 + grain * 0.55 + (0.95 - grey) * 2.6 - 0.10 + face * 1.4)
    wax = np.maximum(wax, face * (0.90 + 0.04 * np.clip(grain, -1, 1)))  # a face is coloured in with patience
    dark = smoothstep(-0.3, 0.9, second * 0.9 + grain * 0.6 + (0.62 - grey) * 3.2 - 0.4) * (1 - 0.88 * face)
    picture = PAPER * (1 + 0.02 * grain[..., None])
    picture = mix(picture, np.clip(colours * 1.04 * (1 + first * 0.05)[..., None], 0, 1), wax * 0.95)
    picture = mix(picture, np.clip(colours * 0.72, 0, 1), dark * 0.75)
    line = outlines * smoothstep(-1.6, 0.3, grain * 0.9 + first * 0.5 + 0.4)
    return mix(picture, np.clip(colours * 0.32 + rgb("30243a") * 0.25, 0, 1), line * 0.92)


def _colours(portrait: Portrait, seed: int) -> Picture:
    figure = _wobbled(redrawn(portrait, _figure), seed, portrait.px(5))
    if not portrait.separable:
        return figure
    height, width = portrait.size
    scene = hills(gradient(portrait.size, "8fd0ff", "fff3c4"), ("8fd694", "5fbf6b"), top=0.66, seed=seed + 8)
    canvas = Canvas(to_bytes(scene))
    sun, radius = (width * 0.86, height * 0.11), min(portrait.size) * 0.085
    canvas.circle(*sun, radius, "ffcf3f")
    for angle in np.linspace(0, 2 * np.pi, 13)[:-1]:
        ray = np.array([np.cos(angle), np.sin(angle)])
        canvas.line(sun + ray * radius * np.array([[1.25], [1.70]]), "ffcf3f", radius * 0.16)
    return mix(canvas.picture(), figure, portrait.cutout)


def _figure(portrait: Portrait) -> Picture:
    """Flat strong colours and thick dark lines, before the wax's texture."""
    chroma = vivid(portrait.flat, 1.45, 1.1, 1)
    colours = portrait.full(mix(chroma, vivid(portrait.flat, 1.25, 1.05, 1), portrait.masks.skin))
    line = portrait.ink(on_skin=0.6, reach=11)
    return in_bands(lambda rows, ink: mix(rows, rows * 0.25 + rgb("30243a") * 0.2, ink * 0.85), colours, line)


def _wobbled(picture: Picture, seed: int, reach: float) -> Picture:
    """Moved about as by an unsteady hand."""
    size: Size = (picture.shape[0], picture.shape[1])
    rows, columns = np.indices(size, np.float32)
    across = columns + (clouds(size, 30, 2, seed + 3) - 0.5) * np.float32(reach)
    down = rows + (clouds(size, 30, 2, seed + 4) - 0.5) * np.float32(reach)
    return cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _strokes(portrait: Portrait, colours: Picture, seed: int) -> tuple[Plane, Plane]:
    """Two layers of wax strokes at output size, mean 0, deviation 1."""
    height, width = portrait.size
    size: Size = (portrait.small.shape[0], portrait.small.shape[1])
    guide = cv2.resize(luminance(colours), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    field, anisotropy = tangents(blur(guide, portrait.small_px(2)), portrait.small_px(6))
    hand = hand_direction(field, anisotropy, SLANT, 0.75)
    layers = []
    for direction, number, steps in ((hand, 7, 11), (rotated(hand, 28), 8, 9)):
        grain = smear(blur(white(size, seed + number), 0.9), direction, steps)
        layers.append(normalised(cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC)))
    return layers[0], layers[1]


def _outlines(portrait: Portrait, seed: int) -> Plane:
    """The contour, drawn with an unsteady hand."""
    if not portrait.separable:
        return np.zeros(portrait.size, np.float32)
    return _wobbled(edge_of(portrait.cutout, portrait.px(13), 3, portrait.px(1.5)), seed, portrait.px(6))
