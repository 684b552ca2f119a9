"""Skin: smoothed where it is skin, features left alone; and contrast that does not change a complexion."""

import math

import numpy as np

from stylizer.engine.colour import from_lab, mix, smoothstep, to_lab
from stylizer.engine.filters import blur, smooth_surfaces, soften
from stylizer.engine.landmarks import Face, nearest_face
from stylizer.engine.masks import Masks
from stylizer.engine.picture import Picture, Plane

LIT_PERCENTILE, SHARED_LIGHT, MOST_SHARED = 58, 0.5, (-6, 14)  # of a face's L*; share; L*
MOST_CHROMA = 34.0  # Lab chroma of well-lit skin stays under this
LEVELS, LEAST_SPAN = (0.5, 99.5), 50.0  # percentiles of L*, and the least between them: contrast at most doubles
MOST_GAIN, GAIN_SHARE = 1.50, 0.6  # colour follows contrast by this power, up to this
MOST_CAST = 16.0  # Lab units that may be taken at full light; less in the dark
LIGHT_PERCENTILE, LEAST_TINTED = 60, 20  # of L* outside the skin; of how tinted these light parts are
GREY, LIFE = 5.0, np.array([9, 13], np.float32)  # chroma of skin in black and white; (a, b) that it is given
FEW_PIXELS = 50


def smooth_skin(picture: Picture, masks: Masks) -> Picture:
    """Even out all bare skin; applied twice it turns an old face into a mask."""
    smooth = soften(smooth_surfaces(picture), 6, 4e-3)
    return mix(picture, smooth, masks.skin * (1 - np.clip(masks.features * 1.3, 0, 1)))


def level(picture: Picture, masks: Masks, faces: tuple[Face, ...]) -> Picture:
    """Full contrast without a change of complexion: lightness is stretched, and the skin keeps its own.

    Levels on the three channels would scale the distance from grey as well: faded skin comes back orange, and a cast
    that is measured on skin and taken from everything turns white walls blue. So colour follows contrast by a bounded
    factor, and of a cast goes what skin has too much of AND what the least tinted light parts of the picture show too.
    """
    lab = to_lab(picture)
    bare = (masks.skin > 0.6) & (masks.face > 0.5)
    has_skin = np.count_nonzero(bare) > FEW_PIXELS
    if has_skin:
        lab[..., 1:] -= np.minimum(lab[..., :1] / 60, 1) * _cast(lab, bare)
    skin = np.median(lab[bare], 0) if has_skin else None
    gain = _stretch(lab, skin)
    lab[..., 1:] *= _colour_gain(gain, skin)
    if skin is not None and math.hypot(skin[1], skin[2]) < GREY:  # a photo in black and white: nobody is grey
        lab[..., 1:] += (np.maximum(masks.skin, masks.face) * (1 - masks.hair))[..., None] * LIFE
    return _evenly_lit(lab, masks, faces) if has_skin else from_lab(lab)


def _cast(lab: Picture, bare: Plane) -> Plane:
    """(a, b) of the light's colour, as far as skin is too colourful and everything light shows it too."""
    tint = np.median(lab[bare][:, 1:], 0)
    chroma, others = float(np.hypot(*tint)), lab[~bare]
    if chroma <= MOST_CHROMA or len(others) <= FEW_PIXELS:
        return np.zeros(2, np.float32)
    direction = tint / chroma
    light = others[others[:, 0] >= np.percentile(others[:, 0], LIGHT_PERCENTILE)]
    shown = float(np.percentile(light[:, 1:] @ direction, LEAST_TINTED))
    return np.asarray(direction * np.clip(min(chroma - MOST_CHROMA, shown), 0, MOST_CAST), np.float32)


def _stretch(lab: Picture, skin: Plane | None) -> float:
    """Levels on L*, then a gamma that gives skin its own lightness back; returns how much contrast there is more."""
    black, white = (float(at) for at in np.percentile(lab[::2, ::2, 0], LEVELS))
    span = max(white - black, LEAST_SPAN)
    black = min(black, max(0.0, white - LEAST_SPAN))
    lightness = np.clip((lab[..., 0] - black) / span, 0, 1)
    if skin is not None:
        before, after = (float(np.clip(at, 0.05, 0.95)) for at in (skin[0] / 100, (skin[0] - black) / span))
        lightness **= np.float32(np.clip(math.log(before) / math.log(after), 0.6, 1.8))
    lab[..., 0] = lightness * 100
    return 100 / span


def _colour_gain(gain: float, skin: Plane | None) -> float:
    """How much more colourful everything becomes; skin never beyond what skin has."""
    wanted = min(gain**GAIN_SHARE, MOST_GAIN)
    if skin is None:
        return wanted
    return float(np.clip(min(wanted, MOST_CHROMA / (math.hypot(skin[1], skin[2]) + 1e-3)), 1.0, MOST_GAIN))


def _evenly_lit(lab: Picture, masks: Masks, faces: tuple[Face, ...]) -> Picture:
    """About half of a light that falls on one part of a face only is shared with the rest of it."""
    size = (lab.shape[0], lab.shape[1])
    reach = 0.15 * faces[0].width
    weight = blur(masks.skin, reach)
    broad = blur(lab[..., 0] * masks.skin, reach) / (weight + 1e-3)
    nearest = nearest_face(size, faces)
    for number in range(len(faces)):
        own = (nearest == number) & (masks.face > 0.5)
        bare = own & (masks.skin > 0.6)
        if bare.sum() > 50:
            lit = np.percentile(lab[..., 0][bare], LIT_PERCENTILE)
            lab[..., 0] += (
                np.clip((lit - broad) * SHARED_LIGHT, *MOST_SHARED)
                * (nearest == number)
                * (smoothstep(0.02, 0.2, weight) * np.maximum(masks.skin, masks.face) * (1 - masks.hair))
            )
    return from_lab(lab)
