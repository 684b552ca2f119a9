"""Scale armour drawn on a person's body: plates in arcs over the shoulders, a chest mirror, shoulder guards, a scarf.

Own recipe, after the fish-scale armour of Tang and Song generals. Lengths are in face widths.
"""

import numpy as np

from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import luminance, mix, rgb, smoothstep, solid
from stylizer.engine.compose import rows_columns
from stylizer.engine.filters import blur
from stylizer.engine.landmarks import CHIN, Face
from stylizer.engine.picture import Picture, Plane, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import body_height, lit, normals_of, shine

PLATE_WIDTH, PLATE_HEIGHT, PLATE_RADIUS = 0.15, 0.115, 0.098
SUN = (0.75, -0.45, 0.55)
STEEL, GOLD, CORD = "3d342c", "d9a94e", "8e1f1a"


def body_below(portrait: Portrait, face: Face) -> Plane:
    """The dressed part of one person, from the collar down; output size."""
    rows, columns = rows_columns(portrait.size)
    (x, _), (_, chin), unit = face.centre, face.xy[CHIN], face.width
    within = smoothstep(2.6, 2.3, np.abs(columns - x) / unit) * smoothstep(-0.30, -0.22, (rows - chin) / unit)
    bare = np.clip(portrait.masks.skin * smoothstep(0.3, 0.7, portrait.masks.skin) + portrait.masks.hair, 0, 1)
    return portrait.cutout * within * (1 - portrait.full(blur(bare, portrait.small_px(1.5))))


def _arcs(portrait: Portrait, face: Face) -> tuple[Plane, Plane]:
    """Coordinates on the armour in face widths: across, and down from arcs that droop over the shoulders."""
    rows, columns = rows_columns(portrait.size)
    across = (columns - face.centre[0]) / face.width
    return across, (rows - face.xy[CHIN, 1]) / face.width - 0.22 * across**2


def _scales(across: Plane, down: Plane) -> tuple[Plane, Plane]:
    """Distance to the centre of the plate that is on top, in plate radii, and the plate's upper row parity."""
    row = np.floor(down / PLATE_HEIGHT)

    def distance(number: Plane) -> Plane:
        shift = np.where(number % 2 == 0, 0.0, 0.5)
        beside = across / PLATE_WIDTH + shift
        beside = (beside - np.rint(beside)) * PLATE_WIDTH
        return np.sqrt(beside**2 + (down - number * PLATE_HEIGHT) ** 2) / PLATE_RADIUS

    upper, lower = distance(row - 1), distance(row)
    on_top = upper < 1
    return np.where(on_top, upper, np.minimum(lower, 1)).astype(np.float32), on_top


def wear_armour(portrait: Portrait, picture: Picture) -> Picture:
    """Every person who shows enough body gets armour."""
    for face in portrait.large_faces:
        body = body_below(portrait, face)
        if body.sum() < face.width**2 * 0.4:
            continue
        picture = mix(picture, _plates(portrait, face, picture), body)
        picture = _chest_mirror(picture, face, body)
        picture = _shoulder_guards(portrait, picture, face)
        picture = _scarf(portrait, picture, face)
    return picture


def _plates(portrait: Portrait, face: Face, picture: Picture) -> Picture:
    distance, _ = _scales(*_arcs(portrait, face))
    dome = np.sqrt(np.clip(1.02 - distance * distance, 0, 1)) * (face.width * 0.035)
    body = body_height(portrait.cutout, portrait.px(130), portrait.px(90))
    normals = normals_of(blur(dome, portrait.px(1.2)) + body, 2.2)
    light = 0.30 + 0.85 * lit(normals, SUN, wrap=0.2) + 0.25 * lit(normals, (-0.7, -0.3, 0.5))
    light = light * (0.55 + 0.9 * blur(luminance(picture), portrait.px(14)))
    trim = smoothstep(0.74, 0.80, distance) * smoothstep(0.99, 0.93, distance)
    metal = mix(solid(picture, rgb(STEEL) * 1.35), solid(picture, rgb(GOLD)), trim * 0.9)
    metal = mix(metal, solid(picture, rgb(CORD)), smoothstep(0.20, 0.12, distance) * 0.9)
    glint = shine(normals, SUN, 18) * 0.75
    groove = smoothstep(0.90, 1.0, distance) * 0.7
    return np.clip(metal * (light * (1 - groove))[..., None] + glint[..., None] * rgb("ffd9a0"), 0, 1)


def _polished(picture: Picture, distance: Plane, mask: Plane, rim: float, tilt: tuple[Plane, Plane]) -> Picture:
    """Paint a domed metal boss; `distance` 0 at its centre, 1 at its rim, `tilt` the offsets in radii."""
    height = np.sqrt(np.clip(1.001 - distance**2, 0, 1))
    direction = np.array(SUN, np.float32) / np.linalg.norm(SUN)
    facing = np.clip(tilt[0] * direction[0] + tilt[1] * direction[1] + height * direction[2], 0, 1)
    steel = np.clip(rgb("6b5a48") * (0.25 + 1.0 * facing)[..., None] + (facing**14)[..., None] * 0.45, 0, 1)
    gold = np.clip(rgb(GOLD) * (0.35 + 0.95 * facing)[..., None] + (facing**10)[..., None] * 0.5, 0, 1)
    ringed = mix(steel.astype(np.float32), gold.astype(np.float32), smoothstep(rim - 0.03, rim, distance))
    ringed = ringed * (1 - 0.6 * smoothstep(0.05, 0.0, np.abs(distance - rim)))[..., None]
    return mix(picture, ringed.astype(np.float32), mask)


def _chest_mirror(picture: Picture, face: Face, body: Plane) -> Picture:
    """The round plate over the heart of the armour."""
    rows, columns = rows_columns((picture.shape[0], picture.shape[1]))
    radius = face.width * 0.36
    across, down = (columns - face.centre[0]) / radius, (rows - face.xy[CHIN, 1] - face.width * 1.25) / radius
    distance = np.sqrt(across * across + down * down)
    disc = smoothstep(1.02, 0.98, distance)
    if (disc * body).sum() < 0.7 * disc.sum():
        return picture
    return _polished(picture, distance, disc * body, 0.78, (across, down))


def _shoulder_guards(portrait: Portrait, picture: Picture, face: Face) -> Picture:
    """Four overlapping lames on each shoulder that is in the picture."""
    rows, columns = rows_columns(portrait.size)
    unit = face.width
    level = int(np.clip(face.xy[CHIN, 1] + unit * 0.95, 0, portrait.size[0] - 1))
    covered = np.flatnonzero(portrait.cutout[level] > 0.5)
    if not len(covered):
        return picture
    for side, edge in ((-1, covered[0]), (1, covered[-1])):
        x = float(np.clip(edge, face.centre[0] - unit * 1.75, face.centre[0] + unit * 1.75)) - side * unit * 0.32
        for step in (3, 2, 1, 0):
            y = face.xy[CHIN, 1] + unit * (0.72 + 0.15 * step)
            tilt = side * 0.42
            right, low = columns - (x + side * unit * 0.05 * step), rows - y
            across = (right * np.cos(tilt) + low * np.sin(tilt)) / (unit * 0.47)
            down = (low * np.cos(tilt) - right * np.sin(tilt)) / (unit * 0.25)
            distance = np.sqrt(across * across + down * down)
            picture = _polished(picture, distance, smoothstep(1.02, 0.98, distance), 0.84, (across, down))
    return picture


def _scarf(portrait: Portrait, picture: Picture, face: Face) -> Picture:
    """A red cloth wound round the neck, over the collar."""
    canvas, unit = Canvas.plane(portrait.size), face.width
    x, chin = float(face.centre[0]), float(face.xy[CHIN, 1])
    turn = np.linspace(0, np.pi, 40)
    outer = np.stack([x + unit * 0.88 * np.cos(turn), chin + unit * (-0.10 + 0.60 * np.sin(turn))], -1)
    inner = np.stack([x + unit * 0.58 * np.cos(turn), chin + unit * (-0.10 + 0.20 * np.sin(turn))], -1)
    canvas.polygon(np.concatenate([outer, inner[::-1]]), 1.0)
    cloth = blur(to_float(canvas.pixels), portrait.px(2)) * portrait.cutout * (1 - portrait.full(portrait.masks.hair))
    rows, columns = rows_columns(portrait.size)
    down = (rows - chin) / unit - 0.38 * np.sqrt(np.clip(1 - ((columns - x) / (unit * 0.90)) ** 2, 0, 1))
    folds = 0.62 + 0.30 * np.sin(down * 34 + 1.2 * np.sin((columns - x) / unit * 5))
    red = np.clip(rgb("b3251c") * (folds * (0.7 + 0.3 * smoothstep(-1, 1, (columns - x) / unit)))[..., None], 0, 1)
    return mix(picture, red.astype(np.float32), cloth)


def cloak_behind(portrait: Portrait, scene: Picture) -> Picture:
    """A dark red cloak spread behind the shoulders of the main person, for the scene."""
    if not portrait.faces or not portrait.separable:
        return scene
    face, (height, width) = portrait.large_faces[0], portrait.size
    x, chin, unit = float(face.centre[0]), float(face.xy[CHIN, 1]), face.width
    canvas = Canvas.plane(portrait.size)
    for side in (-1, 1):
        top, foot = (x + side * unit * 0.5, chin + unit * 0.35), (x + side * unit * 3.0, float(height))
        wave = [
            (x + side * unit * (1.55 + 0.16 * np.sin(t * 9) + 1.3 * t**2), chin + unit * 0.62 + t * (height - chin))
            for t in np.linspace(0, 1, 24)
        ]
        canvas.polygon([top, (x + side * unit * 1.3, chin + unit * 0.45), *wave, foot, (x, float(height))], 1.0)
    rows, columns = rows_columns(portrait.size)
    folds = 0.55 + 0.35 * np.sin((columns - x) / unit * 9 + rows / unit * 1.5)
    cloth = np.clip(rgb("7d1713") * folds[..., None], 0, 1).astype(np.float32)
    return mix(scene, cloth, blur(to_float(canvas.pixels), max(1.0, width / 700)))
