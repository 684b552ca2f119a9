"""The engine's public functions."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import pytest
from PIL import Image

from stylizer.engine import LOOKS, UnusableImage, contact_sheet, find_face, renderer, stylize, warm_up
from stylizer.engine.picture import decode, scaled_size
from tests.harness.portraits import PORTRAIT, nobody, person, png

API_INDEXES = [*range(10), 14, 15, *range(30, 41)]
QUICK = 32  # pixel world: the fastest look


def test_every_preset_of_the_api_exists_once() -> None:
    assert sorted(LOOKS) == API_INDEXES
    assert len({look.slug for look in LOOKS.values()}) == len({look.name for look in LOOKS.values()}) == 23


@pytest.mark.parametrize("size", [(512, 512), (640, 512), (301, 487), (256, 512), (600, 300)])
@pytest.mark.parametrize("short_side", [320, 521])  # photos are rendered with 512 at least
def test_the_short_side_is_exact_and_the_shape_kept(size: tuple[int, int], short_side: int) -> None:
    photo = png(np.asarray(Image.fromarray(person()).resize(size[::-1])))
    painted = decode(stylize(photo, QUICK, short_side=short_side))
    assert painted.shape[:2] == scaled_size(size, short_side)
    assert min(painted.shape[:2]) == short_side


def test_the_answer_is_a_jpeg_without_metadata() -> None:
    with Image.open(io.BytesIO(stylize(png(person()), QUICK, short_side=320))) as painted:
        assert painted.format == "JPEG"
        assert not painted.getexif()
        assert set(painted.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photo_lying_on_its_side_is_put_upright_by_its_exif() -> None:
    lying, exif = Image.fromarray(np.rot90(person())), Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    lying.save(buffer, "JPEG", exif=exif)
    assert find_face(buffer.getvalue()) is not None
    assert decode(stylize(buffer.getvalue(), QUICK, short_side=320)).shape == (400, 320, 3)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "LA", "1", "I;16"])
def test_grey_transparent_and_palette_pictures_are_taken(mode: str) -> None:
    photo = Image.fromarray(person())
    buffer = io.BytesIO()
    if mode == "I;16":
        Image.fromarray(np.asarray(photo.convert("L"), np.uint16) * 257).save(buffer, "PNG")
    else:
        photo.convert(mode).save(buffer, "PNG")
    assert decode(stylize(buffer.getvalue(), QUICK, short_side=320)).shape == (400, 320, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_the_four_formats_of_the_api_are_taken(kind: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(person()).save(buffer, kind)
    assert stylize(buffer.getvalue(), QUICK, short_side=320)


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (300, 300), (255, 0, 0, 0))
    buffer = io.BytesIO()
    clear.save(buffer, "PNG")
    assert (decode(buffer.getvalue()) == 255).all()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "InvalidImageFormat"),
        (b"not a picture at all", "InvalidImageFormat"),
        (PORTRAIT.read_bytes()[:4000], "InvalidImageFormat"),
        (png(person()[:255]), "InvalidImageResolution"),
        (png(person()[:, :260].repeat(1, 0)), "InvalidImageResolution"),
    ],
)
def test_an_unusable_picture_raises_the_apis_code(content: bytes, code: str) -> None:
    with pytest.raises(UnusableImage) as refusal:
        stylize(content, QUICK)
    assert refusal.value.code == code


def test_other_formats_are_refused() -> None:
    buffer = io.BytesIO()
    Image.fromarray(person()).save(buffer, "GIF")
    with pytest.raises(UnusableImage, match="JPEG, PNG, BMP or WEBP"):
        stylize(buffer.getvalue(), QUICK)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    with pytest.raises(UnusableImage):
        stylize(bomb, QUICK)


@pytest.mark.parametrize("size", [(256, 256), (256, 512), (2880, 5760)])
def test_the_smallest_and_the_largest_photos_are_accepted(size: tuple[int, int]) -> None:
    buffer = io.BytesIO()
    Image.fromarray(person()).resize(size[::-1]).save(buffer, "JPEG")
    assert min(decode(stylize(buffer.getvalue(), QUICK, short_side=256)).shape[:2]) == 256


def test_an_unknown_look_is_a_key_error() -> None:
    for index in (-3, 10, 16, 41):
        with pytest.raises(KeyError):
            stylize(png(person()), index)


def test_a_reference_style_needs_a_reference_and_sizes_have_bounds() -> None:
    with pytest.raises(ValueError, match="reference"):
        stylize(png(person()), -1, short_side=320)
    with pytest.raises(ValueError, match="short_side"):
        stylize(png(person()), QUICK, short_side=4096)


@cache
def rendered_twice() -> list[dict[int, bytes]]:
    """By look; the second time nothing is left of the first."""
    times = []
    for _ in range(2):
        renderer.clear_cache()
        times.append({look: stylize(png(person()), look, short_side=320, seed=3) for look in (0, 5, 31, 32)})
    return times


@pytest.mark.parametrize("look", [0, 5, 31, 32])
def test_the_same_arguments_give_the_same_bytes(look: int) -> None:
    once, again = rendered_twice()
    assert again[look] == once[look]


def test_another_seed_gives_another_scene() -> None:
    photo = png(person())
    assert stylize(photo, 2, short_side=320, seed=1) != stylize(photo, 2, short_side=320, seed=2)


def test_the_main_face_is_found_where_it_is_in_a_picture_of_any_shape() -> None:
    left = find_face(PORTRAIT.read_bytes())
    wide = np.concatenate([decode(PORTRAIT.read_bytes()), np.full((1024, 3000, 3), 200, np.uint8)], 1)
    still = find_face(png(wide))
    assert left is not None
    assert still is not None
    assert left[0] == pytest.approx(0.35, abs=0.04)
    assert left[2] == pytest.approx(0.185, abs=0.03)
    assert still[0] == pytest.approx(left[0] * 1024 / 4024, abs=0.02)


def test_without_a_face_none_is_found() -> None:
    assert find_face(png(nobody())) is None


def test_a_sheet_shows_the_photo_and_all_looks() -> None:
    with Image.open(io.BytesIO(contact_sheet(png(person()), thumb=96))) as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width >= 6 * 96
        assert sheet.height >= 4 * 120
        cells = [sheet.crop((2 + i * 98, 2, 98 + i * 98, 122)) for i in range(6)]
    assert len({cell.tobytes() for cell in cells}) == 6


def test_warming_up_twice_is_harmless() -> None:
    warm_up()
    warm_up()
