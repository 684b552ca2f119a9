"""Colourful cartoon: a brush drawing's lightness with the photo's own colours turned up, on Memphis shapes.

Own recipe on the 26-style net (Dumoulin et al. 2017): its style 2 draws, its colours are thrown away.
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, mix, rgb, to_lab, vivid
from stylizer.engine.compose import outline, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.filters import blur, grow
from stylizer.engine.picture import Picture, resize
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.graphic import memphis
from stylizer.engine.tone import posterise


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.20, jaw=0.012, nose=0.03)
    scene = backdrop(memphis, portrait.size, seed + 5)
    if portrait.separable:
        halo = blur(grow(portrait.cutout, portrait.px(25)), portrait.px(1.5))
        in_bands(lambda rows, white: mix(rows, rgb("ffffff"), np.clip(white, 0, 1)), scene, halo, into=scene)
    return outline(portrait, place(portrait, redrawn(portrait, _drawn), scene), "3a1220", width=7)


def _drawn(portrait: Portrait) -> Picture:
    """The brush's lightness everywhere but on faces, which keep their own tone and get clean lines instead."""
    masks = portrait.masks
    on_face = np.clip(blur(np.maximum(masks.face, masks.skin) * (1 - masks.hair), portrait.small_px(2)), 0, 1)
    lab = to_lab(vivid(portrait.flat, 1.25, 1.08, 3))
    lab[..., 1:] *= (1.45 - 0.30 * on_face)[..., None]
    own = posterise(lab[..., 0] / 100, 5, 5) * 100
    brushed = resize(np.clip(portrait.brushwork, 0, 1), (lab.shape[0], lab.shape[1]))
    brushed = to_lab(np.repeat(brushed[..., None], 3, 2))[..., 0]
    brushed = np.minimum(brushed, blur(lab[..., 0], portrait.small_px(8)) + 14)  # dark cloth stays dark
    lab[..., 0] = np.clip(brushed * 1.04 * (1 - on_face) + (own * 0.98) * on_face, 0, 100)
    colours = portrait.full(from_lab(lab))
    lines = portrait.ink(on_skin=0.7)
    drawn = 0.35 + 0.65 * portrait.full(on_face)
    return in_bands(lambda rows, line, part: mix(rows, rgb("2a0d18"), line * part), colours, lines, drawn, into=colours)
