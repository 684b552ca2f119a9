"""The geometry of the API's limits, and the size of the JPEG."""

import io
import random

import pytest
from PIL import Image

from bot.imaging.fitting import (
    JPEG_BYTES,
    SHORT_MIN,
    FaceBox,
    crop_box,
    encode_jpeg,
    fit,
    fit_size,
    request_jpeg,
    small_jpeg,
)
from bot.imaging.results import REQUEST_BYTES
from tests.harness.pictures import quarters


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((256, 256), (256, 256)),
        ((4000, 3000), (4000, 3000)),
        ((5760, 3240), (5760, 3240)),
        ((3240, 5760), (3240, 5760)),
        ((64, 64), (256, 256)),
        ((64, 128), (256, 512)),
        ((255, 300), (256, 301)),
        ((4000, 4000), (3240, 3240)),
        ((6000, 3000), (5760, 2880)),
        ((3000, 6000), (2880, 5760)),
        ((8000, 6000), (4320, 3240)),
    ],
)
def test_a_picture_is_scaled_into_the_limits_and_no_further(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert fit_size(*size) == wanted


def test_every_size_ends_inside_the_limits_with_its_shape_kept() -> None:
    dice = random.Random(7)
    for _ in range(20_000):
        short = dice.randint(64, 7000)
        long = dice.choice((2 * short, dice.randint(short, 2 * short)))
        width, height = fit_size(short, long)
        assert fit_size(long, short) == (height, width)
        assert 256 <= width <= 3240
        assert width <= height <= min(5760, 2 * width)
        assert abs(height / width - long / short) < 0.01


@pytest.mark.parametrize(
    ("size", "face", "box"),
    [
        ((3000, 1000), None, (500, 0, 2500, 1000)),
        ((1000, 3000), None, (0, 500, 1000, 2500)),
        ((3000, 1000), (0.0, 0.0, 0.1, 0.1), (0, 0, 2000, 1000)),
        ((3000, 1000), (0.9, 0.0, 0.1, 0.1), (1000, 0, 3000, 1000)),
        ((3000, 1000), (0.35, 0.2, 0.2, 0.5), (350, 0, 2350, 1000)),
        ((1000, 3000), (0.2, 0.1, 0.2, 0.25), (0, 0, 1000, 2000)),
        ((1000, 3000), (0.2, 0.5, 0.2, 0.1), (0, 650, 1000, 2650)),
        ((3000, 1000), (-9.0, 0.0, 0.1, 0.1), (0, 0, 2000, 1000)),
        ((100, 201), None, (0, 0, 100, 200)),
    ],
)
def test_a_longer_picture_is_cropped_around_its_face(
    size: tuple[int, int], face: FaceBox | None, box: tuple[int, int, int, int]
) -> None:
    assert crop_box(*size, face) == box


@pytest.mark.parametrize(("size", "cropped"), [((200, 400), False), ((200, 401), True), ((401, 200), True)])
def test_only_what_is_longer_than_two_to_one_is_cropped(size: tuple[int, int], cropped: bool) -> None:
    picture, was_cropped = fit(Image.new("RGB", size), None)
    assert was_cropped is cropped
    assert max(picture.size) == 2 * min(picture.size)


@pytest.mark.parametrize(("size", "wanted"), [((3200, 3200), (3200, 3200)), ((3240, 5760), (2430, 4320))])
def test_noise_loses_quality_and_then_pixels_until_it_fits(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    noise = Image.effect_noise(size, 100 if size != wanted else 400)
    picture = Image.merge("RGB", [noise, noise.rotate(180), noise.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    jpeg, out = encode_jpeg(picture)
    assert len(jpeg) <= JPEG_BYTES
    assert out == wanted


def test_a_small_copy_is_never_larger_than_the_picture() -> None:
    picture = Image.new("RGB", (300, 200))
    assert small_jpeg(picture, short_side=1000) == small_jpeg(picture, short_side=200)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((3024, 4032), (1536, 2048)),  # a phone's
        ((5758, 2879), (3072, 1536)),
        ((1000, 1333), (1000, 1333)),  # smaller ones keep their size
    ],
)
def test_a_photo_for_a_request_has_as_many_pixels_as_the_painted_picture(
    size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    with Image.open(io.BytesIO(request_jpeg(quarters(*size)))) as small:
        assert small.size == wanted


def test_a_photo_for_a_request_is_small_whatever_it_shows() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((2000, 3000), 120)] * 3)
    jpeg = request_jpeg(noise)
    assert len(jpeg) <= REQUEST_BYTES
    with Image.open(io.BytesIO(jpeg)) as small:
        assert min(small.size) >= SHORT_MIN
        assert small.height / small.width == pytest.approx(1.5, abs=0.01)
