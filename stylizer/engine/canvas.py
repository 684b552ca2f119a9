"""Drawing shapes with smooth edges. Coordinates are pixels, x right and y down, fractions allowed.

OpenCV smooths edges on bytes only, so shapes are drawn on bytes and become floats at the end.
"""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from stylizer.engine.colour import rgb
from stylizer.engine.picture import Picture, Pixels, Plane, Size, to_float

SUBPIXEL_BITS = 4
Point = tuple[float, float]
Points = Sequence[Sequence[float]] | Plane


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.round(np.asarray(points, np.float64) * 2**SUBPIXEL_BITS).astype(np.int32)


class Canvas:
    """A byte picture (or plane) that shapes are drawn on; `ink` is "rrggbb", or 0..1 on a plane."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[:2]

    @classmethod
    def plane(cls, size: Size) -> "Canvas":
        return cls(np.zeros(size, np.uint8))

    @classmethod
    def filled(cls, size: Size, top: str, bottom: str | None = None, gamma: float = 1.0) -> "Canvas":
        """One colour, or a gradient from top to bottom."""
        t = np.linspace(0, 1, size[0], dtype=np.float32)[:, None, None] ** gamma
        column = rgb(top) * (1 - t) + rgb(bottom or top) * t
        return cls(np.ascontiguousarray(np.broadcast_to((column * 255 + 0.5).astype(np.uint8), (*size, 3))))

    def picture(self) -> Picture:
        return to_float(self.pixels)

    def _ink(self, ink: str | float) -> tuple[float, ...]:
        return tuple((rgb(ink) * 255).tolist()) if isinstance(ink, str) else (float(ink) * 255,)

    def polygon(self, points: Points, ink: str | float) -> None:
        cv2.fillPoly(self.pixels, [_fixed(points)], self._ink(ink), cv2.LINE_AA, SUBPIXEL_BITS)

    def line(self, points: Points, ink: str | float, width: float, *, closed: bool = False) -> None:
        at = [_fixed(points)]
        cv2.polylines(self.pixels, at, closed, self._ink(ink), max(1, round(width)), cv2.LINE_AA, SUBPIXEL_BITS)

    def circle(self, x: float, y: float, radius: float, ink: str | float, width: float = 0) -> None:
        """A disc, or a ring of this line width."""
        self.ellipse(x, y, radius, radius, ink, width=width)

    def ellipse(
        self,
        x: float,
        y: float,
        radius_x: float,
        radius_y: float,
        ink: str | float,
        *,
        turn: float = 0,
        width: float = 0,
    ) -> None:
        """`turn` in degrees clockwise."""
        centre, axes = _fixed([(x, y)])[0], _fixed([(max(radius_x, 0.3), max(radius_y, 0.3))])[0]
        thickness = max(1, round(width)) if width else cv2.FILLED
        at, reach = (int(centre[0]), int(centre[1])), (int(axes[0]), int(axes[1]))
        cv2.ellipse(self.pixels, at, reach, turn, 0, 360, self._ink(ink), thickness, cv2.LINE_AA, SUBPIXEL_BITS)

    def box(self, corner: Point, opposite: Point, ink: str | float, width: float = 0) -> None:
        """An upright rectangle, filled or as a line."""
        (left, top), (right, bottom) = corner, opposite
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        if width:
            self.line(corners, ink, width, closed=True)
        else:
            self.polygon(corners, ink)

    def brush(self, points: Points, ink: str | float, widths: Iterable[float]) -> None:
        """A stroke whose width changes from point to point."""
        at = np.asarray(points, np.float64)
        for start, end, width in zip(at[:-1], at[1:], widths, strict=False):
            self.line([start, end], ink, width)


def stencil(size: Size, *polygons: Points) -> Plane:
    """A mask of filled polygons."""
    canvas = Canvas.plane(size)
    for points in polygons:
        canvas.polygon(points, 1.0)
    return to_float(canvas.pixels)


def smooth_curve(points: Points, samples: int = 8) -> Plane:
    """Catmull-Rom spline through the points."""
    p = np.asarray(points, np.float64)
    padded = np.concatenate([p[:1], p, p[-1:]])
    pieces = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        t = np.linspace(0, 1, samples, endpoint=False)[:, None]
        square = (2 * before - 5 * start + 4 * end - after) * t**2
        cube = (3 * start - before - 3 * end + after) * t**3
        pieces.append(0.5 * (2 * start + (end - before) * t + square + cube))
    return np.concatenate([*pieces, p[-1:]])


def star(x: float, y: float, radius: float, *, points: int = 5, inner: float = 0.48, turn: float = 0.2) -> Plane:
    """Corners of a star."""
    corners = [(radius * (inner if i % 2 else 1), turn + i * np.pi / points) for i in range(2 * points)]
    return np.array([(x + r * np.sin(a), y - r * np.cos(a)) for r, a in corners])


def heart(x: float, y: float, radius: float) -> Plane:
    """Outline of a heart."""
    t = np.linspace(0, 2 * np.pi, 80)
    down = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([x + radius * 0.062 * 16 * np.sin(t) ** 3, y - radius * 0.062 * down], -1)
