"""Retro comic: four flat tones, Ben-Day dots, brush lines and a sunburst on aged paper.

Own recipe; the dots are those of Benjamin Day's printing process (1879).
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, luminance, mix, rgb, shaded, to_lab, vivid
from stylizer.engine.compose import outline, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.filters import blur
from stylizer.engine.picture import Picture, Plane
from stylizer.engine.portrait import Portrait
from stylizer.engine.scenes.graphic import polar, rays
from stylizer.engine.texture import halftone, paper
from stylizer.engine.tone import cel, cel_skin, skin_lightness

SHADOW_TINT = np.array([0.52, 0.45, 0.62], np.float32)


def render(portrait: Portrait, seed: int) -> Picture:
    figure = redrawn(portrait, _inked_tones)
    lightness = portrait.full(blur(_printed_tone(portrait, luminance(portrait.flat)), portrait.small_px(1.5)))
    cell = max(5.0, portrait.px(10.24))
    dots = halftone(np.clip((0.72 - lightness) * 1.15, 0, 0.62), cell) * 0.75
    in_bands(lambda rows, dot: mix(rows, rows * SHADOW_TINT, dot), figure, dots, into=figure)
    picture = place(portrait, figure, _sunburst(portrait, cell))
    picture = outline(portrait, picture, "000000", width=9, strength=0.95)
    sheet = paper(portrait.size, "fdf2db", grain=0.03, fibre=0.01, seed=seed + 5)[0]
    return in_bands(lambda ink, ground: np.clip(ink * 0.94 + 0.04, 0, 1) * ground, picture, sheet, into=picture)


def _inked_tones(portrait: Portrait) -> Picture:
    """Flat tones and black ink, before they are printed."""
    colours = portrait.full(vivid(_flat_tones(portrait), 1.1, 1.12, 3))
    blacks = np.clip((portrait.full(blur(luminance(portrait.small), portrait.small_px(1))) - 0.10) * 14 + 0.5, 0, 1)
    return shaded(colours, (1 - portrait.ink(on_skin=0.70)) * (0.3 + 0.7 * blacks))


def _flat_tones(portrait: Portrait) -> Picture:
    """Four tones for everything, but two of its own for skin: lit, and in shade."""
    lab, bare = to_lab(cel(portrait.flat, 4, 9, 1.5)), portrait.skin_area()
    own = to_lab(portrait.flat)
    skin = cel_skin(own, portrait, light=0.95, shade=0.76, sigma=portrait.small_px(3), keep=0.25)
    lab[..., 0] += (skin - lab[..., 0]) * bare
    return from_lab(lab)


def _printed_tone(portrait: Portrait, lightness: Plane) -> Plane:
    """What the dots follow: on skin only its own shades, so that a dark face is not covered with dots."""
    usual = skin_lightness(to_lab(portrait.flat), portrait) * np.float32(0.01) - np.float32(0.03)
    return lightness + portrait.skin_area() * np.clip(0.66 - usual, 0, 1) * np.float32(0.9)


def _sunburst(portrait: Portrait, cell: float) -> Picture:
    x, y, _ = portrait.focus
    burst = rays(portrait.size, x, y, ("ffe066", "ffb52e"))
    tone: Plane = np.clip(polar(portrait.size, x, y)[0] / (min(portrait.size) * 0.9) - 0.35, 0, 1) * 0.4
    return mix(burst, rgb("ef4444"), halftone(tone, cell) * 0.85)
