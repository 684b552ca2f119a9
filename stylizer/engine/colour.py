"""Colour: conversions, blends and tone curves on float RGB pictures."""

from functools import cache

import cv2
import numpy as np

from stylizer.engine.picture import Picture, Plane


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
    return cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2GRAY)


def to_lab(picture: Picture) -> Picture:
    """CIE Lab: L 0..100, a and b about -100..100."""
    return cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2LAB)


def from_lab(lab: Picture) -> Picture:
    return np.clip(cv2.cvtColor(np.ascontiguousarray(lab, np.float32), cv2.COLOR_LAB2RGB), 0, 1)


def smoothstep(low: float, high: float, values: Plane) -> Plane:
    """0 below `low`, 1 above `high`, Hermite between; `low` may be the greater for a falling step."""
    t = np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def mix(under: Picture, over: Picture, amount: Plane | float) -> Picture:
    """`under` where amount is 0, `over` where it is 1. `over` may be one colour; `amount` a plane or a number."""
    if np.ndim(amount) == 2 and under.ndim == 3:
        if under.shape == over.shape and under.dtype == over.dtype == np.float32:
            weight = np.ascontiguousarray(amount, np.float32)
            return cv2.blendLinear(np.ascontiguousarray(under), np.ascontiguousarray(over), 1 - weight, weight)
        amount = np.asarray(amount)[..., None]
    return (under + (over - under) * amount).astype(np.float32, copy=False)


def screen(under: Picture, light: Picture) -> Picture:
    """Light added on light: 1 - (1 - a)(1 - b)."""
    if light.shape != under.shape:
        return 1 - (1 - under) * (1 - light)
    light = np.ascontiguousarray(light, np.float32)
    return cv2.subtract(cv2.add(under, light), cv2.multiply(under, light))


def glow(picture: Picture, amount: Plane, colour: Picture) -> Picture:
    """Screen one colour onto a picture, as strong as the plane says."""
    light = cv2.transform(np.ascontiguousarray(amount, np.float32), colour.reshape(3, 1))
    return screen(picture, np.clip(light, 0, 1, out=light))


def shaded(picture: Picture, light: Plane) -> Picture:
    """A picture under a plane of light: each channel multiplied."""
    plane = np.ascontiguousarray(light, np.float32)
    return cv2.multiply(np.ascontiguousarray(picture, np.float32), cv2.merge([plane, plane, plane]))


def vivid(picture: Picture, chroma: float = 1.0, contrast: float = 1.0, lift: float = 0.0) -> Picture:
    """Scale Lab chroma, and L* about 50 by `contrast`, then raise it by `lift`."""
    lab = to_lab(picture)
    lab[..., 1:] *= chroma
    lab[..., 0] = np.clip((lab[..., 0] - 50) * contrast + 50 + lift, 0, 100)
    return from_lab(lab)


def stretch(picture: Picture, low: float = 0.5, high: float = 99.5) -> Picture:
    """Levels: the given luminance percentiles become black and white, but never more than doubled contrast."""
    black, white = np.percentile(luminance(picture)[::2, ::2], [low, high])
    span = max(float(white - black), 0.5)
    black = min(float(black), max(0.0, float(white) - 0.5))
    return np.clip((picture - np.float32(black)) * np.float32(1 / span), 0, 1)


def tone_map(plane: Plane, positions: tuple[float, ...], colours: tuple[str, ...]) -> Picture:
    """Gradient map: 0..1 through colours at the given positions."""
    stops = np.stack([rgb(code) for code in colours])
    ramp = np.stack([np.interp(np.linspace(0, 1, 256), positions, stops[:, i]) for i in range(3)], -1).astype(
        np.float32
    )
    return ramp[np.clip(plane * 255 + 0.5, 0, 255).astype(np.uint8)]
