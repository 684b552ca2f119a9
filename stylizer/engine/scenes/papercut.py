"""Red paper-cut for New Year: layered clouds, a window flower, couplets in brush characters."""

import numpy as np

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas, Point, smooth_curve
from stylizer.engine.colour import mix, rgb, shaded, tinted
from stylizer.engine.filters import blur, shifted
from stylizer.engine.noise import fibres
from stylizer.engine.picture import Picture, Pixels, Size, to_bytes, to_float

RED, DEEP_RED, BRIGHT_RED, GOLD = "b5121b", "8c0d14", "d12a2a", "f2c14e"
# Brush strokes of four characters in a unit square; every stroke is (points, thickness).
CHARACTERS: dict[str, tuple[tuple[tuple[Point, ...], float], ...]] = {
    "great": (
        (((0.10, 0.38), (0.50, 0.36), (0.90, 0.33)), 1.0),
        (((0.50, 0.06), (0.48, 0.45), (0.33, 0.72), (0.10, 0.92)), 1.0),
        (((0.50, 0.42), (0.66, 0.70), (0.92, 0.90)), 1.2),
    ),
    "luck": (
        (((0.12, 0.20), (0.50, 0.19), (0.88, 0.17)), 1.0),
        (((0.50, 0.04), (0.50, 0.40)), 1.0),
        (((0.22, 0.40), (0.78, 0.39)), 0.9),
        (((0.26, 0.57), (0.28, 0.93)), 1.0),
        (((0.26, 0.57), (0.74, 0.56), (0.72, 0.93)), 1.0),
        (((0.28, 0.89), (0.72, 0.89)), 0.9),
    ),
    "level": (
        (((0.18, 0.15), (0.82, 0.13)), 0.9),
        (((0.30, 0.26), (0.38, 0.43)), 1.1),
        (((0.72, 0.24), (0.60, 0.43)), 1.1),
        (((0.06, 0.55), (0.50, 0.54), (0.94, 0.52)), 1.0),
        (((0.50, 0.14), (0.50, 0.97)), 1.1),
    ),
    "peace": (
        (((0.49, 0.02), (0.54, 0.13)), 1.2),
        (((0.12, 0.34), (0.13, 0.20), (0.88, 0.19), (0.83, 0.33)), 0.9),
        (((0.44, 0.30), (0.28, 0.64), (0.52, 0.74), (0.76, 0.94)), 1.0),
        (((0.70, 0.42), (0.58, 0.72), (0.18, 0.95)), 1.0),
        (((0.06, 0.54), (0.50, 0.52), (0.95, 0.50)), 1.0),
    ),
}


def lay(scene: Canvas, sheet: Pixels, colour: str, depth: float) -> None:
    """Lay a sheet of paper of this shape on the scene: it casts a soft shadow `depth` pixels long."""
    shadow = blur(shifted(sheet, depth, depth * 0.5), depth * 0.9)

    def covered(under: Pixels, shape: Pixels, shade: Pixels) -> Pixels:
        mask = to_float(shape)
        dark = 1 - 0.5 * to_float(shade) * (1 - mask)
        return to_bytes(mix(shaded(to_float(under), dark), rgb(colour), mask))

    in_bands(covered, scene.pixels, sheet, shadow, into=scene.pixels)


def write(canvas: Canvas, character: str, corner: Point, side: float, ink: str) -> None:
    """Write one character with a brush."""
    for points, thickness in CHARACTERS[character]:
        curve = smooth_curve(np.asarray(points) * side + np.asarray(corner))
        along = np.linspace(0, 1, len(curve))
        swell = 0.72 + 0.38 * np.abs(np.cos(along * np.pi)) ** 1.5
        canvas.brush(curve, ink, swell * thickness * side * 0.105)


def cloud_bank(
    size: Size, base: float, radius: float, seed: int, *, down: bool = True
) -> tuple[Pixels, list[tuple[float, float, float]]]:
    """A bank of round clouds along a row, filled to the bottom (or the top), and its circles."""
    random, canvas, circles = np.random.default_rng(seed), Canvas.plane(size), []
    x = -radius
    while x < size[1] + radius:
        reach = radius * (0.7 + 0.6 * random.random())
        y = base + random.normal(0, radius * 0.25)
        canvas.circle(x, y, reach, 1.0)
        circles.append((x, y, reach))
        x += reach * 1.15
    canvas.box((0, base), (size[1], size[0]), 1.0) if down else canvas.box((0, 0), (size[1], base), 1.0)
    return canvas.pixels, circles


def _curls(scene: Canvas, circles: list[tuple[float, float, float]]) -> None:
    """Gold spirals inside the clouds."""
    turn = np.linspace(0.4, 2.6 * np.pi, 50)
    for x, y, reach in circles:
        spiral = reach * (0.92 - 0.085 * turn)
        scene.line(np.stack([x - spiral * np.cos(turn), y - spiral * np.sin(turn)], -1), GOLD, max(1.5, reach * 0.035))


def window_flower(size: Size, x: float, y: float, radius: float) -> Pixels:
    """A round paper-cut: a rim, petals with slits, a ring of beads."""
    canvas = Canvas.plane(size)
    canvas.circle(x, y, radius, 1.0, width=radius * 0.035)
    canvas.circle(x, y, radius * 0.955, 1.0, width=radius * 0.012)
    for i in range(24):
        angle = 2 * np.pi * i / 24
        out, over = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        centre = np.array([x, y])
        t = np.linspace(0, 1, 16)[:, None]
        belly = np.sin(t * np.pi) ** 0.7 * radius * 0.075
        spine = centre + out * radius * (0.66 + 0.26 * t)
        canvas.polygon(np.concatenate([spine + over * belly, (spine - over * belly)[::-1]]), 1.0)
        canvas.line(centre + out * radius * np.array([[0.71], [0.85]]), 0.0, radius * 0.014)
        bead = centre + (out * np.cos(np.pi / 24) + over * np.sin(np.pi / 24)) * radius * 0.90
        canvas.circle(bead[0], bead[1], radius * 0.022, 1.0)
    return canvas.pixels


def _couplet(scene: Canvas, left: float, characters: tuple[str, ...]) -> None:
    """A hanging strip with gold rim and gold characters."""
    height, width = scene.height, scene.width
    broad, top = width * 0.125, height * 0.10
    side = broad * 0.74
    bottom = top + broad * 0.5 + len(characters) * side * 1.22
    mask = Canvas.plane((height, width))
    mask.box((left, top), (left + broad, bottom), 1.0)
    lay(scene, mask.pixels, BRIGHT_RED, width * 0.008)
    inset = broad * 0.07
    scene.box((left + inset, top + inset), (left + broad - inset, bottom - inset), GOLD, width=max(1.5, broad * 0.02))
    for i, character in enumerate(characters):
        corner = (left + (broad - side) / 2, top + broad * 0.30 + i * side * 1.22)
        write(scene, character, corner, side, "ffd873")


def paper_cut_room(size: Size, focus: tuple[float, float, float], seed: int) -> Picture:
    """The whole backdrop, the window flower centred behind the head."""
    (height, width), short = size, min(size)
    x, y, unit = focus
    scene = Canvas(in_bands(lambda thread: to_bytes(tinted(rgb(RED), 1 + thread * 0.10)), fibres(size, seed, 9, 0.8)))
    disc = Canvas.plane(size)
    radius = min(unit * 1.75, short * 0.60)
    disc.circle(x, y, radius * 1.02, 1.0)
    lay(scene, disc.pixels, DEEP_RED, short * 0.012)
    lay(scene, window_flower(size, x, y, radius), GOLD, short * 0.005)
    for i, (base, colour) in enumerate(((0.80, DEEP_RED), (0.88, RED), (0.95, BRIGHT_RED))):
        bank, circles = cloud_bank(size, height * base, short * 0.085, seed + i)
        lay(scene, bank, colour, short * 0.010)
        _curls(scene, circles)
    bank, circles = cloud_bank(size, height * 0.02, short * 0.06, seed + 7, down=False)
    lay(scene, bank, BRIGHT_RED, short * 0.010)
    _curls(scene, circles)
    _couplet(scene, width * 0.035, ("level", "peace"))
    _couplet(scene, width * 0.84, ("great", "luck"))
    return scene.picture()
