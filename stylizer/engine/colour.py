"""Colour: conversions, blends and tone curves on float RGB pictures."""

from functools import cache

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.picture import Picture, Plane, to_float


@cache
def rgb(code: str) -> Picture:
    """ "ffcc00" as three floats."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def solid(like: Picture, colour: Picture) -> Picture:
    """A picture of one colour with the height and width of `like`."""
    plain = np.empty((*like.shape[:2], 3), np.float32)
    cv2.rectangle(plain, (0, 0), (like.shape[1], like.shape[0]), colour.tolist(), cv2.FILLED)  # thrice as fast as numpy
    return plain


def luminance(picture: Picture) -> Plane:
    """Rec. 601 luma 0..1, of a picture or of pixels."""
    if picture.dtype == np.uint8:
        return in_bands(lambda pixels: luminance(to_float(pixels)), picture)
    return cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2GRAY)


def to_lab(picture: Picture) -> Picture:
    """CIE Lab: L 0..100, a and b about -100..100."""
    return cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2LAB)


def from_lab(lab: Picture) -> Picture:
    picture = cv2.cvtColor(np.ascontiguousarray(lab, np.float32), cv2.COLOR_LAB2RGB)
    return np.clip(picture, 0, 1, out=picture)


def smoothstep(low: float, high: float, values: Plane) -> Plane:
    """0 below `low`, 1 above `high`, Hermite between; `low` may be the greater for a falling step."""
    t = np.asarray(values - np.float32(low))
    t *= np.float32(1 / (high - low))
    np.clip(t, 0, 1, out=t)
    curve = t * t
    t *= -2
    t += 3
    curve *= t
    return curve


def mix(under: Picture, over: Picture, amount: Plane | float) -> Picture:
    """`under` where amount is 0, `over` where it is 1. `over` may be one colour; `amount` a plane or a number."""
    if np.shape(amount) == under.shape[:2] and under.ndim == 3:
        if over.shape == under.shape:
            return in_bands(_blended, under, over, np.asarray(amount))
        if over.shape == (3,):
            return in_bands(lambda rows, part: _blended(rows, solid(rows, over), part), under, np.asarray(amount))
        amount = np.asarray(amount)[..., None]
    return (under + (over - under) * amount).astype(np.float32, copy=False)


def _blended(under: Picture, over: Picture, amount: Plane) -> Picture:
    under, over, weight = (np.ascontiguousarray(layer, np.float32) for layer in (under, over, amount))
    return cv2.blendLinear(under, over, 1 - weight, weight)


def screen(under: Picture, light: Picture) -> Picture:
    """Light added on light: 1 - (1 - a)(1 - b)."""
    if light.shape != under.shape:
        return 1 - (1 - under) * (1 - light)
    return in_bands(_screened, under, light)


def _screened(under: Picture, light: Picture) -> Picture:
    light = np.ascontiguousarray(light, np.float32)
    return cv2.subtract(cv2.add(under, light), cv2.multiply(under, light))


def tinted(colour: Picture, light: Plane) -> Picture:
    """One colour under a plane of light, 0..1."""
    picture = cv2.transform(np.ascontiguousarray(light, np.float32), colour.reshape(3, 1))
    return np.clip(picture, 0, 1, out=picture)


def glow(picture: Picture, amount: Plane, colour: Picture) -> Picture:
    """Screen one colour onto a picture, as strong as the plane says."""
    return in_bands(lambda rows, light: _screened(rows, tinted(colour, light)), picture, amount)


def shaded(picture: Picture, light: Plane) -> Picture:
    """A picture under a plane of light: each channel multiplied."""
    return in_bands(_shaded, picture, light)


def _shaded(picture: Picture, light: Plane) -> Picture:
    plane = np.ascontiguousarray(light, np.float32)
    return cv2.multiply(np.ascontiguousarray(picture, np.float32), cv2.merge([plane, plane, plane]))


def vivid(picture: Picture, chroma: float = 1.0, contrast: float = 1.0, lift: float = 0.0) -> Picture:
    """Scale Lab chroma, and L* about 50 by `contrast`, then raise it by `lift`."""

    def more(rows: Picture) -> Picture:
        lab = to_lab(rows)
        lab[..., 1:] *= chroma
        lab[..., 0] = np.clip((lab[..., 0] - 50) * contrast + 50 + lift, 0, 100)
        return from_lab(lab)

    return in_bands(more, picture)


def tone_map(plane: Plane, positions: tuple[float, ...], colours: tuple[str, ...]) -> Picture:
    """Gradient map: 0..1 through colours at the given positions."""
    stops = np.stack([rgb(code) for code in colours])
    ramp = np.stack([np.interp(np.linspace(0, 1, 256), positions, stops[:, i]) for i in range(3)], -1).astype(
        np.float32
    )
    return ramp[np.clip(plane * 255 + 0.5, 0, 255).astype(np.uint8)]
