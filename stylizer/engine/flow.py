"""Strokes follow the picture: structure tensor, line-integral convolution, shock filter."""

import math

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import luminance
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, Plane


def tangents(picture: Picture, sigma: float = 3.0) -> tuple[Picture, Plane]:
    """Unit direction (height, width, 2: x, y) of least change, and anisotropy 0..1 (Brox et al. 2006)."""
    plane = luminance(picture) if picture.ndim == 3 else picture
    across, down = cv2.Scharr(plane, -1, 1, 0) / 32, cv2.Scharr(plane, -1, 0, 1) / 32
    xx, xy, yy = blur(across * across, sigma), blur(across * down, sigma), blur(down * down, sigma)
    spread = np.sqrt((xx - yy) ** 2 + 4 * xy * xy + 1e-12)
    x, y = (xx + yy + spread) / 2 - xx, -xy
    length = np.sqrt(x * x + y * y)
    flat = length < 1e-9
    direction = np.dstack([np.where(flat, 0, x / (length + 1e-12)), np.where(flat, 1, y / (length + 1e-12))])
    return direction.astype(np.float32), (spread / (xx + yy + 1e-6)).astype(np.float32)


def hand_direction(field: Picture, anisotropy: Plane, hand: tuple[float, float], follow: float) -> Picture:
    """The field where the picture has a direction, the hand's own slant where it has none."""
    own = np.array(hand, np.float32)
    sign = np.where((field * own).sum(-1, keepdims=True) < 0, np.float32(-1), np.float32(1))
    weight = (np.clip(anisotropy * 1.2 - 0.15, 0, 1) * follow)[..., None]
    mixed = field * sign * weight + own * (1 - weight)
    return (mixed / (np.linalg.norm(mixed, axis=2, keepdims=True) + 1e-6)).astype(np.float32)


def rotated(field: Picture, degrees: float) -> Picture:
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = field[..., 0], field[..., 1]
    return np.dstack([x * cosine - y * sine, x * sine + y * cosine])


def smear(source: Picture, field: Picture, steps: int, *, step: float = 1.0) -> Picture:
    """Line-integral convolution (Cabral and Leedom 1993) along `field`, Gaussian, `steps` each way."""
    source, sigma = np.ascontiguousarray(source, np.float32), max(steps * step / 2, 0.5)
    weights = [math.exp(-((i * step) ** 2) / (2 * sigma * sigma)) for i in range(1, steps + 1)]
    columns = np.arange(source.shape[1], dtype=np.float32)[None, :]

    def smeared(total: Picture, rows: Plane) -> Picture:
        total, (x, y) = total.copy(), np.broadcast_arrays(columns, rows)
        for way in (step, -step):
            _walk(total, source, field, (x.copy(), y.copy()), step=way, weights=weights)
        return total / np.float32(1 + 2 * sum(weights))

    return in_bands(smeared, source, np.arange(source.shape[0], dtype=np.float32)[:, None])


def _walk(
    total: Picture, source: Picture, field: Picture, at: tuple[Plane, Plane], *, step: float, weights: list[float]
) -> None:
    """Go along the field from the places `at`, and add to `total` what the source is there."""
    (x, y), heading = at, None
    for weight in weights:
        right, down = cv2.split(cv2.remap(field, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101))
        onward = np.float32(step)
        if heading is not None:  # the field has no sign of its own: go on the same way
            onward = np.copysign(np.float32(abs(step)), right * heading[0] + down * heading[1])
        heading = right * onward, down * onward
        x += heading[0]
        y += heading[1]
        sample: Picture = cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        sample *= np.float32(weight)
        total += sample


def shock(picture: Picture, sigma: float, amount: float) -> Picture:
    """One step of a shock filter (Osher and Rudin 1990): soft borders of dabs become crisp."""
    bend = cv2.Laplacian(blur(luminance(picture), sigma), cv2.CV_32F)
    kernel = np.ones((3, 3), np.uint8)
    target = np.where((bend < 0)[..., None], cv2.dilate(picture, kernel), cv2.erode(picture, kernel))
    return picture + (target - picture) * (np.clip(np.abs(bend) * 60, 0, 1) * amount)[..., None]
