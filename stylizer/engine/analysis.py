"""From a photo to a `Portrait`: faces, masks, even exposure, a border without the old background's colours."""

import math

import cv2
import numpy as np

from stylizer.engine.colour import to_lab
from stylizer.engine.faces import find_faces
from stylizer.engine.filters import decontaminate, shrink
from stylizer.engine.masks import Masks, find_masks
from stylizer.engine.people import NEARLY_COVERED, coverage, separable, who_counts
from stylizer.engine.picture import Picture, Pixels, Plane, resize, scaled_size, to_float
from stylizer.engine.portrait import ANALYSIS_SIDES, Portrait

MOST_LIFTED = 2.0  # times as light as it was: the skin in a photo with little light


def analyse(photo: Pixels, short_side: int) -> Portrait:
    """Analyse an upright RGB photo for an output with this short side (pixels)."""
    size = scaled_size((photo.shape[0], photo.shape[1]), short_side)
    low, high = ANALYSIS_SIDES
    small_bytes = resize(photo, scaled_size(size, int(np.clip(short_side, low, high))))
    faces = find_faces(small_bytes)
    small = to_float(small_bytes)
    masks = find_masks(small, faces)
    gamma = _exposure(small, masks)
    small = small**gamma
    large = cv2.LUT(resize(photo, size), (np.linspace(0, 1, 256) ** gamma * 255 + 0.5).astype(np.uint8))
    clean = decontaminate(small, masks.person, 6 * min(small.shape[:2]) / high)
    counting = who_counts(small_bytes, faces)
    separated = separable(masks.person, counting)
    if separated:  # a passer-by, or a face on a poster, goes with the background
        faces = tuple(face for face in faces if coverage(masks.person, face) >= NEARLY_COVERED)
    return Portrait(_with_offset(large, clean - small), clean, faces, masks, separable=separated)


def _with_offset(photo: Pixels, offset: Picture) -> Pixels:
    """The photo with a smaller picture of differences added, clipped to bytes."""
    steps = np.clip(np.rint(offset * 255), -255, 255).astype(np.int16)
    large = cv2.resize(steps, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_LINEAR)
    return cv2.add(photo, large, dtype=cv2.CV_8U)


def _exposure(picture: Picture, masks: Masks) -> float:
    """A gentle gamma for an underexposed or overexposed face; 1 when the person is well exposed.

    Little light shows in the whites of eyes, in teeth and in light clothes, not in the skin: a dark face with bright
    eyes is a dark complexion, and stays as it is. For a face half in shadow, the sunlit part shows how light it is.
    """
    face, lightness = masks.face > 0.6, to_lab(picture)[..., 0]
    if face.sum() <= 50:
        return 1.0
    median = float(np.clip(np.median(lightness[face]), 1, 99))
    whites, clothes = masks.eyes + masks.mouth > 0.5, (shrink(masks.person, 25) > 0.5) | face
    brightest = max(float(np.percentile(lightness[clothes], 97)), _percentile(lightness[whites], 90))
    lacking = float(np.clip(64 / max(brightest, 1), 1, MOST_LIFTED))
    in_light = min(_percentile(lightness[face & (masks.skin > 0.6)], 95) * 0.83, median * 1.2)
    target = max(median, min(max(median * lacking, in_light), 60))
    target = min(target, 72 if median > 72 else 100)
    gamma = math.log(target / 100) / math.log(median / 100)
    return float(np.clip(gamma, 0.45, 1.15))


def _percentile(values: Plane, percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else 0.0
