"""Who is in a picture, and that they keep their heads and their skin."""

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stylizer.engine.analysis import analyse
from stylizer.engine.colour import to_lab
from stylizer.engine.landmarks import NOSE_TIP
from stylizer.engine.masks import Masks
from stylizer.engine.people import COVERED, coverage, separable, who_counts
from stylizer.engine.picture import resize, to_float
from stylizer.engine.portrait import Portrait
from stylizer.engine.skin import level
from tests.harness.portraits import dark_skinned, faded, five_people, in_low_light, person

PEOPLE = {"person": person, "five": five_people, "faded": faded, "low": in_low_light, "dark": dark_skinned}


@cache
def portrait_of(name: str) -> Portrait:
    return analyse(PEOPLE[name](), 512)


def skin_of(picture: NDArray[Any], portrait: Portrait) -> NDArray[Any]:
    """Median Lab of the bare skin of the faces."""
    bare = (portrait.masks.skin > 0.6) & (portrait.masks.face > 0.5)
    return np.asarray(np.median(to_lab(picture)[bare], 0))


def hue(lab: NDArray[Any]) -> float:
    return float(np.degrees(np.arctan2(lab[2], lab[1])))


def test_in_a_group_of_five_every_head_is_in_the_mask() -> None:
    portrait = portrait_of("five")
    assert len(portrait.faces) == 5
    assert portrait.separable
    assert min(coverage(portrait.masks.person, face) for face in portrait.faces) >= COVERED
    above = [face.xy[10] + face.up * face.width * 0.3 for face in portrait.faces]
    assert min(portrait.masks.person[int(y), int(x)] for x, y in above) > 0.8, "hair is part of a head"


def test_a_background_stays_while_a_face_is_not_covered() -> None:
    portrait = portrait_of("five")
    mask = portrait.masks.person.copy()
    x, y = portrait.faces[2].xy[NOSE_TIP].astype(int)
    mask[y - 12 : y + 12, x - 12 : x + 12] = 0
    assert separable(portrait.masks.person, portrait.faces)
    assert not separable(mask, portrait.faces)


def test_a_blurred_passer_by_does_not_count() -> None:
    pixels, portrait = five_people().copy(), portrait_of("five")
    zoom = pixels.shape[0] / portrait.small.shape[0]
    first = portrait.faces[0].scaled(zoom)
    x, y, reach = *first.centre.astype(int), round(first.width)
    part = pixels[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
    part[...] = cv2.GaussianBlur(part, (0, 0), first.width * 0.08)
    faces = tuple(face.scaled(zoom) for face in portrait.faces)
    assert len(who_counts(five_people(), faces)) == 5
    assert len(who_counts(pixels, faces)) == 4


@pytest.mark.parametrize("name", ["person", "dark", "faded"])
def test_levels_keep_the_lightness_and_the_hue_of_skin(name: str) -> None:
    portrait = portrait_of(name)
    before, after = skin_of(portrait.small, portrait), skin_of(portrait.levelled, portrait)
    assert abs(after[0] - before[0]) < 9
    assert abs(hue(after) - hue(before)) < 6
    assert np.hypot(*after[1:]) > 8, "human colours, not grey"


def test_a_faded_photo_gets_its_contrast_back_and_no_cast() -> None:
    portrait = portrait_of("faded")
    lab = to_lab(portrait.levelled)
    assert np.ptp(np.percentile(lab[..., 0], [2, 98])) > 1.4 * np.ptp(
        np.percentile(to_lab(portrait.small)[..., 0], [2, 98])
    )
    assert abs(hue(skin_of(portrait.levelled, portrait)) - hue(skin_of(to_float(person()), portrait_of("person")))) < 25


def test_yellow_light_does_not_turn_a_white_wall_blue() -> None:
    """Only what skin has too much of, and all that is light shows too, is taken away."""
    lit = np.full((64, 64, 3), (1.0, 0.90, 0.62), np.float32)
    lit[20:44, 20:44] = (0.80, 0.50, 0.20)
    nothing, skin = np.zeros((64, 64), np.float32), np.zeros((64, 64), np.float32)
    skin[20:44, 20:44] = 1
    names = ("person", "hair", "eyes", "brows", "lips", "mouth", "frames", "features")
    masks = Masks(face=skin, skin=skin, **dict.fromkeys(names, nothing))
    wall = to_lab(level(lit, masks, portrait_of("person").faces))[4, 4]
    assert -2 < wall[2] < to_lab(lit)[4, 4][2]


def test_a_photo_with_little_light_is_lifted_and_a_dark_complexion_is_not() -> None:
    dim, dark = portrait_of("low"), portrait_of("dark")
    raw = to_float(resize(in_low_light(), (dim.small.shape[0], dim.small.shape[1])))
    assert skin_of(dim.small, dim)[0] > 1.5 * skin_of(raw, dim)[0]
    assert skin_of(dark.small, dark)[0] == pytest.approx(skin_of(to_float(dark_skinned()), dark)[0], abs=3)
