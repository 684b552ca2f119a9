"""Ways of rendering a person that several looks share: cel colours with lines, and a soft three-dimensional figure."""

import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, glow, luminance, mix, rgb, smoothstep, to_lab, vivid
from stylizer.engine.eyes import draw_eyes
from stylizer.engine.filters import blur, grow, sharpen, smooth_surfaces
from stylizer.engine.flow import smear, tangents
from stylizer.engine.picture import Picture, Plane
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import lit, shine, surface
from stylizer.engine.skin import smooth_skin
from stylizer.engine.tone import cel, skin_lightness

KEY_LIGHT, FILL_LIGHT = (-0.50, -0.60, 0.66), (0.45, 0.70, 0.55)
CREASE = np.array([0.56, 0.42, 0.38], np.float32)


def cheeks_of(portrait: Portrait) -> tuple[tuple[Plane, float], ...]:
    """Cheek points and width of every face, in output pixels."""
    return tuple((face.xy[list(landmarks.CHEEKS)], face.width) for face in portrait.large_faces)


def cel_figure(portrait: Portrait, *, steps: int = 5, chroma: float = 1.35, own: float = 0.45) -> Picture:
    """Flat tones with some (`own`) of the photo's modelling left; no lines yet. Output size."""
    modelled = vivid(portrait.even(0.75), 1.3, 1.08, 1)
    lab = to_lab(mix(cel(portrait.flat, steps, 4, chroma), modelled, own))
    lab[..., 1:] *= (1 - 0.14 * portrait.masks.skin)[..., None]  # brown skin turns orange before cloth turns loud
    return portrait.full(from_lab(lab))


def inked(portrait: Portrait, colours: Picture, line: str, *, on_skin: float, own: float = 0.15) -> Picture:
    """Brush lines drawn on colours; the line takes up a little (`own`) of what it is drawn on."""
    pen = rgb(line) * 0.8

    def draw(rows: Picture, ink: Plane) -> Picture:
        return mix(rows, np.minimum(pen + rows * own, rows), ink)  # never a light line on dark

    return in_bands(draw, colours, portrait.ink(on_skin=on_skin), into=colours)


def sculpted(portrait: Portrait, *, rim: str, warmth: float = 1.0) -> Picture:
    """A soft three-dimensional figure under studio light, output size. `portrait` is already reshaped.

    Our own recipe: the photo's shading is mostly taken off the skin and put back from the mesh's normals, with a warm
    terminator as light has it that went through skin (after d'Eon and Luebke 2007), soft shine and a rim light.
    """
    albedo = _albedo(portrait)
    normals = surface(portrait)
    key, fill = lit(normals, KEY_LIGHT, wrap=0.35), lit(normals, FILL_LIGHT, wrap=0.5)
    bare = portrait.skin_area(1.2)
    light = 0.56 + 0.38 * key + 0.20 * fill
    shaded = albedo * (1 + (light - 1) * (0.45 + 0.45 * bare))[..., None]
    terminator = np.exp(-(((key - 0.50) / 0.16) ** 2)) * bare * 0.09 * warmth
    shaded = glow(np.clip(shaded, 0, 1), terminator, rgb("ff6a3c"))
    gloss = shine(normals, KEY_LIGHT, 26) * (bare * 0.22 + portrait.masks.lips * 0.25) * portrait.masks.person
    shaded = glow(shaded, blur(gloss, portrait.small_px(1.5)), rgb("fff6ea"))
    picture = _creased(portrait, _with_detail(portrait, portrait.full(shaded)))
    edge = (1 - np.clip(normals[..., 2], 0, 1)) ** 2.2 * portrait.masks.person
    picture = glow(picture, portrait.full(blur(edge, portrait.small_px(2))) * 0.5, rgb(rim))
    return draw_eyes(picture, portrait, iris=0.31, lash="2a1714")


def _albedo(portrait: Portrait) -> Picture:
    """Colour without much of its shading: skin nearly even, hair in combed strands, clothes smooth."""
    smooth = smooth_skin(portrait.ironed, portrait.masks)
    plain = smooth_surfaces(smooth, reach=16, contrast=0.25)
    smooth = mix(smooth, plain, 0.75 * (1 - np.clip(portrait.masks.features, 0, 1)))
    field, _ = tangents(luminance(portrait.small), portrait.small_px(3))
    combed = sharpen(smear(plain, field, 9), portrait.small_px(3), 1.0)
    smooth = mix(smooth, np.clip(combed, 0, 1), portrait.masks.hair * 0.9)
    lab, bare = to_lab(smooth), portrait.skin_area(1.2) * 0.9
    median = skin_lightness(lab, portrait)
    broad = blur(lab[..., 0], portrait.small_px(7))
    even = median * 1.02 + (lab[..., 0] - broad) * 0.5 + (broad - median) * 0.35
    lab[..., 0] += (even - lab[..., 0]) * bare
    lab[..., 0] *= 1 - 0.22 * portrait.masks.brows
    lab[..., 1:] *= (1.22 - 0.10 * bare)[..., None]
    lab[..., 1:] += bare[..., None] * np.array([2.5, 3.0], np.float32)
    return from_lab(lab)


def _creased(portrait: Portrait, picture: Picture) -> Picture:
    """Folds, nostrils and lids as soft warm shade: without them every face looks like a doll's."""
    hair = grow(portrait.masks.hair, portrait.small_px(14))
    shown = (1 - blur(hair, portrait.small_px(4))) * (1 - 0.45 * portrait.skin_area())
    crease = blur(portrait.face_lines, portrait.px(3)) * portrait.full(shown)
    return in_bands(lambda rows, deep: mix(rows, rows * CREASE, deep), picture, crease)


def _with_detail(portrait: Portrait, picture: Picture) -> Picture:
    """The photo's fine detail where it makes the likeness: features, hair, cloth."""
    detail = luminance(portrait.photo)
    detail -= blur(detail, portrait.px(3))
    masks = portrait.masks
    keep = 0.55 * np.clip(masks.features * 1.2, 0, 1) + 0.35 * masks.hair
    keep = keep + 0.30 * (1 - np.clip(masks.skin + masks.hair, 0, 1))
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
