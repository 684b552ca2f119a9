"""Encoded photos in, encoded pictures out, and the kinds of array between them.

A `Picture` is (height, width, 3) float32 RGB in 0..1; a `Plane` is (height, width) float32, most often a mask in 0..1.
`Pixels` are either of them as bytes.
"""

import io
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from stylizer.engine.bands import in_bands

Picture: TypeAlias = NDArray[Any]
Plane: TypeAlias = NDArray[Any]
Pixels: TypeAlias = NDArray[Any]  # (height, width, 3) or (height, width) bytes
Size: TypeAlias = tuple[int, int]  # height, width

FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
SHORT_SIDE_LIMITS = (256, 3240)
LONG_SIDE_LIMIT = 5760
LONGEST_ASPECT = 2.0
PIXEL_LIMIT = 50_000_000


class UnusableImage(ValueError):
    """The photo cannot be used; `code` is the API's: "InvalidImageFormat" or "InvalidImageResolution"."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def decode(encoded: bytes) -> Pixels:
    """JPEG, PNG, BMP or WEBP bytes as upright RGB (height, width, 3) of bytes; transparency becomes white.

    Raises UnusableImage for anything else, and for more than 50 megapixels before a pixel is decoded.
    """
    try:
        with Image.open(io.BytesIO(encoded), formats=FORMATS) as photo:
            _refuse_bombs(photo)
            return np.asarray(_flattened(ImageOps.exif_transpose(photo)))
    except UnusableImage:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as unreadable:
        raise UnusableImage("InvalidImageFormat", "The bytes are not a JPEG, PNG, BMP or WEBP picture.") from unreadable


def _refuse_bombs(photo: Image.Image) -> None:
    if photo.width * photo.height > PIXEL_LIMIT:
        raise UnusableImage("InvalidImageResolution", "The photo has more than 50 megapixels.")


def _flattened(photo: Image.Image) -> Image.Image:
    if photo.mode.startswith("I"):  # sixteen bits of grey: Pillow would clip them at 255
        levels = np.asarray(photo, np.float32)
        return Image.fromarray((levels / max(levels.max(), 255.0) * 255).astype(np.uint8)).convert("RGB")
    if "A" in photo.getbands() or "transparency" in photo.info:
        rgba = photo.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return photo.convert("RGB")


def within_limits(size: Size) -> bool:
    """Whether the API takes a photo of (height, width): 256..5760 by 256..3240 pixels, at most 2:1."""
    short, long = sorted(size)
    lowest, highest = SHORT_SIDE_LIMITS
    return lowest <= short <= highest and long <= LONG_SIDE_LIMIT and long <= LONGEST_ASPECT * short


def scaled_size(size: Size, short_side: int) -> Size:
    """(height, width) of the same shape with exactly this short side; the long side is rounded."""
    height, width = size
    if height <= width:
        return short_side, round(width * short_side / height)
    return round(height * short_side / width), short_side


def resize(pixels: NDArray[Any], size: Size) -> NDArray[Any]:
    """Resample to (height, width): area average going down, bicubic going up (bilinear for planes)."""
    height, width = size
    if pixels.shape[:2] == size:
        return pixels
    shrinking = height * width < pixels.shape[0] * pixels.shape[1]
    growing = cv2.INTER_LINEAR if pixels.ndim == 2 else cv2.INTER_CUBIC
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinking else growing)


def to_float(pixels: Pixels) -> Picture:
    """Bytes 0..255 as float32 0..1."""
    return np.multiply(pixels, np.float32(1 / 255), dtype=np.float32)


def to_bytes(picture: Picture) -> Pixels:
    """Float 0..1 as bytes 0..255, rounded and clipped."""
    return in_bands(lambda rows: cv2.convertScaleAbs(np.clip(rows, 0, 1), alpha=255), picture)


def encode(picture: Picture, *, quality: int = 92) -> bytes:
    """JPEG bytes of a picture, without any metadata."""
    pixels = picture if picture.dtype == np.uint8 else to_bytes(picture)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
    return buffer.getvalue()
