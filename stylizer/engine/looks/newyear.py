"""New Year: warm cel colours before red scales, lanterns and fireworks, in a gold frame.

Own recipe.
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import glow, mix, rgb, shaded, smoothstep
from stylizer.engine.compose import place
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import cel_figure
from stylizer.engine.filters import blur, grow
from stylizer.engine.garments import OLD_CLOTH, dressed, silk_jacket
from stylizer.engine.picture import Picture, Plane, to_bytes
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import surface
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes.eastern import scales
from stylizer.engine.scenes.festival import firework, lantern, lantern_fittings
from stylizer.engine.scenes.graphic import polar

FIREWORKS = ((0.16, 0.16, 0.20, "ffd76a"), (0.85, 0.22, 0.17, "ffef9f"), (0.70, 0.08, 0.12, "ff9d5c"))
LANTERNS = ((0.11, 0.30, 0.075), (0.90, 0.36, 0.070), (0.96, 0.16, 0.045), (0.04, 0.13, 0.045))
WARM = np.array([1.05, 0.98, 0.90], np.float32)
CONFETTI = ("ffd777", "fff2c4", "ff6b5e")


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.18, jaw=0.01, nose=0.02)
    picture = place(portrait, redrawn(portrait, _figure), _scene(portrait, seed))
    canvas = Canvas(to_bytes(picture))
    _frame(canvas)
    _confetti(canvas, portrait, seed)
    return canvas.picture()


def _figure(portrait: Portrait) -> Picture:
    def draw(rows: Picture, ink: Plane) -> Picture:
        rows = np.clip(rows * WARM, 0, 1)
        return mix(rows, np.clip(rgb("3a0d12") * 0.7 + rows * 0.15, 0, 1), ink)

    colours, worn = dressed(portrait, cel_figure(portrait, steps=3, own=0.25), silk_jacket)
    across = np.abs(surface(portrait)[..., 0]) * portrait.masks.person
    lanterns = portrait.full(blur(smoothstep(0.20, 0.75, across), portrait.small_px(4)))
    colours = glow(colours, lanterns * 0.38 * (1 - worn), rgb("ff9d2e"))
    ink = portrait.ink(on_skin=0.6) * (1 - OLD_CLOTH * worn)
    return in_bands(draw, colours, ink, into=colours)


def _scene(portrait: Portrait, seed: int) -> Picture:
    (height, width), (x, y, unit), short = portrait.size, portrait.focus, min(portrait.size)
    scene = scales(portrait.size, "b3121d", "d8262c", short * 0.07)
    radius = polar(portrait.size, x, y)[0] / short

    def lit(rows: Picture, away: Plane) -> Picture:
        rows = np.clip(shaded(rows, 1.15 - 0.55 * smoothstep(0.3, 1.1, away)), 0, 1)
        return glow(rows, np.exp(-((away / 0.45) ** 2)) * 0.4, rgb("ffb347"))

    in_bands(lit, scene, radius, into=scene)
    for i, (left, top, size, colour) in enumerate(FIREWORKS):
        scene = firework(scene, left * width, top * height, size * short, colour=colour, seed=seed + i)
    for left, top, size in LANTERNS:
        scene = lantern(scene, left * width, top * height, size * short)
    canvas = Canvas(to_bytes(scene))
    for left, top, size in LANTERNS:
        lantern_fittings(canvas, left * width, top * height, size * short)
    ring = min(unit * 1.45, short * 0.62)
    canvas.circle(x, y, ring, "f6c453", width=short * 0.012)
    canvas.circle(x, y, ring + short * 0.022, "f6c453", width=short * 0.004)
    scene = canvas.picture()
    if portrait.separable:
        halo = np.clip(blur(grow(portrait.cutout, portrait.px(23)), portrait.px(1.2)), 0, 1)
        in_bands(lambda rows, gold: mix(rows, rgb("ffd777"), gold), scene, halo, into=scene)
    return scene


def _frame(canvas: Canvas) -> None:
    """A gold line with stepped corners."""
    inset = min(canvas.width, canvas.height) * 0.022
    line = max(1.5, inset / 6)
    canvas.box((inset, inset), (canvas.width - inset, canvas.height - inset), "ffd06b", width=line)
    for x, right in ((inset, 1), (canvas.width - inset, -1)):
        for y, down in ((inset, 1), (canvas.height - inset, -1)):
            for step in (1.3, 2.6, 3.9):
                reach = inset * step
                corner = [(x + right * reach, y), (x + right * reach, y + down * reach), (x, y + down * reach)]
                canvas.line(corner, "ffd06b", line)


def _confetti(canvas: Canvas, portrait: Portrait, seed: int) -> None:
    random, (x, y, unit) = np.random.default_rng(seed + 6), portrait.focus
    for _ in range(90):
        at = random.random(2) * (canvas.width, canvas.height * 0.9)
        size, turn = min(portrait.size) * (0.003 + 0.006 * random.random()), random.random() * np.pi
        colour = CONFETTI[random.integers(3)]
        along = np.array([np.cos(turn), np.sin(turn)]) * size
        over = np.array([-along[1], along[0]]) * (0.6 + random.random()) / 2
        if np.hypot(at[0] - x, at[1] - y) > unit * 0.9:
            canvas.polygon(
                np.array([at + along + over, at + along - over, at - along - over, at - along + over]), colour
            )
