"""Decodes untrusted bytes to an upright sRGB picture on white. Only worker processes import this."""

import io
from importlib import import_module
from typing import cast

from PIL import Image, ImageCms
from pillow_heif import options as heif
from pillow_heif import register_heif_opener

from bot.imaging.results import MAX_PIXELS, MIN_SIDE, PhotoProblem

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF", "AVIF")
_FURTHER_PLUGINS = ("AvifImagePlugin", "TiffImagePlugin", "WebPImagePlugin")  # Pillow's, beside those of `preinit`
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PLAIN_MODES = {"L", "RGB", "CMYK", "LAB"}


class Unusable(Exception):
    """The picture can't be used. `size` in px."""

    def __init__(self, reason: PhotoProblem, size: tuple[int, int]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.width, self.height = size


def prepare() -> None:
    """Set up the decoders, once for each worker."""
    heif.THUMBNAILS = heif.DEPTH_IMAGES = heif.AUX_IMAGES = False
    heif.DECODE_THREADS = 1
    register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # `open_image` has its own, stricter limit, and an error instead of a warning
    Image.preinit()
    for plugin in _FURTHER_PLUGINS:  # `Image.init` would load forty that are not needed
        import_module(f"PIL.{plugin}")


def open_image(data: bytes, *, min_side: int = MIN_SIDE) -> Image.Image:
    """Read only the header, and check the size it gives, in px. Raises Unusable."""
    picture = Image.open(io.BytesIO(data), formats=FORMATS)
    _check_size(picture.size, min_side)
    return picture


def decode(picture: Image.Image, *, min_side: int = MIN_SIDE) -> Image.Image:
    """The first frame's pixels: upright, mode RGB, sRGB, on white, free of metadata."""
    picture.load()
    _check_size(picture.size, min_side)  # the header may be wrong
    icc = picture.info.get("icc_profile")
    picture = _plain(_upright(picture))
    if picture.mode == "RGBA":
        picture = _on_white(picture)
    picture = _in_srgb(picture, icc)
    picture.info.clear()
    return picture


def _check_size(size: tuple[int, int], min_side: int) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise Unusable(PhotoProblem.TOO_MANY_PIXELS, size)
    if min(size) < min_side:
        raise Unusable(PhotoProblem.TOO_SMALL, size)


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as the EXIF orientation says. Nothing is written back, which would fail over any other tag that is broken;
    XMP is ignored, as browsers do."""
    for name in ("xmp", "XML:com.adobe.xmp"):
        picture.info.pop(name, None)  # Pillow would look there for a missing orientation
    try:
        exif = Image.Exif()
        if written := picture.info.get("exif"):
            exif.load(written)
        else:
            exif = picture.getexif()
        turn = _TURNS.get(exif.get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  # EXIF is untrusted and often broken; a photo on its side is still a photo
        return picture
    return picture if turn is None else picture.transpose(turn)


def _plain(picture: Image.Image) -> Image.Image:
    """Convert to one of few modes: eight bits, no palette, alpha only as RGBA."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return _eight_bits(picture)
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture if picture.mode in _PLAIN_MODES else picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey with 16 bits, 32 bits or floats → L. White is known only for 16 bits; else it is guessed from the
    maximum."""
    if picture.mode.startswith("I;16"):
        top = 65_535.0
    else:
        _, highest = cast("tuple[float, float]", picture.getextrema())  # one band: no pairs
        top = next((bound for bound in (1.0, 255.0, 65_535.0) if highest <= bound), highest)
    return picture.convert("F").point(lambda value: value * (255.0 / top) + 0.0).convert("L")


def _on_white(picture: Image.Image) -> Image.Image:
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def _in_srgb(picture: Image.Image, icc: bytes | None) -> Image.Image:
    try:
        if icc or picture.mode == "LAB":
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc)) if icc else ImageCms.createProfile("LAB")
            transformed = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if transformed is not None:
                return transformed
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        pass  # a broken profile, or one for another mode: most programs show the plain numbers
    return picture.convert("RGB")
