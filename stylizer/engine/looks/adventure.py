"""Adventure world: a painted hero at dusk, ranges and hot-air balloons behind, light from the low sun.

Own recipe: Kuwahara dabs combed along their edges, brush lines, a rim light from the sun's side.
"""

import numpy as np

from stylizer.engine.colour import vivid
from stylizer.engine.compose import outline, place
from stylizer.engine.drawn import redrawn
from stylizer.engine.figure import inked, rim_lit
from stylizer.engine.flow import shock, smear, tangents
from stylizer.engine.picture import Picture
from stylizer.engine.portrait import Portrait
from stylizer.engine.reshape import reshape
from stylizer.engine.scenes import backdrop
from stylizer.engine.scenes.dusk import balloon_dusk

WARM = np.array([1.06, 1.0, 0.92], np.float32)


def render(portrait: Portrait, seed: int) -> Picture:
    portrait = reshape(portrait, eyes=0.16, jaw=0.01, nose=0.02)
    figure = redrawn(portrait, _figure)
    picture = outline(
        portrait, place(portrait, figure, backdrop(balloon_dusk, portrait.size, seed)), "1a1010", width=5, strength=0.7
    )
    return rim_lit(portrait, picture, "ffcf87", from_right=True, amount=0.9)


def _figure(portrait: Portrait) -> Picture:
    return inked(portrait, np.clip(painted(portrait) * WARM, 0, 1), "241414", on_skin=0.40, own=0.25)


def painted(portrait: Portrait) -> Picture:
    """The person in dabs of paint, output size."""
    dabs = vivid(portrait.dabs, 1.2, 1.08, 0)
    field, _ = tangents(dabs, portrait.small_px(3))
    return portrait.full(np.clip(shock(smear(dabs, field, 5), portrait.small_px(1.1), 0.7), 0, 1))
