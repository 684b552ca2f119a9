"""Fits pictures into the API's limits: at most 2:1, bounded sides, a JPEG of bounded size. The geometry is pure."""

import io
from collections.abc import Callable
from math import ceil

from PIL import Image

from bot.imaging.results import REQUEST_BYTES

FaceBox = tuple[float, float, float, float]  # x, y, width, height as fractions of the picture

SHORT_MIN, SHORT_MAX, LONG_MAX = 256, 3240, 5760  # px
JPEG_BYTES = 9_900_000
PAINTED_SIDE = 1536  # px, the short side of the API's pictures
BESIDE_HEIGHT, BESIDE_GAP = 1600, 12  # px
_QUALITIES = (92, 86, 78, 68)
_FINDER_SIDE = 1280


def fit(picture: Image.Image, find_face: Callable[[bytes], FaceBox | None] | None) -> tuple[Image.Image, bool]:
    """The picture inside the limits, and whether its ends were cut off."""
    cropped = max(picture.size) > 2 * min(picture.size)
    if cropped:
        box = find_face(finder_jpeg(picture)) if find_face else None
        picture = picture.crop(crop_box(*picture.size, box))
    size = fit_size(*picture.size)
    return (picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)), cropped


def crop_box(width: int, height: int, face: FaceBox | None) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the 2:1 part of a longer picture, around the face or the picture's middle."""
    x, y, w, h = face or (0.0, 0.0, 1.0, 1.0)
    if width > height:
        left = _start(width, 2 * height, x + w / 2)
        return left, 0, left + 2 * height, height
    top = _start(height, 2 * width, y + h / 2)
    return 0, top, width, top + 2 * width


def _start(length: int, window: int, centre: float) -> int:
    return max(0, min(length - window, round(centre * length - window / 2)))


def fit_size(width: int, height: int) -> tuple[int, int]:
    """The size within the API's limits for a picture of at most 2:1; unchanged when it is within them already."""
    short, long = sorted((width, height))
    factor = min(max(1.0, SHORT_MIN / short), SHORT_MAX / short, LONG_MAX / long)
    return round(width * factor), round(height * factor)


def side_by_side(before: Image.Image, after: Image.Image) -> Image.Image:
    """Both pictures at the height of the smaller one, with a narrow gap between them."""
    height = min(before.height, after.height, BESIDE_HEIGHT)
    both = [
        picture.resize((max(1, round(picture.width * height / picture.height)), height), Image.Resampling.LANCZOS)
        for picture in (before, after)
    ]
    sheet = Image.new("RGB", (both[0].width + BESIDE_GAP + both[1].width, height), "white")
    sheet.paste(both[0], (0, 0))
    sheet.paste(both[1], (both[0].width + BESIDE_GAP, 0))
    return sheet


def request_jpeg(picture: Image.Image) -> bytes:
    """A copy to be sent inside a request. The API paints 1536 px on the short side, so more pixels than that would show
    nothing in its picture and only take time on a slow line."""
    factor = min(1.0, PAINTED_SIDE / min(picture.size))
    size = round(picture.width * factor), round(picture.height * factor)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return encode_jpeg(picture, most_bytes=REQUEST_BYTES)[0]


def encode_jpeg(picture: Image.Image, *, most_bytes: int = JPEG_BYTES) -> tuple[bytes, tuple[int, int]]:
    """A JPEG under the API's 10 MB, and its size in px: first the quality is lowered, then, for noise, the size."""
    while True:
        for quality in _QUALITIES:
            jpeg = _encode(picture, quality)
            if len(jpeg) <= most_bytes:
                return jpeg, picture.size
        smaller = fit_size(ceil(picture.width * 0.75), ceil(picture.height * 0.75))
        picture = picture.resize(smaller, Image.Resampling.LANCZOS)


def finder_jpeg(picture: Image.Image) -> bytes:
    """The copy in which a face is looked for."""
    return small_jpeg(picture, long_side=_FINDER_SIDE)


def small_jpeg(picture: Image.Image, *, long_side: int = 0, short_side: int = 0) -> bytes:
    """A copy with a long or short side of at most so many px, never larger than the picture itself."""
    factor = min(1.0, long_side / max(picture.size) if long_side else short_side / min(picture.size))
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _encode(picture, 84)


def _encode(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
