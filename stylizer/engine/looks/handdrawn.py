"""Hand-drawn world: graphite lines, watercolour that pools and runs, torn paper edges.

Own recipe: a wash is a Kuwahara painting with a wet displacement, pigment density by turbulence (Bousseau et al. 2006)
and darker rims.
"""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, luminance, mix, rgb, shaded, smoothstep, to_lab, vivid
from stylizer.engine.compose import rows_columns
from stylizer.engine.filters import blur
from stylizer.engine.flow import shock, smear, tangents
from stylizer.engine.noise import clouds, tooth
from stylizer.engine.picture import Picture, Plane, Size
from stylizer.engine.portrait import Portrait
from stylizer.engine.texture import paper
from stylizer.engine.tone import posterise


def render(portrait: Portrait, seed: int) -> Picture:
    ground, relief = paper(portrait.size, "fbfaf5", grain=0.05, fibre=0.015, seed=seed + 6)
    turbulence = clouds(portrait.size, 7, 4, seed + 9) - 0.5
    wash = _granulated(portrait.full(_wash(portrait, seed)), turbulence, relief)
    picture = in_bands(_loose, blur(wash, portrait.px(6)), wash, turbulence, portrait.cutout, into=wash)
    graphite = portrait.ink(on_skin=0.80, reach=7) * np.clip(0.82 + 0.22 * tooth(portrait.size, seed + 2, 0.8), 0, 1)
    picture = mix(picture, rgb("4a4347"), np.clip(graphite, 0, 1) * (0.25 + 0.60 * portrait.cutout))
    torn = _torn_edge(portrait.size, seed)
    rim = np.clip(torn - blur(torn, portrait.px(5)), 0, 1)

    def on_paper(sheet: Picture, paint: Picture, edge: Plane, dark: Plane) -> Picture:
        return mix(sheet, np.clip(shaded(paint * sheet, 1 - 0.8 * dark), 0, 1), edge)

    return in_bands(on_paper, ground, picture, torn, rim, into=ground)


def _loose(soft: Picture, wash: Picture, turbulence: Plane, person: Plane) -> Picture:
    """Round the person the wash runs, more in some places than in others."""
    run = (0.55 * np.clip(0.5 + turbulence * 2.2, 0, 1))[..., None]
    return mix(1 - (1 - soft) * run, wash, person)


def _wash(portrait: Portrait, seed: int) -> Picture:
    dabs = vivid(portrait.dabs, 1.3, 1.0, 6)
    field, _ = tangents(dabs, portrait.small_px(4))
    dabs = shock(shock(smear(dabs, field, 5), 1.5, 0.6), 1.5, 0.6)
    keep = np.clip(blur(portrait.masks.features + portrait.masks.mouth, portrait.small_px(6)) * 1.5, 0, 1)
    lab = to_lab(np.clip(mix(_wet(dabs, seed, portrait.small_px(5)), dabs, keep), 0, 1))
    lightness = lab[..., 0] / 100
    stepped = lightness + (posterise(lightness, 6, 3) - lightness) * 0.6
    lifted = stepped * 0.86 + 0.17 * (1 - 0.6 * portrait.masks.skin)
    lab[..., 1:] *= (1 - 0.14 * portrait.masks.skin)[..., None]
    teeth = portrait.masks.mouth * smoothstep(0.40, 0.60, lightness)
    lab[..., 0] = 100 * np.clip(lifted + (0.97 - lifted) * teeth * 0.8, 0, 1)
    return from_lab(lab)


def _wet(picture: Picture, seed: int, reach: float) -> Picture:
    size = (picture.shape[0], picture.shape[1])
    rows, columns = np.indices(size, np.float32)
    across = columns + (clouds(size, 40, 2, seed + 1) - 0.5) * np.float32(reach)
    down = rows + (clouds(size, 40, 2, seed + 2) - 0.5) * np.float32(reach)
    return cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _granulated(wash: Picture, turbulence: Plane, relief: Plane) -> Picture:
    """Dark rims where colours meet, and pigment that settles unevenly; painted into the wash."""
    grey = luminance(wash)
    rims = blur(np.clip(np.abs(grey - blur(grey, 5)) * 6, 0, 1), 1)

    def settle(rows: Picture, light: Plane, rim: Plane, flow: Plane, bumps: Plane) -> Picture:
        density = np.clip(1 + flow * (0.12 + 0.45 * light) + bumps * 0.20, 0.5, 1.5)
        return np.clip(1 - shaded(1 - shaded(rows, 1 - 0.30 * rim), density), 0, 1)

    return in_bands(settle, wash, grey, rims, turbulence, relief, into=wash)


def _torn_edge(size: Size, seed: int) -> Plane:
    rows, columns = rows_columns(size)
    inside = np.minimum(np.minimum(columns, size[1] - columns), np.minimum(rows, size[0] - rows)) / min(size)
    return smoothstep(0.02, 0.075, inside + (clouds(size, 9, 4, seed + 14) - 0.5) * 0.11)
