"""Anime world: the anime figure on a school roof in the last sun, cherry petals in the wind.

Own recipe; see looks.anime for the figure.
"""

import numpy as np

from stylizer.engine.colour import from_lab, to_lab
from stylizer.engine.compose import bloom, light_from, outline, place
from stylizer.engine.figure import rim_lit
from stylizer.engine.garments import school_uniform
from stylizer.engine.looks import anime
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.schoolroof import petals_in_wind, roof_at_sunset


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.34, jaw=0.02, nose=0.08)
    figure = _in_evening_light(portrait, anime.figure(portrait, school_uniform))
    picture = outline(
        portrait,
        place(portrait, figure, backdrop(roof_at_sunset, portrait.size, seed)),
        "2a1426",
        width=5,
        strength=0.7,
    )
    picture = rim_lit(portrait, picture, "ffb37a", from_right=True, amount=1.0)
    picture = petals_in_wind(picture, portrait.focus, seed)
    width, short = portrait.size[1], min(portrait.size)
    picture = light_from(picture, width, portrait.size[0] * 0.35, reach=short * 0.7, colour="ffb98a", amount=0.30)
    return bloom(picture, 0.72, portrait.px(20), 0.30)


def _in_evening_light(portrait: Portrait, figure: Picture) -> Picture:
    """Warm where it is light, violet in the shade, a little darker than at noon."""
    lab = to_lab(figure)
    warmth = np.clip(lab[..., 0] / 100 - 0.45, -0.4, 0.5) * (1 - 0.5 * portrait.full(portrait.masks.eyes))
    lab[..., 1] += 4 + warmth * 6
    lab[..., 2] += -4 + warmth * 26
    lab[..., 0] = lab[..., 0] * 0.95
    return from_lab(lab)
