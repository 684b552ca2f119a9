"""What the intake returns."""

from dataclasses import dataclass, field
from enum import StrEnum

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
MIN_SIDE = 64  # px; a smaller picture shows no face worth painting
REQUEST_BYTES = 700_000  # of a photo inside a request: 1.5 s at 4 Mbit/s, 15 s on the slowest line


class PhotoProblem(StrEnum):
    """Why a file cannot be painted."""

    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    NOT_A_PICTURE = "not_a_picture"
    UNSUPPORTED = "unsupported"  # `UnusablePhoto.foreign` says what it is
    DAMAGED = "damaged"  # cut off, broken, or it crashed its decoder
    TOO_SLOW = "too_slow"  # it took more time or memory than a photo may
    NO_FACE = "no_face"  # where one is required


class ForeignFormat(StrEnum):
    """A format that is recognised but not supported."""

    SVG = "svg"
    VIDEO = "video"
    PDF = "pdf"
    STICKER = "sticker"  # an animated one of Telegram
    PICTURE = "picture"  # in a format that we don't read


@dataclass(frozen=True)
class Portrait:
    """A photo as the API accepts it: an upright sRGB JPEG under 10 MB without metadata, short side 256-3240 px, long
    side at most twice that and at most 5760 px. `cropped`: it was longer, and its ends were cut off."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    sha256: str  # of `jpeg`, hexadecimal; the same for the same file
    cropped: bool


@dataclass(frozen=True)
class WholePicture:
    """A picture that was decoded to its end: a JPEG, PNG or WEBP, and its size in px."""

    data: bytes = field(repr=False)
    width: int
    height: int


@dataclass(frozen=True)
class UnusablePhoto:
    """Why a file can't be used, with what is known about it."""

    reason: PhotoProblem
    byte_count: int
    width: int | None = None
    height: int | None = None
    foreign: ForeignFormat | None = None
