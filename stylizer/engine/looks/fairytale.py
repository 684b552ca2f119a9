"""3D fairy tale: a soft sculpted figure with shining eyes before a castle at dusk.

Own recipe; see figure.sculpted for the light.
"""

from stylizer.engine.colour import rgb
from stylizer.engine.compose import bloom, place
from stylizer.engine.figure import cheeks_of, sculpted
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import soft_backdrop
from stylizer.engine.scenes.castle import castle_dusk
from stylizer.engine.tone import blush


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.34, jaw=0.014, nose=0.07)
    picture = blush(sculpted(portrait, rim="ff9ee0", shade="8f78c8"), cheeks_of(portrait), rgb("ff8076"), 0.5)
    picture = place(portrait, picture, soft_backdrop(castle_dusk, portrait.size, seed))
    return bloom(picture, 0.60, portrait.px(24), 0.40)
