"""Skin: smoothed where it is skin, features left alone; and contrast that does not change a complexion."""

import math

import numpy as np

from stylizer.engine.colour import from_lab, luminance, mix, shaded, smoothstep, stretch, to_lab
from stylizer.engine.filters import blur, smooth_surfaces, soften
from stylizer.engine.landmarks import Face, nearest_face
from stylizer.engine.masks import Masks
from stylizer.engine.picture import Picture, Plane

LIT_PERCENTILE, SHARED_LIGHT, MOST_SHARED = 58, 0.5, (-6, 14)  # of a face's L*; share; L*
MOST_CHROMA = 34.0  # Lab chroma of well-lit skin stays under this


def smooth_skin(picture: Picture, masks: Masks) -> Picture:
    """Even out all bare skin; applied twice it turns an old face into a mask."""
    smooth = soften(smooth_surfaces(picture), 6, 4e-3)
    return mix(picture, smooth, masks.skin * (1 - np.clip(masks.features * 1.3, 0, 1)))


def level(picture: Picture, masks: Masks, faces: tuple[Face, ...]) -> Picture:
    """Full contrast for the picture, its own lightness for the skin of faces, and no more colour than skin has."""
    stretched = stretch(picture)
    bare = (masks.skin > 0.6) & (masks.face > 0.5)
    if bare.sum() <= 50:
        return stretched
    before = float(np.clip(np.median(luminance(picture)[bare]), 0.02, 0.95))
    after = float(np.clip(np.median(luminance(stretched)[bare]), 0.02, 0.95))
    gamma = np.clip(math.log(min(before * 1.03, 0.96)) / math.log(after), 0.6, 1.8)
    tone = np.maximum(luminance(stretched), 1e-3) ** np.float32(gamma - 1)  # on lightness only: hues stay
    return _evenly_lit(_without_cast(np.clip(shaded(stretched, tone), 0, 1), bare), masks, faces)


def _evenly_lit(picture: Picture, masks: Masks, faces: tuple[Face, ...]) -> Picture:
    """About half of a light that falls on one part of a face only is shared with the rest of it."""
    lab, size = to_lab(picture), (picture.shape[0], picture.shape[1])
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


def _without_cast(picture: Picture, bare: Plane) -> Picture:
    """Under lamplight skin is more colourful than any complexion: take that much of the light's colour away."""
    lab = to_lab(picture)
    tint = np.median(lab[..., 1:][bare], 0)
    excess = max(0.0, 1 - MOST_CHROMA / (float(np.linalg.norm(tint)) + 1e-3))
    if not excess:
        return picture
    lab[..., 1:] -= tint * np.float32(excess)
    return from_lab(lab)
