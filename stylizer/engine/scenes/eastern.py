"""Chinese scenery and ornament: misty peaks, seals, scale patterns."""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import mix, rgb, smoothstep
from stylizer.engine.compose import rows_columns
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Pixels, Plane, Size, to_float
from stylizer.engine.region import around
from stylizer.engine.scenes.landscape import ridge

SEAL_STROKES = (
    ((0.20, 0.20), (0.20, 0.80)),
    ((0.20, 0.20), (0.45, 0.20)),
    ((0.20, 0.50), (0.45, 0.50)),
    ((0.20, 0.80), (0.45, 0.80)),
    ((0.45, 0.20), (0.45, 0.80)),
    ((0.62, 0.20), (0.85, 0.20)),
    ((0.72, 0.20), (0.72, 0.82)),
    ((0.85, 0.20), (0.85, 0.62)),
    ((0.60, 0.45), (0.85, 0.45)),
)


def misty_peaks(size: Size, tones: tuple[float, ...], *, top: float, fade: float, seed: int) -> Plane:
    """Density 0..1 of ink ranges, dark at the ridge and fading into mist below it, near ones over far ones."""
    height, width = size
    skylines = [ridge(width, height * (top + 0.13 * i), height * 0.12, seed * 101 + i) for i in range(len(tones))]

    def misty(rows: Plane) -> Plane:
        density = np.zeros(rows.shape, np.float32)
        for tone, skyline in zip(tones, skylines, strict=True):
            under = rows - skyline[None, :].astype(np.float32)
            inside = smoothstep(-height * 0.003, height * 0.003, under)
            mist = np.exp(-np.clip(under / height, 0, 1) * fade) * tone
            density = np.maximum(density * (1 - inside * 0.6), inside * mist)
        return density

    return in_bands(misty, np.broadcast_to(rows_columns(size)[0], size))


def stamp_seal(picture: Picture, x: float, y: float, side: float, seed: int) -> Picture:
    """A red square seal with its corner at x, y, worn as if by hand, pressed on the picture."""
    size = (picture.shape[0], picture.shape[1])
    canvas = Canvas.plane(size)
    canvas.box((x, y), (x + side, y + side), 1.0)
    for start, end in SEAL_STROKES:
        line = [(x + start[0] * side, y + start[1] * side), (x + end[0] * side, y + end[1] * side)]
        canvas.line(line, 0.0, max(2, side / 12))
    inset = side / 16
    canvas.box((x + inset, y + inset), (x + side - inset, y + side - inset), 0.0, width=max(1, side / 24))
    rows, columns = around(size, x + side / 2, y + side / 2, side * 0.6)
    worn = smoothstep(0.25, 0.40, clouds(size, 60, 2, seed)[rows, columns])
    pressed = to_float(canvas.pixels[rows, columns]) * worn * 0.92
    picture[rows, columns] = mix(picture[rows, columns], rgb("bd2429"), pressed)
    return picture


def scales(size: Size, ground: str, line: str, step: float) -> Picture:
    """Overlapping arcs like fish scales or waves."""
    canvas = Canvas.filled(size, ground)
    _draw_scales(canvas, ground, line, step)
    return canvas.picture()


def scale_lines(size: Size, step: float) -> Pixels:
    """Their lines alone, as a plane of bytes."""
    canvas = Canvas.plane(size)
    _draw_scales(canvas, 0.0, 1.0, step)
    return canvas.pixels


def _draw_scales(canvas: Canvas, ground: str | float, line: str | float, radius: float) -> None:
    for row, y in enumerate(np.arange(-radius, canvas.height + 2 * radius, radius / 2)):
        for x in np.arange(-2 * radius + (radius if row % 2 else 0), canvas.width + 2 * radius, 2 * radius):
            canvas.circle(x, y, radius, ground)
            for part in (1, 0.75, 0.5, 0.25):
                canvas.circle(x, y, radius * part, line, width=max(1, radius / 22))
