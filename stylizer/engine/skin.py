"""Skin: smoothed where it is skin, features left alone."""

import numpy as np

from stylizer.engine.colour import mix
from stylizer.engine.filters import smooth_surfaces, soften
from stylizer.engine.masks import Masks
from stylizer.engine.picture import Picture


def smooth_skin(picture: Picture, masks: Masks, amount: float) -> Picture:
    """Even out the skin: 0 nothing, .75-.8 fits drawn lines, 1 twice makes a mask of an old face."""
    smooth = soften(smooth_surfaces(picture), 6, 4e-3)
    return mix(picture, smooth, masks.skin * (1 - np.clip(masks.features * 1.3, 0, 1)) * amount)
