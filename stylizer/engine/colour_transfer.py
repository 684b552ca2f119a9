"""Transferring the colours of one set of colours to another. Clouds are (n, 3) Lab."""

import numpy as np

from stylizer.engine.picture import Plane

MOST_SAMPLES = 40_000
QUANTILES = np.linspace(0, 1, 256)
STEPS = 4096
EAGERNESS = 0.85


def _sampled(cloud: Plane, random: np.random.Generator) -> Plane:
    if len(cloud) <= MOST_SAMPLES:
        return cloud.copy()
    return cloud[random.choice(len(cloud), MOST_SAMPLES, replace=False)]


def sliced_transport(source: Plane, target: Plane, *, rotations: int = 14, seed: int = 0) -> Plane:
    """Move colours by one-dimensional optimal transport along random axes (Pitie et al. 2007)."""
    random = np.random.default_rng(seed)
    moved = np.ascontiguousarray(source.T, np.float32)  # a row for each channel, as they are moved one by one
    goal, sample = (np.ascontiguousarray(_sampled(one, random).T, np.float32) for one in (target, source))
    for _ in range(rotations):
        axes = np.linalg.qr(random.normal(size=(3, 3)))[0].astype(np.float32)
        turned, turned_sample, turned_goal = axes.T @ moved, axes.T @ sample, axes.T @ goal
        for i in range(3):
            have, want = _quantiles(turned_sample[i]), _quantiles(turned_goal[i])
            have = np.maximum.accumulate(have + np.arange(len(have)) * 1e-6)
            for row in (turned[i], turned_sample[i]):
                _shift(row, have, want)
        moved, sample = axes @ turned, axes @ turned_sample
    return np.ascontiguousarray(moved.T)


def _quantiles(row: Plane) -> Plane:
    ordered = np.sort(row)
    return np.asarray(np.interp(QUANTILES * (len(row) - 1), np.arange(len(row)), ordered))


def _shift(row: Plane, have: Plane, want: Plane) -> None:
    """Move values from one set of quantiles towards another, in place. The shift is looked up in fine steps: for the
    millions of a picture, that takes a seventh of the time of interpolating each."""
    grid = np.linspace(have[0], have[-1], STEPS)
    shift = ((np.interp(grid, have, want) - grid) * EAGERNESS).astype(np.float32)
    inside = np.clip(row, np.float32(have[0]), np.float32(have[-1]))
    at = (inside - np.float32(have[0])) * np.float32((STEPS - 1) / (have[-1] - have[0]))
    row += shift[at.astype(np.int32)] - (row - inside) * np.float32(EAGERNESS)


def linear_transport(source: Plane, target: Plane) -> Plane:
    """The linear map between two Gaussians that moves colours least (Pitie and Kokaram 2007)."""
    have = np.cov(source.T) + np.eye(3) * 0.5
    want = np.cov(target.T) + np.eye(3) * 0.5
    root = _square_root(have)
    back = np.linalg.inv(root)
    matrix = back @ _square_root(root @ want @ root) @ back
    return ((source - source.mean(0)) @ matrix.T + target.mean(0)).astype(np.float32)


def _square_root(matrix: Plane) -> Plane:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 1e-6))) @ vectors.T
