"""Drawn eyes: irises with depth and catch-lights, and lashes, where the portrait has its own.

Our own recipe, after the way cel animators paint eyes: dark above, bright below, a large and a small light.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.canvas import Canvas, smooth_curve, stencil
from stylizer.engine.colour import luminance, mix, rgb, smoothstep, vivid
from stylizer.engine.filters import blur
from stylizer.engine.landmarks import Face
from stylizer.engine.picture import Picture, Pixels, Plane, Size, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.region import covering

NEARLY_SHUT = 0.16
OWN_IRIS = 0.21  # radius of an iris in eye widths, of whomever
CATCH_LIGHTS = ((-0.34, -0.42, 0.27, 1.0), (0.36, 0.40, 0.13, 0.85))  # x, y, radius (in irises), strength


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye in output pixels: its contour, and the upper lid from the outer corner inwards."""

    contour: Plane
    lid: Plane
    face_width: float

    @property
    def centre(self) -> Plane:
        return self.contour.mean(0)

    @property
    def width(self) -> float:
        return float(np.ptp(self.contour[:, 0]))

    @property
    def height(self) -> float:
        return float(np.ptp(self.contour[:, 1]))

    @property
    def open(self) -> bool:
        """Wide enough to show an iris, and large enough to draw one."""
        return self.height > self.width * NEARLY_SHUT and self.width > 10


def eyes_of(face: Face) -> list[Eye]:
    """Both eyes of a face."""
    groups = (
        (landmarks.RIGHT_EYE, landmarks.RIGHT_UPPER_LID),
        (landmarks.LEFT_EYE, landmarks.LEFT_UPPER_LID),
    )
    return [Eye(face.xy[contour], face.xy[lid], face.width) for contour, lid in groups]


def _uncovered(eye: Eye, face: Face, photo: Pixels) -> bool:
    """Whether skin is seen round the eye: under dark glasses nothing is painted."""
    around = (eye.contour - eye.centre) * 1.7 + eye.centre

    def brightness(points: Plane) -> float:
        x, y = np.clip(points, 0, (photo.shape[1] - 1, photo.shape[0] - 1)).astype(int).T
        return float(np.median(photo[y, x].mean(-1)))

    return brightness(around) > 0.45 * brightness(face.xy[list(landmarks.CHEEKS)])


def _window(size: Size, centre: Plane, reach: float) -> tuple[slice, slice]:
    low = np.maximum((centre - reach).astype(int), 0)
    high = np.minimum((centre + reach).astype(int) + 1, (size[1], size[0]))
    return slice(low[1], max(high[1], low[1] + 1)), slice(low[0], max(high[0], low[0] + 1))


def _iris_centre(grey: Plane, eye: Eye, mask: Plane, corner: Plane) -> Plane:
    """Where a disc as large as an iris is darker than the ring about it: so the eyes look the way they do in the photo.

    Drawn some way back to the middle vertically, where lids hide half of it.
    """
    smooth = blur(grey, max(0.5, eye.width * 0.03))
    radius = max(1.5, eye.width * OWN_IRIS)
    reach = round(radius * 1.6)
    away = np.hypot(*np.indices((2 * reach + 1, 2 * reach + 1), np.float32) - reach)
    disc, ring = (
        (away <= radius).astype(np.float32),
        ((away > radius * 1.1) & (away <= radius * 1.6)).astype(np.float32),
    )

    def mean(kernel: Plane) -> Plane:
        inside = cv2.filter2D(mask, -1, kernel, borderType=cv2.BORDER_CONSTANT)
        summed = cv2.filter2D(smooth * mask, -1, kernel, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(summed / (inside + 0.02 * kernel.sum()))

    full = cv2.filter2D(mask, -1, disc, borderType=cv2.BORDER_CONSTANT) / disc.sum()
    darker = np.clip(mean(ring) - mean(disc), 0, None) * (mask > 0.5) * np.minimum(full, 0.6)
    weight = np.exp((darker - darker.max()) / max(0.04 * float(darker.max()), 1e-4)) * (darker > 0)
    rows, columns = np.indices(weight.shape, np.float32)
    total = float(weight.sum()) + 1e-6
    if float(darker.max()) < 0.005:
        return eye.centre
    found = np.array([(columns * weight).sum() / total, (rows * weight).sum() / total]) + corner
    return eye.centre + (found - eye.centre) * np.array([1.0, 0.6])


def _iris_colour(picture: Picture, grey: Plane, mask: Plane) -> Picture:
    """The iris's own colour, more vivid, and never too dark to recognise."""
    inside = picture[(mask > 0.5) & (grey < np.percentile(grey[mask > 0.5], 45))] if (mask > 0.5).any() else picture
    own = np.median(inside.reshape(-1, 3), 0).astype(np.float32)
    return np.clip(vivid(own.reshape(1, 1, 3), 1.9)[0, 0] * 1.15 + 0.10, 0, 1)


def _draw_iris(window: Picture, colour: Picture, mask: Plane, offset: tuple[Plane, Plane]) -> Picture:
    """White of the eye, iris, pupil and lights; `offset` is (x, y) from the iris's centre in radii."""
    across, down = offset
    distance = np.sqrt(across * across + down * down)
    white = np.array([0.96, 0.97, 0.98], np.float32) * np.clip(0.78 + 0.25 * (down + 0.6), 0.70, 1)[..., None]
    window = mix(window, np.clip(white, 0, 1).astype(np.float32), mask * 0.55)
    depth = np.clip((down + 1) / 2, 0, 1)[..., None]
    iris = colour * 0.35 * (1 - depth) + np.clip(colour * 1.35 + 0.10, 0, 1) * depth
    iris = mix(iris, colour * 0.18, smoothstep(0.80, 0.98, distance) * 0.9)
    iris = mix(iris, rgb("0a080d"), smoothstep(0.50, 0.40, distance))
    window = mix(window, iris.astype(np.float32), smoothstep(1.02, 0.95, distance) * mask)
    for x, y, radius, strength in CATCH_LIGHTS:
        light = smoothstep(radius, radius * 0.75, np.sqrt((across - x) ** 2 + (down - y) ** 2))
        window = mix(window, rgb("ffffff"), light * mask * strength)
    return window


def draw_eyes(picture: Picture, portrait: Portrait, *, iris: float = 0.265, lash: str | None = "1d1016") -> Picture:
    """Repaint open eyes, in a picture of output size; `iris` is the radius in eye widths, `lash` a colour or None."""
    photo = portrait.photo
    eyes = [eye for face in portrait.large_faces for eye in eyes_of(face) if _uncovered(eye, face, photo)]
    for eye in eyes:
        if not eye.open:
            continue
        window = _window(portrait.size, eye.centre, eye.width)
        corner = np.array([window[1].start, window[0].start], np.float32)
        source = to_float(photo[window])
        mask = blur(stencil((source.shape[0], source.shape[1]), eye.contour - corner), max(0.4, eye.width * 0.012))
        grey = luminance(source)
        centre = _iris_centre(grey, eye, mask, corner)
        radius = min(eye.width * iris, eye.height * 0.72)
        rows, columns = np.indices(mask.shape, np.float32)
        offset = ((columns + corner[0] - centre[0]) / radius, (rows + corner[1] - centre[1]) / (radius * 1.08))
        picture[window] = _draw_iris(picture[window], _iris_colour(source, grey, mask), mask, offset)
    return _draw_lashes(picture, eyes, lash) if lash else picture


def _draw_lashes(picture: Picture, eyes: list[Eye], colour: str) -> Picture:
    canvas = Canvas.plane((picture.shape[0], picture.shape[1]))
    for eye in eyes:
        curve = smooth_curve(eye.lid)
        along = np.linspace(0, 1, len(curve))
        canvas.brush(curve, 1.0, np.maximum(1, eye.face_width * 0.022 * (1 - 0.6 * along)))
    region = covering(canvas.pixels, 4)
    picture[region] = mix(picture[region], rgb(colour), blur(to_float(canvas.pixels[region]), 0.8) * 0.92)
    return picture
