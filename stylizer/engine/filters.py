"""Edge-keeping filters. Radii are in pixels of the picture they are given."""

from functools import cache

import cv2
import numpy as np

from stylizer.engine.bands import bands
from stylizer.engine.colour import luminance, mix, smoothstep
from stylizer.engine.picture import Picture, Plane, to_bytes, to_float

KUWAHARA_SECTORS = 8


def blur(picture: Picture, sigma: float) -> Picture:
    """Gaussian blur; wide ones are done at a quarter of the size, which makes no visible difference."""
    if sigma <= 0.3:
        return picture
    if sigma < 12:
        return cv2.GaussianBlur(picture, (0, 0), sigma)
    height, width = picture.shape[:2]
    quarter = cv2.resize(picture, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(quarter, (0, 0), sigma / 4), (width, height), interpolation=cv2.INTER_LINEAR)


def disc(diameter: int) -> Plane:
    """A round structuring element."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))


def grow(mask: Plane, diameter: float) -> Plane:
    return cv2.dilate(mask, disc(max(1, round(diameter))))


def shrink(mask: Plane, diameter: float) -> Plane:
    return cv2.erode(mask, disc(max(1, round(diameter))))


def guided(guide: Plane, plane: Plane, radius: int, eps: float) -> Plane:
    """Guided filter with a grey guide (He, Sun, Tang 2013)."""
    window = (2 * radius + 1, 2 * radius + 1)
    mean_guide, mean_plane = cv2.blur(guide, window), cv2.blur(plane, window)
    covariance = cv2.blur(guide * plane, window) - mean_guide * mean_plane
    slope = covariance / (cv2.blur(guide * guide, window) - mean_guide * mean_guide + eps)
    return cv2.blur(slope, window) * guide + cv2.blur(mean_plane - slope * mean_guide, window)


def guided_by_colour(guide: Picture, plane: Plane, radius: int, eps: float) -> Plane:
    """Guided filter with a colour guide (He, Sun, Tang 2013): the 3x3 systems solved in closed form."""
    window = (2 * radius + 1, 2 * radius + 1)
    mean_guide, mean_plane = cv2.blur(guide, window), cv2.blur(plane, window)
    covariance = cv2.blur(guide * plane[..., None], window) - mean_guide * mean_plane[..., None]
    slope = _solve_symmetric(_guide_covariance(guide, mean_guide, window, eps), covariance)
    offset = mean_plane - (slope * mean_guide).sum(-1)
    return (cv2.blur(slope, window) * guide).sum(-1) + cv2.blur(offset, window)


def _guide_covariance(guide: Picture, mean: Picture, window: tuple[int, int], eps: float) -> list[Plane]:
    """The six distinct entries rr, rg, rb, gg, gb, bb, eps added on the diagonal."""
    entries = []
    for i in range(3):
        for j in range(i, 3):
            entry = cv2.blur(guide[..., i] * guide[..., j], window) - mean[..., i] * mean[..., j]
            entries.append(entry + eps if i == j else entry)
    return entries


def _solve_symmetric(entries: list[Plane], right: Picture) -> Picture:
    """Cramer's rule for symmetric 3x3 systems, one a pixel."""
    rr, rg, rb, gg, gb, bb = entries
    inv_rr, inv_rg, inv_rb = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    inv_gg, inv_gb, inv_bb = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    scale = 1 / (rr * inv_rr + rg * inv_rg + rb * inv_rb)
    r, g, b = right[..., 0], right[..., 1], right[..., 2]
    rows = (
        (inv_rr * r + inv_rg * g + inv_rb * b) * scale,
        (inv_rg * r + inv_gg * g + inv_gb * b) * scale,
        (inv_rb * r + inv_gb * g + inv_bb * b) * scale,
    )
    return np.dstack(rows)


def smooth_surfaces(picture: Picture, *, reach: float = 24, contrast: float = 0.28) -> Picture:
    """Domain transform, recursive (Gastal and Oliveira 2011): surfaces smooth, edges stay."""
    return to_float(cv2.edgePreservingFilter(to_bytes(picture), flags=1, sigma_s=reach, sigma_r=contrast))


def soften(picture: Picture, radius: int, eps: float) -> Picture:
    """Guided filter of each channel by the picture's own luminance."""
    guide = luminance(picture)
    return np.dstack([guided(guide, np.ascontiguousarray(picture[..., i]), radius, eps) for i in range(3)])


def sharpen(picture: Picture, sigma: float, amount: float) -> Picture:
    """Unsharp mask."""
    return np.clip(picture + (picture - blur(picture, sigma)) * amount, 0, 1)


@cache
def _kuwahara_kernels(radius: int) -> tuple[Plane, ...]:
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    angle, distance = np.arctan2(y, x), np.hypot(x, y)
    kernels = []
    for i in range(KUWAHARA_SECTORS):
        away = (angle - 2 * np.pi * i / KUWAHARA_SECTORS + np.pi) % (2 * np.pi) - np.pi
        sector = (np.abs(away) <= np.pi / KUWAHARA_SECTORS).astype(np.float32)
        sector[radius, radius] = 1 / KUWAHARA_SECTORS
        sector = blur(sector, max(radius / 4, 0.4)) * np.exp(-(distance**2) / (0.5 * radius**2)) * (distance <= radius)
        kernels.append((sector / sector.sum()).astype(np.float32))
    return tuple(kernels)


def kuwahara(picture: Picture, radius: int, sharpness: float = 8.0) -> Picture:
    """Generalised Kuwahara filter with eight smooth sectors (Papari et al. 2007): flat dabs of paint."""
    radius, dabbed = max(2, radius), np.empty(picture.shape, np.float32)
    for rows in bands(*picture.shape[:2]):
        top = max(0, rows.start - radius)
        around = _dabs(picture[top : rows.stop + radius], _kuwahara_kernels(radius), sharpness)
        dabbed[rows] = around[rows.start - top : rows.stop - top]
    return dabbed


def _dabs(picture: Picture, kernels: tuple[Plane, ...], sharpness: float) -> Picture:
    """Means of the sectors, the evener a sector the more of it; one channel at a time, which is what is quick."""
    channels = cv2.split(picture)
    squares = [channel * channel for channel in channels]
    sums, total = [np.zeros_like(channel) for channel in channels], np.zeros_like(channels[0])
    for kernel in kernels:
        means = [cv2.filter2D(channel, -1, kernel, borderType=cv2.BORDER_REFLECT) for channel in channels]
        variance: Plane = np.zeros_like(total)
        for mean, square in zip(means, squares, strict=True):
            spread = cv2.filter2D(square, -1, kernel, borderType=cv2.BORDER_REFLECT) - mean * mean
            np.add(variance, np.maximum(spread, 0, out=spread), out=variance)
        weight = 1 / (1 + (variance * np.float32(255 * 255)) ** (sharpness / 4))
        np.add(total, weight, out=total)
        for summed, mean in zip(sums, means, strict=True):
            np.add(summed, np.multiply(mean, weight, out=mean), out=summed)
    return cv2.merge([np.divide(summed, total, out=summed) for summed in sums])


def flatten(picture: Picture, radius: int, *, rounds: int = 2) -> Picture:
    """Surfaces ironed flat, then dabbed: the ground under cel colours."""
    for _ in range(rounds):
        picture = smooth_surfaces(picture, reach=30, contrast=0.22)
    return kuwahara(picture, radius)


def shifted(plane: Plane, down: float, right: float) -> Plane:
    """The plane moved by whole pixels, its border repeated: for cast shadows."""
    height, width = plane.shape[:2]
    move = np.array([[1, 0, round(right)], [0, 1, round(down)]], np.float32)
    return cv2.warpAffine(plane, move, (width, height), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)


def edge_of(mask: Plane, outside: float, inside: float = 3, softness: float = 1.0) -> Plane:
    """The band round a mask's border, `outside` and `inside` pixels wide."""
    return np.clip(blur(grow(mask, outside) - shrink(mask, inside), softness), 0, 1)


def decontaminate(picture: Picture, mask: Plane, radius: float, amount: float = 0.85) -> Picture:
    """Pull the colours of a cut-out's border from inside it, so that no fringe of the old background stays."""
    inside = smoothstep(0.80, 0.97, shrink(mask, max(3, radius * 0.8)))
    weight = blur(inside, radius)
    estimate = blur(picture * inside[..., None], radius) / (weight[..., None] + 1e-4)
    ramp = smoothstep(0.02, 0.15, weight) * smoothstep(0.02, 0.30, mask)
    return mix(picture, np.clip(estimate, 0, 1).astype(np.float32), (1 - inside) * ramp * amount)
