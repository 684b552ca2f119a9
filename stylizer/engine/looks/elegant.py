"""Elegant Chinese style: muted colours and brocade that dissolve into silk paper, a moon gate, plum blossom, a seal.

Own recipe.
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import from_lab, glow, mix, rgb, smoothstep, to_lab
from stylizer.engine.compose import outline, place, rows_columns
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import cheeks_of
from stylizer.engine.filters import blur
from stylizer.engine.garments import OLD_CLOTH, crossed_collar, dressed
from stylizer.engine.landmarks import CHIN
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Pixels, Plane, to_bytes, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes.blossom import framing_branches
from stylizer.engine.scenes.eastern import misty_peaks, scale_lines, stamp_seal
from stylizer.engine.scenes.graphic import polar
from stylizer.engine.scenes.landscape import gradient
from stylizer.engine.texture import silk
from stylizer.engine.tone import blush, skin_lightness

GROUND, INK = "eaf2ee", "3f4039"
ROBE = crossed_collar("9fb8c9", "41566b")


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.12, jaw=0.01, nose=0.02)
    ground = silk(portrait.size, GROUND, seed)
    picture = place(portrait, _figure(portrait, ground), _scene(portrait, ground, seed))
    picture = outline(portrait, picture, INK, width=4, strength=0.75)
    in_bands(mix, picture, ground, _mist_below(portrait, seed), into=picture)
    picture = blush(picture, cheeks_of(portrait), rgb("f58f8f"), 0.4)
    side = min(portrait.size) * 0.075
    return stamp_seal(picture, portrait.size[1] * 0.88, portrait.size[0] - side * 1.6, side, seed + 9)


def _figure(portrait: Portrait, ground: Picture) -> Picture:
    return _brocade(portrait, on_silk(redrawn(portrait, _lines_and_colours), ground, GROUND))


def _lines_and_colours(portrait: Portrait) -> Picture:
    colours = muted(portrait, chroma=0.72, lift=(0.80, 19), tint=(-3, 3))
    colours, worn = dressed(portrait, colours, ROBE)
    line = (1 - OLD_CLOTH * worn) * portrait.ink(on_skin=0.5, reach=7)
    return in_bands(lambda rows, ink: mix(rows, rgb(INK), ink * 0.7), colours, line, into=colours)


def on_silk(figure: Picture, ground: Picture, colour: str) -> Picture:
    """The silk of this colour shows through, in the figure itself."""
    bright = rgb(colour).mean()
    return in_bands(lambda rows, silk: rows * (silk / bright * 0.35 + 0.65), figure, ground, into=figure)


def _brocade(portrait: Portrait, figure: Picture) -> Picture:
    """Waves of pale thread woven into the clothes, in the figure itself."""
    bare = np.maximum(np.maximum(portrait.masks.skin, portrait.masks.hair), portrait.masks.face)
    cloth = portrait.cutout * portrait.full(1 - blur(bare, portrait.small_px(2)))
    threads = scale_lines(portrait.size, min(portrait.size) * 0.042)

    def woven(rows: Picture, dressed: Plane, thread: Pixels) -> Picture:
        return glow(rows, dressed * to_float(thread) * 0.22, rgb("e6dcb4"))

    return in_bands(woven, figure, cloth, threads, into=figure)


def _mist_below(portrait: Portrait, seed: int) -> Plane:
    """The figure dissolves into the silk at the lower border, well below the faces."""
    height = portrait.size[0]
    chins = [float(face.xy[CHIN, 1]) + face.width * 0.6 for face in portrait.large_faces]
    start = max([height * 0.76, *chins])
    rows = np.broadcast_to(rows_columns(portrait.size)[0], portrait.size)
    drifting = rows + (clouds(portrait.size, 5, 3, seed + 41) - 0.5) * np.float32(height * 0.16)
    return smoothstep(start, max(start + height * 0.12, height * 1.04), drifting) * 0.92


def muted(portrait: Portrait, *, chroma: float, lift: tuple[float, float], tint: tuple[float, float]) -> Picture:
    """Flat quiet colours as of mineral pigments; the skin evened out about its own median."""
    lab = to_lab(portrait.flat)
    bare = portrait.masks.skin * (1 - np.clip(portrait.masks.features, 0, 1))
    median = skin_lightness(lab, portrait, 70)
    lab[..., 0] = lab[..., 0] * lift[0] + lift[1] * (1 - bare) + bare * median * (1.06 - lift[0])
    centre = median * 1.06
    lab[..., 0] += (centre - lab[..., 0]) * bare * 0.45
    lab[..., 1:] = lab[..., 1:] * chroma + np.array(tint, np.float32)
    return portrait.full(from_lab(lab))


def _scene(portrait: Portrait, ground: Picture, seed: int) -> Picture:
    (height, width), (_, y, unit), short = portrait.size, portrait.focus, min(portrait.size)
    radius, centre = min(short * 0.47, unit * 1.75), (width * 0.5, min(y + unit * 0.25, height * 0.5))
    distance = polar(portrait.size, *centre)[0]
    peaks = misty_peaks(portrait.size, (0.30, 0.45, 0.60), top=0.30, fade=6, seed=seed + 31)

    def through_gate(silk: Picture, air: Picture, peak: Plane, away: Plane) -> Pixels:
        view = mix(np.broadcast_to(air, silk.shape), rgb("6f9c93"), peak)
        scene = mix(silk, view, smoothstep(radius + 2, radius - 2, away))
        ring = np.clip(1 - np.abs(away - radius) / (short * 0.006), 0, 1)
        return to_bytes(mix(scene, rgb("838d7c"), smoothstep(0, 0.6, ring) * 0.85))

    air = gradient((height, 1), "dce3cf", "e2eff4")
    canvas = Canvas(in_bands(through_gate, ground, air, peaks, distance))
    framing_branches(canvas, wood="52534a", petals=("e88aa0", "f0a3b4", "d9788f"), radius=short * 0.0105, seed=seed)
    return canvas.picture()
