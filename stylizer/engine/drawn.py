"""Drawn, not filtered: a figure is painted small, and a net redraws it four times as large with clean, even lines.

The net (see `nets.redraw`) was trained to enlarge drawn film. In a picture that was painted small and has no texture it
takes the blurred borders of flat colour for lines and draws them sharp. So scene, dots, paper and rims come afterwards,
at full size. A small face gets features that are not its own when it is redrawn with the rest; it is painted and
redrawn in a crop of its own and set in, in the tone that it had.
"""

from collections.abc import Callable

import cv2
import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.canvas import stencil
from stylizer.engine.colour import from_lab, mix, to_lab
from stylizer.engine.filters import blur
from stylizer.engine.landmarks import Face
from stylizer.engine.nets import REDRAWN_SCALE, can_redraw, redraw
from stylizer.engine.picture import Picture, Plane, resize, scaled_size
from stylizer.engine.portrait import Portrait
from stylizer.engine.region import Region, around, covering

Paint = Callable[[Portrait], Picture]
SMALLEST_DRAWING = 640  # smaller pictures are shown as thumbnails, where the lines make no difference
NET_SIDE, MARGIN = 384, 12  # short side of what is redrawn; pixels round the person that the net may look at
SMALL_FACE, MOST_SMALL_FACES = 0.20, 5  # of the short side; how many get a crop of their own
FACE_REACH, FACE_NET_SIDE, FACE_PAINTED_SIDE = 1.5, 192, 384  # half a crop in face widths; sides of what is redrawn


def redrawn(portrait: Portrait, paint: Paint) -> Picture:
    """What `paint` makes of the portrait, at output size, with drawn lines; as painted where there is no net for it."""
    if min(portrait.size) < SMALLEST_DRAWING or not can_redraw():
        return paint(portrait)
    painted = paint(portrait.sketch)
    small = resize(painted, scaled_size(portrait.size, NET_SIDE))
    picture = np.ascontiguousarray(resize(_redrawn_person(portrait, small), portrait.size), np.float32)
    np.clip(picture, 0, 1, out=picture)
    limit = SMALL_FACE * min(portrait.size)
    for face in [face for face in portrait.large_faces if face.width < limit][:MOST_SMALL_FACES]:
        _set_in(picture, portrait, face, paint)
    return picture


def _redrawn_person(portrait: Portrait, small: Picture) -> Picture:
    """Only the box of the people is redrawn; the rest, which the scene will cover, is just enlarged."""
    if not portrait.separable:
        return redraw(small)
    size = (small.shape[0], small.shape[1])
    rows, columns = covering((resize(portrait.masks.person, size) > 0.02).astype(np.float32), MARGIN)
    large = cv2.resize(small, None, fx=REDRAWN_SCALE, fy=REDRAWN_SCALE, interpolation=cv2.INTER_LINEAR)
    large[_times(rows), _times(columns)] = redraw(small[rows, columns])
    return large


def _times(part: slice) -> slice:
    return slice(part.start * REDRAWN_SCALE, part.stop * REDRAWN_SCALE)


def _set_in(picture: Picture, portrait: Portrait, face: Face, paint: Paint) -> None:
    """A small face, painted by itself, takes the place of the one in the picture, in the tone that it had there."""
    (x, y), reach = face.centre, FACE_REACH * face.width
    region = around(portrait.size, float(x), float(y), reach)
    crop = portrait.close_up(region, FACE_PAINTED_SIDE)
    small = resize(paint(crop), scaled_size(crop.size, FACE_NET_SIDE))
    place = picture[region]
    drawn = np.clip(resize(redraw(small), (place.shape[0], place.shape[1])), 0, 1)
    inside = _oval(face, region)
    sure = inside > 0.6
    if not sure.any():
        return
    lab = to_lab(drawn)
    lab += np.median(to_lab(place)[sure], 0) - np.median(lab[sure], 0)
    picture[region] = mix(np.ascontiguousarray(place), from_lab(lab), inside)


def _oval(face: Face, region: Region) -> Plane:
    oval = face.xy[landmarks.OVAL]
    inner = (oval - oval.mean(0)) * 0.97 + oval.mean(0) - (region[1].start, region[0].start)
    size = region[0].stop - region[0].start, region[1].stop - region[1].start
    return blur(stencil(size, inner), 0.05 * face.width)
