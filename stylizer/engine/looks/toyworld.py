"""3D world: the sculpted figure as a designer toy in a room of toys, smooth as vinyl under studio light.

Own recipe; see figure.sculpted for the light.
"""

from stylizer.engine.colour import from_lab, glow, rgb, to_lab
from stylizer.engine.compose import bloom, cast_shadow, place
from stylizer.engine.figure import cheeks_of, sculpted
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import lit, shine, surface
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import soft_backdrop
from stylizer.engine.scenes.toyroom import KEY, toy_room
from stylizer.engine.tone import blush


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.40, jaw=0.01, nose=0.08)
    figure = blush(_vinyl(portrait), cheeks_of(portrait), rgb("ff7d78"), 0.6)
    scene = soft_backdrop(toy_room, portrait.size, seed)
    if portrait.separable:
        scene = cast_shadow(scene, portrait.cutout, portrait.px(26), softness=portrait.px(34), amount=0.40)
    return bloom(place(portrait, figure, scene), 0.75, portrait.px(20), 0.25)


def _vinyl(portrait: Portrait) -> Picture:
    """The sculpted figure in brighter, cleaner colours, with a broad window light on everything."""
    lab = to_lab(sculpted(portrait, rim="fff1dd", shade="ffd9c4", warmth=0.4, creases=0.35, iris=0.29))
    bare = portrait.full(portrait.skin_area())
    lab[..., 1:] *= (1.30 - 0.18 * bare)[..., None]
    lab[..., 0] += 4 + 1.5 * bare
    normals = surface(portrait)
    sheen = (
        (shine(normals, KEY, 10) * 0.12 + shine(normals, KEY, 60) * 0.30)
        * (1 - portrait.masks.features)
        * lit(normals, KEY)
    )
    return glow(from_lab(lab), portrait.full(sheen * portrait.masks.person), rgb("ffffff"))
