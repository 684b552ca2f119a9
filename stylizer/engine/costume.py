"""Scale armour drawn on a person's body: plates in arcs over the shoulders, a chest mirror, shoulder guards, a scarf.

Our own recipe, after the fish-scale armour of Tang and Song generals. Lengths are in face widths.
"""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import luminance, mix, rgb, shaded, smoothstep, solid, tinted
from stylizer.engine.compose import rows_columns
from stylizer.engine.filters import blur
from stylizer.engine.landmarks import CHIN, Face, nearest_face
from stylizer.engine.picture import Picture, Pixels, Plane, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.region import Region, around, coordinates, covering
from stylizer.engine.relief import body_height, lit, shine, slopes, upright

PLATE_WIDTH, PLATE_HEIGHT, PLATE_RADIUS = 0.15, 0.115, 0.098
BUST_WIDTH, BUST_BODY, MOST_BUSTS = 0.14, 0.9, 2  # face in short sides, cloth in square face widths, people
SUN = (0.75, -0.45, 0.55)
STEEL, GOLD, CORD = "3d342c", "d9a94e", "8e1f1a"


def _domains(portrait: Portrait) -> list[tuple[Face, Plane]]:
    """Each person's share of the picture, the one in front last; the whole picture for a single person."""
    faces = portrait.faces
    nearest = nearest_face((portrait.small.shape[0], portrait.small.shape[1]), faces)
    order = sorted(range(len(faces)), key=lambda number: float(faces[number].xy[CHIN, 1]))
    share = {number: (nearest == number).astype(np.float32) for number in order}
    return [(portrait.large_faces[number], portrait.full(blur(share[number], 1.5))) for number in order]


def body_below(portrait: Portrait, face: Face) -> Plane:
    """The dressed part of one person, from the collar down; output size."""
    rows, columns = rows_columns(portrait.size)
    (x, _), (_, chin), unit = face.centre, face.xy[CHIN], face.width
    within = smoothstep(2.6, 2.3, np.abs(columns - x) / unit) * smoothstep(-0.30, -0.22, (rows - chin) / unit)
    hair = smoothstep(0.15, 0.45, portrait.masks.hair)  # of which a headscarf counts as some
    bare = np.clip(portrait.masks.skin * smoothstep(0.3, 0.7, portrait.masks.skin) + hair, 0, 1)
    return portrait.cutout * within * (1 - portrait.full(blur(bare, portrait.small_px(1.5))))


def _arcs(region: Region, face: Face) -> tuple[Plane, Plane]:
    """Coordinates on the armour in face widths: across, and down from arcs that droop over the shoulders."""
    rows, columns = coordinates(region)
    across = (columns - face.centre[0]) / np.float32(face.width)
    return across, (rows - face.xy[CHIN, 1]) / np.float32(face.width) - np.float32(0.22) * across**2


def _scales(across: Plane, down: Plane) -> Plane:
    """Distance to the centre of the plate that is on top, in plate radii: 0..1."""
    row = np.floor(down * np.float32(1 / PLATE_HEIGHT))

    def distance(number: Plane) -> Plane:
        beside = across * np.float32(1 / PLATE_WIDTH) + (number % 2) * np.float32(0.5)
        beside = (beside - np.rint(beside)) * np.float32(PLATE_WIDTH)
        return cv2.magnitude(beside, down - number * np.float32(PLATE_HEIGHT)) * np.float32(1 / PLATE_RADIUS)

    upper = distance(row - 1)
    return np.where(upper < 1, upper, np.minimum(distance(row), 1))


def wear_armour(portrait: Portrait, picture: Picture) -> Picture:
    """Every person who shows enough body gets armour, painted in; heads and hair stay in front of it."""
    if len(portrait.faces) > MOST_BUSTS:  # a group in scale armour is a knitted sack: it keeps its clothes
        return picture
    heads = smoothstep(0.35, 0.60, portrait.full(np.maximum(portrait.masks.face, portrait.masks.hair)))
    above = covering(heads, 2)
    before = picture[above].copy()
    for face, domain in _domains(portrait):
        body = body_below(portrait, face) * domain
        if body.sum() < face.width**2 * BUST_BODY or face.width < BUST_WIDTH * min(portrait.size):
            continue
        region = covering(body, 2)
        picture[region] = mix(picture[region], _plates(portrait, face, picture[region], region), body[region])
        picture = _chest_mirror(picture, face, body)
        picture = _shoulder_guards(portrait, picture, face, domain)
        picture = _scarf(portrait, picture, face, domain)
    picture[above] = mix(picture[above], before, heads[above] * portrait.cutout[above])
    return picture


def _plates(portrait: Portrait, face: Face, cloth: Picture, region: Region) -> Picture:
    """Scale armour over a region, its light that of the cloth below and of a low sun."""
    distance = _scales(*_arcs(region, face))
    dome = np.sqrt(np.clip(1.02 - distance * distance, 0, 1)) * np.float32(face.width * 0.035)
    body = body_height(portrait.cutout[region], portrait.px(130), portrait.px(90))
    across, down = slopes(blur(dome, portrait.px(1.2)) + body, 2.2)
    return in_bands(_metal, distance, across, down, blur(luminance(cloth), portrait.px(14)))


def _metal(distance: Plane, across: Plane, down: Plane, below: Plane) -> Picture:
    """Plates seen at this distance from their centres, on these slopes, over cloth of this lightness."""
    normals = upright(across, down)
    light = 0.30 + 0.85 * lit(normals, SUN, wrap=0.2) + 0.25 * lit(normals, (-0.7, -0.3, 0.5))
    light = light * (0.55 + 0.9 * below)
    trim = smoothstep(0.74, 0.80, distance) * smoothstep(0.99, 0.93, distance)
    metal = mix(solid(distance, rgb(STEEL) * np.float32(1.35)), rgb(GOLD), trim * 0.9)
    metal = mix(metal, rgb(CORD), smoothstep(0.20, 0.12, distance) * 0.9)
    metal *= (light * (1 - smoothstep(0.90, 1.0, distance) * 0.7))[..., None]
    metal += (shine(normals, SUN, 18) * np.float32(0.75))[..., None] * rgb("ffd9a0")
    return np.clip(metal, 0, 1, out=metal)


def _boss(picture: Picture, across: Plane, down: Plane, mask: Plane, rim: float) -> Picture:
    """A domed, ribbed boss with a gold rim, ring and stud; `across` and `down` from its centre are in radii."""
    distance = np.sqrt(across * across + down * down)
    mask = mask * smoothstep(1.02, 0.98, distance)
    height = np.sqrt(np.clip(1.001 - distance**2, 0, 1))
    direction = np.array(SUN, np.float32) / np.linalg.norm(SUN).astype(np.float32)
    facing = np.clip(across * direction[0] + down * direction[1] + height * direction[2], 0, 1)
    steel = np.clip(rgb("6b5a48") * (0.25 + 1.0 * facing)[..., None] + (facing**14)[..., None] * 0.45, 0, 1)
    gold = np.clip(rgb(GOLD) * (0.35 + 0.95 * facing)[..., None] + (facing**10)[..., None] * 0.5, 0, 1)
    ribs = np.abs(np.sin(np.arctan2(down, across) * 9)) ** 6 * smoothstep(0.34, 0.42, distance) * 0.35
    steel = shaded(steel, 1 - ribs)
    inlay = smoothstep(0.035, 0.02, np.abs(distance - 0.36)) + smoothstep(0.17, 0.14, distance)
    metal = mix(steel, gold, np.maximum(smoothstep(rim - 0.03, rim, distance), np.clip(inlay, 0, 1)))
    metal = metal * (1 - 0.6 * smoothstep(0.05, 0.0, np.abs(distance - rim)))[..., None]
    return mix(picture, metal, mask)


def _chest_mirror(picture: Picture, face: Face, body: Plane) -> Picture:
    """The round plate over the heart of the armour, where there is enough armour for it."""
    x, y, radius = float(face.centre[0]), float(face.xy[CHIN, 1]) + face.width * 1.25, face.width * 0.36
    region = around((picture.shape[0], picture.shape[1]), x, y, radius * 1.05)
    cover = body[region]
    if cover.sum() < 0.85 * np.pi * radius**2:
        return picture
    rows, columns = coordinates(region)
    picture[region] = _boss(picture[region], (columns - x) / radius, (rows - y) / radius, cover, 0.78)
    return picture


def _shoulder_guards(portrait: Portrait, picture: Picture, face: Face, domain: Plane) -> Picture:
    """Four overlapping lames on each shoulder that is in the picture."""
    unit, chin = face.width, float(face.xy[CHIN, 1])
    level = int(np.clip(chin + unit * 0.95, 0, portrait.size[0] - 1))
    covered = np.flatnonzero(portrait.cutout[level] * domain[level] > 0.5)
    if not len(covered):
        return picture
    for side, edge in ((-1, covered[0]), (1, covered[-1])):
        x = float(np.clip(edge, face.centre[0] - unit * 1.75, face.centre[0] + unit * 1.75)) - side * unit * 0.32
        for step in (3, 2, 1, 0):
            at = (x + side * unit * 0.05 * step, chin + unit * (0.72 + 0.15 * step))
            picture = _lame(picture, at, unit, side * 0.42, domain)
    return picture


def _lame(picture: Picture, at: tuple[float, float], unit: float, tilt: float, domain: Plane) -> Picture:
    """One plate of a shoulder guard: an ellipse turned by `tilt` radians, within `domain`."""
    region = around((picture.shape[0], picture.shape[1]), *at, unit * 0.5)
    rows, columns = coordinates(region)
    right, low = columns - np.float32(at[0]), rows - np.float32(at[1])
    cosine, sine = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    across, down = (right * cosine + low * sine) / (unit * 0.47), (low * cosine - right * sine) / (unit * 0.25)
    picture[region] = _boss(picture[region], across, down, domain[region], 0.84)
    return picture


def _scarf(portrait: Portrait, picture: Picture, face: Face, domain: Plane) -> Picture:
    """A red cloth wound round the neck, over the collar; not over hands, nor over what falls from the head."""
    canvas, unit = Canvas.plane(portrait.size), face.width
    x, chin = float(face.centre[0]), float(face.xy[CHIN, 1])
    turn = np.linspace(0, np.pi, 40)
    outer = np.stack([x + unit * 0.88 * np.cos(turn), chin + unit * (-0.10 + 0.60 * np.sin(turn))], -1)
    inner = np.stack([x + unit * 0.58 * np.cos(turn), chin + unit * (-0.10 + 0.20 * np.sin(turn))], -1)
    canvas.polygon(np.concatenate([outer, inner[::-1]]), 1.0)
    region = covering(canvas.pixels, portrait.px(8))
    rows, columns = coordinates(region)
    cloth = blur(to_float(canvas.pixels[region]), portrait.px(2)) * portrait.cutout[region] * domain[region]
    hair, skin = portrait.full(portrait.masks.hair)[region], portrait.full(portrait.masks.skin)[region]
    hands = cloth * skin * (np.abs(columns - x) > unit * 0.42) + cloth * skin * (rows > chin + unit * 0.38)
    if hands.sum() > 0.04 * unit**2 or (cloth * hair).sum() > 0.5 * cloth.sum():
        return picture
    cloth = cloth * (1 - hair)
    down = (rows - chin) / unit - 0.38 * np.sqrt(np.clip(1 - ((columns - x) / (unit * 0.90)) ** 2, 0, 1))
    folds = 0.62 + 0.30 * np.sin(down * 34 + 1.2 * np.sin((columns - x) / unit * 5))
    red = tinted(rgb("b3251c"), folds * (0.7 + 0.3 * smoothstep(-1, 1, (columns - x) / unit)))
    picture[region] = mix(picture[region], red, cloth)
    return picture


def cloak_behind(portrait: Portrait, scene: Picture) -> Picture:
    """A dark red cloak spread behind the shoulders of the main person, painted into the scene."""
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

    def cloth(behind: Picture, cover: Pixels, down: Plane) -> Picture:
        folds = 0.55 + 0.35 * np.sin((columns - x) / unit * 9 + down / unit * 1.5)
        return mix(behind, tinted(rgb("7d1713"), folds), to_float(cover))

    return in_bands(cloth, scene, blur(canvas.pixels, max(1.0, width / 700)), rows, into=scene)
