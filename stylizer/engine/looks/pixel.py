"""Pixel world: 128 blocks across, 28 colours of the person's own, ordered dither, a dark contour.

Own recipe; dither by Bayer (1973), palette by k-means in Lab on the person only.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stylizer.engine.colour import luminance, rgb, vivid
from stylizer.engine.filters import sharpen
from stylizer.engine.picture import Picture, Size, resize, scaled_size
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes.landscape import hills, sky
from stylizer.engine.tone import dithered, palette

BLOCKS, PERSON_COLOURS, SCENE_COLOURS = 128, 28, 14


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.22, jaw=0.02)
    blocks = scaled_size(portrait.size, BLOCKS)
    figure = sharpen(resize(vivid(portrait.dabs, 1.35, 1.12, 1), blocks), 1.2, 0.8).astype(np.float32)
    person = resize(portrait.masks.person, blocks) > 0.5
    if not portrait.separable or person.sum() < PERSON_COLOURS:
        return _enlarged(dithered(figure, palette(figure, PERSON_COLOURS, seed), 5), portrait.size)
    painted = dithered(figure, palette(figure[person][None], PERSON_COLOURS, seed), 5)
    painted = np.where(_inner_lines(figure)[..., None], painted * 0.72, painted)
    backdrop = _meadow(blocks, seed)
    picture = np.where(person[..., None], painted, dithered(backdrop, palette(backdrop, SCENE_COLOURS, seed), 4))
    picture[_contour(person)] = rgb("1b1b2f")
    return _enlarged(picture, portrait.size)


def _meadow(blocks: Size, seed: int) -> Picture:
    double = (blocks[0] * 2, blocks[1] * 2)
    clouds = resize(sky(double, "3f8efc", "b9e6ff", cover=0.53, soft=0.03, seed=seed + 5), blocks)
    return hills(clouds, ("7bc96f", "4caf50", "2e8b57"), top=0.55, seed=seed + 9)


def _inner_lines(figure: Picture) -> NDArray[np.bool_]:
    grey = luminance(figure)
    slope = np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))
    return np.asarray((slope > 0.75) & (grey < 0.5))


def _contour(person: NDArray[np.bool_]) -> NDArray[np.bool_]:
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return cv2.dilate(person.astype(np.uint8), cross).astype(bool) & ~person


def _enlarged(blocks: Picture, size: Size) -> Picture:
    return cv2.resize(blocks.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
