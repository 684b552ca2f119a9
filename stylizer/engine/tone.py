"""Tone: soft posterising, cel shading that keeps a face's own colour, palettes."""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, mix, smoothstep, to_lab
from stylizer.engine.filters import blur
from stylizer.engine.landmarks import nearest_face
from stylizer.engine.picture import Picture, Pixels, Plane
from stylizer.engine.portrait import Portrait

BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.47


def posterise(plane: Plane, steps: int, sharpness: float) -> Plane:
    """Luminance in soft steps (Winnemoeller et al. 2006); the sharper, the harder the borders between them."""
    level = np.floor(plane * steps) / steps + 0.5 / steps
    return level + np.tanh(sharpness * (plane - level) * steps / 2) / (2 * steps)


def cel(picture: Picture, steps: int, sharpness: float, chroma: float) -> Picture:
    """Soft steps of lightness, and more colour."""
    lab = to_lab(picture)
    lab[..., 0] = 100 * posterise(lab[..., 0] / 100, steps, sharpness)
    lab[..., 1:] *= chroma
    return from_lab(lab)


def skin_lightness(lab: Picture, portrait: Portrait, default: float = 60.0) -> Plane:
    """Median L* of the nearest face's skin: every tone that a look gives a face is a multiple of its own."""
    bare = (portrait.masks.skin > 0.6) & (portrait.masks.face > 0.5)
    nearest = nearest_face((lab.shape[0], lab.shape[1]), portrait.faces)
    medians = np.full(max(1, len(portrait.faces)), default, np.float32)
    for number in range(len(portrait.faces)):
        own = bare & (nearest == number)
        if own.sum() > 50:
            medians[number] = np.median(lab[..., 0][own])
    return medians[nearest]


def cel_skin(lab: Picture, portrait: Portrait, *, light: float, shade: float, sigma: float, keep: float) -> Plane:
    """L* of skin in two flat tones, multiples of the face's own median; `keep` of the photo's shading stays."""
    median = skin_lightness(lab, portrait)
    smooth = blur(lab[..., 0], sigma)
    lit, shaded = np.minimum(92, median * light + 2), np.minimum(82, median * shade)
    flat = shaded + (lit - shaded) * smoothstep(0.83, 0.94, smooth / median)
    return flat + (lab[..., 0] - flat) * keep


def palette(picture: Picture, colours: int, seed: int, samples: int = 20_000) -> Plane:
    """(colours, 3) Lab centres by k-means."""
    lab = to_lab(picture).reshape(-1, 3)
    chosen = np.random.default_rng(seed).choice(len(lab), min(samples, len(lab)), replace=False)
    cv2.setRNGSeed(seed + 1)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    best = np.zeros((len(chosen), 1), np.int32)
    colours = min(colours, len(chosen))
    return cv2.kmeans(lab[chosen], colours, best, criteria, 2, cv2.KMEANS_PP_CENTERS)[2]


def nearest(lab: Picture, colours: Plane) -> Pixels:
    """Index of the nearest palette colour of each pixel; one colour after the other, to need little memory."""
    index = np.zeros(lab.shape[:2], np.uint8)
    closest = np.full(lab.shape[:2], np.inf, np.float32)
    for number, colour in enumerate(colours.astype(np.float32)):
        away = lab - colour
        distance = np.einsum("...i,...i->...", away, away)
        nearer = distance < closest
        index[nearer] = number
        closest[nearer] = distance[nearer]
    return index


def dithered(picture: Picture, colours: Plane, strength: float) -> Picture:
    """The picture in palette colours, ordered dither of `strength` L* (Bayer 1973)."""
    lab = to_lab(picture)
    height, width = lab.shape[:2]
    lab[..., 0] += np.tile(BAYER, (height // 4 + 1, width // 4 + 1))[:height, :width] * strength
    return from_lab(colours[nearest(lab, colours)].astype(np.float32))


def blush(picture: Picture, faces: tuple[tuple[Plane, float], ...], colour: Picture, amount: float) -> Picture:
    """Soft colour painted on the cheeks; `faces` are (two cheek points, face width) in the picture's pixels."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.float32)
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    for cheeks, unit in faces:
        for x, y in cheeks:
            down, across = np.exp(-(((rows - y) / (unit * 0.09)) ** 2)), np.exp(-(((columns - x) / (unit * 0.14)) ** 2))
            mask = np.maximum(mask, down * across)

    def redden(rows: Picture, cheeks: Plane) -> Picture:
        return mix(rows, np.clip(rows * (0.55 + 0.45 * colour) + colour * 0.06, 0, 1), cheeks * amount)

    return in_bands(redden, picture, mask, into=picture)
