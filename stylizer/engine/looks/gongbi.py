"""Gongbi: fine contour lines and mineral colours on gold silk, red plum blossom, a seal.

Own recipe, after the fine-brush manner of Song court painting.
"""

from stylizer.engine.bands import in_bands
from stylizer.engine.canvas import Canvas
from stylizer.engine.colour import mix, rgb, shaded
from stylizer.engine.compose import outline, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import cheeks_of
from stylizer.engine.garments import OLD_CLOTH, crossed_collar, dressed
from stylizer.engine.looks.elegant import muted, on_silk
from stylizer.engine.noise import clouds
from stylizer.engine.picture import Picture, Pixels, Plane, to_bytes
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes.blossom import framing_branches
from stylizer.engine.scenes.eastern import scales, stamp_seal
from stylizer.engine.texture import silk
from stylizer.engine.tone import blush

GROUND, INK = "e3cfa0", "3b2a22"
ROBE = crossed_collar("7f9f8a", "8c2b2b")


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.14, jaw=0.01, nose=0.02)
    ground = silk(portrait.size, GROUND, seed)
    figure = on_silk(redrawn(portrait, _figure), ground, GROUND)
    picture = place(portrait, figure, _scene(portrait, ground, seed))
    picture = outline(portrait, picture, INK, width=4, strength=0.75)
    picture = blush(picture, cheeks_of(portrait), rgb("f0837f"), 0.45)
    side = min(portrait.size) * 0.075
    return stamp_seal(picture, portrait.size[1] * 0.88, portrait.size[0] - side * 1.6, side, seed + 9)


def _figure(portrait: Portrait) -> Picture:
    """Mineral colours and fine lines."""
    colours = muted(portrait, chroma=1.15, lift=(0.82, 16), tint=(2, 8))
    colours, worn = dressed(portrait, colours, ROBE)
    line = (1 - OLD_CLOTH * worn) * portrait.ink(on_skin=0.45, reach=6)
    return in_bands(lambda rows, ink: mix(rows, rgb(INK), ink * 0.70), colours, line, into=colours)


def _scene(portrait: Portrait, ground: Picture, seed: int) -> Picture:
    short = min(portrait.size)
    uneven = 0.9 + (clouds(portrait.size, 4, 3, seed + 3) - 0.5) * 0.3
    pattern = scales(portrait.size, "d9c08a", "c9a965", short * 0.06)

    def printed(silk: Picture, rows: Picture, light: Plane) -> Pixels:
        return to_bytes(mix(silk, shaded(rows, light), 0.45))

    canvas = Canvas(in_bands(printed, ground, pattern, uneven))
    framing_branches(canvas, wood="4d372c", petals=("c4383f", "d4494c", "b02f38"), radius=short * 0.012, seed=seed)
    return canvas.picture()
