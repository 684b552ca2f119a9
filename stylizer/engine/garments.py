"""Clothes that a look's name implies, drawn on the shoulders of a bust: silk jacket, crossed collar, school uniform.

Our own recipe. The cloth that is there is dyed, its folds stay as light and shade; collar, buttons and ties are drawn
in face widths from the chin. Nobody who shows too little of their body, or stands in a group, is dressed.
"""

from collections.abc import Callable

import numpy as np

from stylizer.engine.colour import luminance, mix, rgb, smoothstep, tinted
from stylizer.engine.costume import BUST_BODY, BUST_WIDTH, MOST_BUSTS, body_below
from stylizer.engine.filters import blur
from stylizer.engine.landmarks import CHIN
from stylizer.engine.picture import Picture, Plane
from stylizer.engine.portrait import Portrait
from stylizer.engine.region import coordinates, covering

FOLDS = 0.8
OLD_CLOTH = 0.96  # of the ink of what somebody wore is left out
Sew = Callable[[Plane, Plane, Plane], Picture]  # across, down (in face widths from the chin), light -> cloth


def dressed(portrait: Portrait, picture: Picture, sew: Sew) -> tuple[Picture, Plane]:
    """The picture (of output size) with everybody who shows a bust dressed, and where cloth was drawn, 0..1."""
    worn = np.zeros(portrait.size, np.float32)
    if not portrait.separable or len(portrait.faces) > MOST_BUSTS:
        return picture, worn
    picture = picture.copy()
    for face in portrait.large_faces:
        if face.width < BUST_WIDTH * min(portrait.size):
            continue
        body = body_below(portrait, face)
        if body.sum() < BUST_BODY * face.width**2:
            continue
        region = covering(body, 2)
        rows, columns = coordinates(region)
        across = np.broadcast_to((columns - face.centre[0]) / np.float32(face.width), body[region].shape)
        down = np.broadcast_to((rows - face.xy[CHIN, 1]) / np.float32(face.width), body[region].shape)
        light = _folds(picture[region], body[region], face.width)
        picture[region] = mix(picture[region], sew(across, down, light), body[region])
        worn = np.maximum(worn, body)
    return picture, worn


def _folds(picture: Picture, body: Plane, unit: float) -> Plane:
    """Light on the cloth about 1, from its own folds, whatever pattern it had."""
    grey = luminance(picture)
    weight = blur(body, unit * 0.3) + 1e-3
    broad = blur(grey * body, unit * 0.3) / weight
    fine = blur(grey * body, unit * 0.05) / (blur(body, unit * 0.05) + 1e-3)
    return np.clip(1 + (fine - broad) * FOLDS, 0.65, 1.25)


def _line(distance: Plane, width: float) -> Plane:
    """A line of this half width about distance 0, with a soft edge."""
    return smoothstep(width, width * 0.6, np.abs(distance))


def silk_jacket(across: Plane, down: Plane, light: Plane) -> Picture:
    """A red New Year jacket: medallions of gold thread, a standing collar, knotted buttons."""
    cloth = tinted(rgb("c2161f"), light * (0.92 + 0.10 * smoothstep(1.2, 0.2, np.abs(across))))
    beside, below = (np.abs(at / 0.46 % 1 - 0.5) for at in (across + 0.23, down))
    away = np.hypot(beside, below)
    thread = _line(away - 0.30, 0.025) + _line(away - 0.18, 0.02) + smoothstep(0.07, 0.05, away)
    cloth = mix(cloth, rgb("e9b64a"), np.clip(thread, 0, 1) * 0.55)
    ring = np.hypot(across / 0.46, (down - 0.02) / 0.42)
    collar = smoothstep(1.30, 1.27, ring) * (down > -0.2)
    cloth = mix(cloth, tinted(rgb("9a0f18"), light), collar)
    cloth = mix(cloth, rgb("f0c45c"), (_line(ring - 1.27, 0.035) + _line(ring - 1.02, 0.02)) * (down > -0.2))
    cloth = mix(cloth, rgb("6d0a12"), _line(across, 0.012) * (down > 0.50))
    for at in (0.72, 1.02, 1.32, 1.62):
        bar = smoothstep(0.17, 0.15, np.abs(across)) * _line(down - at, 0.024)
        knot = smoothstep(0.050, 0.040, np.hypot(across, down - at))
        loops = smoothstep(0.045, 0.036, np.hypot(np.abs(across) - 0.17, down - at))
        cloth = mix(cloth, rgb("f3cd6c"), np.clip(bar + knot + loops, 0, 1))
    return cloth


def crossed_collar(colour: str, border: str) -> Sew:
    """A robe closed to the wearer's right: a broad collar band over another, a white one within."""

    def sew(across: Plane, down: Plane, light: Plane) -> Picture:
        cloth = tinted(rgb(colour), light)
        over = across - (0.40 - 0.62 * (down - 0.05))  # the band that runs from the viewer's right down to the left
        under = across + (0.40 - 0.62 * (down - 0.05))
        white = (over < 0) & (under > 0)
        cloth = mix(cloth, tinted(rgb("f4f1e6"), light), white.astype(np.float32))
        for side, shown in ((under, (over < 0.02).astype(np.float32)), (over, np.ones_like(over))):
            band = smoothstep(0.135, 0.125, np.abs(side)) * shown * (down > -0.3)
            cloth = mix(cloth, tinted(rgb(border), light), band)
            edges = (_line(np.abs(side) - 0.125, 0.014) + _line(np.abs(side) - 0.085, 0.006)) * shown
            cloth = mix(cloth, rgb("d9b768"), np.clip(edges, 0, 1) * (down > -0.3))
        return cloth

    return sew


def school_uniform(across: Plane, down: Plane, light: Plane) -> Picture:
    """A navy blazer with a crest over a white shirt and a red tie, as pupils of any kind wear."""
    cloth = tinted(rgb("2b3b66"), light)
    out = np.abs(across) - 0.42 * (1 - (down - 0.02) / 1.30)  # how far beside the opening, in face widths
    lapel = smoothstep(0.17, 0.155, out) * (down < 1.25)
    cloth = mix(cloth, tinted(rgb("33467a"), light), lapel)
    cloth = mix(cloth, rgb("18223f"), np.clip(_line(out - 0.165, 0.012) * (down < 1.25), 0, 1))
    shirt = smoothstep(0.008, -0.008, out)
    cloth = mix(cloth, tinted(rgb("f4f5f7"), np.clip(light, 0.75, 1.0)), shirt)
    cloth = mix(cloth, rgb("18223f"), _line(out, 0.010) * (down < 1.34))
    wide = 0.045 + 0.075 * np.clip(down - 0.34, 0, 1)
    tie = smoothstep(0.01, -0.01, np.abs(across) - wide) * shirt * (down > 0.36)
    knot = smoothstep(0.01, -0.01, np.abs(across) - (0.085 - 0.25 * (down - 0.24))) * (down > 0.24) * (down <= 0.38)
    striped = 0.5 + 0.5 * np.sign(np.sin((across + down) * 34))
    red = mix(tinted(rgb("b3202c"), light), rgb("e6c26a"), striped * 0.25)
    cloth = mix(cloth, red, np.clip(tie + knot * shirt, 0, 1))
    crest = np.hypot(across - 0.62, (down - 1.05) * 0.85)
    return mix(cloth, rgb("e2bd5c"), np.clip(_line(crest - 0.085, 0.014) + smoothstep(0.055, 0.045, crest), 0, 1))
