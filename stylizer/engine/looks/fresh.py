"""Fresh: light pastel washes, thin brown-green lines, leaves behind and in front, morning light.

Own recipe: colours lifted towards white but skin only a little, so that nobody is whitened.
"""

import numpy as np

from stylizer.engine.colour import from_lab, glow, mix, rgb, solid, to_lab
from stylizer.engine.compose import bloom, light_from, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import cheeks_of, inked
from stylizer.engine.filters import blur, edge_of
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.garden import leafy_morning, leaves_in_front
from stylizer.engine.texture import paper
from stylizer.engine.tone import blush


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.16, jaw=0.008)

    def figure(part: Portrait) -> Picture:
        return inked(part, _washes(part, seed), "54604a", on_skin=0.30, own=0.35)

    picture = place(portrait, redrawn(portrait, figure), backdrop(leafy_morning, portrait.size, seed))
    if portrait.separable:
        halo = edge_of(portrait.cutout, portrait.px(13), 1, portrait.px(1.5)) * (1 - portrait.cutout)
        picture = mix(picture, solid(picture, rgb("ffffff")), halo * 0.85)
    picture = light_from(picture, portrait.size[1], 0, reach=max(portrait.size) * 0.5, colour="fff6cf", amount=0.35)
    picture = leaves_in_front(picture, seed)
    return (
        bloom(picture, 0.7, portrait.px(18), 0.25)
        * paper(portrait.size, "fffdf8", grain=0.03, fibre=0.01, seed=seed)[0]
    )


def _washes(portrait: Portrait, seed: int) -> Picture:
    lab = to_lab(portrait.dabs)
    bare = portrait.masks.skin
    hair = portrait.masks.hair
    lift = lab[..., 0] * (0.58 + 0.18 * hair) + 39 - 21 * hair
    lab[..., 0] += (lift - lab[..., 0]) * (1 - 0.78 * np.maximum(bare, portrait.masks.face))
    pool = clouds((lab.shape[0], lab.shape[1]), 7, 4, seed + 3) - 0.5
    lab[..., 0] = np.clip(lab[..., 0] + pool * 9 * (1 - 0.8 * bare), 0, 98)
    lab[..., 1:] *= 1.02
    lab[..., 1:] += np.array([-2.5, 1.5], np.float32) * (1 - bare[..., None])
    colours = glow(portrait.full(from_lab(lab)), portrait.full(blur(bare, 3)) * 0.05, rgb("ffd0c0"))
    return blush(colours, cheeks_of(portrait), rgb("ff8f8f"), 0.45)
