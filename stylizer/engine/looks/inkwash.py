"""Ink painting: washes in four tones with wet edges, brush lines, misty peaks, a seal on rice paper.

Own recipe; the darker rim of a wash is how water carries pigment outwards (Curtis et al. 1997).
"""

import numpy as np

from stylizer.engine.colour import from_lab, luminance, rgb, smoothstep, to_lab
from stylizer.engine.filters import blur
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Plane
from stylizer.engine.portrait import Portrait
from stylizer.engine.scenes.eastern import misty_peaks, stamp_seal
from stylizer.engine.texture import paper
from stylizer.engine.tone import skin_lightness

WASHES = ((0.72, 0.14), (0.50, 0.20), (0.30, 0.30), (0.17, 0.24))  # where a wash begins, how dark it is
SOOT = "1f2229"


def render(portrait: Portrait, seed: int) -> Picture:
    smooth = portrait.ironed
    grain = portrait.full(clouds((portrait.small.shape[0], portrait.small.shape[1]), 120, 2, seed + 4) - 0.5)
    wash = np.clip(portrait.full(_washes(portrait, smooth, seed)) * (1 + grain * 0.22), 0, 1)
    lines = np.clip(portrait.ink(on_skin=0.65) * 1.05, 0, 1)
    density = 1 - (1 - wash * 0.85 * portrait.cutout) * (1 - lines * portrait.cutout)
    if portrait.separable:
        density = density + _mist(portrait, grain, seed) * (1 - portrait.cutout)
    ground, _ = paper(portrait.size, "f0e7d1", grain=0.07, fibre=0.02, seed=seed + 7)
    picture = ground * (1 - np.clip(density, 0, 1)[..., None] * (1 - rgb(SOOT)))
    picture = _breath_of_colour(portrait, picture, smooth)
    side = min(portrait.size) * 0.085
    return stamp_seal(picture, portrait.size[1] * 0.86, portrait.size[0] - side * 1.65, side, seed + 9)


def _washes(portrait: Portrait, smooth: Picture, seed: int) -> Plane:
    size = (smooth.shape[0], smooth.shape[1])
    wobble = (clouds(size, 14, 4, seed + 11) - 0.5) * 0.16
    tone = blur(luminance(portrait.dabs), portrait.small_px(1.5))
    tone = tone + wobble + portrait.masks.skin * 0.13
    total = np.zeros(size, np.float32)
    for start, strength in WASHES:
        wash = smoothstep(start + 0.035, start - 0.035, tone)
        total += strength * (wash + np.clip(wash - blur(wash, portrait.small_px(4.5)), 0, 1) * 0.35)
    complexion = np.clip((64 - skin_lightness(to_lab(smooth), portrait, 64)) / 100, 0, 0.3)
    return total + portrait.masks.skin * complexion


def _mist(portrait: Portrait, grain: Plane, seed: int) -> Plane:
    peaks = misty_peaks(portrait.size, (0.20, 0.30, 0.45), top=0.30, fade=7.5, seed=seed + 21)
    around = blur(portrait.cutout, min(portrait.size) * 0.03)
    return blur(peaks * (1 + grain * 0.6), portrait.px(1.6)) * np.clip(1 - around, 0, 1)


def _breath_of_colour(portrait: Portrait, picture: Picture, smooth: Picture) -> Picture:
    lab = to_lab(np.clip(picture, 0, 1))
    own = to_lab(portrait.full(blur(smooth, portrait.small_px(2))))
    lab[..., 1:] += own[..., 1:] * (0.24 * portrait.cutout)[..., None]
    return from_lab(lab)
