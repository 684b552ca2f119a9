"""Every kind of picture through a real worker process: upright, with its colours, without metadata."""

import io
import struct
import zlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from bot.imaging.intake import Intake
from bot.imaging.results import PhotoProblem, Portrait, UnusablePhoto
from tests.harness.pictures import BLUE, GREEN, RED, UPRIGHT, YELLOW, alike, corners, encoded, quarters, segments

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHITE = (255, 255, 255)
KINDS = ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF", "AVIF"]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def intake() -> AsyncIterator[Intake]:
    async with Intake(seconds=60) as intake:
        yield intake


async def portrait(intake: Intake, data: bytes) -> Portrait:
    answer = await intake.accept(data)
    assert isinstance(answer, Portrait), answer
    with Image.open(io.BytesIO(answer.jpeg)) as picture:
        assert picture.size == (answer.width, answer.height)
    return answer


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_comes_out_as_the_same_portrait(intake: Intake, kind: str) -> None:
    out = await portrait(intake, encoded(quarters(400, 300), kind))
    assert (out.width, out.height, out.cropped) == (400, 300, False)
    assert alike(corners(out.jpeg), UPRIGHT)


# The inverse of each orientation: applied to an upright picture, a viewer that honours the tag shows it upright.
LAID = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", LAID)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
async def test_a_photo_is_put_upright_as_its_camera_says(intake: Intake, kind: str, orientation: int) -> None:
    lay = LAID[orientation]
    stored = quarters(400, 300) if lay is None else quarters(400, 300).transpose(lay)
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = await portrait(intake, encoded(stored, kind, exif=exif.tobytes()))
    assert (out.width, out.height) == (400, 300)
    assert alike(corners(out.jpeg), UPRIGHT)


# Orientation 6, then an X resolution (0x011A) as a negative number, which Pillow reads and can't write back.
BROKEN_EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\2" + struct.pack(">HHIHHHHIiI", 0x0112, 3, 1, 6, 0, 0x011A, 10, 1, 38, 0)
TURNED_BY_XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


async def test_a_broken_tag_beside_the_orientation_changes_nothing(intake: Intake) -> None:
    exif = BROKEN_EXIF + struct.pack(">ii", -72, 1)
    stored = quarters(400, 300).transpose(Image.Transpose.ROTATE_90)
    out = await portrait(intake, encoded(stored, "JPEG", exif=exif))
    assert (out.width, out.height) == (400, 300)
    assert alike(corners(out.jpeg), UPRIGHT)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
async def test_an_orientation_in_xmp_is_ignored(intake: Intake, kind: str) -> None:
    out = await portrait(intake, encoded(quarters(400, 300), kind, xmp=TURNED_BY_XMP))
    assert (out.width, out.height) == (400, 300)


def with_place() -> Image.Exif:
    """EXIF as cameras write it, with the place of the photo."""
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)  # GPS latitude
    return exif


def notes() -> PngInfo:
    """A PNG's text chunk."""
    info = PngInfo()
    info.add_text("Author", "Somebody")
    return info


@pytest.mark.parametrize(
    ("kind", "metadata"),
    [
        ("JPEG", {"exif": with_place()}),
        ("JPEG", {"comment": b"At home"}),
        ("JPEG", {"xmp": b"<x:xmpmeta/>"}),
        ("JPEG", {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}),
        ("PNG", {"exif": with_place(), "pnginfo": notes()}),
        ("WEBP", {"exif": with_place(), "xmp": b"<x:xmpmeta/>"}),
        ("GIF", {"comment": b"At home"}),
    ],
)
async def test_no_metadata_is_left(intake: Intake, kind: str, metadata: dict[str, object]) -> None:
    tagged = encoded(quarters(), kind, **metadata)
    assert len(tagged) > len(encoded(quarters(), kind))
    out = await portrait(intake, tagged)
    assert set(segments(out.jpeg)) <= {0xE0, 0xDB, 0xC0, 0xC4}


def swapped_profile() -> bytes:
    """sRGB with red and blue exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?XYZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"?XYZ", b"bXYZ", 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
async def test_colours_are_what_their_profile_says(intake: Intake, kind: str) -> None:
    swapped = [(b, g, r) for r, g, b in UPRIGHT]
    data = encoded(quarters(colours=swapped), kind, icc_profile=swapped_profile())
    assert alike(corners((await portrait(intake, data)).jpeg), UPRIGHT)


async def test_a_palette_with_transparency_keeps_its_profile(intake: Intake) -> None:
    swapped = quarters(colours=[(b, g, r) for r, g, b in UPRIGHT])
    swapped.putalpha(255)
    data = encoded(swapped.quantize(16), "PNG", icc_profile=swapped_profile())
    assert alike(corners((await portrait(intake, data)).jpeg), UPRIGHT)


@pytest.mark.parametrize("icc", [b"nonsense", b"\0" * 200, swapped_profile()[:150]])
async def test_a_broken_profile_is_ignored(intake: Intake, icc: bytes) -> None:
    out = await portrait(intake, encoded(quarters(), "JPEG", icc_profile=icc))
    assert alike(corners(out.jpeg), UPRIGHT)


async def test_a_profile_for_another_mode_is_ignored(intake: Intake) -> None:
    out = await portrait(intake, encoded(quarters().convert("CMYK"), "JPEG", icc_profile=swapped_profile()))
    assert alike(corners(out.jpeg), UPRIGHT)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
async def test_cmyk_becomes_rgb(intake: Intake, kind: str) -> None:
    out = await portrait(intake, encoded(quarters().convert("CMYK"), kind))
    assert alike(corners(out.jpeg), UPRIGHT)


GREYS = [(50, 50, 50), (120, 120, 120), (180, 180, 180), (250, 250, 250)]


@pytest.mark.parametrize(
    ("mode", "factor", "kind"),
    [
        ("L", 1, "PNG"),
        ("I;16", 257, "PNG"),
        ("I;16", 257, "TIFF"),
        ("I;16B", 257, "TIFF"),
        ("I", 1, "TIFF"),
        ("I", 257, "TIFF"),
        ("F", 1 / 255, "TIFF"),
        ("F", 1, "TIFF"),
    ],
)
async def test_greys_of_more_than_eight_bits_keep_their_tone(
    intake: Intake, mode: str, factor: float, kind: str
) -> None:
    grey = quarters(colours=GREYS).convert("L")
    deep = grey if mode == "L" else grey.convert("F").point(lambda value: value * factor + 0.0)
    deep = deep.convert("I").convert(mode) if mode.startswith("I;") else deep.convert(mode)
    out = await portrait(intake, encoded(deep, kind))
    assert alike(corners(out.jpeg), GREYS)


async def test_a_drawing_of_one_bit_is_read(intake: Intake) -> None:
    black = (0, 0, 0)
    drawing = quarters(colours=[WHITE, black, black, WHITE]).convert("1")
    assert alike(corners((await portrait(intake, encoded(drawing))).jpeg), [WHITE, black, black, WHITE])


def with_holes() -> Image.Image:
    """Quarters whose right half is transparent, over hidden black."""
    picture = quarters(colours=[RED, (0, 0, 0), BLUE, (0, 0, 0)]).convert("RGBA")
    picture.putalpha(quarters(colours=[WHITE, (0, 0, 0), WHITE, (0, 0, 0)]).convert("L"))
    return picture


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "HEIF", "AVIF", "GIF"])
async def test_transparent_pixels_become_white(intake: Intake, kind: str) -> None:
    out = await portrait(intake, encoded(with_holes(), kind))
    assert alike(corners(out.jpeg), [RED, WHITE, BLUE, WHITE])


async def test_half_transparent_pixels_are_mixed_with_white(intake: Intake) -> None:
    picture = quarters(colours=[(0, 0, 0)] * 4).convert("RGBA")
    picture.putalpha(128)
    grey = await portrait(intake, encoded(picture.convert("LA"), "PNG"))
    assert alike(corners(grey.jpeg), [(127, 127, 127)] * 4)


async def test_a_colour_marked_as_transparent_becomes_white(intake: Intake) -> None:
    out = await portrait(intake, encoded(quarters(), "PNG", transparency=YELLOW))
    assert alike(corners(out.jpeg), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
async def test_of_many_frames_the_first_is_taken(intake: Intake, kind: str) -> None:
    second = quarters(colours=[YELLOW] * 4)
    out = await portrait(intake, encoded(quarters(), kind, save_all=True, append_images=[second]))
    assert alike(corners(out.jpeg), UPRIGHT)


async def test_a_phones_jpeg_of_two_pictures_is_read(intake: Intake) -> None:
    data = encoded(quarters(), "MPO", save_all=True, append_images=[quarters(200, 200, [YELLOW] * 4)])
    out = await portrait(intake, data)
    assert (out.width, out.height) == (400, 300)


@pytest.mark.parametrize(
    ("size", "wanted", "cropped"),
    [
        ((64, 64), (256, 256), False),
        ((200, 100), (512, 256), False),
        ((6000, 3000), (5760, 2880), False),
        ((1000, 3000), (1000, 2000), True),
        ((64, 5000), (256, 512), True),
    ],
)
async def test_sizes_end_inside_the_limits(
    intake: Intake, size: tuple[int, int], wanted: tuple[int, int], cropped: bool
) -> None:
    out = await portrait(intake, encoded(Image.new("RGB", size, RED)))
    assert ((out.width, out.height), out.cropped) == (wanted, cropped)


@pytest.mark.parametrize("size", [(63, 63), (63, 500), (500, 63), (1, 1)])
async def test_less_than_64_pixels_is_too_small(intake: Intake, size: tuple[int, int]) -> None:
    data = encoded(Image.new("RGB", size))
    assert await intake.accept(data) == UnusablePhoto(PhotoProblem.TOO_SMALL, len(data), *size)


def png_of(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG by hand, with any header."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


BOMBS = [
    (png_of(10_000, 5_001, zlib.compress(bytes(50_000_000), 9)), (10_000, 5_001)),
    (png_of(2**31 - 1, 2**31 - 1, b""), (2**31 - 1, 2**31 - 1)),
    (
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(3) + b"," + bytes(4) + b"\xff" * 4 + b"\0\2\0",
        (65_535, 65_535),
    ),
    (b"BM" + struct.pack("<IIIIiiHHIIIIII", 54, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0), (60_000, 60_000)),
]


@pytest.mark.parametrize(("bomb", "size"), BOMBS)
async def test_a_decompression_bomb_is_recognised_by_its_header(
    intake: Intake, bomb: bytes, size: tuple[int, int]
) -> None:
    assert await intake.accept(bomb) == UnusablePhoto(PhotoProblem.TOO_MANY_PIXELS, len(bomb), *size)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.05, 0.5, 0.9])
async def test_a_truncated_file_is_damaged(intake: Intake, kind: str, part: float) -> None:
    noisy = Image.merge("RGB", [Image.effect_noise((300, 300), 90)] * 3)
    data = encoded(noisy, kind)
    cut = data[: int(len(data) * part)]
    assert await intake.accept(cut) == UnusablePhoto(PhotoProblem.DAMAGED, len(cut))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_header_followed_by_rubbish_is_damaged(intake: Intake, kind: str) -> None:
    data = encoded(quarters(), kind)[:24] + b"rubbish" * 500
    assert isinstance(await intake.accept(data), UnusablePhoto)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*" + b"\xff" * 500])
async def test_broken_exif_does_not_cost_the_photo(intake: Intake, exif: bytes) -> None:
    out = await portrait(intake, encoded(quarters(), "JPEG", exif=exif))
    assert alike(corners(out.jpeg), UPRIGHT)


async def test_the_same_file_gives_the_same_portrait(intake: Intake) -> None:
    data = encoded(ImageOps.expand(quarters(), 7), "WEBP")
    first = await portrait(intake, data)
    async with Intake() as another:
        assert await portrait(another, data) == first


async def test_a_preview_is_small_and_upright(intake: Intake) -> None:
    preview = await intake.preview(encoded(quarters(1600, 1200), "JPEG"), 300)
    with Image.open(io.BytesIO(preview)) as picture:
        assert picture.size == (400, 300)
    assert alike(corners(preview), UPRIGHT)
    assert len(preview) < 20_000
