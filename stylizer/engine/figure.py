"""Ways of rendering a person that several looks share: cel colours with lines, and a soft three-dimensional figure."""

import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import stencil
from stylizer.engine.colour import from_lab, glow, luminance, mix, rgb, smoothstep, to_lab, vivid
from stylizer.engine.eyes import draw_eyes
from stylizer.engine.filters import blur, grow, sharpen, shifted, shrink, smooth_surfaces
from stylizer.engine.flow import smear, tangents
from stylizer.engine.picture import Picture, Plane
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import face_surface, lit, normals_of, shine, surface
from stylizer.engine.skin import smooth_skin
from stylizer.engine.tone import cel, skin_lightness

KEY_LIGHT, FILL_LIGHT = (-0.50, -0.60, 0.66), (0.45, 0.70, 0.55)
BEARDED = 0.06  # of the lower face: so much hair is a beard or a moustache
CREASE = np.array([0.56, 0.42, 0.38], np.float32)


def cheeks_of(portrait: Portrait) -> tuple[tuple[Plane, float], ...]:
    """Cheek points that show bare skin and width of every face without a beard or a moustache, in output pixels."""
    masks, found = portrait.masks, []
    for face, large in zip(portrait.faces, portrait.large_faces, strict=True):
        below = stencil(masks.hair.shape[:2], face.xy[landmarks.LOWER_FACE])
        if float((below * masks.hair).sum()) > BEARDED * float(below.sum()):
            continue
        points = face.xy[list(landmarks.CHEEKS)]
        x, y = np.clip(points, 0, np.array(masks.skin.shape[::-1]) - 1).astype(int).T
        found.append((large.xy[list(landmarks.CHEEKS)][masks.skin[y, x] > 0.4], large.width))
    return tuple(found)


def cel_figure(portrait: Portrait, *, steps: int = 5, chroma: float = 1.35, own: float = 0.45) -> Picture:
    """Flat tones with some (`own`) of the photo's modelling left; no lines yet. Output size."""
    modelled = vivid(portrait.even(0.75), 1.3, 1.08, 1)
    lab = to_lab(mix(cel(portrait.flat, steps, 4, chroma), modelled, own))
    lab[..., 1:] *= (1 - 0.14 * portrait.masks.skin)[..., None]  # brown skin turns orange before cloth turns loud
    return portrait.full(from_lab(lab))


def inked(
    portrait: Portrait,
    colours: Picture,
    line: str,
    *,
    on_skin: float,
    own: float = 0.15,
    strokes: float = 0.55,
    bare: Plane | float = 1.0,
) -> Picture:
    """Brush lines drawn on colours; the line takes up a little (`own`) of what it is drawn on.

    `strokes` is the width of the face's thin strokes; `bare` is how much of the ink is drawn where.
    """
    pen = rgb(line) * 0.8

    def draw(rows: Picture, ink: Plane) -> Picture:
        return mix(rows, np.minimum(pen + rows * own, rows), ink)  # never a light line on dark

    return in_bands(draw, colours, portrait.ink(on_skin=on_skin, strokes=strokes) * bare, into=colours)


def sculpted(
    portrait: Portrait, *, rim: str, shade: str, warmth: float = 1.0, creases: float = 1.0, iris: float = 0.26
) -> Picture:
    """A soft three-dimensional figure under studio light, output size. `portrait` is already reshaped.

    Our own recipe: nearly all of the photo's shading is taken off and put back as light on a modelled form, the face's
    from its mesh, hair's and cloth's from their own folds; with occlusion where the form is hollow, a warm terminator
    as light has it that went through skin (after d'Eon and Luebke 2007), soft shine and a rim light.
    `shade` is the colour of the light that falls where the key light does not; `creases` how much of a face's own
    lines is left.
    """
    albedo, bare = _albedo(portrait), portrait.skin_area(1.2)
    normals = _modelled(portrait, surface(portrait), bare)
    key, fill = lit(normals, KEY_LIGHT, wrap=0.35), lit(normals, FILL_LIGHT, wrap=0.5)
    light = (0.50 + 0.52 * key + 0.16 * fill) * (1 - 0.30 * _occlusion(portrait))
    shaded = np.clip(albedo * (1 + (light - 1) * (0.75 + 0.20 * bare))[..., None], 0, 1)
    dim = np.clip(1.05 - blur(key, portrait.small_px(6)) * 1.25, 0, 1) * (1 - 0.5 * bare)
    shaded = shaded * (1 - (1 - rgb(shade)) * dim[..., None])
    terminator = np.exp(-(((key - 0.50) / 0.16) ** 2)) * bare * 0.10 * warmth
    shaded = glow(shaded, terminator, rgb("ff6a3c"))
    gloss = shine(normals, KEY_LIGHT, 22) * (bare * 0.24 + portrait.masks.hair * 0.20) * portrait.masks.person
    shaded = glow(shaded, blur(gloss, portrait.small_px(1.5)), rgb("fff6ea"))
    picture = _creased(portrait, _with_detail(portrait, portrait.full(shaded)), creases)
    edge = (1 - np.clip(normals[..., 2], 0, 1)) ** 2.2 * portrait.masks.person
    picture = glow(picture, portrait.full(blur(edge, portrait.small_px(2))) * 0.5, rgb(rim))
    return draw_eyes(picture, portrait, iris=iris, lash="2a1714")


def _modelled(portrait: Portrait, normals: Picture, bare: Plane) -> Picture:
    """The form of hair and cloth: their own folds, smoothed as a modeller would, on the body's."""
    height = blur(luminance(portrait.flat), portrait.small_px(2.5)) * np.float32(portrait.small_px(26))
    folds = normals_of(height)
    share = ((1 - bare) * (1 - np.clip(portrait.masks.features, 0, 1)))[..., None] * 0.75
    mixed = normals + folds * share
    return np.asarray(mixed / (np.linalg.norm(mixed, axis=2, keepdims=True) + 1e-6), np.float32)


def _occlusion(portrait: Portrait) -> Plane:
    """Where little light reaches, 0..1: hollows of the faces, and the necks below the chins."""
    masks, size = portrait.masks, (portrait.small.shape[0], portrait.small.shape[1])
    hollow: Plane = np.zeros(size, np.float32)
    if not portrait.faces:
        return hollow
    unit = portrait.faces[0].width
    _, depth, covered = face_surface(size, portrait.faces)
    inner = blur(shrink(covered, unit * 0.06), unit * 0.03)
    hollow = np.clip((blur(depth, unit * 0.07) - depth) / (unit * 0.035), 0, 1) * inner
    below = blur(shifted(masks.face, unit * 0.16, 0), unit * 0.05) * (1 - masks.face) * masks.skin
    smiling = np.clip(blur(grow(masks.lips, unit * 0.30), unit * 0.06), 0, 1)  # a smile's folds are no hollows
    return np.clip(blur(hollow, unit * 0.012) * (1 - 0.8 * smiling) + below * 1.2, 0, 1)


def _albedo(portrait: Portrait) -> Picture:
    """Colour with little of its shading: skin even, hair in combed locks, clothes plain."""
    masks, smooth = portrait.masks, smooth_skin(portrait.ironed, portrait.masks)
    plain = smooth_surfaces(portrait.flat, reach=24, contrast=0.30)
    smooth = mix(smooth, plain, 0.9 * (1 - np.clip(masks.features, 0, 1)))
    field, _ = tangents(luminance(portrait.small), portrait.small_px(3))
    combed = sharpen(smear(plain, field, 11), portrait.small_px(4), 0.8)
    smooth = mix(smooth, np.clip(combed, 0, 1), masks.hair * 0.9)
    lab, bare = to_lab(smooth), portrait.skin_area(1.2) * 0.95
    median = skin_lightness(lab, portrait)
    broad = blur(lab[..., 0], portrait.small_px(7))
    even = median * 1.04 + (lab[..., 0] - broad) * 0.35 + (broad - median) * 0.18
    lab[..., 0] += (even - lab[..., 0]) * bare
    lab[..., 0] *= 1 - 0.22 * masks.brows
    soft = blur(lab[..., 1:] * bare[..., None], portrait.small_px(14)) / (
        blur(bare, portrait.small_px(14))[..., None] + 1e-3
    )
    lab[..., 1:] += (soft - lab[..., 1:]) * (bare * 0.7)[..., None]
    lab[..., 1:] *= (1.24 - 0.12 * bare)[..., None]
    lab[..., 1:] += bare[..., None] * np.array([2.0, 2.5], np.float32)
    return from_lab(lab)


def _creased(portrait: Portrait, picture: Picture, amount: float) -> Picture:
    """Folds, nostrils and lids as soft warm shade: without them every face looks like a doll's."""
    hair = grow(portrait.masks.hair, portrait.small_px(14))
    shown = (1 - blur(hair, portrait.small_px(4))) * (1 - 0.45 * portrait.skin_area())
    crease = blur(portrait.face_lines, portrait.px(3)) * portrait.full(shown * np.float32(amount))
    return in_bands(lambda rows, deep: mix(rows, rows * CREASE, deep), picture, crease)


def _with_detail(portrait: Portrait, picture: Picture) -> Picture:
    """The photo's fine detail where it makes the likeness: features and hair."""
    detail = luminance(portrait.photo)
    detail -= blur(detail, portrait.px(3))
    masks = portrait.masks
    dry = 1 - np.clip(blur(masks.lips + masks.mouth, portrait.small_px(2)) * 1.5, 0, 1)  # wet ones would sparkle
    keep = (0.55 * np.clip(masks.features * 1.2, 0, 1) + 0.25 * masks.hair) * dry
    detail *= portrait.full(keep)
    return in_bands(lambda rows, more: np.clip(rows + more[..., None], 0, 1), picture, detail)


def rim_lit(portrait: Portrait, picture: Picture, colour: str, *, from_right: bool, amount: float) -> Picture:
    """A light that catches one side of the figure's contour."""
    x, _, unit = portrait.focus
    columns = np.arange(portrait.size[1], dtype=np.float32)[None, :]
    side = (
        smoothstep(x - unit * 0.3, x + unit, columns) if from_right else smoothstep(x + unit * 0.3, x - unit, columns)
    )
    rim = np.clip(blur(portrait.cutout, portrait.px(3)) - blur(portrait.cutout, portrait.px(26)), 0, 1) * side
    return glow(picture, rim * portrait.cutout * amount, rgb(colour))
