"""Gentle reshaping of faces: larger eyes, a slightly narrower jaw, a smaller nose.

Our own: local warps falling off as (1 - r^2)^2. All layers of the portrait are warped alike, later ones included.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.bands import bands
from stylizer.engine.landmarks import Face
from stylizer.engine.masks import Masks
from stylizer.engine.picture import Plane, Size
from stylizer.engine.portrait import Portrait
from stylizer.engine.region import Region

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


@dataclass(frozen=True, eq=False)
class Warp:
    """All pulls at once: how far each sampled place of the analysis moves, in its pixels; nothing outside `region`."""

    offset: Plane
    region: Region

    @classmethod
    def of(cls, size: Size, pulls: list[Pull]) -> "Warp":
        offset = np.zeros((*size, 2), np.float32)
        low, high = np.array(size[::-1]), np.zeros(2, int)
        for pull in pulls:
            corner = np.maximum(np.floor(pull.centre - pull.radius).astype(int), 0)
            opposite = np.minimum(np.ceil(pull.centre + pull.radius).astype(int) + 1, size[::-1])
            if (opposite <= corner).any():
                continue
            (left, top), (right, bottom) = corner, opposite
            columns, rows = np.arange(left, right, dtype=np.float32), np.arange(top, bottom, dtype=np.float32)
            offset[top:bottom, left:right] += pull.displacement(np.dstack(np.meshgrid(columns, rows)))
            low, high = np.minimum(low, corner), np.maximum(high, opposite)
        return cls(offset, (slice(low[1], high[1]), slice(low[0], high[0])))

    def bend(self, pixels: Plane) -> Plane:
        """A picture of any size bent, by default cubic, planes linear."""
        bent, way = pixels.copy(), cv2.INTER_LINEAR if pixels.ndim == 2 else cv2.INTER_CUBIC
        down, across = (pixels.shape[i] / self.offset.shape[i] for i in range(2))
        rows, columns = (
            range(int(part.start * zoom), min(math.ceil(part.stop * zoom), length))
            for part, zoom, length in zip(self.region, (down, across), pixels.shape, strict=False)
        )
        for band in bands(len(rows), len(columns)):
            x, y = self._sources(rows[band], columns, (down, across))
            moved = cv2.remap(pixels, x, y, way, borderMode=cv2.BORDER_REFLECT_101)
            bent[rows[band.start] : rows[band.stop - 1] + 1, columns.start : columns.stop] = moved
        return bent

    def _sources(self, rows: range, columns: range, zoom: tuple[float, float]) -> tuple[Plane, Plane]:
        """Where the places of some rows and columns of a picture are taken from."""
        down, across = zoom
        back = np.array(
            [
                [1 / across, 0, (columns.start + 0.5) / across - 0.5],
                [0, 1 / down, (rows.start + 0.5) / down - 0.5],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = len(columns), len(rows)
        field = cv2.warpAffine(self.offset, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        right, low = cv2.split(field)
        right *= np.float32(across)
        low *= np.float32(down)
        right += np.arange(columns.start, columns.stop, dtype=np.float32)[None, :]
        low += np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
        return right, low


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
    bend = Warp.of((portrait.small.shape[0], portrait.small.shape[1]), pulls).bend
    masks = Masks(**{name: bend(mask) for name, mask in portrait.masks.each().items()})
    faces = tuple(_moved(face, pulls) for face in portrait.faces)
    return Portrait(
        bend(portrait.photo), bend(portrait.small), faces, masks, portrait, bend, separable=portrait.separable
    )
