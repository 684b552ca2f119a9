"""A picture is checked by its header, and an engine's exception fails one picture only."""

import io
import struct
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from stylizer.errors import (
    ALGORITHM_FAILED,
    IMAGE_TOO_LARGE,
    INVALID_FORMAT,
    INVALID_RESOLUTION,
    Fault,
)
from stylizer.worker import RenderJob, fault_of, render
from tests.fakes.dashscope.service import portrait_jpeg


def encoded(width: int, height: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("1" if kind == "PNG" else "RGB", (width, height)).save(out, kind)
    return out.getvalue()


def claims(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes cannot hold."""
    small = bytearray(encoded(1, 1))
    small[16:24] = struct.pack(">II", width, height)
    return bytes(small)


@pytest.mark.parametrize(
    ("width", "height"), [(256, 256), (256, 512), (512, 256), (5760, 3240), (3240, 5760), (3240, 3240), (5760, 2880)]
)
def test_the_limits_themselves_are_allowed(width: int, height: int) -> None:
    assert fault_of(encoded(width, height)) is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_four_formats_are_accepted(kind: str) -> None:
    assert fault_of(encoded(300, 300, kind)) is None


@pytest.mark.parametrize(
    ("width", "height"), [(255, 256), (256, 255), (256, 513), (5761, 3240), (3241, 3241), (5760, 2879), (3241, 5760)]
)
def test_one_pixel_beyond_a_limit_is_refused(width: int, height: int) -> None:
    assert fault_of(encoded(width, height)) == INVALID_RESOLUTION


@pytest.mark.parametrize(
    "picture",
    [b"", b"text", b"\xff\xd8\xff", encoded(300, 300)[:20], encoded(300, 300, "GIF"), encoded(300, 300, "TIFF")],
)
def test_other_formats_are_refused(picture: bytes) -> None:
    assert fault_of(picture) == INVALID_FORMAT


@pytest.mark.parametrize("size", [(20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    assert fault_of(claims(*size)) in {INVALID_RESOLUTION, INVALID_FORMAT}


def test_ten_megabytes_are_the_limit() -> None:
    picture = portrait_jpeg()
    assert fault_of(picture + bytes(10 * 1024 * 1024 - len(picture))) is None
    assert fault_of(picture + bytes(10 * 1024 * 1024 - len(picture) + 1)) == IMAGE_TOO_LARGE


class Unusable(ValueError):
    """Like the engine's own exception: has the API's code."""

    def __init__(self, code: str) -> None:
        super().__init__("unusable")
        self.code = code


def raising(error: Exception) -> Callable[..., bytes]:
    def stylize(*_: Any, **__: Any) -> bytes:
        raise error

    return stylize


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (Unusable("InvalidImageFormat"), INVALID_FORMAT),
        (Unusable("InvalidImageResolution"), INVALID_RESOLUTION),
        (Unusable("SomethingOfItsOwn"), ALGORITHM_FAILED),
        (ZeroDivisionError(), ALGORITHM_FAILED),
        (MemoryError(), ALGORITHM_FAILED),
    ],
)
def test_an_engines_exception_becomes_a_fault(error: Exception, fault: Fault) -> None:
    assert render(raising(error), RenderJob(portrait_jpeg(), 0, None, {})) == fault


def test_the_reference_is_checked_like_the_photo() -> None:
    job = RenderJob(portrait_jpeg(), -1, b"no picture", {})
    assert render(raising(AssertionError("never called")), job) == INVALID_FORMAT
