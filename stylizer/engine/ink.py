"""Line drawing: brush strokes drawn by a small style net, and thin strokes along the face mesh.

Own: style 2 of the 26-style net (Dumoulin et al. 2017) draws confident outlines. Only its ink is used: how much
darker a pixel is than the brightest around it. An ink plane is 1 where there is ink, 0 on bare paper.
"""

import cv2
import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.canvas import Canvas, smooth_curve
from stylizer.engine.colour import luminance, smoothstep
from stylizer.engine.filters import blur, disc
from stylizer.engine.landmarks import Face
from stylizer.engine.nets import paint
from stylizer.engine.picture import Picture, Plane, Size, resize, to_float

BRUSH_STYLE = 2
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


def feature_ink(lightness: Plane, faces: tuple[Face, ...], features: Plane) -> Plane:
    """The dark of eyes, brows and mouth as they are in the photo, for faces too small for the net's brush."""
    ink = np.zeros_like(lightness)
    for face in faces:
        small = float(np.clip((0.34 - face.width / min(lightness.shape)) / 0.18, 0, 1))
        around = blur(lightness, max(1.0, face.width * 0.05))
        darker = smoothstep(0.10, 0.40, (around - lightness) / (around + 0.05)) * small
        near = np.abs(np.arange(lightness.shape[1], dtype=np.float32) - face.centre[0]) < face.width
        ink = np.maximum(ink, darker * features * near[None, :])
    return ink


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
