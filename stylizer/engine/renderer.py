"""Renders a photo in a look. A photo is analysed once and then rendered in as many looks as requested."""

import hashlib
import threading
from collections import OrderedDict

import numpy as np

from stylizer.engine.analysis import analyse
from stylizer.engine.catalogue import LOOKS
from stylizer.engine.faces import find_faces
from stylizer.engine.memory import give_back
from stylizer.engine.nets import (
    detect_faces,
    face_mesh,
    face_triangles,
    paint,
    paint_like,
    segment_person,
    style_vector,
)
from stylizer.engine.picture import (
    Picture,
    Pixels,
    UnusableImage,
    decode,
    encode,
    resize,
    scaled_size,
    to_bytes,
    within_limits,
)
from stylizer.engine.portrait import Portrait
from stylizer.engine.reference import paint_in_style
from stylizer.engine.sheet import contact_sheet_of

REFERENCE, TRY_ALL = -1, -2
TRY_ALL_THUMB = 512
SMALLEST_RENDERING = 512
SHORT_SIDES = (64, 2048)
KEPT_PORTRAITS = 2
FACE_SEARCH_SIDE = 768


class PortraitCache:
    """The most recently used portraits, by the photo's content and size; one cache for each process."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[tuple[bytes, int], Portrait] = OrderedDict()
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def portrait(self, photo: bytes, short_side: int) -> Portrait:
        """Analyse a photo, unless its portrait is in the cache. Raises UnusableImage."""
        key = hashlib.sha256(photo).digest(), short_side
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            while len(self._kept) >= self._capacity:  # before the analysis, so that memory never holds one more
                self._kept.popitem(last=False)
            for other in self._kept.values():
                other.step_back()
        portrait = analyse(usable(photo), short_side)
        with self._lock:
            self._kept[key] = portrait
        return portrait


_portraits = PortraitCache(KEPT_PORTRAITS)


def clear_cache() -> None:
    """Drop the portraits cached in this process."""
    _portraits.clear()


def stylize(
    photo: bytes,
    look: int,
    *,
    reference: bytes | None = None,
    strength: float = 1.0,
    brush: float = 0.5,
    seed: int = 0,
    short_side: int = 1536,
) -> bytes:
    """Repaint an encoded photo; JPEG bytes with exactly this short side, the photo's shape, no metadata.

    `look` is an index of LOOKS; -1 for the style of the `reference` picture, with its `strength` and `brush` size 0..1;
    or -2 for a contact sheet of all looks, which has its own size. The same arguments always give the same bytes.
    Raises UnusableImage for the photo or the reference, KeyError for an unknown look, ValueError for a missing
    reference or a short side outside 64..2048.
    """
    if look not in LOOKS and look not in {REFERENCE, TRY_ALL}:
        raise KeyError(look)
    if look == TRY_ALL:
        return contact_sheet(photo, thumb=TRY_ALL_THUMB, seed=seed)
    if not SHORT_SIDES[0] <= short_side <= SHORT_SIDES[1]:
        raise ValueError(f"short_side must be within {SHORT_SIDES[0]}..{SHORT_SIDES[1]}")
    portrait = _portraits.portrait(photo, max(short_side, SMALLEST_RENDERING))
    picture = _like(portrait, reference, strength, brush) if look == REFERENCE else LOOKS[look].paint(portrait, seed)
    encoded = encode(finished(picture, portrait, short_side))
    del picture
    give_back()
    return encoded


def _like(portrait: Portrait, reference: bytes | None, strength: float, brush: float) -> Picture:
    if reference is None:
        raise ValueError("the style of a reference picture needs one")
    strength, brush = float(np.clip(strength, 0, 1)), float(np.clip(brush, 0, 1))
    return paint_in_style(portrait, usable(reference), strength=strength, brush=brush)


def contact_sheet(photo: bytes, *, thumb: int, seed: int = 0) -> bytes:
    """JPEG bytes of a page that shows the photo in every look, each with a short side of `thumb` pixels.

    Raises UnusableImage.
    """
    sheet = contact_sheet_of(usable(photo), thumb=thumb, seed=seed)
    give_back()
    return sheet


def usable(photo: bytes) -> Pixels:
    """The pixels of an encoded photo that is within the API's limits. Raises UnusableImage."""
    pixels = decode(photo)
    if not within_limits((pixels.shape[0], pixels.shape[1])):
        raise UnusableImage("InvalidImageResolution", "Photos are 256 to 5760 pixels long, at most 2:1.")
    return pixels


def finished(picture: Picture, portrait: Portrait, short_side: int) -> Picture:
    """The rendered picture at the requested size."""
    return resize(picture, scaled_size(portrait.size, short_side))


def find_face(photo: bytes) -> tuple[float, float, float, float] | None:
    """x, y, width and height of the main face as fractions of the upright picture, or None.

    Pictures of any shape are accepted: this decides where a longer one may be cropped. Raises UnusableImage.
    """
    pixels = decode(photo)
    short = min(FACE_SEARCH_SIDE, *pixels.shape[:2])
    faces = find_faces(resize(pixels, scaled_size((pixels.shape[0], pixels.shape[1]), short)))
    if not faces:
        return None
    zoom = short / min(pixels.shape[:2])
    size = np.array([pixels.shape[1] * zoom, pixels.shape[0] * zoom])
    low, high = np.clip(faces[0].xy.min(0) / size, 0, 1), np.clip(faces[0].xy.max(0) / size, 0, 1)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def warm_up() -> None:
    """Load every net and run it once on a small input, so that a worker's first task is as fast as the next."""
    grey = np.full((256, 256, 3), 0.5, np.float32)
    segment_person(to_bytes(grey))
    detect_faces(to_bytes(grey[:128, :128]))
    face_mesh(to_bytes(grey[:192, :192]))
    paint(grey, {0: 1.0})
    paint_like(grey, style_vector(grey))
    face_triangles()
