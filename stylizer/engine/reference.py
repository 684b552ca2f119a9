"""The style of any reference picture: its brushwork by a net, its colours by transport, the face kept.

Net: arbitrary style transfer (Ghiasi et al. 2017). Own: style vectors of whole and details mixed, colours moved by
region (person, background, face) as a smooth offset, and some of the face's own detail put back.
"""

import cv2
import numpy as np

from stylizer.engine.analysis import analyse
from stylizer.engine.colour import from_lab, mix, to_lab
from stylizer.engine.colour_transfer import linear_transport, sliced_transport
from stylizer.engine.filters import blur, guided
from stylizer.engine.masks import Masks
from stylizer.engine.nets import paint_like, style_vector
from stylizer.engine.picture import Picture, Pixels, Plane, Size, resize, scaled_size, to_float
from stylizer.engine.portrait import Portrait

REFERENCE_SIDE = 512
LARGEST_AREA = 1_050_000
FINEST_SIDE, BROADEST = 1024, 0.45  # short side of the net's picture for the finest brush, share of it for the broadest
FULLY_PAINTED = 0.4  # from this strength on nothing of the photo itself is mixed in
COLOUR_STRENGTH = np.array([0.45, 0.75, 0.75], np.float32)
FACE_DETAIL, FEATURE_DETAIL = 0.18, 0.35
PHOTO_GRAIN = 0.012
OFFSET_SIDE = 384


def paint_in_style(portrait: Portrait, reference: Pixels, *, strength: float, brush: float) -> Picture:
    """The portrait in the manner of a reference picture; `strength` and `brush` are 0..1."""
    style = analyse(reference, REFERENCE_SIDE)
    prepared = portrait.even(0.4)
    content = resize(prepared, _net_size(portrait.size, brush)).astype(np.float32)
    own = style_vector(content)
    vector = own + (_style_of(style) - own) * np.float32(strength)
    painted = paint_like(np.clip(content, 0, 1), vector)
    offset = _colour_offset(portrait.masks, style, painted) * (COLOUR_STRENGTH * strength)
    height, width = portrait.size
    shown = portrait.full(mix(resize(content, painted.shape[:2]), painted, min(1.0, strength / FULLY_PAINTED)))
    lab = to_lab(shown)
    lab += cv2.resize(offset.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return from_lab(_with_own_detail(portrait, lab))


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


def _is_photo(style: Portrait) -> bool:
    """Photographs are smooth but for fine grain; paintings have strokes everywhere."""
    grey = cv2.cvtColor(style.small, cv2.COLOR_RGB2GRAY)
    rough = np.median(np.abs(grey - blur(grey, 1.5)))
    return bool(style.faces) and float(rough) < PHOTO_GRAIN


def _colour_offset(masks: Masks, style: Portrait, painted: Picture) -> Picture:
    """How the painted picture's Lab colours must move, smoothed along its own edges; of a reduced size."""
    size = scaled_size((painted.shape[0], painted.shape[1]), OFFSET_SIDE)
    have, want, face = to_lab(resize(painted, size)), to_lab(style.small), resize(masks.face, size)
    move = linear_transport if _is_photo(style) else sliced_transport
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
