"""Fairy-tale world: a storybook plate, painted wet on paper with a landscape behind.

Own recipe on the 26-style net (Dumoulin et al. 2017): styles 0 and 2 mixed for the figure, 0 and 12 for the land.
"""

import numpy as np

from stylizer.engine.colour import from_lab, mix, rgb, shaded, solid, to_lab, vivid
from stylizer.engine.compose import outline, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.filters import blur
from stylizer.engine.ink import face_strokes, ink_size
from stylizer.engine.nets import paint
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Size, resize, scaled_size
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.landscape import below, ridges, sky
from stylizer.engine.texture import paper

LAND = ("9cc29a", "7fae82", "5f9468")
SCENE_SIDE, NET_SHARE = 512, 0.8


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.18, jaw=0.01, nose=0.02)
    figure = redrawn(portrait, _painted_figure)
    scene = portrait.full(backdrop(_painted_land, scaled_size(portrait.size, SCENE_SIDE), seed))
    picture = outline(portrait, place(portrait, figure, scene), "2b1d1a", width=4, strength=0.6)
    return np.clip(picture * paper(portrait.size, "fffaf0", grain=0.05, fibre=0.02, seed=seed + 2)[0], 0, 1)


def _painted_figure(portrait: Portrait) -> Picture:
    even = vivid(portrait.ironed, 1.15, 1.05, 4)
    net_size = scaled_size(portrait.size, round(min(ink_size(portrait.size)) * NET_SHARE))
    painted = paint(resize(even, net_size), {0: 0.5, 2: 0.5})
    lab, own = to_lab(portrait.full(painted)), to_lab(portrait.full(even))
    lab[..., 1:] = lab[..., 1:] * 0.2 + own[..., 1:] * (0.8 * 1.3)
    bare = portrait.full(portrait.skin_area())
    tone = blur(own[..., 0], portrait.px(28)) - blur(lab[..., 0], portrait.px(28))
    lab[..., 0] += tone * np.where(tone < 0, 0.75 + 0.25 * bare, bare)  # dark cloth and hair stay dark
    lab[..., 0] += (own[..., 0] - lab[..., 0]) * (
        bare * 0.85 + portrait.full(np.maximum(portrait.masks.mouth * 0.9, portrait.masks.lips * 0.5))
    )
    strokes = face_strokes(portrait.size, portrait.large_faces, weight=0.6, lips=False)
    return shaded(from_lab(lab), 1 - 0.65 * np.maximum(strokes, portrait.face_lines * 0.8))


def _painted_land(size: Size, seed: int) -> Picture:
    land = sky(size, "7fb6d6", "f9e6c4", cloud="fff6e6", cover=0.47, soft=0.25, seed=seed + 21)
    mottled = (0.88 + 0.3 * clouds(size, 18, 3, seed + 4))[..., None]
    for skyline, colour in zip(ridges(size, len(LAND), top=0.56, seed=seed + 11, rough=0.42), LAND, strict=True):
        land = mix(land, np.clip(solid(land, rgb(colour)) * mottled, 0, 1).astype(np.float32), below(size, skyline))
    return vivid(mix(land, paint(land, {0: 0.5, 12: 0.5}), 0.6), 1.15, 1.0, 4)
