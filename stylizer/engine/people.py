"""Where people are: a selfie net looks at the whole picture, and from near at every face that is small in it.

The net sees 256 by 256 pixels. In a group or a wide shot a head is a few of them and is often missed; in a crop of its
own it is found. What was seen is joined first and refined along the picture's edges once.
"""

import cv2
import numpy as np

from stylizer.engine import landmarks
from stylizer.engine.canvas import stencil
from stylizer.engine.colour import smoothstep
from stylizer.engine.filters import blur, guided_by_colour
from stylizer.engine.landmarks import Face
from stylizer.engine.nets import segment_person
from stylizer.engine.picture import Picture, Pixels, Plane, Size, to_bytes
from stylizer.engine.region import Region, around

NEAR, FAR = 2.2, 3.6  # half a crop's side in face widths: head and shoulders; long hair and a lap
BELOW, FADE = 0.6, 0.7  # how far below the face a crop is centred; width of the band in which it fades out
CLOSE_UP = 0.30  # a face this wide (of the short side) is seen well enough in the whole picture
HATTED, BORDER = 0.18, 0.25  # faces this wide are looked at from further, too; share of the picture about it
COVERED, NEARLY_COVERED = 0.90, 0.70
LEAST, MOST = 0.05, 0.97  # of the picture, for a background that can be swapped
SMALLER, SOFTER = 0.30, 0.30  # of the widest, of the sharpest face: below are passers-by
FOCUS_SIDE = 64
SURE = 0.85
ISLAND = 0.08  # of the largest island
REACH = 2.6  # face widths from a face within which an island without a face may be somebody's arm


def person_mask(picture: Picture, faces: tuple[Face, ...]) -> Plane:
    """The people in front, refined along the picture's edges; nothing where nobody's face is near.

    The net sometimes takes a ball or a suit for a person: without a face it has to be certain.
    """
    pixels, size = to_bytes(picture), (picture.shape[0], picture.shape[1])
    coarse = _seen(pixels, faces)
    if not faces and (coarse > 0.9).sum() < SURE * (coarse > 0.2).sum():
        return np.zeros(size, np.float32)
    refined = guided_by_colour(picture, coarse, max(4, min(size) // 64), 1e-4)
    mask = smoothstep(0.25, 0.80, np.clip(refined, 0, 1))
    for face in who_counts(pixels, faces):
        if coverage(mask, face) >= NEARLY_COVERED:  # a beard, dark glasses or deep shade are no holes in a head
            mask = np.maximum(mask, blur(stencil(size, face.xy[landmarks.OVAL]), face.width * 0.02))
    return np.clip(mask * _islands(mask, faces), 0, 1)


def who_counts(pixels: Pixels, faces: tuple[Face, ...]) -> tuple[Face, ...]:
    """The faces that the picture is about: not much smaller than the widest, not much less sharp than the sharpest."""
    widest = max((face.width for face in faces), default=0.0)
    large = [face for face in faces if face.width >= SMALLER * widest]
    sharp = [_sharpness(pixels, face) for face in large]
    return tuple(face for face, own in zip(large, sharp, strict=True) if own >= SOFTER * max(sharp))


def coverage(mask: Plane, face: Face) -> float:
    """The share of a face's outline that the mask holds."""
    inside = stencil((mask.shape[0], mask.shape[1]), face.xy[landmarks.OVAL]) > 0.5
    return float(mask[inside].mean()) if inside.any() else 0.0


def separable(mask: Plane, faces: tuple[Face, ...]) -> bool:
    """Whether the background may be swapped: there is enough of somebody, and all of these faces are covered."""
    return LEAST < float(mask.mean()) < MOST and all(coverage(mask, face) >= COVERED for face in faces)


def _seen(pixels: Pixels, faces: tuple[Face, ...]) -> Plane:
    """What the net sees of people, 0..1: in all of the picture, and from near at each small face."""
    height, width = pixels.shape[:2]
    mask = cv2.resize(segment_person(pixels), (width, height), interpolation=cv2.INTER_LINEAR)
    for face in faces:
        if face.width <= CLOSE_UP * min(height, width):
            for reach in (NEAR, FAR):
                _look_closer(mask, pixels, face, reach)
    large = [face for face in faces if face.width > HATTED * min(height, width)]
    return np.maximum(mask, _seen_from_further(pixels) * _above_heads(mask, large)) if large else mask


def _seen_from_further(pixels: Pixels) -> Plane:
    """What the net sees with a border about the picture: hats and high hair that it loses close up."""
    height, width = pixels.shape[:2]
    down, across = round(height * BORDER), round(width * BORDER)
    framed = cv2.copyMakeBorder(pixels, down, 0, across, across, cv2.BORDER_REPLICATE)
    seen = cv2.resize(segment_person(framed), (framed.shape[1], framed.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(seen[down:, across : across + width])


def _above_heads(mask: Plane, faces: list[Face]) -> Plane:
    """Where hats and hair may be: an ellipse about the upper half of each head, fading out."""
    rows, columns = (
        np.arange(mask.shape[0], dtype=np.float32)[:, None],
        np.arange(mask.shape[1], dtype=np.float32)[None],
    )
    near = np.zeros_like(mask)
    for face in faces:
        x, y = face.centre + face.up * face.width * 0.55
        away = np.hypot((columns - x) / (face.width * 1.3), (rows - y) / (face.width * 1.3))
        near = np.maximum(near, smoothstep(1.1, 0.85, away))
    return near


def _look_closer(mask: Plane, pixels: Pixels, face: Face, reach: float) -> None:
    """Add what the net sees in a square about a face, faded out towards its borders."""
    size, (x, y) = (mask.shape[0], mask.shape[1]), face.centre + np.array([0, BELOW * face.width])
    region = around(size, x, y, reach * face.width)
    seen = segment_person(np.ascontiguousarray(pixels[region]))
    place = mask[region]
    seen = cv2.resize(seen, (place.shape[1], place.shape[0]), interpolation=cv2.INTER_LINEAR)
    np.maximum(place, seen * _window(size, region, FADE * face.width), out=place)


def _window(size: Size, region: Region, fade: float) -> Plane:
    """1 inside a region, falling to 0 at its borders, but not at those that are the picture's own."""

    def ramp(part: slice, length: int) -> Plane:
        at = np.arange(part.start, part.stop, dtype=np.float32)
        rising = np.ones_like(at) if part.start == 0 else np.clip((at - part.start) / fade, 0, 1)
        falling = np.ones_like(at) if part.stop == length else np.clip((part.stop - 1 - at) / fade, 0, 1)
        return np.asarray(rising * falling)

    return ramp(region[0], size[0])[:, None] * ramp(region[1], size[1])[None, :]


def _islands(mask: Plane, faces: tuple[Face, ...]) -> Plane:
    """Which parts of the mask stay: those with a face, and large ones, which must be near a face if there is any."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    if count <= 2:
        return np.ones_like(mask)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    keep = areas > areas.max() * ISLAND
    near = np.zeros(count, bool)
    for face in faces:
        size, (x, y) = (mask.shape[0], mask.shape[1]), face.centre
        near[np.unique(labels[around(size, x, y, REACH * face.width)])] = True
        keep[np.unique(labels[around(size, x, y, face.width * 0.3)])] = True
    keep &= near | (not faces)
    keep[0] = False
    return np.clip(blur(cv2.dilate(keep[labels].astype(np.float32), np.ones((9, 9), np.uint8)), 2), 0, 1)


def _sharpness(pixels: Pixels, face: Face) -> float:
    """How much of a face's contrast is in its finest detail, whatever its size: little when it is out of focus."""
    x, y = face.centre
    grey = cv2.cvtColor(pixels[around((pixels.shape[0], pixels.shape[1]), x, y, 0.6 * face.width)], cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (FOCUS_SIDE, FOCUS_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 1.2)).std() / (grey.std() + 4))
