"""The style of a reference picture."""

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stylizer.engine import UnusableImage, stylize
from stylizer.engine.analysis import analyse
from stylizer.engine.colour import to_lab
from stylizer.engine.colour_transfer import linear_transport, sliced_transport
from stylizer.engine.picture import decode, encode, resize, to_float
from stylizer.engine.reference import paint_in_style
from stylizer.engine.reference_kind import Kind, kind_of
from stylizer.engine.samples import swirling_painting
from stylizer.engine.tone import palette
from tests.harness.portraits import dark_skinned, person, png


@cache
def painting() -> bytes:
    return encode(swirling_painting((320, 320)))


def paint(strength: float, brush: float) -> NDArray[Any]:
    return paint_in_style(analyse(person(), 320), decode(painting()), strength=strength, brush=brush)


kept = cache(paint)  # seconds each, and several tests look at the same ones


def painted(*, strength: float = 1.0, brush: float = 0.5) -> NDArray[Any]:
    return kept(strength, brush)


def distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.abs(resize(one, (160, 128)) - resize(other, (160, 128))).mean())


def mean_colour(picture: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(to_lab(picture)[..., 1:].reshape(-1, 2).mean(0))


def test_the_stronger_the_style_the_further_from_the_photo() -> None:
    photo = to_float(person())
    far = [distance(painted(strength=strength), photo) for strength in (0.0, 0.5, 1.0)]
    assert far[0] < far[1] < far[2]
    assert far[0] < 0.08 < far[2]


def test_colours_move_towards_the_reference() -> None:
    goal = mean_colour(to_float(decode(painting())))
    before = np.linalg.norm(mean_colour(to_float(person())) - goal)
    picture = decode(stylize(png(person()), -1, reference=painting(), short_side=320))
    after = np.linalg.norm(mean_colour(to_float(picture)) - goal)
    assert after < 0.6 * before


def test_the_brush_changes_the_strokes_and_equal_arguments_give_equal_pictures() -> None:
    assert distance(painted(brush=0.0), painted(brush=1.0)) > 0.0
    assert np.array_equal(painted(), paint(1.0, 0.5))


def poster() -> NDArray[np.uint8]:
    """A red sun over a dark sea, outlined."""
    pixels = np.full((320, 320, 3), (240, 225, 190), np.uint8)
    cv2.circle(pixels, (160, 130), 75, (205, 50, 40), -1, cv2.LINE_AA)
    cv2.rectangle(pixels, (0, 210), (320, 320), (30, 60, 100), -1)
    cv2.line(pixels, (0, 210), (320, 210), (15, 20, 40), 4)
    return pixels


def test_posters_photos_and_paintings_are_told_apart() -> None:
    assert kind_of(to_float(poster()), with_face=False) is Kind.FLAT
    assert kind_of(to_float(person()), with_face=True) is Kind.PHOTO
    assert kind_of(swirling_painting((320, 320)), with_face=False) is Kind.PAINTING


@pytest.mark.parametrize("kind", ["flat", "photo", "painting"])
def test_dark_skin_stays_dark_with_any_reference(kind: str) -> None:
    references = {"flat": poster(), "photo": person(), "painting": decode(painting())}
    portrait = analyse(dark_skinned(), 512)
    picture = paint_in_style(portrait, references[kind], strength=1.0, brush=0.5)
    bare = (portrait.skin_area() > 0.6) & (portrait.masks.face > 0.5)
    shown, own = (np.median(to_lab(resize(one, bare.shape))[bare], 0) for one in (picture, portrait.levelled))
    assert abs(shown[0] - own[0]) < 9


def test_a_flat_reference_lends_its_palette() -> None:
    portrait = analyse(person(), 512)
    picture = to_lab(paint_in_style(portrait, poster(), strength=1.0, brush=0.5))
    colours = palette(to_float(poster()), 6, 0)
    away = np.min([np.linalg.norm(picture - colour, axis=-1) for colour in colours], 0)
    before = np.min([np.linalg.norm(to_lab(to_float(person())) - colour, axis=-1) for colour in colours], 0)
    wall = portrait.masks.person < 0.1
    assert np.median(away[wall]) < 0.7 * np.median(before[wall])


def test_a_reference_that_cannot_be_used_is_refused() -> None:
    with pytest.raises(UnusableImage):
        stylize(png(person()), -1, reference=b"no picture", short_side=320)


def clouds_of_colour() -> tuple[NDArray[Any], NDArray[Any]]:
    random = np.random.default_rng(1)
    here = random.normal((60, 5, -10), (10, 4, 3), (4000, 3)).astype(np.float32)
    there = random.normal((40, 30, 25), (6, 9, 5), (5000, 3)).astype(np.float32)
    return here, there


def test_sliced_transport_matches_mean_and_spread() -> None:
    here, there = clouds_of_colour()
    moved = sliced_transport(here, there)
    assert moved.mean(0) == pytest.approx(there.mean(0), abs=1.0)
    assert moved.std(0) == pytest.approx(there.std(0), rel=0.15)


def test_linear_transport_matches_mean_and_covariance() -> None:
    here, there = clouds_of_colour()
    moved = linear_transport(here, there)
    assert moved.mean(0) == pytest.approx(there.mean(0), abs=0.1)
    assert np.cov(moved.T) == pytest.approx(np.cov(there.T), abs=2.5)
