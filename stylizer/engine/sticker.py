"""Cut-out figures, scaled and turned, for objects such as magnets and badges."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import smoothstep
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, Plane, Size


@dataclass(frozen=True)
class Placement:
    """Where a figure goes: its point `source` comes to `target` (x, y), `scale` times as large, turned clockwise."""

    source: tuple[float, float]
    target: tuple[float, float]
    scale: float
    degrees: float = 0.0

    def move(self, pixels: Plane, size: Size, *, border: int = cv2.BORDER_CONSTANT) -> Picture:
        """A plane or picture 0..1 under this placement."""
        turn = math.radians(self.degrees)
        a, b = math.cos(turn) * self.scale, math.sin(turn) * self.scale
        (x, y), (to_x, to_y) = self.source, self.target
        matrix = np.array([[a, -b, to_x - a * x + b * y], [b, a, to_y - b * x - a * y]], np.float32)
        way = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_CUBIC
        moved = cv2.warpAffine(pixels, matrix, (size[1], size[0]), flags=way, borderMode=border)
        return np.clip(moved, 0, 1, out=moved)


def offset_outline(mask: Plane, distance: float, softness: float) -> Plane:
    """The mask grown by a distance with round corners, as a die cuts a sticker's border."""
    away = cv2.distanceTransform((mask < 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return smoothstep(0.35, 0.65, blur(np.clip(distance - away + 0.5, 0, 1), softness))


def bevel(mask: Plane, width: float, softness: float) -> tuple[Plane, Plane]:
    """Light factor about 1 and shine 0..1 of a thing with rounded edges lit from the upper left."""
    depth = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    rounded = in_bands(lambda rows: np.sqrt(1 - (1 - np.clip(rows / np.float32(width), 0, 1)) ** 2), depth, into=depth)
    height = blur(rounded, softness)
    slope = cv2.addWeighted(cv2.Sobel(height, -1, 1, 0), 0.6, cv2.Sobel(height, -1, 0, 1), 0.8, 0)
    shine = in_bands(lambda rows: np.clip(rows * 3 - 0.12, 0, 1) ** 2, slope)
    return in_bands(lambda rows: np.clip(1 + rows * 2.2, 0.55, 1.5), slope, into=slope), shine
