"""Warrior general: scale armour and a red scarf on the shoulders, cloak, banners, embers, low sun.

Own recipe; the armour is drawn (see costume), the face keeps its own painted likeness.
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, shaded, smoothstep, to_lab
from stylizer.engine.compose import place, vignette
from stylizer.engine.costume import cloak_behind, wear_armour
from stylizer.engine.figure import rim_lit
from stylizer.engine.filters import blur
from stylizer.engine.looks.adventure import painted
from stylizer.engine.picture import Picture, Pixels, Plane, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import lit, surface
from stylizer.engine.scenes import soft_backdrop
from stylizer.engine.scenes.battle import embers_and_smoke, sunset_field

SUN = (0.75, -0.45, 0.55)


def render(portrait: Portrait, seed: int) -> Picture:
    figure = _lit_by_sunset(portrait)
    in_bands(_graded, figure, into=figure)
    scene = cloak_behind(portrait, soft_backdrop(sunset_field, portrait.size, seed))
    picture = rim_lit(portrait, place(portrait, figure, scene), "ff8a3c", from_right=True, amount=1.0)
    if portrait.separable:
        picture = wear_armour(portrait, picture)
    return vignette(embers_and_smoke(picture, seed), "1a0f0c", 0.6)


def _lit_by_sunset(portrait: Portrait) -> Picture:
    light = 0.66 + 0.52 * lit(surface(portrait), SUN, wrap=0.4)
    picture, light = painted(portrait), portrait.full(blur(light, portrait.small_px(3)))

    def relit(rows: Picture, bright: Plane, photo: Pixels, soft: Pixels) -> Picture:
        return np.clip(shaded(rows, bright) + (to_float(photo) - to_float(soft)) * 0.4, 0, 1)

    return in_bands(relit, picture, light, portrait.photo, blur(portrait.photo, portrait.px(4)), into=picture)


def _graded(picture: Picture) -> Picture:
    """Contrast in the middle, colour drained, warm lights over cool shades."""
    lab = to_lab(picture)
    lightness = lab[..., 0] / 100
    lab[..., 0] = 100 * np.clip(smoothstep(0, 1, lightness) * 0.5 + lightness * 0.46, 0, 1)
    lab[..., 1:] *= 0.90
    lab[..., 1] += 2 + (lightness - 0.45) * 8
    lab[..., 2] += 2 + (lightness - 0.45) * 22
    return from_lab(lab)
