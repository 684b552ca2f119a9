"""Textures: papers, silk, halftone dots."""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import rgb, tinted
from stylizer.engine.filters import blur
from stylizer.engine.noise import clouds, fibres, white
from stylizer.engine.picture import Picture, Plane, Size


def paper(size: Size, colour: str, *, grain: float, fibre: float = 0.02, seed: int = 0) -> tuple[Picture, Plane]:
    """Coloured paper, and its relief (mean about 0)."""
    relief = clouds(size, size[1] / 24, 3, seed) - 0.5
    fine = blur(white(size, seed + 1), 0.8) - 0.5
    threads = fibres(size, seed + 2, 9, 0.8)

    def sheet(bumps: Plane, grit: Plane, thread: Plane) -> Picture:
        return tinted(rgb(colour), 1 + bumps * grain + grit * (grain * 1.6) + thread * (fibre * 3))

    coloured = in_bands(sheet, relief, fine, threads)
    return coloured, in_bands(lambda bumps, grit: bumps * 1.2 + grit * 1.5, relief, fine, into=threads)


def silk(size: Size, colour: str, seed: int = 0) -> Picture:
    """Woven painting silk."""
    weave = fibres(size, seed + 3, 6, 0.6) * 0.35
    uneven = (clouds(size, 4, 3, seed + 5) - 0.5) * 0.12
    return in_bands(lambda thread, cloud: tinted(rgb(colour), 1 + thread + cloud), weave, uneven)


def dot_distance(size: Size, cell: float) -> Plane:
    """Distance to the nearest dot centre of a lattice turned by 45 degrees, in cells: 0..0.71."""
    diagonal = np.float32(0.70710678 / cell)
    x = np.arange(size[1], dtype=np.float32)[None, :] * diagonal
    y = np.arange(size[0], dtype=np.float32)[:, None] * diagonal

    def lattice(rows: Plane) -> Plane:
        along, across = x + rows, x - rows
        return cv2.magnitude(along - np.rint(along), across - np.rint(across))

    return in_bands(lattice, np.broadcast_to(y, size))


def halftone(tone: Plane, cell: float, *, swell: float = 1.25, sharpness: float = 0.9) -> Plane:
    """Round dots whose area is the tone (0..1), like a printer's screen; tones under 4 % leave none."""

    def printed(rows: Plane, away: Plane) -> Plane:
        radius = np.sqrt(np.clip(rows, 0, 1) * np.float32(1 / np.pi)) * np.float32(swell)
        return np.clip((radius - away) * np.float32(cell * sharpness) + 0.5, 0, 1) * (rows > 0.04)

    return in_bands(printed, tone, dot_distance((tone.shape[0], tone.shape[1]), cell))
