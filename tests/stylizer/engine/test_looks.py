"""Every look differs from the others, keeps the face and its complexion, and accepts any photo."""

from functools import cache
from itertools import combinations
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stylizer.engine import LOOKS
from stylizer.engine.analysis import analyse
from stylizer.engine.colour import to_lab
from stylizer.engine.faces import find_faces
from stylizer.engine.garments import dressed, silk_jacket
from stylizer.engine.landmarks import CHIN, UPPER_LIP_SKIN, nearest_face
from stylizer.engine.picture import resize, to_bytes, to_float
from stylizer.engine.portrait import Portrait
from tests.harness.portraits import bearded, dark_skinned, faded, moustached, nobody, person, three_people, with_glasses

PEOPLE = {
    "light": person,
    "dark": dark_skinned,
    "glasses": with_glasses,
    "three": three_people,
    "nobody": nobody,
    "beard": bearded,
    "moustache": moustached,
    "faded": faded,
}
SIDE = 320  # pixels: what the tests claim shows in small pictures, too
SLUGS = sorted(look.slug for look in LOOKS.values())
MOVES_THE_FACE = {"magnet", "badge"}
TURNS_IT_TO_INK_OR_LIGHT = {"ink", "manga", "future"}
LEAST_FACE_DIFFERENCE = 0.025  # mean of the absolute difference of 0..1
LIGHTEST_BY_DESIGN = {"fresh": 18.0, "pixel": 18.0, "crayon": 18.0}


@cache
def portrait_of(name: str) -> Portrait:
    return analyse(PEOPLE[name](), SIDE)


@cache
def painted(name: str, slug: str) -> NDArray[np.uint8]:
    look = next(look for look in LOOKS.values() if look.slug == slug)
    return to_bytes(look.render(portrait_of(name), 0))


def thumbnail(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    return resize(to_float(pixels), (80, 64))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_look_is_not_the_photo(slug: str) -> None:
    assert np.abs(thumbnail(painted("light", slug)) - thumbnail(person())).mean() > 0.05


def face_of(slug: str) -> NDArray[Any]:
    """What is inside the face's outline: what differs in it is the look's own hand, not its wallpaper."""
    inside = portrait_of("light").masks.face > 0.8
    return to_float(cv2.blur(painted("light", slug), (5, 5))[inside])


def test_no_look_has_the_face_of_another_one() -> None:
    faces = {slug: face_of(slug) for slug in SLUGS if slug not in MOVES_THE_FACE}
    for one, other in combinations(sorted(faces), 2):
        assert np.abs(faces[one] - faces[other]).mean() > LEAST_FACE_DIFFERENCE, (one, other)


@pytest.mark.parametrize("slug", sorted(set(SLUGS) - MOVES_THE_FACE))
def test_the_face_stays_where_it_is_and_keeps_its_shape(slug: str) -> None:
    before, after = portrait_of("light").large_faces[0], find_faces(painted("light", slug))
    assert after, "no face is found in the painted picture"
    away = np.linalg.norm(after[0].xy - before.xy, axis=1)
    assert np.median(away) < 0.05 * before.width


@pytest.mark.parametrize("slug", sorted(MOVES_THE_FACE))
def test_a_moved_face_is_still_a_face(slug: str) -> None:
    assert len(find_faces(painted("light", slug))) == 1


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("slug", sorted(set(SLUGS) - MOVES_THE_FACE - TURNS_IT_TO_INK_OR_LIGHT))
def test_no_face_is_whitened_or_darkened(name: str, slug: str) -> None:
    portrait = portrait_of(name)
    bare = (portrait.skin_area() > 0.6) & (portrait.masks.face > 0.5)
    before = float(np.median(to_lab(to_float(resize(PEOPLE[name](), portrait.size)))[..., 0][bare]))
    after = float(np.median(to_lab(to_float(painted(name, slug)))[..., 0][bare]))
    assert abs(after - before) < LIGHTEST_BY_DESIGN.get(slug, 14.0)


@pytest.mark.parametrize("slug", sorted(TURNS_IT_TO_INK_OR_LIGHT))
def test_ink_and_light_keep_a_dark_face_darker_than_a_light_one(slug: str) -> None:
    tones = []
    for name in ("light", "dark"):
        portrait = portrait_of(name)
        bare = (portrait.skin_area() > 0.6) & (portrait.masks.face > 0.5)
        tones.append(float(to_lab(to_float(painted(name, slug)))[..., 0][bare].mean()))
    assert tones[0] - tones[1] > 8


@pytest.mark.parametrize("slug", sorted(set(SLUGS) - MOVES_THE_FACE - {"manga", "future", "pixel"}))
def test_glasses_are_still_worn(slug: str) -> None:
    portrait = portrait_of("glasses")
    frames = portrait.masks.frames > 0.6
    assert frames.sum() > 150
    around = (cv2.dilate(frames.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0) & (portrait.masks.skin > 0.6)
    lightness = to_lab(to_float(painted("glasses", slug)))[..., 0]
    assert np.median(lightness[frames]) < np.median(lightness[around & ~frames]) - 8


@pytest.mark.parametrize("slug", SLUGS)
def test_pictures_of_three_people_and_of_none_are_rendered(slug: str) -> None:
    for name in ("three", "nobody"):
        pixels = painted(name, slug)
        assert pixels.shape[:2] == portrait_of(name).size
        assert pixels.std() > 5


@pytest.mark.parametrize("slug", sorted(set(SLUGS) - MOVES_THE_FACE))
def test_in_a_group_the_dark_face_stays_the_darker_one(slug: str) -> None:
    portrait, lightness = portrait_of("three"), to_lab(to_float(painted("three", slug)))[..., 0]
    light, _, dark = sorted(portrait.large_faces, key=lambda face: float(face.centre[0]))
    bare = (portrait.skin_area() > 0.6) & (portrait.masks.face > 0.5)
    nearest = nearest_face(portrait.size, (light, dark))
    tones = [float(np.mean(lightness[portrait.full(bare * (nearest == number)) > 0.5])) for number in (0, 1)]
    assert tones[0] - tones[1] > 8


@pytest.mark.parametrize("slug", ["anime", "clay", "elegant", "fairytale"])
def test_a_moustache_stays_a_moustache(slug: str) -> None:
    portrait, shaven = portrait_of("moustache"), portrait_of("light")
    x, y = portrait.large_faces[0].xy[UPPER_LIP_SKIN].mean(0).astype(int)
    here = slice(y - 4, y + 5), slice(x - 20, x + 20)
    assert portrait.masks.hair[here].mean() > 0.3 > shaven.masks.hair[here].mean() + 0.2
    lightness = to_lab(to_float(painted("moustache", slug)))[..., 0]
    cheeks = lightness[(portrait.skin_area() > 0.6) & (portrait.masks.face > 0.5)]
    assert lightness[here].mean() < np.median(cheeks) - 10


@pytest.mark.parametrize("slug", sorted(set(SLUGS) - MOVES_THE_FACE - {"pixel", "future", "manga"}))
def test_all_faces_of_a_group_are_found_again(slug: str) -> None:
    """Not asked of coarse pixels, of neon light, and of black dots, in which small faces are hard for a detector."""
    portrait, found = portrait_of("three"), find_faces(painted("three", slug))
    for face in portrait.large_faces:
        away = [float(np.linalg.norm(other.centre - face.centre)) / face.width for other in found]
        assert min(away, default=9.0) < 0.25, slug


@pytest.mark.parametrize("name", ["light", "faded"])
@pytest.mark.parametrize("slug", ["comic", "anime", "cartoon", "story", "adventure", "toyworld", "clay", "magnet"])
def test_skin_keeps_a_human_hue(slug: str, name: str) -> None:
    portrait = portrait_of(name)
    bare = (portrait.skin_area() > 0.6) & (portrait.masks.face > 0.5)
    if slug in MOVES_THE_FACE:
        (face,) = find_faces(painted(name, slug))[:1]
        x, y = np.median(face.xy[[50, 280, 151]], 0).astype(int)
        bare = np.zeros(bare.shape, bool)
        bare[y - 8 : y + 8, x - 8 : x + 8] = True
    a, b = np.median(to_lab(to_float(painted(name, slug)))[bare][:, 1:], 0)
    assert 35 < np.degrees(np.arctan2(b, a)) < 92, "between red and yellow"
    assert np.hypot(a, b) > 8


def test_a_bust_is_dressed_for_the_new_year_and_a_group_is_not() -> None:
    portrait, group = portrait_of("light"), portrait_of("three")
    x, y = (portrait.large_faces[0].xy[CHIN] + np.array([60, 120])).astype(int)
    _, a, b = np.median(to_lab(to_float(painted("light", "newyear")))[y - 12 : y + 12, x - 12 : x + 12], (0, 1))
    assert a > 45 and 15 < b < 45, "red silk where an orange suit was"
    assert dressed(group, group.small, silk_jacket)[1].max() == 0


@pytest.mark.parametrize("slug", ["fairytale", "toyworld", "anime", "clay", "comic", "elegant"])
def test_a_beard_stays_dark_and_textured(slug: str) -> None:
    portrait, lightness = portrait_of("beard"), to_lab(to_float(painted("beard", slug)))[..., 0]
    x, y = portrait.large_faces[0].xy[CHIN].astype(int)
    beard = lightness[y - 24 : y - 4, x - 30 : x + 30]
    cheeks = lightness[(portrait.skin_area() > 0.6) & (portrait.masks.face > 0.5)]
    assert beard.mean() < np.median(cheeks) - 20
    assert np.abs(np.diff(beard, axis=1)).mean() > 0.4


def test_all_three_faces_are_found() -> None:
    assert len(portrait_of("three").faces) == 3


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_pictures_are_rendered(level: int) -> None:
    portrait = analyse(np.full((256, 256, 3), level, np.uint8), 256)
    for look in LOOKS.values():
        picture = look.render(portrait, 0)
        assert picture.shape == (256, 256, 3), look.slug
        assert np.isfinite(picture).all(), look.slug
