"""Pale denim with stitches and small pins: what badges are worn on."""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas, heart, star, stencil
from stylizer.engine.colour import rgb, tinted
from stylizer.engine.compose import light_from, vignette
from stylizer.engine.filters import blur
from stylizer.engine.noise import clouds, fibres
from stylizer.engine.picture import Picture, Pixels, Plane, Size, to_bytes
from stylizer.engine.scenes.fridge import stuck_on

PINS = (
    (0.10, 0.09, "star", "ffd84d"),
    (0.90, 0.10, "heart", "ff8fb1"),
    (0.09, 0.91, "heart", "8ec5ff"),
    (0.91, 0.90, "star", "b8a1ff"),
)


def _twill(size: Size, seed: int) -> Pixels:
    """Slanted ribs, threads, and uneven dye."""
    (height, width), turn = size, 2 * np.pi / max(3.0, min(size) / 260)

    def woven(rows: Plane, thread: Plane, dye: Plane) -> Pixels:
        rib = np.sin((np.arange(width)[None, :] + rows) * turn).astype(np.float32)
        light = 1 + rib * 0.035 + thread * 0.30 + (dye - 0.5) * 0.16
        return to_bytes(tinted(rgb("9db7e8"), light))

    threads, dyes = fibres(size, seed, min(size) / 60, 0.7), clouds(size, 5, 3, seed + 2)
    return in_bands(woven, np.arange(height)[:, None], threads, dyes)


def denim(size: Size, seed: int) -> Picture:
    """Woven cloth with a stitched seam near the border and a pin in each corner."""
    (height, width), short = size, min(size)
    canvas, inset = Canvas(_twill(size, seed)), short * 0.035
    for at in np.arange(inset, width - inset, short * 0.030):
        for y in (inset, height - inset):
            canvas.line([(at, y), (at + short * 0.018, y)], "fff2d8", short / 220)
    for at in np.arange(inset, height - inset, short * 0.030):
        for x in (inset, width - inset):
            canvas.line([(x, at), (x, at + short * 0.018)], "fff2d8", short / 220)
    scene = vignette(
        light_from(canvas.picture(), width * 0.3, 0, reach=short * 0.6, colour="ffffff", amount=0.25), "4a5f95", 0.5
    )
    for x, y, kind, colour in PINS:
        radius = short * 0.042
        outline = star(x * width, y * height, radius) if kind == "star" else heart(x * width, y * height, radius)
        scene = stuck_on(scene, blur(stencil(size, outline), 1.0), colour, width=short * 0.016)
    return scene
