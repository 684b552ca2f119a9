"""Recognises a file by its first bytes. Pure and cheap: it runs before any decoder sees the file."""

import re
import zlib

from bot.imaging.results import ForeignFormat

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
_OTHER_PICTURES = (
    b"8BPS",  # Photoshop
    b"\0\0\0\x0cjP  ",  # JPEG 2000
    b"\xff\x0a",  # JPEG XL, bare
    b"\0\0\0\x0cJXL ",  # JPEG XL, boxed
    b"\0\0\1\0",  # Windows icon
    b"%!PS",  # PostScript
    b"FUJIFILMCCD-RAW",
    b"gimp xcf",
)
_VIDEOS = (b"\x1aE\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV\1", b"0&\xb2u\x8ef\xcf\x11")
_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"skip"}
# Atomic groups: a file of a thousand comments must not cost more than reading it once.
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s+svg[^>]*>)*+<svg[\s>]", re.DOTALL)


def is_readable(data: bytes) -> bool:
    """Whether it begins like a JPEG, PNG, WEBP, BMP, GIF, TIFF, HEIF or AVIF."""
    if data[8:10] == b"CR" and data.startswith(b"II*\0"):
        return False  # a Canon raw file with a TIFF header
    if data[4:8] == b"ftyp":
        return bool(_brands(data) & _HEIF_BRANDS)
    return data.startswith(_PICTURES) or _riff(data) == b"WEBP" or _is_bmp(data)


def identify_foreign(data: bytes) -> ForeignFormat | None:
    """What kind of file an unreadable one is; None: unknown."""
    if data.startswith(b"%PDF-"):
        return ForeignFormat.PDF
    if _is_video(data):
        return ForeignFormat.VIDEO
    if data.startswith(_OTHER_PICTURES) or data[8:10] == b"CR":
        return ForeignFormat.PICTURE
    if data.startswith(b"\x1f\x8b"):
        data = _first_unzipped(data)
        if data.lstrip().startswith(b"{"):
            return ForeignFormat.STICKER
    return ForeignFormat.SVG if _SVG.match(data[:4096]) else None


def _riff(data: bytes) -> bytes:
    return data[8:12] if data.startswith(b"RIFF") else b""


def _is_bmp(data: bytes) -> bool:
    # Many texts begin with "BM" too; the length of the header, four bytes, tells them apart.
    return data.startswith(b"BM") and 12 <= int.from_bytes(data[14:18], "little") <= 124


def _is_video(data: bytes) -> bool:
    return data.startswith(_VIDEOS) or _riff(data) == b"AVI " or data[4:8] in _QUICKTIME_BOXES | {b"ftyp"}


def _brands(data: bytes) -> set[bytes]:
    """The major brand and the compatible ones of an ISO media file (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}


def _first_unzipped(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(data[:4096], 4096)
    except zlib.error:
        return b""
