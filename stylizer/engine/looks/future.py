"""Future: a portrait lit by neon, magenta from one side and cyan from the other, with a head-up display.

Own recipe: a gradient map, rim light from the mesh's normals, glowing edges, scan lines.
"""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import glow, luminance, mix, rgb, screen, smoothstep, tone_map
from stylizer.engine.compose import place, rows_columns
from stylizer.engine.filters import blur, edge_of, smooth_surfaces
from stylizer.engine.nets import face_triangles
from stylizer.engine.picture import Picture, Plane, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import surface
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.city import neon_city
from stylizer.engine.scenes.graphic import polar

STOPS = (0, 0.25, 0.5, 0.78, 1.0)
NEON = ("050817", "10205c", "5b2bb8", "18c7e8", "eaffff")
MAGENTA, CYAN = "ff2bd6", "00e5ff"


def render(portrait: Portrait, seed: int) -> Picture:
    figure = _lit_figure(portrait)
    scene = _ring(portrait, backdrop(neon_city, portrait.size, seed + 4))
    picture = _neon_edges(portrait, place(portrait, figure, scene))
    picture = glow(picture, _wire_face(portrait) * float(np.clip(portrait.focus[2] / 1200, 0.16, 0.42)), rgb("40f8ff"))
    picture = _head_up_display(portrait, picture)
    rows, _ = rows_columns(portrait.size)
    scan = np.where(np.sin(rows * np.float32(np.pi / max(portrait.px(2.5), 1.2))) > 0, np.float32(0.94), np.float32(1))
    return in_bands(lambda part, line: np.clip(part * line[..., None], 0, 1), picture, scan, into=picture)


def _lit_figure(portrait: Portrait) -> Picture:
    even = portrait.levelled
    grey = luminance(smooth_surfaces(even, reach=10, contrast=0.2))
    picture = tone_map(np.clip(grey, 0, 1), STOPS, NEON)
    across = surface(portrait)[..., 0] * portrait.masks.person
    for side, colour in ((-across, MAGENTA), (across, CYAN)):
        rim = blur(np.clip(side - 0.12, 0, 1) * 1.1, portrait.small_px(3)) * (0.35 + 0.9 * grey)
        picture = glow(picture, rim * 0.85, rgb(colour))
    warm = even * np.array([0.9, 0.85, 1.05], np.float32)
    figure, detail = portrait.full(mix(picture, warm, 0.28)), luminance(portrait.photo)
    detail -= blur(detail, portrait.px(4))
    return in_bands(lambda rows, more: np.clip(rows + more[..., None] * 0.6, 0, 1), figure, detail, into=figure)


def _ring(portrait: Portrait, scene: Picture) -> Picture:
    x, y, unit = portrait.focus
    canvas = Canvas.plane(portrait.size)
    for radius, width in ((1.35, 6), (1.50, 2), (1.62, 3)):
        canvas.circle(x, y, unit * radius, 1.0, width=portrait.px(width))
    broken = np.sin((polar(portrait.size, x, y)[1] + np.pi) * 7 + 1) > -0.5
    ring = to_float(canvas.pixels) * broken
    return glow(glow(scene, ring, rgb(CYAN)), blur(ring, portrait.px(10)) * 2.2, rgb("00aaff"))


def _neon_edges(portrait: Portrait, picture: Picture) -> Picture:
    x, _, unit = portrait.focus
    edge = edge_of(portrait.cutout, portrait.px(5), portrait.px(5)) if portrait.separable else 0.0
    shining = portrait.ink(on_skin=0.4) * portrait.full(1 - blur(portrait.masks.face, 2) * 0.8)  # eyes stay dark
    edge = np.clip(shining * 0.55 * portrait.cutout + edge, 0, 1)
    light = (blur(edge, portrait.px(5)) + blur(edge, portrait.px(18))) * 0.66 + edge * 0.35
    _, columns = rows_columns(portrait.size)
    to_right = smoothstep(x - unit, x + unit, columns)[..., None]
    colours = rgb("ff3df0") * (1 - to_right) + rgb("22f0ff") * to_right

    def lit(rows: Picture, bright: Plane) -> Picture:
        return screen(rows, np.clip(colours * bright[..., None], 0, 1))

    return in_bands(lit, picture, light, into=picture)


def _wire_face(portrait: Portrait) -> Plane:
    """The mesh's wires, coming in over one half of each face."""
    canvas, shown = Canvas.plane(portrait.size), np.zeros(portrait.size, np.float32)
    _, columns = rows_columns(portrait.size)
    for face in portrait.large_faces:
        for triangle in face_triangles():
            canvas.line(face.xy[triangle], 1.0, 1, closed=True)
        middle = float(face.xy[168, 0])
        near = np.abs(columns - middle) < face.width
        shown = np.maximum(shown, smoothstep(middle, middle + face.width * 0.25, columns) * near)
    return to_float(canvas.pixels) * shown


def _head_up_display(portrait: Portrait, picture: Picture) -> Picture:
    x, y, unit = portrait.focus
    canvas, reach = Canvas.plane(portrait.size), unit * 0.8
    for right in (-1, 1):
        for low in (-1, 1):
            corner = (x + right * reach, y + unit * 0.1 + low * reach * 1.15)
            arms = [(corner[0] - right * reach * 0.22, corner[1]), corner, (corner[0], corner[1] - low * reach * 0.22)]
            canvas.line(arms, 1.0, max(1.5, portrait.px(4)))
    marks = to_float(canvas.pixels)
    return glow(glow(picture, marks, rgb("baffff")), blur(marks, portrait.px(8)) * 1.6, rgb(CYAN))
