"""The third dimension: surface normals of faces from the mesh, of bodies by inflating the mask; and light on them.

Normals are (height, width, 3): x right, y down, z towards the viewer.
"""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.colour import smoothstep
from stylizer.engine.filters import blur
from stylizer.engine.landmarks import Face
from stylizer.engine.nets import face_triangles
from stylizer.engine.picture import Picture, Plane, Size
from stylizer.engine.portrait import Portrait


def slopes(height: Plane, steepness: float = 1.0) -> tuple[Plane, Plane]:
    """How steeply a height field in pixels falls to the right, and down."""
    x = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=-steepness / 8)
    return x, cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=-steepness / 8)


def upright(x: Plane, y: Plane) -> Picture:
    """Unit normals of slopes."""
    z = 1 / np.sqrt(x * x + y * y + 1)
    return np.dstack([x * z, y * z, z])


def normals_of(height: Plane, steepness: float = 1.0) -> Picture:
    """Unit normals of a height field in pixels."""
    return in_bands(upright, *slopes(height, steepness))


def _vertex_normals(points: Plane, triangles: Plane) -> Plane:
    """Area-weighted normals of the mesh's points, all turned to the viewer."""
    first, second, third = (points[triangles[:, i]] for i in range(3))
    normals = np.cross(second - first, third - first)
    normals[normals[:, 2] < 0] *= -1
    total = np.zeros_like(points)
    for i in range(3):
        np.add.at(total, triangles[:, i], normals)
    return total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-9)


def face_surface(size: Size, faces: tuple[Face, ...]) -> tuple[Picture, Plane, Plane]:
    """Rasterised meshes: normals, height towards the viewer in pixels, and a mask of where there is a face."""
    canvas = np.zeros((*size, 5), np.float32)  # normal, height, covered
    canvas[..., 3] = -np.inf
    for face in faces:
        points = face.points * np.array([1, 1, -1], np.float32)
        attributes = np.concatenate([_vertex_normals(points, face_triangles()), points[:, 2:]], 1)
        for triangle in face_triangles():
            _raster(canvas, points[triangle, :2], attributes[triangle])
    covered = canvas[..., 4]
    return canvas[..., :3], np.where(covered > 0, canvas[..., 3], 0).astype(np.float32), covered.copy()


def _raster(canvas: Picture, corners: Plane, attributes: Plane) -> None:
    """Draw one triangle with interpolated attributes where it is nearer than what is there."""
    left, top = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, (canvas.shape[1], canvas.shape[0]))
    (ax, ay), (bx, by), (cx, cy) = corners
    area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
    if right <= left or bottom <= top or abs(area) < 1e-6:
        return
    x, y = np.arange(left, right)[None, :], np.arange(top, bottom)[:, None]
    first = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
    second = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
    weights = np.dstack([first, second, 1 - first - second])
    values = weights @ attributes
    window = canvas[top:bottom, left:right]
    drawn = (weights >= -1e-3).all(-1) & (values[..., 3] > window[..., 3])
    window[drawn, :4] = values[drawn]
    window[drawn, 4] = 1


def body_height(mask: Plane, reach: float, height: float) -> Plane:
    """A mask blown up like a cushion: `height` pixels high, its shoulders `reach` pixels wide."""
    distance = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return blur(np.sqrt(np.minimum(distance / np.float32(reach), 1)), reach / 12) * np.float32(height)


def surface(portrait: Portrait) -> Picture:
    """Normals of the whole person at analysis size: a cushion with the faces' meshes set in."""
    size = (portrait.small.shape[0], portrait.small.shape[1])
    body = normals_of(body_height(portrait.masks.person, portrait.small_px(60), portrait.small_px(40)))
    if not portrait.faces:
        return body
    faces, _, covered = face_surface(size, portrait.faces)
    inside = cv2.distanceTransform((covered > 0).astype(np.uint8), cv2.DIST_L2, 5) / portrait.faces[0].width
    weight = smoothstep(0.0, 0.18, inside)[..., None]  # the mesh bends away at its rim, where foreheads do not
    mixed = body * (1 - weight) + blur(np.where(covered[..., None] > 0, faces, body), portrait.small_px(3)) * weight
    return mixed / (np.linalg.norm(mixed, axis=2, keepdims=True) + 1e-6)


def lit(normals: Picture, light: tuple[float, float, float], *, wrap: float = 0.0) -> Plane:
    """Lambert's cosine 0..1 for a light direction; `wrap` 1 lets the light reach round to the back."""
    direction = np.array(light, np.float32)
    direction /= np.linalg.norm(direction)
    return np.clip((normals @ direction + wrap) / (1 + wrap), 0, 1)


def shine(normals: Picture, light: tuple[float, float, float], hardness: float) -> Plane:
    """Blinn's highlight 0..1 for a viewer straight ahead."""
    half = np.array(light, np.float32) / np.float32(np.linalg.norm(light)) + np.array([0, 0, 1], np.float32)
    half /= np.float32(np.linalg.norm(half))
    return np.clip(normals @ half, 0, 1) ** np.float32(hardness)
