"""Transferring the colours of one set of colours to another. Clouds are (n, 3) Lab."""

import numpy as np

from stylizer.engine.picture import Plane

MOST_SAMPLES = 40_000
QUANTILES = np.linspace(0, 100, 256)
EAGERNESS = 0.85


def _sampled(cloud: Plane, random: np.random.Generator) -> Plane:
    if len(cloud) <= MOST_SAMPLES:
        return cloud.copy()
    return cloud[random.choice(len(cloud), MOST_SAMPLES, replace=False)]


def sliced_transport(source: Plane, target: Plane, *, rotations: int = 14, seed: int = 0) -> Plane:
    """Move colours by one-dimensional optimal transport along random axes (Pitie et al. 2007)."""
    random = np.random.default_rng(seed)
    moved: Plane = source.astype(np.float32)
    goal = _sampled(target, random)
    sample = _sampled(moved, random)
    for _ in range(rotations):
        axes = np.linalg.qr(random.normal(size=(3, 3)))[0].astype(np.float32)
        turned, turned_sample, turned_goal = moved @ axes, sample @ axes, goal @ axes
        for i in range(3):
            have = np.percentile(turned_sample[:, i], QUANTILES)
            want = np.percentile(turned_goal[:, i], QUANTILES)
            have = np.maximum.accumulate(have + np.arange(len(have)) * 1e-6)
            for cloud in (turned, turned_sample):
                cloud[:, i] += (np.interp(cloud[:, i], have, want) - cloud[:, i]) * EAGERNESS
        moved, sample = turned @ axes.T, turned_sample @ axes.T
    return moved


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
