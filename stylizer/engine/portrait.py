"""An analysed portrait: the photo, the people in it, and its lines, which are drawn on first use.

Created once for each photo and size, and shared by all looks. Layers are computed on first use and shared with warped
copies.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from weakref import ref

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import luminance, mix, smoothstep
from stylizer.engine.filters import blur, flatten, grow, guided, kuwahara
from stylizer.engine.ink import STRAND_WIDTHS, brush_lightness, coherent_lines, face_lines, face_strokes, ink_of
from stylizer.engine.landmarks import Face
from stylizer.engine.masks import Masks
from stylizer.engine.picture import Picture, Pixels, Plane, Size, resize, scaled_size, to_float
from stylizer.engine.region import Region, covering
from stylizer.engine.skin import level, smooth_skin

ANALYSIS_SIDES = (320, 768)
REFERENCE_SIDE = 1536
QUICK_LAYERS = ("cutout", "levelled", "ironed", "flat", "dabs", "face_lines", "_strands", "_structure")
ANALYSIS_LAYERS = ("levelled", "ironed", "flat", "dabs", "_strands", "_structure")
SKETCH_SIDE = 512
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
    larger: "ref[Portrait] | None" = None  # the portrait that this one is a reduced copy of; it owns this one
    separable: bool = False  # whether the people can be separated from the background

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
        enlarged = cv2.resize(np.ascontiguousarray(small, np.float32), (width, height), interpolation=way)
        return enlarged if small.ndim == 2 else np.clip(enlarged, 0, 1, out=enlarged)

    def full_offset(self, small: Picture) -> Picture:
        """Differences (of any small size) at output size: not clipped."""
        height, width = self.size
        return cv2.resize(np.ascontiguousarray(small, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)

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

    @cached_property
    def cutout(self) -> Plane:
        """The person at output size with fine edges; all ones when there is no person to cut out."""
        shared = self._shared("cutout")
        if shared is not None:
            return shared
        if not self.separable:
            return np.ones(self.size, np.float32)
        grey = cv2.cvtColor(self.photo, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        fine = guided(grey, self.full(self.masks.person), max(2, round(self.px(6))), 1e-5)
        return smoothstep(0.15, 0.85, np.clip(fine, 0, 1))

    def step_back(self) -> None:
        """Drop the layers that are quick to compute again, because another portrait is rendered now."""
        for layer in QUICK_LAYERS:
            self.__dict__.pop(layer, None)
        if "sketch" in self.__dict__:
            self.sketch.step_back()

    def _shared(self, layer: str) -> Plane | None:
        """A layer of the portrait that this one is a bent or a reduced copy of, bent in the same way."""
        if self.original and self.bend:
            return self.bend(getattr(self.original, layer))
        larger = self.larger() if self.larger else None
        return getattr(larger, layer) if larger and layer in ANALYSIS_LAYERS else None

    @cached_property
    def sketch(self) -> "Portrait":
        """The same portrait at a third of the usual output size, for what is painted small; shares all it can."""
        photo = resize(self.photo, scaled_size(self.size, SKETCH_SIDE))
        original = self.original.sketch if self.original else None
        larger = None if original else ref(self)  # a cycle would keep a dropped portrait in memory
        return replace(self, photo=photo, original=original, larger=larger)

    def close_up(self, region: Region, short_side: int) -> "Portrait":
        """A part of the portrait (in output pixels) as a portrait of its own, with this short side."""
        rows, columns = region
        part = np.ascontiguousarray(self.photo[region])
        size = scaled_size((part.shape[0], part.shape[1]), short_side)
        photo = resize(part, size)
        zoom = short_side / min(part.shape[:2])
        move = np.array([[zoom * self.zoom, 0, -columns.start * zoom], [0, zoom * self.zoom, -rows.start * zoom]])

        def cut(plane: Plane) -> Plane:
            way = cv2.INTER_LINEAR
            return cv2.warpAffine(plane, move, (size[1], size[0]), flags=way, borderMode=cv2.BORDER_REPLICATE)

        masks = Masks(**{name: cut(mask) for name, mask in self.masks.each().items()})
        shift = np.array([columns.start * zoom, rows.start * zoom, 0], np.float32)
        faces = tuple(Face(face.points * np.float32(zoom * self.zoom) - shift) for face in self.faces)
        within = tuple(face for face in faces if (face.centre > 0).all() and (face.centre < size[::-1]).all())
        return Portrait(photo, to_float(photo), within, masks, separable=self.separable)

    @cached_property
    def levelled(self) -> Picture:
        """The analysed picture with full contrast, but the faces as light as they were."""
        shared = self._shared("levelled")
        return level(self.small, self.masks, self.faces) if shared is None else shared

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
    def _structure(self) -> Plane:
        """Where the photo has edges; elsewhere the net makes up hatching to fill dark cloth, hair and shades."""
        grey = blur(luminance(self.small), self.small_px(1.2))
        slope = cv2.magnitude(cv2.Scharr(grey, -1, 1, 0, scale=1 / 32), cv2.Scharr(grey, -1, 0, 1, scale=1 / 32))
        relative = slope * np.float32(self.small_px(1)) / (blur(grey, self.small_px(8)) + 0.15)
        return blur(smoothstep(0.020, 0.050, grow(relative, self.small_px(7))), self.small_px(2))

    @cached_property
    def face_lines(self) -> Plane:
        """The faces' own lines at output size (see `ink`)."""
        shared = self._shared("face_lines")
        return face_lines(self.photo, self.large_faces) if shared is None else shared

    @cached_property
    def _strands(self) -> Plane:
        """The lines between strands of hair."""
        shared = self._shared("_strands")
        if shared is not None:
            return shared
        grey, hair = luminance(self.small), self.masks.hair > 0.01
        strands = np.zeros_like(grey)
        if not hair.any():
            return strands
        region = covering(hair, self.small_px(16))
        strands[region] = coherent_lines(grey[region], min(grey.shape), STRAND_WIDTHS, length=9)
        return strands * self.masks.hair

    def ink(self, *, on_skin: float = 1.0, reach: float = 9.0, strokes: float = 0.55) -> Plane:
        """Lines at output size, those of the brush weakened on bare skin, where the face has lines of its own.

        `strokes` is the width of the thin strokes of the face.
        """
        (height, width), bare = self.size, self.skin_area()
        ink = cv2.resize(ink_of(self.brushwork, reach), (width, height), interpolation=cv2.INTER_CUBIC)
        kept = self.full(self._structure * (1 - (1 - 0.5 * on_skin) * bare) * (1 - 0.6 * self.masks.hair))
        in_bands(lambda brush, keep: np.clip(brush, 0, 1) * keep, ink, kept, into=ink)
        lips = self.full(np.clip(blur(self.masks.lips, self.small_px(1.5)) * 1.3, 0, 1))
        thin = face_strokes(self.size, self.large_faces, weight=strokes)
        in_bands(_at_lips, ink, lips, thin, into=ink)
        shown = self.full(1 - (0.55 - 0.45 * on_skin) * bare)
        in_bands(lambda line, lines, part: np.maximum(line, lines * part), ink, self.face_lines, shown, into=ink)
        return np.maximum(ink, self.full(self._strands), out=ink)


def _at_lips(ink: Plane, lips: Plane, strokes: Plane) -> Plane:
    """Of the brush little is left on lips, of the thin strokes little elsewhere."""
    return np.maximum(ink * (1 - 0.8 * lips), strokes * np.clip(lips + 0.15, 0, 1) * 0.75)
