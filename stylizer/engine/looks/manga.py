"""Manga: black brush lines, three screentones, focus lines.

Own recipe. Lit skin stays paper; only real shade gets a tone, and darker complexions get one even tone of their own,
so that faces neither blotch nor turn white.
"""

import numpy as np

from stylizer.engine.colour import luminance, smoothstep, to_lab
from stylizer.engine.filters import blur, edge_of, grow
from stylizer.engine.flow import smear, tangents
from stylizer.engine.picture import Picture, Plane, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes.graphic import focus_lines
from stylizer.engine.texture import halftone
from stylizer.engine.tone import skin_lightness

TONES = ((0.70, 0.13), (0.48, 0.20), (0.28, 0.22))  # where a tone begins, and what it adds
PAPER = np.array([0.99, 0.985, 0.965], np.float32)


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.14, jaw=0.008)
    smooth = portrait.ironed
    grey = _combed(portrait, blur(luminance(smooth), portrait.small_px(2.5)))
    cell = max(4.0, portrait.px(7))
    black = halftone(portrait.full(_screentone(portrait, smooth, grey)), cell, swell=1.05, sharpness=1.0)
    solid_black = portrait.full(smoothstep(0.185, 0.145, grey * 1.12 + 0.24 * portrait.masks.skin))
    ink = smoothstep(0.38, 0.80, portrait.ink(on_skin=0.90))
    black = np.maximum(np.maximum(black, solid_black), ink)
    black = black * (1 - _highlights(portrait, ink))
    if portrait.separable:
        black = _before_focus_lines(portrait, black, seed)
    return np.clip((1 - black)[..., None] * PAPER, 0, 1)


def _combed(portrait: Portrait, grey: Plane) -> Plane:
    """Hair smeared along its strands, so that its tones are locks, not blotches."""
    field, _ = tangents(luminance(portrait.small), portrait.small_px(3))
    return grey + (smear(grey, field, round(portrait.small_px(14)), step=1.5) - grey) * portrait.masks.hair


def _screentone(portrait: Portrait, smooth: Picture, grey: Plane) -> Plane:
    """Tone 0..1 at analysis size."""
    bare = portrait.skin_area(1.3)
    tone = np.zeros_like(grey)
    for start, added in TONES:
        tone += added * smoothstep(start + 0.015, start - 0.015, grey * 1.12)
    lab = to_lab(smooth)
    median = skin_lightness(lab, portrait)
    complexion = np.clip((66 - median) / 100, 0, 0.26)
    shade = smoothstep(-15, -19, blur(lab[..., 0], portrait.small_px(7)) - median) * 0.16
    return tone * (1 - bare) + (complexion + shade) * bare


def _highlights(portrait: Portrait, ink: Plane) -> Plane:
    """White that stays: glints in the eyes, gloss on the hair, teeth."""
    glint = smoothstep(0.75, 0.95, luminance(to_float(portrait.photo))) * portrait.full(portrait.masks.eyes)
    grey = luminance(portrait.small)
    gloss = smoothstep(0.55, 0.80, (blur(grey, portrait.small_px(2)) - blur(grey, portrait.small_px(18))) * 7 + 0.4)
    kept = portrait.full(np.maximum(gloss * portrait.masks.hair, portrait.masks.mouth * 0.9))
    return np.maximum(glint, np.minimum(kept, 1 - ink))


def _before_focus_lines(portrait: Portrait, black: Plane, seed: int) -> Plane:
    x, y, unit = portrait.focus
    lines = focus_lines(portrait.size, x, y, unit * 1.05, seed=seed + 3)
    black = lines + (black - lines) * portrait.cutout
    halo = grow(portrait.cutout, portrait.px(25)) - grow(portrait.cutout, portrait.px(7))
    black = black * (1 - np.clip(halo, 0, 1))
    contour = edge_of(portrait.cutout, portrait.px(7), 3, portrait.px(0.8))
    return np.maximum(black, contour * 0.9)
