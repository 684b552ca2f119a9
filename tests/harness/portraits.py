"""Portraits for the engine's tests: the public-domain one, and variants of it made up here."""

import io
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stylizer.engine.analysis import analyse
from stylizer.engine.colour import from_lab, to_lab
from stylizer.engine.landmarks import LIPS
from stylizer.engine.picture import decode, resize, to_bytes, to_float
from stylizer.engine.samples import bust
from tests import ROOT

PORTRAIT = ROOT / "docs" / "images" / "portrait.jpg"


def png(pixels: NDArray[Any], mode: str | None = None) -> bytes:
    """RGB bytes as an encoded picture, in another Pillow mode if asked."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    buffer = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@cache
def person() -> NDArray[np.uint8]:
    """The portrait's person from the chest up, 512 by 640."""
    return resize(bust(PORTRAIT.read_bytes()), (640, 512))


@cache
def dark_skinned() -> NDArray[np.uint8]:
    """The same person with dark skin and hair; teeth and clothes as they were."""
    portrait = analyse(person(), 512)
    masks = portrait.masks
    lab = to_lab(to_float(person()))
    skin = masks.skin * (1 - 0.9 * np.clip(masks.eyes + masks.mouth, 0, 1))
    lab[..., 0] *= 1 - 0.45 * skin - 0.5 * masks.hair
    lab[..., 1:] += skin[..., None] * np.array([4.0, 8.0])
    return to_bytes(from_lab(lab))


@cache
def with_glasses() -> NDArray[np.uint8]:
    """The same person with round black frames."""
    pixels, face = person().copy(), analyse(person(), 512).faces[0]
    for centre in (face.xy[[33, 133]].mean(0), face.xy[[263, 362]].mean(0)):
        at = (round(float(centre[0])), round(float(centre[1])))
        cv2.circle(pixels, at, round(face.width * 0.17), (20, 16, 14), max(2, round(face.width * 0.02)), cv2.LINE_AA)
    left, right = face.xy[133], face.xy[362]
    cv2.line(pixels, tuple(map(int, left)), tuple(map(int, right)), (20, 16, 14), 3, cv2.LINE_AA)
    return pixels


@cache
def bearded() -> NDArray[np.uint8]:
    """The same person with a full black beard of drawn hairs."""
    pixels, face = person().copy(), analyse(person(), 512).faces[0]
    random, unit = np.random.default_rng(4), face.width
    jaw = face.xy[[93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323]]
    area = np.concatenate([jaw + np.array([0, unit * 0.06]), face.xy[[411, 426, 164, 206, 187]]]).astype(np.int32)
    hairs = np.full_like(pixels, 34)
    for _ in range(1500):
        x, y = random.random(2) * (np.ptp(area[:, 0]), np.ptp(area[:, 1])) + area.min(0)
        shade = int(15 + 55 * random.random())
        tip = (round(x + random.normal(0, 2)), round(y + unit * 0.07))
        cv2.line(hairs, (round(x), round(y)), tip, (shade + 8, shade, shade - 6), 1, cv2.LINE_AA)
    beard, lips = np.zeros(pixels.shape[:2], np.uint8), face.xy[LIPS].astype(np.int32)
    cv2.fillPoly(beard, [area], 255)
    cv2.fillPoly(beard, [lips], 0)
    cover = (cv2.GaussianBlur(beard, (0, 0), 2) / 255.0)[..., None]
    return np.asarray(pixels * (1 - cover) + hairs * cover, np.uint8)


@cache
def moustached() -> NDArray[np.uint8]:
    """The same person with a grey moustache of drawn hairs, as light as shaded skin."""
    pixels, face = person().copy(), analyse(person(), 512).faces[0]
    random, unit = np.random.default_rng(5), face.width
    area = face.xy[[206, 98, 2, 327, 426, 410, 270, 269, 267, 0, 37, 39, 40, 186]]
    hairs = np.full_like(pixels, 120)
    for _ in range(700):
        x, y = random.random(2) * (np.ptp(area[:, 0]), np.ptp(area[:, 1])) + area.min(0)
        shade = int(40 + 160 * random.random())
        tip = (round(x + random.normal(0, 2)), round(y + unit * 0.05))
        cv2.line(hairs, (round(x), round(y)), tip, (shade, shade, shade), 1, cv2.LINE_AA)
    where = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(where, [area.astype(np.int32)], 255)
    cover = (cv2.GaussianBlur(where, (0, 0), 1) / 255.0)[..., None]
    return np.asarray(pixels * (1 - cover) + hairs * cover, np.uint8)


@cache
def in_dark_glasses() -> NDArray[np.uint8]:
    """The same person behind round black lenses."""
    pixels, face = with_glasses().copy(), analyse(person(), 512).faces[0]
    for x, y in (face.xy[[33, 133]].mean(0), face.xy[[263, 362]].mean(0)):
        cv2.circle(pixels, (round(float(x)), round(float(y))), round(face.width * 0.17), (16, 14, 13), -1, cv2.LINE_AA)
    return pixels


@cache
def helmet() -> NDArray[np.uint8]:
    """A shining black ball on a table, without anybody."""
    pixels = decode(PORTRAIT.read_bytes())
    side = pixels.shape[0] / 512
    return resize(np.ascontiguousarray(pixels[round(290 * side) :, round(330 * side) :]), (512, 420))


@cache
def three_people() -> NDArray[np.uint8]:
    """Three of them side by side, the middle one mirrored; 1536 by 768."""
    one = resize(person(), (640, 512))
    row = np.concatenate([one, one[:, ::-1], resize(dark_skinned(), (640, 512))], 1)
    return cv2.copyMakeBorder(row, 128, 0, 0, 0, cv2.BORDER_REPLICATE).astype(np.uint8)


@cache
def five_people() -> NDArray[np.uint8]:
    """A row of five, light and dark, with small heads in a wide picture; 1280 by 640."""
    light, dark = (resize(one, (320, 256)) for one in (person(), dark_skinned()))
    row = np.concatenate([light, dark, light[:, ::-1], dark[:, ::-1], light], 1)
    return cv2.copyMakeBorder(row, 320, 0, 0, 0, cv2.BORDER_REPLICATE).astype(np.uint8)


@cache
def small_face() -> NDArray[np.uint8]:
    """The person far away: the head is an eighth of the picture wide; 640 by 640."""
    small = resize(person(), (320, 256))
    return cv2.copyMakeBorder(small, 320, 0, 192, 192, cv2.BORDER_REPLICATE).astype(np.uint8)


@cache
def faded() -> NDArray[np.uint8]:
    """A print that has lost its blacks and half of its colour, and yellowed."""
    picture = to_float(person())
    grey = picture.mean(-1, keepdims=True)
    return to_bytes(((grey + (picture - grey) * 0.55) * 0.45 + 0.38) * np.array([1, 0.97, 0.88], np.float32))


@cache
def in_low_light() -> NDArray[np.uint8]:
    """By a lamp, underexposed."""
    return to_bytes(to_float(person()) ** 1.3 * 0.28 * np.array([1.15, 0.95, 0.70], np.float32))


@cache
def nobody() -> NDArray[np.uint8]:
    """A soft landscape without a face."""
    noise = np.random.default_rng(0).random((8, 8, 3), np.float32)
    return to_bytes(cv2.resize(noise, (384, 320), interpolation=cv2.INTER_CUBIC))


def opened(encoded: bytes) -> NDArray[np.uint8]:
    return decode(encoded)
