"""Gentle reshaping of faces: larger eyes, a slightly narrower jaw, a smaller nose.

Own: local warps falling off as (1 - r^2)^2. Everything of the portrait is bent together, also what is drawn later.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.landmarks import Face
from stylizer.engine.masks import Masks
from stylizer.engine.picture import Plane
from stylizer.engine.portrait import Portrait

EYE_REACH, NOSE_REACH, JAW_REACH = 1.15, 0.22, 0.38  # in eye widths, face widths, face widths


@dataclass(frozen=True, eq=False)
class Pull:
    """One local warp: sampled places move towards the centre (zoom in) and by `shift`, within `radius`."""

    centre: Plane
    radius: float
    zoom: float
    shift: Plane

    def displacement(self, at: Plane) -> Plane:
        """How far the sampled place moves, for (..., 2) places."""
        away = at - self.centre
        r = np.clip((away * away).sum(-1, keepdims=True) / self.radius**2, 0, 1)
        return (1 - r) ** 2 * (self.shift - away * self.zoom)


def _pulls(face: Face, eyes: float, jaw: float, nose: float) -> list[Pull]:
    still = np.zeros(2, np.float32)
    pulls = []
    for eye in (landmarks.LEFT_EYE, landmarks.RIGHT_EYE):
        width = float(np.ptp(face.xy[eye], axis=0).max())
        pulls.append(Pull(face.xy[eye].mean(0), width * EYE_REACH, eyes, still))
    if nose:
        pulls.append(Pull(face.xy[landmarks.NOSE_TIP], face.width * NOSE_REACH, -nose, still))
    for pair in landmarks.JAW_PAIRS if jaw else ():
        for here, there in (pair, pair[::-1]):
            across = face.xy[there] - face.xy[here]
            outward = -across / (np.linalg.norm(across) + 1e-6)
            pulls.append(Pull(face.xy[here], face.width * JAW_REACH, 0, outward * jaw * face.width * 0.5))
    return pulls


def _sampling_offset(shape: tuple[int, int], pulls: list[Pull]) -> Plane:
    offset = np.zeros((*shape, 2), np.float32)
    for pull in pulls:
        x0, y0 = np.maximum(np.floor(pull.centre - pull.radius).astype(int), 0)
        x1, y1 = np.minimum(np.ceil(pull.centre + pull.radius).astype(int) + 1, (shape[1], shape[0]))
        if x1 <= x0 or y1 <= y0:
            continue
        at = np.dstack(np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32)))
        offset[y0:y1, x0:x1] += pull.displacement(at)
    return offset


def _moved(face: Face, pulls: list[Pull]) -> Face:
    """Where the points of a face come out: the inverse of the sampling, by fixed-point iteration."""
    xy = face.xy.copy()
    for _ in range(6):
        xy = face.xy - sum((pull.displacement(xy) for pull in pulls), np.zeros_like(xy))
    return Face(np.concatenate([xy, face.points[:, 2:]], 1).astype(np.float32))


def reshape(portrait: Portrait, *, eyes: float = 0.0, jaw: float = 0.0, nose: float = 0.0) -> Portrait:
    """A bent copy: `eyes` .1-.4 enlarges them, `jaw` up to .022 narrows it, `nose` up to .08 shrinks it."""
    if not portrait.faces:
        return portrait
    pulls = [pull for face in portrait.faces for pull in _pulls(face, eyes, jaw, nose)]
    small_shape = (portrait.small.shape[0], portrait.small.shape[1])
    offset = _sampling_offset(small_shape, pulls)

    def bend(pixels: Plane) -> Plane:
        height, width = pixels.shape[:2]
        zoom = width / small_shape[1]
        field = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR) * np.float32(zoom)
        x = field[..., 0] + np.arange(width, dtype=np.float32)[None, :]
        y = field[..., 1] + np.arange(height, dtype=np.float32)[:, None]
        way = cv2.INTER_LINEAR if pixels.ndim == 2 else cv2.INTER_CUBIC
        return cv2.remap(pixels, x, y, way, borderMode=cv2.BORDER_REFLECT_101)

    masks = Masks(**{name: bend(mask) for name, mask in portrait.masks.each().items()})
    faces = tuple(_moved(face, pulls) for face in portrait.faces)
    return Portrait(bend(portrait.photo), bend(portrait.small), faces, masks, portrait, bend)
