"""Badge world: a round tin badge, domed and glossy, with a metal rim, sparkles, pinned to denim.

Own recipe.
"""

import cv2
import numpy as np

from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import glow, mix, rgb, screen, smoothstep, solid
from stylizer.engine.figure import cel_figure, inked
from stylizer.engine.filters import blur, edge_of, grow, shifted
from stylizer.engine.picture import Picture, Plane, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes.fabric import denim
from stylizer.engine.scenes.graphic import polar, rays
from stylizer.engine.sticker import Placement
from stylizer.engine.texture import halftone

RADIUS, FACE_SHARE = 0.435, 0.36  # of the short side; face width of the badge's diameter


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.24, jaw=0.012, nose=0.04)
    height, width = portrait.size
    centre, radius = (width / 2, height / 2), min(portrait.size) * RADIUS
    distance, _ = polar(portrait.size, *centre)
    distance = distance / np.float32(radius)
    face = smoothstep(1.004, 0.996, distance)
    scene = denim(portrait.size, seed)
    shadow = blur(shifted(face, portrait.px(24), portrait.px(14)), portrait.px(18))
    scene = (scene * (1 - 0.55 * shadow)[..., None]).astype(np.float32)
    picture = mix(scene, _domed(portrait, _print(portrait, centre, radius), distance, centre), face)
    return _sparkles(picture, centre, radius, seed)


def _subject(portrait: Portrait) -> tuple[float, float, float]:
    """x, y and width of the face that fills the badge; of a group, the middle and a share of its width."""
    x, y, unit = portrait.focus
    faces = [face for face in portrait.large_faces if face.width > 0.6 * unit]
    if len(faces) < 2:
        return x, y, unit
    low = np.min([face.xy.min(0) for face in faces], 0)
    high = np.max([face.xy.max(0) for face in faces], 0)
    middle = (low + high) / 2
    return float(middle[0]), float(middle[1]), max(unit, float(high[0] - low[0]) * 0.46)


def _filling(portrait: Portrait, source: tuple[float, float], radius: float) -> float:
    """The least scale at which no border that cuts the person off shows inside the badge."""
    (height, width), (x, y), cut = portrait.size, source, portrait.cutout
    borders = ((cut[:, 0], x), (cut[:, -1], width - x), (cut[0], y), (cut[-1], height - y))
    return min(
        3.0, max((radius * 1.1 / max(room, 1.0) for border, room in borders if border.mean() > 0.05), default=0.0)
    )


def _print(portrait: Portrait, centre: tuple[float, float], radius: float) -> Picture:
    """What is printed on the tin: the figure with a white rim before pastel rays and dots."""
    x, y, unit = _subject(portrait)
    height, width = portrait.size
    target = (centre[0], centre[1] - radius * (0.10 if portrait.faces else 0.0))
    if not portrait.faces:
        x, y, unit = width / 2, height / 2, min(portrait.size) * FACE_SHARE
    scale = max(float(np.clip(FACE_SHARE * 2 * radius / unit, 0.35, 2.2)), _filling(portrait, (x, y), radius))
    placement = Placement((x, y), target, scale)
    drawing = inked(portrait, cel_figure(portrait, chroma=1.45, own=0.25), "2a1430", on_skin=0.55)
    figure = placement.move(drawing, portrait.size, border=cv2.BORDER_REPLICATE).clip(0, 1).astype(np.float32)
    if not portrait.separable:
        return figure
    cut = placement.move(portrait.cutout, portrait.size, border=cv2.BORDER_REPLICATE)
    backdrop = rays(portrait.size, *target, ("ffd1e3", "c9e4ff"), count=24)
    away = polar(portrait.size, *target)[0] / radius
    dots = halftone(np.clip(away - 0.55, 0, 1) * 0.5, max(6.0, portrait.px(22)))
    backdrop = mix(backdrop, solid(backdrop, rgb("ffffff")), dots * 0.8)
    backdrop = mix(backdrop, solid(backdrop, rgb("ffffff")), np.clip(blur(grow(cut, portrait.px(24)), 1.2), 0, 1))
    picture = mix(backdrop, figure, np.clip(cut, 0, 1))
    return mix(picture, solid(picture, rgb("2a1430")), edge_of(cut, portrait.px(6), 3, portrait.px(0.9)) * 0.85)


def _domed(portrait: Portrait, printed: Picture, distance: Plane, centre: tuple[float, float]) -> Picture:
    """Rim, shading of the dome and the reflection of a window."""
    rows, columns = np.indices(portrait.size, np.float32)
    radius = min(portrait.size) * RADIUS
    across, down = (columns - centre[0]) / radius, (rows - centre[1]) / radius
    facing = (-across * 0.5 - down * 0.7) * distance**2
    picture = printed * np.clip(1 + 0.34 * facing - 0.30 * smoothstep(0.80, 1.0, distance), 0, 1.25)[..., None]
    rim = smoothstep(0.945, 0.955, distance)
    metal = np.clip(0.72 + 0.35 * np.sin((np.arctan2(down, across) + 0.6) * 2) ** 3 + 0.1 * facing, 0.35, 1)
    picture = mix(np.clip(picture, 0, 1).astype(np.float32), (metal[..., None] * rgb("f1eef5")).astype(np.float32), rim)
    crescent = smoothstep(0.90, 0.86, distance) * smoothstep(0.62, 0.80, np.hypot(across - 0.16, down - 0.20))
    crescent = crescent * smoothstep(0.15, 0.9, -across * 0.6 - down * 0.8)
    picture = glow(picture, crescent * 0.62, rgb("ffffff"))
    spot = np.exp(-(((across - 0.48) / 0.16) ** 2 + ((down - 0.60) / 0.08) ** 2))
    return glow(picture, spot * 0.30, rgb("ffffff"))


def _sparkles(picture: Picture, centre: tuple[float, float], radius: float, seed: int) -> Picture:
    """Four-pointed glints, most of them on the rim."""
    canvas, random = Canvas.plane((picture.shape[0], picture.shape[1])), np.random.default_rng(seed + 5)
    for _ in range(14):
        angle, out = random.random() * 2 * np.pi, radius * (0.80 + 0.30 * random.random())
        x, y = centre[0] + out * np.cos(angle), centre[1] + out * np.sin(angle)
        reach = radius * (0.02 + 0.06 * random.random() ** 2)
        thin = reach * 0.10
        canvas.polygon(
            [
                (x, y - reach),
                (x + thin, y - thin),
                (x + reach, y),
                (x + thin, y + thin),
                (x, y + reach),
                (x - thin, y + thin),
                (x - reach, y),
                (x - thin, y - thin),
            ],
            1.0,
        )
    glints = to_float(canvas.pixels)
    return screen(glow(picture, glints, rgb("ffffff")), (blur(glints, radius * 0.012) * 0.8)[..., None] * rgb("fff3d6"))
