"""A portrait understood: the photo, who is where in it, and, drawn when first asked for, its lines.

Made once a photo and size, then handed from look to look. Its layers are made when first asked for, and shared with
its bent copies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from stylizer.engine.colour import luminance, mix, smoothstep
from stylizer.engine.filters import blur, flatten, grow, guided, kuwahara
from stylizer.engine.ink import brush_lightness, face_strokes, feature_ink, ink_of
from stylizer.engine.landmarks import Face
from stylizer.engine.masks import Masks
from stylizer.engine.picture import Picture, Pixels, Plane, Size
from stylizer.engine.skin import level, smooth_skin

ANALYSIS_SIDES = (512, 768)
REFERENCE_SIDE = 1536
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
        shared = self._shared("cutout")
        if shared is not None:
            return shared
        if not self.separable:
            return np.ones(self.size, np.float32)
        grey = cv2.cvtColor(self.photo, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        fine = guided(grey, self.full(self.masks.person), max(2, round(self.px(6))), 1e-5)
        return smoothstep(0.15, 0.85, np.clip(fine, 0, 1))

    def _shared(self, layer: str) -> Plane | None:
        """A layer of the portrait that this one is a bent copy of, bent in the same way."""
        return self.bend(getattr(self.original, layer)) if self.original and self.bend else None

    @cached_property
    def levelled(self) -> Picture:
        """The analysed picture with full contrast, but the faces as light as they were."""
        shared = self._shared("levelled")
        return level(self.small, self.masks) if shared is None else shared

    @cached_property
    def ironed(self) -> Picture:
        """`levelled` with the skin fully smoothed."""
        shared = self._shared("ironed")
        return smooth_skin(self.levelled, self.masks) if shared is None else shared

    def even(self, amount: float) -> Picture:
        """`levelled` with the skin smoothed: 0 nothing, .75 fits drawn lines, 1 is a doll's."""
        return mix(self.levelled, self.ironed, amount)

    @cached_property
    def flat(self) -> Picture:
        """Surfaces ironed flat and dabbed: the ground under cel colours."""
        shared = self._shared("flat")
        return flatten(self.ironed, round(self.small_px(5))) if shared is None else shared

    @cached_property
    def dabs(self) -> Picture:
        """Dabs of paint, with more left of what is in the photo than in `flat`."""
        shared = self._shared("dabs")
        return kuwahara(self.ironed, round(self.small_px(5))) if shared is None else shared

    @cached_property
    def brushwork(self) -> Plane:
        """Luminance of the portrait redrawn with a brush (see `ink`)."""
        shared = self._shared("brushwork")
        return brush_lightness(smooth_skin(self.ironed, self.masks), self.size) if shared is None else shared

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

    @cached_property
    def _feature_ink(self) -> Plane:
        return feature_ink(luminance(self.small), self.faces, self.masks.features)

    def ink(self, *, on_skin: float = 1.0, reach: float = 9.0, strokes: float = 0.55) -> Plane:
        """Lines at output size, weakened on bare skin; `strokes` is the width of the thin strokes of the face."""
        height, width = self.size
        brushed = cv2.resize(ink_of(self.brushwork, reach), (width, height), interpolation=cv2.INTER_CUBIC)
        lips = self.full(np.clip(blur(self.masks.lips, self.small_px(1.5)) * 1.3, 0, 1))
        brushed = np.clip(brushed, 0, 1) * (1 - 0.8 * lips)
        thin = face_strokes(self.size, self.large_faces, weight=strokes) * np.clip(lips + 0.15, 0, 1) * 0.75
        kept = 1 - (1 - on_skin * self._skin_edges) * self.skin_area()
        brushed = brushed * self.full(kept)
        return np.maximum(np.maximum(brushed, thin), self.full(self._feature_ink))
