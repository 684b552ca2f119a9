"""Badge world: a round tin badge, domed and glossy, with a metal rim, sparkles, pinned to denim.

Own recipe.
"""

import cv2
import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas, star
from stylizer.engine.colour import glow, mix, rgb, shaded, smoothstep
from stylizer.engine.compose import cast_shadow
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import cel_figure, inked
from stylizer.engine.filters import blur, edge_of, grow
from stylizer.engine.picture import Picture, Plane, Size, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.fabric import denim
from stylizer.engine.scenes.graphic import polar, rays
from stylizer.engine.sticker import Placement
from stylizer.engine.texture import halftone

RADIUS, FACE_SHARE = 0.435, 0.36  # of the short side; face width of the badge's diameter
SCALES, LARGEST_FILLING = (0.35, 2.2), 1.7


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.24, jaw=0.012, nose=0.04)
    (height, width), radius = portrait.size, int(min(portrait.size) * RADIUS)
    top, left = height // 2 - radius, width // 2 - radius
    tin = _domed(_print(portrait, radius))
    disc = np.zeros(portrait.size, np.float32)
    disc[top : top + 2 * radius, left : left + 2 * radius] = smoothstep(1.004, 0.994, _offsets(radius)[2])
    scene = backdrop(denim, portrait.size, seed)
    scene = cast_shadow(scene, disc, portrait.px(24), softness=portrait.px(18), amount=0.55)
    region = slice(top, top + 2 * radius), slice(left, left + 2 * radius)
    scene[region] = mix(scene[region], tin, disc[region])
    return _sparkles(scene, (width / 2, height / 2), radius, seed)


def _offsets(radius: int) -> tuple[Plane, Plane, Plane]:
    """Across and down from the middle of the badge's square, and distance, in radii."""
    line = (np.arange(2 * radius, dtype=np.float32) - radius + 0.5) / np.float32(radius)
    across, down = line[None, :], line[:, None]
    return across, down, np.sqrt(across * across + down * down)


def _subject(portrait: Portrait) -> tuple[float, float, float]:
    """x, y and width of the face that fills the badge; of a group, the middle and a share of its width."""
    x, y, unit = portrait.focus
    if not portrait.faces:
        return portrait.size[1] / 2, portrait.size[0] / 2, min(portrait.size) * FACE_SHARE
    faces = [face for face in portrait.large_faces if face.width > 0.6 * unit]
    if len(faces) < 2:
        return x, y, unit
    low = np.min([face.xy.min(0) for face in faces], 0)
    high = np.max([face.xy.max(0) for face in faces], 0)
    middle = (low + high) / 2
    return float(middle[0]), float(middle[1]), max(unit, float(high[0] - low[0]) * 0.46)


def _fitted(portrait: Portrait, placement: Placement, radius: float) -> Placement:
    """Shifted, and enlarged where that is not enough, so that no border that cuts the person off shows in the badge."""
    cut, scale = portrait.cutout, placement.scale
    for before, after, length in ((cut[:, 0], cut[:, -1], portrait.size[1]), (cut[0], cut[-1], portrait.size[0])):
        if before.mean() > 0.05 and after.mean() > 0.05:
            scale = max(scale, min(2 * radius / length, LARGEST_FILLING))
    target = list(placement.target)
    for axis, (before, after) in enumerate(((cut[:, 0], cut[:, -1]), (cut[0], cut[-1]))):
        length, at = portrait.size[1 - axis], placement.source[axis]
        low, high = target[axis] - at * scale, target[axis] + (length - at) * scale
        if after.mean() > 0.05:
            target[axis] += max(0.0, 2 * radius - high)
        if before.mean() > 0.05:
            target[axis] -= max(0.0, low)
    return Placement(placement.source, (target[0], target[1]), scale)


def _print(portrait: Portrait, radius: int) -> Picture:
    """What is printed on the tin, a square: the figure with a white rim before pastel rays and dots."""
    x, y, unit = _subject(portrait)
    target = (float(radius), radius * (0.90 if portrait.faces else 1.0))
    scale, size = float(np.clip(FACE_SHARE * 2 * radius / unit, *SCALES)), (2 * radius, 2 * radius)
    placement = _fitted(portrait, Placement((x, y), target, scale), radius)
    figure = placement.move(redrawn(portrait, _drawing), size, border=cv2.BORDER_REPLICATE)
    if not portrait.separable:
        return figure
    cut = placement.move(portrait.cutout, size, border=cv2.BORDER_REPLICATE)
    ground = _rays_and_dots(size, target, portrait.px(22))
    ground = mix(ground, rgb("ffffff"), np.clip(blur(grow(cut, portrait.px(24)), 1.2), 0, 1))
    picture = mix(ground, figure, cut)
    return mix(picture, rgb("2a1430"), edge_of(cut, portrait.px(6), 3, portrait.px(0.9)) * 0.85)


def _drawing(portrait: Portrait) -> Picture:
    return inked(portrait, cel_figure(portrait, chroma=1.45, own=0.25), "2a1430", on_skin=0.55)


def _rays_and_dots(size: Size, centre: tuple[float, float], cell: float) -> Picture:
    ground = rays(size, *centre, ("ffd1e3", "c9e4ff"), count=24)
    away = polar(size, *centre)[0] / (size[0] / 2)
    dots = halftone(np.clip(away - 0.55, 0, 1) * 0.5, max(6.0, cell))
    return mix(ground, rgb("ffffff"), dots * 0.8)


def _domed(printed: Picture) -> Picture:
    """Shading of the dome, a metal rim and the reflection of a window."""
    across, down, distance = _offsets(printed.shape[0] // 2)
    facing = (-across * 0.5 - down * 0.7) * distance**2
    picture = shaded(printed, np.clip(1 + 0.34 * facing - 0.30 * smoothstep(0.80, 1.0, distance), 0, 1.25))
    metal = np.clip(0.72 + 0.35 * np.sin((np.arctan2(down, across) + 0.6) * 2) ** 3 + 0.1 * facing, 0.35, 1)
    metal = cv2.transform(metal, rgb("f1eef5").reshape(3, 1))
    picture = mix(np.clip(picture, 0, 1), metal, smoothstep(0.945, 0.955, distance))
    inner = np.sqrt((across - 0.16) ** 2 + (down - 0.20) ** 2)
    crescent = smoothstep(0.90, 0.86, distance) * smoothstep(0.66, 0.82, inner)
    picture = glow(picture, crescent * smoothstep(0.15, 0.9, -across * 0.6 - down * 0.8) * 0.45, rgb("ffffff"))
    spot = np.exp(-(((across - 0.48) / 0.16) ** 2 + ((down - 0.60) / 0.08) ** 2))
    return glow(picture, spot * 0.30, rgb("ffffff"))


def _sparkles(picture: Picture, centre: tuple[float, float], radius: float, seed: int) -> Picture:
    """Four-pointed glints, most of them on the rim."""
    canvas, random = Canvas.plane((picture.shape[0], picture.shape[1])), np.random.default_rng(seed + 5)
    for _ in range(14):
        angle, out = random.random() * 2 * np.pi, radius * (0.80 + 0.30 * random.random())
        reach = radius * (0.02 + 0.06 * random.random() ** 2)
        x, y = centre[0] + out * np.cos(angle), centre[1] + out * np.sin(angle)
        canvas.polygon(star(x, y, reach, points=4, inner=0.14, turn=0), 1.0)
    glints = to_float(canvas.pixels)

    def sparkle(rows: Picture, glint: Plane, around: Plane) -> Picture:
        return glow(glow(rows, glint, rgb("ffffff")), around * 0.8, rgb("fff3d6"))

    return in_bands(sparkle, picture, glints, blur(glints, radius * 0.012), into=picture)
