"""Seeded noise: the same arguments give the same grain."""

import cv2
import numpy as np

from stylizer.engine.filters import blur
from stylizer.engine.picture import Plane, Size


def white(size: Size, seed: int) -> Plane:
    """Uniform 0..1."""
    return np.random.default_rng(seed).random(size, dtype=np.float32)


def clouds(size: Size, cells: float, octaves: int, seed: int, gain: float = 0.5) -> Plane:
    """Fractal value noise about 0..1 with `cells` cells across the width (Perlin's fractal sum)."""
    height, width = size
    random = np.random.default_rng(seed)
    total, amplitude, weight = np.zeros(size, np.float32), 1.0, 0.0
    for octave in range(octaves):
        across = max(2, round(cells * 2**octave))
        down = max(2, round(across * height / width))
        lattice = random.random((down + 3, across + 3), dtype=np.float32)
        layer: Plane = cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC)
        layer *= np.float32(amplitude)
        total += layer
        weight += amplitude
        amplitude *= gain
    total /= np.float32(weight)
    return total


def normalised(plane: Plane) -> Plane:
    """Mean 0, standard deviation 1."""
    mean, deviation = cv2.meanStdDev(plane)
    return (plane - np.float32(mean[0, 0])) * np.float32(1 / (deviation[0, 0] + 1e-6))


def tooth(size: Size, seed: int, sigma: float = 1.0) -> Plane:
    """The small bumps of rough paper, mean 0, deviation 1."""
    return normalised(blur(white(size, seed), sigma))


def fibres(size: Size, seed: int, length: float, width: float = 0.7) -> Plane:
    """Crossed threads about 0: woven silk, laid paper."""
    along: Plane = cv2.GaussianBlur(white(size, seed), (0, 0), sigmaX=width, sigmaY=length)
    across = cv2.GaussianBlur(white(size, seed + 1), (0, 0), sigmaX=length, sigmaY=width)
    along += across
    along -= 1
    return along
