"""The style of any reference picture: its brushwork by a net, its colours by transport, the face kept.

Net: arbitrary style transfer (Ghiasi et al. 2017). Own: style vectors of whole and details mixed, colours moved by
region (person, background, face) as a smooth offset, and some of the face's own detail put back.
"""

import cv2
import numpy as np

from stylizer.engine.analysis import analyse
from stylizer.engine.bands import in_bands
from stylizer.engine.colour import from_lab, mix, smoothstep, to_lab
from stylizer.engine.colour_transfer import linear_transport, sliced_transport
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import inked
from stylizer.engine.filters import blur, guided, smooth_surfaces
from stylizer.engine.landmarks import nearest_face
from stylizer.engine.masks import Masks
from stylizer.engine.nets import paint_like, style_vector
from stylizer.engine.picture import Picture, Pixels, Plane, Size, resize, scaled_size, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.reference_kind import Kind, kind_of
from stylizer.engine.tone import cel, palette

REFERENCE_SIDE = 512
LARGEST_AREA = 1_050_000
FINEST_SIDE, BROADEST = 1024, 0.45  # short side of the net's picture for the finest brush, share of it for the broadest
FULLY_PAINTED = 0.4  # from this strength on nothing of the photo itself is mixed in
COLOURS_OF = {  # how far L*, a and b move towards the reference's
    Kind.PAINTING: np.array([0.45, 0.75, 0.75], np.float32),
    Kind.FLAT: np.array([0.35, 0.95, 0.95], np.float32),
    Kind.PHOTO: np.array([0.55, 0.80, 0.80], np.float32),
}
SKIN_MOVES, OWN_SKIN_COLOUR = 5.0, 0.5  # L* that a face may differ from its own; share of its own colour
FEW_PIXELS = 50
PALETTE, REACH_OF_COLOURS = (
    12,
    np.array([1 / 11, 1 / 13, 1 / 13], np.float32),
)  # colours; by how many Lab units each draws
FACE_DETAIL, FEATURE_DETAIL = 0.18, 0.35
OFFSET_SIDE = 384


def paint_in_style(portrait: Portrait, reference: Pixels, *, strength: float, brush: float) -> Picture:
    """The portrait in the manner of a reference picture; `strength` and `brush` are 0..1.

    Flat art is followed with our own ink and flat tones in its palette, a photo in its colours and light, a painting
    with the net's brushwork. Skin keeps its own lightness, and half of its colour, in every kind.
    """
    style = analyse(reference, REFERENCE_SIDE)
    kind = kind_of(style.small, with_face=bool(style.faces))
    if kind is Kind.PAINTING:
        lab = _painted(portrait, style, strength, brush)
    else:
        content = redrawn(portrait, _flat_art) if kind is Kind.FLAT else portrait.full(portrait.even(0.4))
        lab = to_lab(content)
        if kind is Kind.FLAT:  # lines are drawn by hand: even little strength shows them a little
            own = to_lab(to_float(portrait.photo))
            lab = own + (lab - own) * min(1.0, strength / FULLY_PAINTED)
        lab += portrait.full_offset(
            _colour_offset(portrait.masks, style, content, kind) * (COLOURS_OF[kind] * strength)
        )
    if kind is Kind.FLAT:
        lab = _in_palette(lab, palette(style.small, PALETTE, 0), 0.9 * strength)
    lab = _skin_kept(portrait, lab)
    return from_lab(_with_own_detail(portrait, lab) if kind is Kind.PAINTING else lab)


def _painted(portrait: Portrait, style: Portrait, strength: float, brush: float) -> Picture:
    """Lab of the portrait painted by the net, in the painting's colours."""
    prepared = portrait.even(0.4)
    content = resize(prepared, _net_size(portrait.size, brush)).astype(np.float32)
    own = style_vector(content)
    vector = own + (_style_of(style) - own) * np.float32(strength)
    painted = _without_weave(paint_like(np.clip(content, 0, 1), vector), content)
    offset = _colour_offset(portrait.masks, style, painted, Kind.PAINTING) * (COLOURS_OF[Kind.PAINTING] * strength)
    shown = portrait.full(mix(resize(content, painted.shape[:2]), painted, min(1.0, strength / FULLY_PAINTED)))
    return to_lab(shown) + portrait.full_offset(offset)


def _without_weave(painted: Picture, content: Picture) -> Picture:
    """The net weaves a pattern into smooth grounds: there it is smoothed, where the photo has edges it stays."""
    grey = cv2.cvtColor(content, cv2.COLOR_RGB2GRAY)
    rough = blur(np.abs(grey - blur(grey, 2)), 5)
    return mix(
        smooth_surfaces(painted, reach=14, contrast=0.35), painted, 0.25 + 0.75 * smoothstep(0.004, 0.020, rough)
    )


def _in_palette(lab: Picture, colours: Plane, amount: float) -> Picture:
    """Lab drawn towards the nearest colours of a palette, softly, so that borders stay smooth."""

    def towards(rows: Picture) -> Picture:
        away = [(rows - colour) * REACH_OF_COLOURS for colour in colours.astype(np.float32)]
        squares = np.stack([np.einsum("...i,...i->...", one, one) for one in away])
        weights = np.exp(squares.min(0) - squares)
        goal = np.einsum("n...,ni->...i", weights / weights.sum(0), colours.astype(np.float32))
        return rows + (goal - rows) * np.float32(amount)

    return in_bands(towards, np.ascontiguousarray(lab, np.float32))


def _flat_art(portrait: Portrait) -> Picture:
    """Four flat tones and ink, before they take the reference's colours."""
    return inked(portrait, portrait.full(cel(portrait.flat, 4, 8, 1.1)), "151218", on_skin=0.6, own=0.1, strokes=0.8)


def _skin_kept(portrait: Portrait, lab: Picture) -> Picture:
    """Every face as light as it is, within a few units, and half its own colour: whatever is painted, skin is skin."""
    if not portrait.faces:
        return lab
    masks, own = portrait.masks, to_lab(portrait.levelled)
    size = (masks.face.shape[0], masks.face.shape[1])
    shown = np.dstack([resize(np.ascontiguousarray(lab[..., i], np.float32), size) for i in range(3)])
    bare, nearest = (masks.skin > 0.6) & (masks.face > 0.5), nearest_face(size, portrait.faces)
    shift = np.zeros((*size, 3), np.float32)
    for number in range(len(portrait.faces)):
        mine = bare & (nearest == number)
        if mine.sum() > FEW_PIXELS:
            away = np.median(own[mine], 0) - np.median(shown[mine], 0)
            away[0] -= np.clip(away[0], -SKIN_MOVES, SKIN_MOVES)
            away[1:] *= OWN_SKIN_COLOUR
            shift[nearest == number] = away
    cover = blur(np.maximum(masks.skin, masks.face) * (1 - masks.hair), portrait.small_px(3))
    return np.asarray(lab + portrait.full_offset(shift * cover[..., None]), np.float32)


def _net_size(size: Size, brush: float) -> Size:
    side = min(*size, FINEST_SIDE) * (1 + (BROADEST - 1) * brush)
    height, width = scaled_size(size, round(side))
    shrink = min(1.0, float(np.sqrt(LARGEST_AREA / (height * width))))
    return round(height * shrink), round(width * shrink)


def _style_of(style: Portrait) -> Plane:
    """Half whole, half face; without a face mostly whole, and some of its corners."""
    picture = style.small
    whole = style_vector(picture)
    if style.faces:
        low, high = style.faces[0].xy.min(0), style.faces[0].xy.max(0)
        middle, reach = (low + high) / 2 - (0, (high[1] - low[1]) * 0.1), (high[1] - low[1]) * 0.75
        top, left = np.maximum(middle[::-1] - reach, 0).astype(int)
        bottom, right = (middle[::-1] + reach).astype(int)
        return whole * 0.5 + style_vector(picture[top:bottom, left:right]) * 0.5
    side, (height, width) = min(picture.shape[:2]) // 2, picture.shape[:2]
    corners = [picture[y : y + side, x : x + side] for y in (0, height - side) for x in (0, width - side)]
    return whole * 0.6 + np.mean([style_vector(corner) for corner in corners], 0) * 0.4


def _colour_offset(masks: Masks, style: Portrait, painted: Picture, kind: Kind) -> Picture:
    """How the painted picture's Lab colours must move, smoothed along its own edges; of a reduced size."""
    size = scaled_size((painted.shape[0], painted.shape[1]), OFFSET_SIDE)
    have, want, face = to_lab(resize(painted, size)), to_lab(style.small), resize(masks.face, size)
    move = sliced_transport if kind is Kind.PAINTING else linear_transport
    goal = np.empty_like(have)
    for here, there in _regions(resize(masks.person, size) > 0.5, style):
        goal[here] = move(have[here], want[there])
    if style.faces and (face > 0.5).sum() > 50:
        like_face = goal.copy()
        like_face[face > 0.5] = move(have[face > 0.5], want[style.masks.face > 0.5])
        goal += (like_face - goal) * (blur(face, 3) * 0.7)[..., None]
    grey = have[..., 0] / 100
    return np.dstack([guided(grey, np.ascontiguousarray((goal - have)[..., i]), 6, 1e-3) for i in range(3)])


def _regions(here: Plane, style: Portrait) -> list[tuple[Plane, Plane]]:
    """Pairs of regions (of the portrait, of the reference) whose colours go together."""
    there = style.masks.person > 0.5
    if style.faces and 0.08 < there.mean() < 0.92 and 0.05 < here.mean() < 0.97:
        return [(here, there), (~here, ~there)]
    return [(np.ones_like(here), np.ones_like(there))]


def _with_own_detail(portrait: Portrait, lab: Picture) -> Picture:
    """Some of the photo's detail on the face, more on eyes, brows and lips, so that it stays this person."""
    if not portrait.faces:
        return lab
    own = to_lab(to_float(portrait.photo))[..., 0]
    reach = portrait.px(10)
    band = (own - blur(own, reach)) - (lab[..., 0] - blur(lab[..., 0], reach))
    keep = blur(portrait.masks.face, 4) * FACE_DETAIL + portrait.masks.features * FEATURE_DETAIL
    lab[..., 0] += band * portrait.full(np.clip(keep, 0, 1))
    return lab
