"""Clay world: a figure modelled from plasticine, with fingerprints, before clay hills and clouds.

Own recipe: colours become lumps with rounded edges, faces take their form from the mesh (never from the photo's
shadows: those would become moustaches), and everything is lit as one height field.
"""

import cv2
import numpy as np

from stylizer.engine.colour import from_lab, mix, to_lab, vivid
from stylizer.engine.compose import cast_shadow, place
from stylizer.engine.eyes import draw_eyes
from stylizer.engine.filters import blur, disc, grow, shrink
from stylizer.engine.flow import smear, tangents
from stylizer.engine.landmarks import nearest_face
from stylizer.engine.noise import normalised, white
from stylizer.engine.picture import Picture, Pixels, Plane, resize
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import body_height, face_surface
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.clayland import clay_light, clay_scene, kneaded
from stylizer.engine.tone import nearest, palette

CLOTH_COLOURS = 9
SKIN, HAIR, BROWS, FRAMES = range(CLOTH_COLOURS, CLOTH_COLOURS + 4)
GROOVE, NOBODY = 5.0, 255
ON_FACE = {BROWS: 0.45, FRAMES: 0.9}  # how far they stand out of the skin


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.30, jaw=0.012)
    figure = _modelled(portrait, seed)
    scene = backdrop(clay_scene, portrait.size, seed)
    if portrait.separable:
        scene = cast_shadow(scene, portrait.cutout, portrait.px(28), softness=portrait.px(30), amount=0.42)
    return place(portrait, figure, scene)


def _modelled(portrait: Portrait, seed: int) -> Picture:
    """The person in clay, lit, their eyes painted on; output size."""
    flat = vivid(portrait.flat, 1.25, 1.08, 3)
    lumps = _lumps(portrait, flat, seed)
    surface = portrait.full(_form(portrait, lumps, seed)) * np.float32(portrait.zoom) + kneaded(portrait.size, seed)
    colours = portrait.full(_colours(portrait, flat, lumps))
    clay = clay_light(colours, surface, portrait.px(1))
    return draw_eyes(clay, portrait, iris=0.24, lash=None)


def _lumps(portrait: Portrait, flat: Picture, seed: int) -> Pixels:
    """Which lump of clay each pixel belongs to."""
    masks, person = portrait.masks, _of_clay(portrait)
    lab = to_lab(blur(flat, portrait.small_px(2)))
    cloth = person & (masks.skin < 0.5) & (masks.hair < 0.5)
    source = flat[cloth if cloth.sum() > 500 else np.ones_like(cloth)]
    lumps = nearest(lab, palette(source[None], CLOTH_COLOURS, seed + 4))
    size = round(portrait.small_px(9)) | 1
    lumps = cv2.medianBlur(cv2.medianBlur(lumps, size), size)
    bare = masks.skin * (1 - blur(np.clip(masks.lips, 0, 1), 1))
    lumps[((bare >= 0.3) | ((masks.face > 0.7) & (masks.skin > 0.15))) & (masks.hair < 0.5) & person] = SKIN
    joined = cv2.morphologyEx((lumps == SKIN).astype(np.uint8), cv2.MORPH_CLOSE, disc(round(portrait.small_px(41))))
    lumps[(joined > 0) & (lumps < CLOTH_COLOURS) & (masks.skin > 0.05)] = SKIN
    lumps[(masks.hair >= 0.5) & person] = HAIR
    lumps[blur(masks.brows, 1) > 0.5] = BROWS
    lumps[masks.frames > 0.4] = FRAMES
    return lumps


def _of_clay(portrait: Portrait) -> Plane:
    """What is modelled: the people, or all of a picture in which there are none to cut out."""
    return portrait.masks.person > 0.5 if portrait.separable else np.ones(portrait.masks.person.shape, bool)


def _colours(portrait: Portrait, flat: Picture, lumps: Pixels) -> Picture:
    """Every lump in its median colour, each person's own; some of the photo's variety left in cloth and hair."""
    lab, masks = to_lab(flat), portrait.masks
    person, nearest = _of_clay(portrait), nearest_face(lumps.shape[:2], portrait.faces)
    plain = np.zeros_like(lab)
    for number in range(max(1, len(portrait.faces))):
        mine = nearest == number
        plain[mine] = _lump_colours(lab, np.where(person & mine, lumps, NOBODY))[lumps[mine]]
    plain = from_lab(blur(plain, portrait.small_px(1)))
    own = 0.18 + 0.25 * masks.skin + masks.hair * (0.55 + 0.3 * masks.face)  # a moustache has a colour of its own
    clay = mix(plain, blur(flat, portrait.small_px(3)), np.clip(own, 0, 1))
    painted = np.clip(blur(masks.eyes + masks.lips + masks.mouth, portrait.small_px(2)) * 1.2, 0, 1)
    return mix(clay, flat, painted)  # whatever a mouth does, it is this person's


def _lump_colours(lab: Picture, lumps: Pixels) -> Plane:
    """(lumps, 3) Lab of one person."""
    colours = np.full((FRAMES + 1, 3), (50, 0, 0), np.float32)
    for lump in range(FRAMES + 1):
        inside = lumps == lump
        if inside.sum() > 20:
            colours[lump] = np.median(lab[inside], 0)
    colours[SKIN, 1:] *= 1.15
    colours[BROWS, 0] = min(colours[BROWS, 0], colours[SKIN, 0] - 24)
    return colours


def _form(portrait: Portrait, lumps: Pixels, seed: int) -> Plane:
    """Height in analysis pixels: cushion of the body, relief of the face, rounded lumps, combed hair."""
    unit, masks = portrait.small_px(1), portrait.masks
    person = _of_clay(portrait).astype(np.uint8)
    edges = np.zeros(lumps.shape, np.float32)
    for lump in range(FRAMES + 1):
        inside = (lumps == lump).astype(np.uint8) * person
        if lump in ON_FACE:
            edges += blur(inside.astype(np.float32), 1.2 * unit) * np.float32(ON_FACE[lump])
            continue
        if lump == SKIN:
            inside = np.isin(lumps, [SKIN, *ON_FACE]).astype(np.uint8) * person
        reach = 14 if lump in {SKIN, HAIR} else 7
        edges += np.sqrt(np.minimum(cv2.distanceTransform(inside, cv2.DIST_L2, 5) / np.float32(reach * unit), 1))
    field, _ = tangents(blur(portrait.small, unit), 4 * unit)
    strands = normalised(smear(blur(white((lumps.shape[0], lumps.shape[1]), seed + 6), 1.3), field, 10))
    height = blur(edges, 2 * unit) * 5.5 * unit + strands * (0.7 * unit) * blur(masks.hair, 2)
    return height + body_height(masks.person, 70 * unit, 26 * unit) + _face_form(portrait) - _grooves(portrait)


def _grooves(portrait: Portrait) -> Plane:
    """What the modelling tool scratches into a face: its own folds, nostrils and lids."""
    masks = portrait.masks
    lines = resize(portrait.face_lines, (masks.face.shape[0], masks.face.shape[1]))
    soft = masks.face * (1 - np.clip(masks.eyes + masks.lips + masks.mouth + masks.brows + masks.hair, 0, 1))
    return blur(lines * soft, portrait.small_px(1.6)) * np.float32(portrait.small_px(GROOVE))


def _face_form(portrait: Portrait) -> Plane:
    """The mesh's relief, softened as a thumb would."""
    if not portrait.faces:
        return np.zeros(portrait.masks.person.shape, np.float32)
    _, depth, covered = face_surface(portrait.masks.person.shape[:2], portrait.faces)
    inside = depth[covered > 0]
    low = float(np.percentile(inside, 12)) if len(inside) else 0.0
    unit = portrait.faces[0].width
    weight = blur(shrink(covered, unit * 0.14), unit * 0.07)  # no step where the mesh ends, on the forehead
    relief = (np.clip(np.where(covered > 0, depth - low, 0), 0, None) * weight).astype(np.float32)
    form, soft = blur(relief, portrait.small_px(4)), blur(relief, portrait.faces[0].width * 0.08)
    mouth = np.clip(blur(grow(portrait.masks.lips, portrait.small_px(44)), portrait.small_px(10)), 0, 1)
    return (form + (soft - form) * mouth) * 0.55
