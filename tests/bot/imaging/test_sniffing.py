"""Recognising files by their first bytes."""

import gzip
import time

import pytest

from bot.imaging.results import ForeignFormat
from bot.imaging.sniffing import identify_foreign, is_readable


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"GIF87a",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"RIFF\0\0\0\0WEBPVP8X",
        b"BM" + bytes(12) + b"\x28\0\0\0",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif",
        b"\0\0\0\x1cftypmp42\0\0\0\0isomheic",
    ],
)
def test_the_formats_that_we_read_are_recognised(data: bytes) -> None:
    assert is_readable(data)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", ForeignFormat.PDF),
        (b"\0\0\0\x18ftypisom\0\0\x02\0isommp41", ForeignFormat.VIDEO),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", ForeignFormat.VIDEO),
        (b"\0\0\0\x08wide\0\0\0\0mdat", ForeignFormat.VIDEO),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01webm", ForeignFormat.VIDEO),
        (b"RIFF\0\0\0\0AVI LIST", ForeignFormat.VIDEO),
        (b"FLV\1\5", ForeignFormat.VIDEO),
        (b"8BPS\0\1", ForeignFormat.PICTURE),
        (b"\0\0\0\x0cJXL \r\n\x87\n", ForeignFormat.PICTURE),
        (b"\xff\x0a\xfa\x7f", ForeignFormat.PICTURE),
        (b"\0\0\0\x0cjP  \r\n", ForeignFormat.PICTURE),
        (b"\0\0\1\0\1\0", ForeignFormat.PICTURE),
        (b"II*\0\x10\0\0\0CR\2\0", ForeignFormat.PICTURE),
        (gzip.compress(b'{"tgs":1,"v":"5.5.2"}', mtime=0), ForeignFormat.STICKER),
        (gzip.compress(b"<svg xmlns='http://www.w3.org/2000/svg'/>", mtime=0), ForeignFormat.SVG),
        (b"<svg>", ForeignFormat.SVG),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?>\n<!-- made\nby hand --><svg width='1'>", ForeignFormat.SVG),
        (b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n<svg\n>', ForeignFormat.SVG),
        (b"<!DOCTYPE html><html><svg></svg>", None),
        (b"<svgfoo>", None),
        (b"Dear Sir or Madam", None),
        (b"BMW is a car maker", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"PK\3\4", None),
        (b"\x1f\x8b not really", None),
        (gzip.compress(b"a log file", mtime=0), None),
        (b"", None),
        (b"\0", None),
        (b"\0\0\0\x18ftyp", ForeignFormat.VIDEO),
    ],
)
def test_the_formats_that_we_do_not_read_are_told_apart(data: bytes, kind: ForeignFormat | None) -> None:
    assert not is_readable(data)
    assert identify_foreign(data) == kind


@pytest.mark.parametrize("data", [b"<!---->" * 600, b"<?" * 2000, b"<!--" * 1000, b" " * 4096, b"<!DOCTYPE svg" * 300])
def test_no_text_makes_the_check_slow(data: bytes) -> None:
    started = time.process_time()
    assert identify_foreign(data) is None
    assert time.process_time() - started < 0.2


def test_a_zip_bomb_is_not_unpacked() -> None:
    started = time.process_time()
    assert identify_foreign(gzip.compress(bytes(100_000_000), 1, mtime=0)[:20_000]) is None
    assert time.process_time() - started < 2
