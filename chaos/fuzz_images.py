"""Image files for fuzzing: valid ones of every kind, corrupted ones, and ones made to do harm."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache

from PIL import Image
from pillow_heif import register_heif_opener

from tests.harness.pictures import quarters

MIB = 1024 * 1024


@cache
def valid_images() -> tuple[tuple[str, bytes], ...]:
    """One small file of every format and colour space that the libraries can write, by name."""
    register_heif_opener()
    picture = quarters(320, 300)
    frames = [picture, picture.rotate(90).resize(picture.size)]
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    made: list[tuple[str, Image.Image, str, dict[str, object]]] = [
        ("jpeg", picture, "JPEG", {"exif": exif}),
        ("progressive jpeg", picture, "JPEG", {"progressive": True, "comment": b"<?php echo 1 ?>"}),
        ("cmyk jpeg", picture.convert("CMYK"), "JPEG", {}),
        ("grey jpeg", picture.convert("L"), "JPEG", {}),
        ("png", picture, "PNG", {}),
        ("16 bit png", picture.convert("I;16"), "PNG", {}),
        ("alpha png", picture.convert("RGBA"), "PNG", {}),
        ("palette png", picture.convert("P"), "PNG", {"transparency": 0}),
        ("1 bit png", picture.convert("1"), "PNG", {}),
        ("animated png", picture, "PNG", {"save_all": True, "append_images": frames}),
        ("gif", picture.convert("P"), "GIF", {}),
        ("animated gif", picture, "GIF", {"save_all": True, "append_images": frames}),
        ("webp", picture, "WEBP", {}),
        ("animated webp", picture, "WEBP", {"save_all": True, "append_images": frames}),
        ("bmp", picture, "BMP", {}),
        ("tiff", picture, "TIFF", {"compression": "tiff_lzw"}),
        ("float tiff", picture.convert("F"), "TIFF", {}),
        ("lab tiff", picture.convert("LAB"), "TIFF", {}),
        ("heic", picture, "HEIF", {}),
        ("avif", picture, "AVIF", {}),
        ("mpo", picture, "MPO", {"save_all": True, "append_images": frames}),
    ]
    return tuple((name, _encode(image, kind, options)) for name, image, kind, options in made)


def _encode(image: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decompression_bombs() -> list[tuple[str, bytes]]:
    """Small files that would decompress to an enormous size, claim one, or contain a reference cycle."""
    wide = 30_000
    rows = zlib.compress(bytes((wide + 7) // 8 + 1) * wide, 9)
    text = zlib.compress(bytes(200 * MIB), 9)
    cycle = b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 0x0100, 3, 1, 300) + b"\x08\0\0\0"
    return [
        ("png of 900 megapixels", _png(wide, wide, 1, 0, rows)),
        ("png of 49 megapixels", _png(7000, 7000, 8, 2, zlib.compress(bytes(21_001) * 7000, 1))),
        ("png of 48 megapixels, 16 bit, alpha", _png(8000, 6000, 16, 6, zlib.compress(bytes(64_001) * 6000, 1))),
        ("png that claims 2^31", _png(2**31 - 1, 2**31 - 1, 8, 2, zlib.compress(b"\0"))),
        ("png with 200 MB of text", _png(300, 300, 8, 2, zlib.compress(bytes(901 * 300)), (b"zTXt", b"a\0\0" + text))),
        (
            "png with a profile of 200 MB",
            _png(300, 300, 8, 2, zlib.compress(bytes(901 * 300)), (b"iCCP", b"a\0\0" + text)),
        ),
        (
            "gif of 65535 x 65535",
            b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02L\x01\0;",
        ),
        (
            "bmp that claims 2^31",
            b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 2**31 - 1, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0),
        ),
        ("tiff with a cycle", cycle),
        ("jpeg of 65500 x 65500", _jpeg(65_500)),
        ("webp that claims 16383", b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(8)),
    ]


def _png(width: int, height: int, depth: int, colour: int, data: bytes, *more: tuple[bytes, bytes]) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", head), *more, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def _jpeg(side: int) -> bytes:
    """A valid JPEG whose frame header claims a much larger size."""
    data = bytearray(dict(valid_images())["jpeg"])
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", side, side)
    return bytes(data)


def corrupt_image(rng: random.Random) -> tuple[str, bytes]:
    """A valid file with one corruption, and a description of it."""
    kind, data = rng.choice(valid_images())
    corrupt = rng.choice(_CORRUPTIONS)
    return f"{kind}, {corrupt.__name__.strip('_')}", corrupt(bytearray(data), rng)


def _bits_flipped(data: bytearray, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 3, 30))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _header_changed(data: bytearray, rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 3))):
        data[rng.randrange(min(len(data), 200))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
    return bytes(data)


def _truncated(data: bytearray, rng: random.Random) -> bytes:
    return bytes(data[: rng.randrange(len(data))])


def _bytes_removed(data: bytearray, rng: random.Random) -> bytes:
    at, size = rng.randrange(len(data)), rng.choice((1, 16, 500))
    return bytes(data[:at] + data[at + size :])


def _bytes_repeated(data: bytearray, rng: random.Random) -> bytes:
    at, size = rng.randrange(len(data)), rng.choice((4, 100, 2000))
    return bytes(data[: at + size] + data[at:] * rng.choice((1, 2)))


def _spliced(data: bytearray, rng: random.Random) -> bytes:
    other = rng.choice(valid_images())[1]
    return bytes(data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :])


def _polyglot(data: bytearray, rng: random.Random) -> bytes:
    more = (b"<html><script>alert(1)</script>", b"%PDF-1.7\n", b"PK\x03\x04" + bytes(40), b"#!/bin/sh\n", b"GIF89a/*")
    return bytes(data + rng.choice(more)) if rng.random() < 0.7 else rng.choice(more) + bytes(data)


def _wrong_signature(data: bytearray, rng: random.Random) -> bytes:
    """The first bytes of another format."""
    return rng.choice(valid_images())[1][:16] + bytes(data[16:])


_CORRUPTIONS: Sequence[Callable[[bytearray, random.Random], bytes]] = (
    *(_bits_flipped, _header_changed, _header_changed, _truncated, _bytes_removed),
    *(_bytes_repeated, _spliced, _polyglot, _wrong_signature),
)
