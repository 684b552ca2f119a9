"""New Year greetings: a gold-rimmed figure on layered red paper-cut, a window flower, couplets.

Own recipe, after northern Chinese paper-cut.
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import mix, rgb
from stylizer.engine.compose import cast_shadow, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import cel_figure, cheeks_of, inked
from stylizer.engine.filters import blur, grow
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes.papercut import paper_cut_room
from stylizer.engine.tone import blush

WARM = np.array([1.05, 0.98, 0.88], np.float32)


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.16, jaw=0.01, nose=0.02)
    figure = redrawn(portrait, _figure)
    scene = paper_cut_room(portrait.size, portrait.focus, seed)
    if portrait.separable:
        rim = np.clip(blur(grow(portrait.cutout, portrait.px(30)), portrait.px(1.2)), 0, 1)
        scene = cast_shadow(scene, rim, portrait.px(16), softness=portrait.px(16), amount=0.45)
        in_bands(lambda rows, gold: mix(rows, rgb("ffd873"), gold), scene, rim, into=scene)
    return place(portrait, figure, scene)


def _figure(portrait: Portrait) -> Picture:
    colours = cel_figure(portrait, steps=4, chroma=1.4, own=0.35)
    in_bands(lambda rows: np.clip(rows * WARM, 0, 1), colours, into=colours)
    return inked(portrait, blush(colours, cheeks_of(portrait), rgb("ff6a55"), 0.5), "4a0a10", on_skin=0.5)
