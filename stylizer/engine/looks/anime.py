"""Anime: two clear tones of the face's own colour, brush lines, painted eyes, a summer sky.

Own recipe; tones are multiples of the skin's median lightness, so nobody is whitened.
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, glow, luminance, mix, rgb, smoothstep, to_lab
from stylizer.engine.compose import light_from, outline, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.eyes import draw_eyes
from stylizer.engine.figure import cheeks_of
from stylizer.engine.filters import blur
from stylizer.engine.garments import OLD_CLOTH, Sew, dressed
from stylizer.engine.picture import Picture, Plane, Size
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import soft_backdrop
from stylizer.engine.scenes.landscape import sky
from stylizer.engine.tone import blush, cel_skin, posterise


def figure(portrait: Portrait, sew: Sew | None = None) -> Picture:
    """The person as a cel, in other clothes if asked: used by every anime look. `portrait` is already reshaped."""
    cel = redrawn(portrait, lambda part: _lines_and_colours(part, sew))
    return _hair_gloss(draw_eyes(cel, portrait), portrait)


def _lines_and_colours(portrait: Portrait, sew: Sew | None) -> Picture:
    colours, worn = portrait.full(_cel_colours(portrait)), np.zeros(portrait.size, np.float32)
    if sew:
        colours, worn = dressed(portrait, colours, sew)
    colours = blush(colours, cheeks_of(portrait), rgb("ff7d7d"), 0.45)

    def draw(rows: Picture, ink: Plane) -> Picture:
        return mix(rows, np.clip(rows * 0.22 + rgb("241a2a") * 0.55, 0, 1), ink)

    return in_bands(draw, colours, portrait.ink(on_skin=0.36) * (1 - OLD_CLOTH * worn), into=colours)


def _cel_colours(portrait: Portrait) -> Picture:
    lab = to_lab(portrait.flat)
    bare = portrait.masks.skin * (1 - np.clip(portrait.masks.features, 0, 1))
    flat = 100 * posterise(lab[..., 0] / 100, 4, 6)
    skin = cel_skin(lab, portrait, light=0.99, shade=0.80, sigma=portrait.small_px(4), keep=0.12)
    lab[..., 0] = np.clip(mix((flat + (lab[..., 0] - flat) * 0.3) * 1.05 + 2, skin, bare), 0, 100)
    vivid, warm = lab[..., 1:] * 1.42, lab[..., 1:] * 1.12 + 4
    lab[..., 1:] = vivid + (warm - vivid) * bare[..., None]
    return from_lab(lab)


def _hair_gloss(picture: Picture, portrait: Portrait) -> Picture:
    grey = luminance(portrait.small)
    gloss = smoothstep(0.62, 0.95, (blur(grey, portrait.small_px(3)) - blur(grey, portrait.small_px(22))) * 6 + 0.5)
    return glow(picture, portrait.full(gloss * portrait.masks.hair) * 0.28, rgb("ffffff"))


def _summer_sky(size: Size, seed: int) -> Picture:
    return sky(size, "3b8df2", "e6f6ff", cover=0.50, soft=0.10, seed=seed + 12)


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.34, jaw=0.02, nose=0.08)
    scene = soft_backdrop(_summer_sky, portrait.size, seed)
    picture = outline(portrait, place(portrait, figure(portrait), scene), "101018", width=5, strength=0.7)
    return light_from(picture, 0, 0, reach=max(portrait.size) * 0.42, colour="fff1c9", amount=0.30)
