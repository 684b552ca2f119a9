"""A portrait understood: the photo, who is where in it, and, drawn when first asked for, its lines.

Made once a photo and size, then handed from look to look.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from stylizer.engine.colour import from_lab, luminance, smoothstep, stretch, to_lab
from stylizer.engine.faces import find_faces
from stylizer.engine.filters import blur, decontaminate, grow, guided, shrink
from stylizer.engine.ink import brush_lightness, face_strokes, ink_of
from stylizer.engine.landmarks import Face
from stylizer.engine.masks import Masks, find_masks
from stylizer.engine.picture import Picture, Pixels, Plane, Size, resize, scaled_size, to_bytes, to_float
from stylizer.engine.skin import smooth_skin

ANALYSIS_SIDES = (512, 768)
REFERENCE_SIDE = 1536
MOST_CHROMA = 34.0  # Lab chroma of well-lit skin stays under this
Bend = Callable[[Plane], Plane]


@dataclass(frozen=True, eq=False)
class Portrait:
    """`photo` are the bytes at output size; `small` and `masks` have the analysis size, `faces` its pixels."""

    photo: Pixels
    small: Picture
    faces: tuple[Face, ...]
    masks: Masks
    original: "Portrait | None" = None  # the portrait that this one is a bent copy of
    bend: Bend | None = None

    @property
    def size(self) -> Size:
        return self.photo.shape[0], self.photo.shape[1]

    @property
    def zoom(self) -> float:
        """Output pixels per analysis pixel."""
        return min(self.size) / min(self.small.shape[:2])

    def px(self, pixels: float) -> float:
        """A length given for a 1536-pixel picture, in output pixels."""
        return pixels * min(self.size) / REFERENCE_SIDE

    def small_px(self, pixels: float) -> float:
        """A length given for a 768-pixel analysis, in analysis pixels."""
        return pixels * min(self.small.shape[:2]) / ANALYSIS_SIDES[1]

    def full(self, small: Picture) -> Picture:
        """A plane or picture of analysis size at output size."""
        height, width = self.size
        way = cv2.INTER_LINEAR if small.ndim == 2 else cv2.INTER_CUBIC
        enlarged_ = cv2.resize(np.ascontiguousarray(small, np.float32), (width, height), interpolation=way)
        return enlarged_ if small.ndim == 2 else np.clip(enlarged_, 0, 1)

    @cached_property
    def large_faces(self) -> tuple[Face, ...]:
        """The faces in output pixels."""
        return tuple(face.scaled(self.zoom) for face in self.faces)

    @property
    def focus(self) -> tuple[float, float, float]:
        """x, y of the main face between eyes and nose, and its width, in output pixels; a guess without a face."""
        if self.faces:
            face = self.large_faces[0]
            x, y = face.xy[1] * 0.4 + face.xy[168] * 0.6
            return float(x), float(y), face.width
        height, width = self.size
        return width * 0.5, height * 0.4, min(height, width) * 0.35

    @property
    def separable(self) -> bool:
        """Whether the person can be told from the background at all."""
        return 0.05 < float(self.masks.person.mean()) < 0.97

    @cached_property
    def cutout(self) -> Plane:
        """The person at output size with fine edges; all ones when there is nobody to cut out."""
        if self.original and self.bend:
            return self.bend(self.original.cutout)
        if not self.separable:
            return np.ones(self.size, np.float32)
        grey = cv2.cvtColor(self.photo, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        fine = guided(grey, self.full(self.masks.person), max(2, round(self.px(6))), 1e-5)
        return smoothstep(0.15, 0.85, np.clip(fine, 0, 1))

    @cached_property
    def levelled(self) -> Picture:
        """The analysed picture with full contrast, but the faces as light as they were."""
        stretched = stretch(self.small)
        bare = (self.masks.skin > 0.6) & (self.masks.face > 0.5)
        if bare.sum() <= 50:
            return stretched
        before = float(np.clip(np.median(luminance(self.small)[bare]), 0.02, 0.95))
        after = float(np.clip(np.median(luminance(stretched)[bare]), 0.02, 0.95))
        gamma = np.clip(math.log(min(before * 1.03, 0.96)) / math.log(after), 0.6, 1.8)
        return _without_cast(stretched ** np.float32(gamma), bare)

    @cached_property
    def brushwork(self) -> Plane:
        """Luminance of the portrait redrawn with a brush (see `ink`)."""
        if self.original and self.bend:
            return self.bend(self.original.brushwork)
        even = smooth_skin(smooth_skin(self.levelled, self.masks, 0.9), self.masks, 0.9)
        return brush_lightness(even, self.size)

    def skin_area(self, spread: float = 1.5) -> Plane:
        """Bare skin without the features, at analysis size."""
        return self.masks.skin * (1 - np.clip(blur(self.masks.features, self.small_px(2)) * spread, 0, 1))

    @cached_property
    def _skin_edges(self) -> Plane:
        """How much of a line on skin is an edge of the photo, not hatching that the net made up for a shade."""
        grey = blur(cv2.cvtColor(self.small, cv2.COLOR_RGB2GRAY), self.small_px(1.6))
        slope = cv2.magnitude(cv2.Scharr(grey, -1, 1, 0, scale=1 / 32), cv2.Scharr(grey, -1, 0, 1, scale=1 / 32))
        relative = slope * np.float32(self.small_px(1)) / (blur(grey, self.small_px(8)) + 0.05)
        return 0.15 + 0.85 * smoothstep(0.014, 0.045, grow(relative, self.small_px(5)))

    def ink(self, *, on_skin: float = 1.0, reach: float = 9.0, strokes: float = 0.55) -> Plane:
        """Lines at output size, weakened on bare skin; `strokes` is the width of the thin strokes of the face."""
        height, width = self.size
        brushed = cv2.resize(ink_of(self.brushwork, reach), (width, height), interpolation=cv2.INTER_CUBIC)
        lips = self.full(np.clip(blur(self.masks.lips, self.small_px(1.5)) * 1.3, 0, 1))
        brushed = np.clip(brushed, 0, 1) * (1 - 0.8 * lips)
        thin = face_strokes(self.size, self.large_faces, weight=strokes) * np.clip(lips + 0.15, 0, 1) * 0.75
        kept = 1 - (1 - on_skin * self._skin_edges) * self.skin_area()
        brushed = brushed * self.full(kept)
        return np.maximum(brushed, thin)


def analyse(photo: Pixels, short_side: int) -> Portrait:
    """Understand an upright RGB photo for an output of this short side."""
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
    return Portrait(_with_offset(large, clean - small), clean, faces, masks)


def _with_offset(photo: Pixels, offset: Picture) -> Pixels:
    height, width = photo.shape[:2]
    if not offset.any():
        return photo
    return to_bytes(to_float(photo) + cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR))


def _without_cast(picture: Picture, bare: Plane) -> Picture:
    """Under lamplight skin is more colourful than any complexion: take that much of the light's colour away."""
    lab = to_lab(picture)
    tint = np.median(lab[..., 1:][bare], 0)
    excess = max(0.0, 1 - MOST_CHROMA / (float(np.linalg.norm(tint)) + 1e-3))
    if not excess:
        return picture
    lab[..., 1:] -= tint * np.float32(excess)
    return from_lab(lab)


def _exposure(picture: Picture, masks: Masks) -> float:
    """A gentle gamma for a face that got too little light, or too much; 1 when the person is well exposed.

    Little light shows in the whole person, not in the face: a dark face under bright eyes, teeth or a bright shirt is
    a dark complexion, and stays as it is.
    """
    face, lightness = masks.face > 0.6, to_lab(picture)[..., 0]
    if face.sum() <= 50:
        return 1.0
    median = float(np.clip(np.median(lightness[face]), 1, 99))
    brightest = float(np.percentile(lightness[(shrink(masks.person, 25) > 0.5) | face], 97))
    lacking = float(np.clip((76 - brightest) / 30, 0, 1))
    target = min(max(median, min(median * (1 + 0.5 * lacking), 60)), 72 if median > 72 else 100)
    gamma = math.log(target / 100) / math.log(median / 100)
    return float(np.clip(gamma, 0.60, 1.15))
