"""Line drawing: brush strokes drawn by a small style net, the lines a face has, and thin strokes along the face mesh.

Own: style 2 of the 26-style net (Dumoulin et al. 2017) draws confident outlines. Only its ink is used: how much
darker a pixel is than the brightest around it. An ink plane is 1 where there is ink, 0 on bare paper.
"""

import cv2
import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.canvas import Canvas, smooth_curve
from stylizer.engine.colour import luminance, smoothstep
from stylizer.engine.filters import blur, disc, smooth_surfaces
from stylizer.engine.flow import smear, tangents
from stylizer.engine.landmarks import Face
from stylizer.engine.nets import paint
from stylizer.engine.picture import Picture, Pixels, Plane, Size, resize, to_float
from stylizer.engine.region import around

Widths = tuple[tuple[float, float, float], ...]
BRUSH_STYLE = 2
LINE_FACE_WIDTH, FACE_REACH = 300, 0.80  # pixels; how far a face's own lines are drawn from its centre, in face widths
LINE_WIDTHS: Widths = ((0.006, 0.030, 0.100), (0.014, 0.036, 0.125))  # see `coherent_lines`, in face widths
USUAL_CONTRAST = 0.105  # of a face's finest lines: hazy faces are drawn a little stronger, harsh ones weaker
STRAND_WIDTHS: Widths = ((0.0022, 0.030, 0.100), (0.0050, 0.030, 0.110))  # in short sides of the picture
LARGEST_AREA = 820_000  # of the net's picture: more takes too much memory


def ink_size(size: Size) -> Size:
    """The size at which strokes are drawn for a picture of `size`: short side 640..1024, the area bounded."""
    height, width = size
    short = np.clip(min(size) * 2 / 3, 640, 1024)
    zoom = min(short / min(size), float(np.sqrt(LARGEST_AREA / (height * width))))
    return round(height * zoom), round(width * zoom)


def brush_lightness(prepared: Picture, size: Size) -> Plane:
    """Luminance of the prepared picture redrawn with a brush, at `ink_size(size)`."""
    return luminance(paint(resize(prepared, ink_size(size)), {BRUSH_STYLE: 1.0}))


def ink_of(lightness: Plane, reach: float = 9.0) -> Plane:
    """The strokes in a brush drawing: darker than what surrounds them within `reach` pixels of 1024."""
    scale = min(lightness.shape) / 1024
    lightness = blur(lightness, 0.8)  # the net leaves a fine checkerboard
    around = cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, disc(2 * max(3, round(reach * scale)) + 1))
    return 1 - smoothstep(0.45, 0.88, np.clip(lightness / (blur(around, max(1.5, 3 * scale)) + 0.02), 0, 1))


def face_lines(photo: Pixels, faces: tuple[Face, ...]) -> Plane:
    """The faces' own lines at the photo's size: lids, nose, lips, folds, wrinkles, frames; none for smooth skin.

    Every face is looked at in the same width, so that small ones are drawn as surely as large ones.
    """
    size = photo.shape[0], photo.shape[1]
    lines = np.zeros(size, np.float32)
    for face in faces:
        reach = FACE_REACH * LINE_FACE_WIDTH
        zoom = LINE_FACE_WIDTH / face.width
        x, y = face.centre
        window = np.array([[zoom, 0, reach - zoom * x], [0, zoom, reach - zoom * y]], np.float32)
        side = round(2 * reach)
        way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        patch = cv2.warpAffine(photo, window, (side, side), flags=way, borderMode=cv2.BORDER_REPLICATE)
        there = around(size, x, y, reach / zoom)
        window[:, 2] += window[:, :2] @ np.array([there[1].start, there[0].start], np.float32)
        shape = there[1].stop - there[1].start, there[0].stop - there[0].start
        drawn = cv2.warpAffine(_own_lines(patch), window, shape, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        lines[there] = np.maximum(lines[there], drawn)
    return lines


def coherent_lines(grey: Plane, unit: float, widths: Widths, *, length: int = 5) -> Plane:
    """Lines darker than both sides of them, smoothed `length` pixels along their own direction (Kang et al. 2007).

    Each width is (sigma in units, contrast where a line begins, contrast of a full line).
    """
    field, _ = tangents(blur(grey, 1), 3)
    valleys = [_valleys(grey, share * unit) for share, _, _ in widths]
    lines = np.zeros_like(grey)
    for (_, faint, full), valley in zip(widths, cv2.split(smear(cv2.merge(valleys), field, length)), strict=True):
        np.maximum(lines, smoothstep(faint, full, valley), out=lines)
    return lines


def _valleys(grey: Plane, sigma: float) -> Plane:
    """How much darker than its surroundings a pixel is, relative to them."""
    wide = blur(grey, sigma * 1.8)
    return (wide - blur(grey, sigma)) / (wide + np.float32(0.06))


def _own_lines(patch: Pixels) -> Plane:
    """Dark lines in a picture of a face `LINE_FACE_WIDTH` pixels wide, fading out round the face."""
    grey = luminance(smooth_surfaces(to_float(patch), reach=6, contrast=0.12))
    offset = (np.arange(len(grey), dtype=np.float32) - (len(grey) - 1) / 2) / np.float32(LINE_FACE_WIDTH)
    away = np.hypot(offset[:, None] * 0.85, offset[None, :] * 1.12)
    finest = _valleys(grey, LINE_WIDTHS[0][0] * LINE_FACE_WIDTH)[away < 0.5]
    gain = float(np.clip(USUAL_CONTRAST / (np.percentile(finest, 98) + 1e-3), 0.8, 1.35))
    widths = tuple((share, faint / gain, full / gain) for share, faint, full in LINE_WIDTHS)
    return coherent_lines(grey, LINE_FACE_WIDTH, widths) * smoothstep(FACE_REACH, FACE_REACH - 0.12, away)


def face_strokes(size: Size, faces: tuple[Face, ...], *, weight: float = 1.0, lips: bool = True) -> Plane:
    """Thin strokes of lashes, the line between the lips and the nostrils; the faces in pixels of `size`."""
    canvas = Canvas.plane(size)
    for face in faces:
        for group, thin, thick in _strokes(face, lips=lips):
            curve = smooth_curve(face.xy[group])
            swell = np.sin(np.pi * np.linspace(0, 1, len(curve))) ** 0.7
            canvas.brush(curve, 1.0, (thin + (thick - thin) * swell) * face.width * weight)
    return to_float(canvas.pixels)


def _strokes(face: Face, *, lips: bool) -> list[tuple[list[int], float, float]]:
    """Landmark groups with their thinnest and thickest width as fractions of the face width."""
    strokes = [
        (landmarks.RIGHT_UPPER_LID, 0.004, 0.020),
        (landmarks.LEFT_UPPER_LID, 0.004, 0.020),
        (landmarks.RIGHT_LOWER_LID, 0.002, 0.006),
        (landmarks.LEFT_LOWER_LID, 0.002, 0.006),
        (landmarks.NOSTRILS, 0.001, 0.006),
    ]
    if not lips:
        return strokes
    if face.mouth_opening < 0.035:
        return [*strokes, (landmarks.LOWER_MOUTH, 0.004, 0.008)]
    return [*strokes, (landmarks.UPPER_MOUTH, 0.003, 0.007), (landmarks.LOWER_MOUTH, 0.002, 0.005)]
