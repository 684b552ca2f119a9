"""Finding faces: BlazeFace on the whole and on tiles, then a face mesh on each find.

Nets: MediaPipe BlazeFace (Bazarevsky et al. 2019) and Face Mesh (Kartynnik et al. 2019).
"""

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from stylizer.engine.landmarks import Face
from stylizer.engine.nets import detect_faces, face_mesh
from stylizer.engine.picture import Pixels, Plane

DETECTOR_SIDE, MESH_SIDE, ANCHOR_STRIDES = 128, 192, ((8, 2), (16, 6))
SEARCH_SHORT_SIDE = 512
TILE_FRACTIONS = (0.75, 0.5, 0.34)
LARGE_ENOUGH = 0.12  # a face this wide (of the long side) ends the search in smaller tiles
MESH_MARGIN = 1.5
MOST_FACES = 8


@dataclass(frozen=True, eq=False)
class Find:
    """A detector's find in pixels: score, box (x, y, width, height), right and left eye."""

    score: float
    box: Plane
    eyes: Plane

    def scaled(self, factor: float) -> "Find":
        return Find(self.score, self.box * factor, self.eyes * factor)


@cache
def _anchors() -> Plane:
    centres = [
        ((x + 0.5) * stride, (y + 0.5) * stride)
        for stride, count in ANCHOR_STRIDES
        for y in range(DETECTOR_SIDE // stride)
        for x in range(DETECTOR_SIDE // stride)
        for _ in range(count)
    ]
    return np.array(centres, np.float32)


def _search_square(photo: Pixels, left: float, top: float, side: float) -> list[Find]:
    """Run the detector on a square, which may reach over the photo's borders."""
    zoom = DETECTOR_SIDE / side
    window = np.array([[zoom, 0, -left * zoom], [0, zoom, -top * zoom]], np.float32)
    patch = cv2.warpAffine(photo, window, (DETECTOR_SIDE, DETECTOR_SIDE), flags=cv2.INTER_AREA)
    regressors, scores = detect_faces(patch)
    finds, origin = [], np.array([left, top], np.float32)
    for i in np.flatnonzero(scores > 0.5):
        box, anchor = regressors[i], _anchors()[i]
        corner = box[:2] + anchor - box[2:4] / 2
        eyes = (box[4:8].reshape(2, 2) + anchor) / zoom + origin
        finds.append(Find(float(scores[i]), np.concatenate([corner / zoom + origin, box[2:4] / zoom]), eyes))
    return finds


def _tiles(height: int, width: int, side: float) -> list[tuple[float, float]]:
    """Left-top corners of squares that cover the photo, half overlapping, centred where one is enough."""

    def starts(length: int) -> list[float]:
        if length <= side:
            return [(length - side) / 2]
        count = math.ceil((length - side) / (side * 0.5)) + 1
        return [i * (length - side) / (count - 1) for i in range(count)]

    return [(left, top) for top in starts(height) for left in starts(width)]


def _distinct(finds: list[Find]) -> list[Find]:
    """The best find of each face: overlapping ones (by the smaller box) are dropped."""
    kept: list[Find] = []
    for find in sorted(finds, key=lambda find: -find.score):
        if all(_overlap(find.box, other.box) <= 0.4 for other in kept):
            kept.append(find)
    return kept[:MOST_FACES]


def _overlap(a: Plane, b: Plane) -> float:
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return float(max(0.0, across) * max(0.0, down) / (min(a[2] * a[3], b[2] * b[3]) + 1e-6))


def _search(photo: Pixels) -> list[Find]:
    height, width = photo.shape[:2]
    shrink = max(1.0, min(height, width) / SEARCH_SHORT_SIDE)
    size = (round(width / shrink), round(height / shrink))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA) if shrink > 1 else photo
    longest = max(size)
    finds = _search_square(small, (size[0] - longest) / 2, (size[1] - longest) / 2, longest)
    for fraction in TILE_FRACTIONS:
        for left, top in _tiles(size[1], size[0], longest * fraction):
            finds += _search_square(small, left, top, longest * fraction)
        if max((float(find.box[2]) for find in finds), default=0.0) > longest * LARGE_ENOUGH and fraction < 0.75:
            break
    return [find.scaled(shrink) for find in _distinct(finds)]


def _mesh_in_box(photo: Pixels, centre: Plane, side: float, tilt: float) -> tuple[Plane, float]:
    """Landmarks in photo pixels from a square box turned by `tilt` radians, and the score."""
    cosine, sine, zoom = math.cos(tilt), math.sin(tilt), MESH_SIDE / side
    window = np.array([[cosine * zoom, sine * zoom, 0], [-sine * zoom, cosine * zoom, 0]], np.float64)
    window[:, 2] = MESH_SIDE / 2 - window[:, :2] @ centre
    patch = cv2.warpAffine(photo, window, (MESH_SIDE, MESH_SIDE), flags=cv2.INTER_LINEAR)
    points, score = face_mesh(patch)
    back = cv2.invertAffineTransform(window)
    xy = points[:, :2] @ back[:, :2].T + back[:, 2]
    return np.concatenate([xy, points[:, 2:] / zoom], 1).astype(np.float32), score


def _mesh(photo: Pixels, find: Find) -> tuple[Face, float]:
    """Three rounds, each on the box of the one before, from a photo shrunk so that no detail aliases."""
    shrink = max(1.0, float(find.box[2]) * MESH_MARGIN / 300)
    if shrink > 1.2:
        photo = cv2.resize(photo, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        find = find.scaled(1 / shrink)
    else:
        shrink = 1.0
    right, left = find.eyes
    tilt = math.atan2(left[1] - right[1], left[0] - right[0])
    points, score = _mesh_in_box(photo, find.box[:2] + find.box[2:] / 2, float(find.box[2:].max()) * MESH_MARGIN, tilt)
    for _ in range(2):
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        eye_line = points[263, :2] - points[33, :2]
        tilt = math.atan2(eye_line[1], eye_line[0])
        points, score = _mesh_in_box(photo, (low + high) / 2, float((high - low).max()) * MESH_MARGIN, tilt)
    return Face(points).scaled(shrink), score


def find_faces(photo: Pixels) -> tuple[Face, ...]:
    """All faces in RGB bytes, the widest first; none when nothing is surely a face."""
    meshes = [_mesh(photo, find) for find in _search(photo)]
    faces = [face for face, score in meshes if score > 0.5]
    return tuple(sorted(faces, key=lambda face: -face.width))
