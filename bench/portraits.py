"""People drawn from ellipses as subjects for the bench: nobody's likeness, of any complexion, in any number.

Simple as they are, the face networks detect them and the person network segments them.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import mix, rgb, shaded, tinted
from stylizer.engine.filters import blur
from stylizer.engine.noise import clouds, white
from stylizer.engine.picture import Picture, Plane, Size, resize, to_bytes, to_float

DRAWN_AT = 768  # the short side of a drawing, before it is scaled to the photo's size
Shape = tuple[
    float, float, float, float
]  # centre, half width and half height of an ellipse, in face widths from the face


@dataclass(frozen=True)
class Sitter:
    """The position and width of the face, as fractions of the picture's short side, and the person's colours."""

    x: float
    y: float
    width: float
    skin: str
    hair: str
    dress: str
    beard: bool = False
    glasses: bool = False


@dataclass(frozen=True)
class Part:
    """Ellipses of one colour ("rrggbb", or a field of the sitter), their softness in face widths, and their opacity."""

    colour: str
    soft: float
    strength: float
    shapes: tuple[Shape, ...]


DARK, WHITE = "20100c", "ffffff"
BEHIND = (
    Part("hair", 0.020, 1.0, ((0, -0.16, 0.58, 0.66), (-0.44, 0.15, 0.16, 0.45), (0.44, 0.15, 0.16, 0.45))),
    Part("dress", 0.010, 1.0, ((0, 1.85, 1.25, 0.95),)),
    Part("skin", 0.012, 1.0, ((0, 0.75, 0.22, 0.42),)),
    Part(DARK, 0.080, 0.35, ((0, 0.70, 0.26, 0.20),)),
    Part("skin", 0.012, 1.0, ((0, 0, 0.47, 0.64), (-0.48, 0.03, 0.06, 0.12), (0.48, 0.03, 0.06, 0.12))),
    Part("hair", 0.030, 1.0, ((0, -0.52, 0.46, 0.20),)),
)
FEATURES = (
    Part(DARK, 0.050, 0.35, ((-0.20, -0.10, 0.14, 0.075), (0.20, -0.10, 0.14, 0.075))),
    Part("f4efe8", 0.004, 1.0, ((-0.20, -0.09, 0.095, 0.042), (0.20, -0.09, 0.095, 0.042))),
    Part("3a2416", 0.004, 1.0, ((-0.20, -0.09, 0.042, 0.042), (0.20, -0.09, 0.042, 0.042))),
    Part("080505", 0.003, 1.0, ((-0.20, -0.09, 0.020, 0.020), (0.20, -0.09, 0.020, 0.020))),
    Part(WHITE, 0.002, 1.0, ((-0.185, -0.105, 0.008, 0.008), (0.215, -0.105, 0.008, 0.008))),
    Part(DARK, 0.006, 1.0, ((-0.20, -0.125, 0.105, 0.016), (0.20, -0.125, 0.105, 0.016))),
    Part("hair", 0.012, 0.9, ((-0.20, -0.215, 0.125, 0.022), (0.20, -0.215, 0.125, 0.022))),
    Part(DARK, 0.030, 0.3, ((0.055, 0.02, 0.02, 0.16),)),
    Part(WHITE, 0.030, 0.18, ((0, 0.02, 0.022, 0.14),)),
    Part(DARK, 0.030, 0.4, ((0, 0.155, 0.085, 0.03),)),
    Part(DARK, 0.008, 0.8, ((-0.045, 0.15, 0.02, 0.012), (0.045, 0.15, 0.02, 0.012))),
)
BEARD = Part("hair", 0.050, 0.85, ((0, 0.50, 0.36, 0.22), (-0.36, 0.25, 0.08, 0.28), (0.36, 0.25, 0.08, 0.28)))
LIPS = (
    Part("a0463f", 0.012, 0.85, ((0, 0.325, 0.155, 0.042),)),
    Part("5c1f1c", 0.006, 0.9, ((0, 0.32, 0.15, 0.010),)),
    Part(DARK, 0.030, 0.25, ((0, 0.40, 0.09, 0.02),)),
)


def photo(size: Size, sitters: tuple[Sitter, ...], *, wall: tuple[str, str], seed: int, light: float = 1.0) -> bytes:
    """A JPEG of (height, width) pixels: people before a wall, with grain; `light` below 1 dims the room."""
    zoom = DRAWN_AT / min(size)
    small = round(size[0] * zoom), round(size[1] * zoom)
    picture = shaded(Canvas.filled(small, *wall).picture(), 0.8 + 0.4 * clouds(small, 3, 4, seed))
    for sitter in sitters:
        picture = _draw_sitter(picture, sitter)
    picture = shaded(picture, light + 0.05 * (white(small, seed + 1) - 0.5))
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(resize(picture, size))).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _draw_sitter(picture: Picture, sitter: Sitter) -> Picture:
    """Draw one person, lit from the upper left."""
    light = _light(picture, sitter)
    for part in (*BEHIND, *FEATURES, *([BEARD] if sitter.beard else []), *LIPS):
        picture = _draw_part(picture, sitter, part, light)
    return _with_glasses(picture, sitter) if sitter.glasses else picture


def _face_position(picture: Picture, sitter: Sitter) -> tuple[float, float, float]:
    """x, y and width of a face in pixels."""
    short = min(picture.shape[:2])
    return sitter.x * short, sitter.y * short, sitter.width * short


def _light(picture: Picture, sitter: Sitter) -> Plane:
    """The shading of a rounded head, falling off to the lower right."""
    x, y, unit = _face_position(picture, sitter)
    down = (np.arange(picture.shape[0], dtype=np.float32)[:, None] - y) / unit
    across = (np.arange(picture.shape[1], dtype=np.float32)[None, :] - x) / unit
    away = np.clip((across / 0.55) ** 2 + (down / 0.75) ** 2, 0, 1)
    light: Plane = 0.62 + 0.5 * np.sqrt(1 - away * 0.9) - 0.18 * across - 0.08 * down
    return light


def _draw_part(picture: Picture, sitter: Sitter, part: Part, light: Plane) -> Picture:
    """Parts in the sitter's own colours are shaded; the fixed shades and whites are not."""
    x, y, unit = _face_position(picture, sitter)
    canvas = Canvas.plane((picture.shape[0], picture.shape[1]))
    for across, down, wide, high in part.shapes:
        canvas.ellipse(x + across * unit, y + down * unit, wide * unit, high * unit, 1.0)
    own = {"skin": sitter.skin, "hair": sitter.hair, "dress": sitter.dress}
    colour = tinted(rgb(own[part.colour]), light) if part.colour in own else rgb(part.colour)
    return mix(picture, colour, blur(to_float(canvas.pixels), max(0.5, part.soft * unit)) * part.strength)


def _with_glasses(picture: Picture, sitter: Sitter) -> Picture:
    x, y, unit = _face_position(picture, sitter)
    canvas = Canvas.plane((picture.shape[0], picture.shape[1]))
    for side in (-0.2, 0.2):
        canvas.circle(x + side * unit, y - 0.08 * unit, 0.15 * unit, 1.0, width=0.022 * unit)
    canvas.line([(x - 0.05 * unit, y - 0.09 * unit), (x + 0.05 * unit, y - 0.09 * unit)], 1.0, 0.02 * unit)
    return mix(picture, rgb("15100e"), blur(to_float(canvas.pixels), 1))
