"""Adventure world: a painted hero at dusk, ranges and hot-air balloons behind, light from the low sun.

Own recipe: Kuwahara dabs combed along their edges, brush lines, a rim light from the sun's side.
"""

import numpy as np

from stylizer.engine.colour import smoothstep, vivid
from stylizer.engine.compose import outline, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import inked, rim_lit
from stylizer.engine.flow import shock, smear, tangents
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.relief import lit, surface
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.dusk import balloon_dusk

SUN = (0.75, -0.35, 0.55)
WARM = np.array([1.07, 1.0, 0.86], np.float32)  # the light of a low sun, and the sky in the shade
COOL = np.array([0.90, 0.97, 1.12], np.float32)


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.16, jaw=0.01, nose=0.02)
    figure = redrawn(portrait, _figure)
    picture = outline(
        portrait, place(portrait, figure, backdrop(balloon_dusk, portrait.size, seed)), "1a1010", width=5, strength=0.7
    )
    return rim_lit(portrait, picture, "ffcf87", from_right=True, amount=0.9)


def _figure(portrait: Portrait) -> Picture:
    sun = portrait.full(smoothstep(0.25, 0.85, lit(surface(portrait), SUN, wrap=0.3)))[..., None]
    return inked(
        portrait, np.clip(painted(portrait) * (COOL + (WARM - COOL) * sun), 0, 1), "241414", on_skin=0.4, own=0.25
    )


def painted(portrait: Portrait) -> Picture:
    """The person in dabs of paint, output size."""
    dabs = vivid(portrait.dabs, 1.2, 1.08, 0)
    field, _ = tangents(dabs, portrait.small_px(3))
    return portrait.full(np.clip(shock(smear(dabs, field, 5), portrait.small_px(1.1), 0.7), 0, 1))
