"""Rendering in bands gives the same pixels as rendering at once."""

import numpy as np

from bench.portraits import Sitter, photo
from stylizer.engine import bands
from stylizer.engine.analysis import analyse
from stylizer.engine.bands import in_bands
from stylizer.engine.colour import glow, mix, rgb, screen, shaded
from stylizer.engine.filters import kuwahara
from stylizer.engine.flow import smear, tangents
from stylizer.engine.noise import clouds, white
from stylizer.engine.picture import Picture, decode
from stylizer.engine.renderer import PortraitCache
from stylizer.engine.reshape import reshape

TALL = (900, 160)  # several bands
SITTER = Sitter(0.5, 0.5, 0.4, skin="8d5a3b", hair="15100e", dress="c9b34a", glasses=True)


def picture(seed: int) -> Picture:
    return np.dstack([clouds(TALL, 6, 4, seed + i) for i in range(3)])


def test_a_tall_picture_has_several_bands_that_cover_it_once() -> None:
    rows = list(bands.bands(*TALL))
    assert len(rows) > 2
    assert [row for part in rows for row in range(part.start, part.stop)] == list(range(TALL[0]))


def test_bands_are_joined_in_order() -> None:
    one, two = picture(1), white(TALL, 4)
    assert np.array_equal(in_bands(lambda rows, more: rows * more[..., None], one, two), one * two[..., None])


def test_rendering_into_a_layer_allocates_no_other_array() -> None:
    one, before = picture(1), picture(1)
    assert in_bands(lambda rows: 1 - rows, one, into=one) is one
    assert np.array_equal(one, 1 - before)


def test_blends_equal_their_textbook_formulas() -> None:
    under, over, amount = picture(1), picture(5), white(TALL, 9)
    weight, colour = amount[..., None], rgb("3366cc")
    assert np.allclose(mix(under, over, amount), under + (over - under) * weight, atol=2e-5)
    assert np.allclose(mix(under, colour, amount), under + (colour - under) * weight, atol=2e-5)
    assert np.allclose(screen(under, over), 1 - (1 - under) * (1 - over), atol=2e-5)
    assert np.allclose(glow(under, amount, colour), 1 - (1 - under) * (1 - weight * colour), atol=2e-5)
    assert np.allclose(shaded(under, amount), under * weight, atol=2e-5)


def test_dabs_and_strokes_have_no_seams_between_bands() -> None:
    """Rows 450 to 550 contain a band's seam in the tall picture, and none in the short one."""
    whole, field = picture(1), tangents(picture(1))[0]
    part, middle = whole[400:600], slice(450, 550)
    assert len(list(bands.bands(*part.shape[:2]))) == 1
    assert np.allclose(kuwahara(whole, 5)[middle], kuwahara(part, 5)[50:150], atol=1e-5)
    strokes, same_strokes = smear(whole, field, 6)[middle], smear(part, field[400:600], 6)[50:150]
    assert np.abs(strokes - same_strokes).mean() < 1e-4  # rounding sends one walk in thousands another way


def test_a_bent_copy_is_the_same_away_from_the_face() -> None:
    portrait = analyse(decode(photo((640, 512), (SITTER,), wall=("9fb4c4", "5a6b7c"), seed=1)), 512)
    bent = reshape(portrait, eyes=0.3, jaw=0.02, nose=0.05)
    changed = (bent.photo != portrait.photo).any(-1)
    rows, columns = np.nonzero(changed)
    (face,) = portrait.large_faces
    assert changed.any()
    assert np.hypot(columns - face.centre[0], rows - face.centre[1]).max() < face.width


def test_a_portrait_without_its_cached_layers_renders_the_same_again() -> None:
    cache = PortraitCache(2)
    one, other = (photo((320, 256), (SITTER,), wall=("9fb4c4", "5a6b7c"), seed=seed) for seed in (1, 2))
    portrait = cache.portrait(one, 320)
    flat, strokes = portrait.flat.copy(), portrait.brushwork
    cache.portrait(other, 320)
    assert "flat" not in vars(portrait)
    assert cache.portrait(one, 320) is portrait
    assert np.array_equal(portrait.flat, flat)
    assert portrait.brushwork is strokes
