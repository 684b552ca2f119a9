"""Colourful cartoon: a brush drawing's lightness with the photo's own colours turned up, on Memphis shapes.

Own recipe on the 26-style net (Dumoulin et al. 2017): its style 2 draws, its colours are thrown away.
"""

import numpy as np

from stylizer.engine.colour import from_lab, mix, rgb, solid, to_lab, vivid
from stylizer.engine.compose import outline, place
from stylizer.engine.figure import inked
from stylizer.engine.filters import blur, grow
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.graphic import memphis


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.20, jaw=0.012, nose=0.03)
    scene = backdrop(memphis, portrait.size, seed + 5)
    if portrait.separable:
        halo = blur(grow(portrait.cutout, portrait.px(25)), portrait.px(1.5))
        scene = mix(scene, solid(scene, rgb("ffffff")), np.clip(halo, 0, 1))
    return outline(portrait, place(portrait, _drawn(portrait), scene), "3a1220", width=7)


def _drawn(portrait: Portrait) -> Picture:
    colours = portrait.full(vivid(portrait.flat, 1.25, 1.08, 3))
    lab = to_lab(colours)
    brushed = np.clip(portrait.full(portrait.brushwork), 0, 1)
    lightness = to_lab(np.repeat(brushed[..., None], 3, 2))[..., 0]
    teeth = portrait.full(portrait.masks.mouth)
    own = lab[..., 0]
    bare = portrait.full(portrait.skin_area())
    true_tone = lightness + (blur(own, portrait.px(28)) * 1.04 - blur(lightness, portrait.px(28))) * bare
    true_tone += (own - true_tone) * bare * 0.35
    lab[..., 0] = np.clip(true_tone + (own - true_tone) * np.maximum(teeth * 0.7, 0), 0, 100)
    lab[..., 1:] *= 1.5
    return inked(portrait, from_lab(lab), "2a0d18", on_skin=0.25)
