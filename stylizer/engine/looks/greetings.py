"""New Year greetings: a gold-rimmed figure on layered red paper-cut, a window flower, couplets.

Own recipe, after northern Chinese paper-cut.
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, mix, rgb, to_lab
from stylizer.engine.compose import cast_shadow, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import cel_figure, cheeks_of, inked
from stylizer.engine.filters import blur, grow
from stylizer.engine.garments import OLD_CLOTH, dressed, silk_jacket
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes.papercut import paper_cut_room
from stylizer.engine.tone import blush, cel_skin

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
    """Flat colours and thick brown lines, as of a New Year woodblock print."""
    lab, bare = to_lab(cel_figure(portrait, steps=4, chroma=1.4, own=0.10)), portrait.full(portrait.skin_area(1.2))
    flat = cel_skin(to_lab(portrait.flat), portrait, light=1.03, shade=0.90, sigma=portrait.small_px(5), keep=0.05)
    lab[..., 0] += (portrait.full(flat) - lab[..., 0]) * bare
    colours = from_lab(lab)
    in_bands(lambda rows: np.clip(rows * WARM, 0, 1), colours, into=colours)
    colours, worn = dressed(portrait, blush(colours, cheeks_of(portrait), rgb("ff6a55"), 0.5), silk_jacket)
    return inked(portrait, colours, "7a0d14", on_skin=0.8, own=0.2, strokes=1.1, bare=1 - OLD_CLOTH * worn)
