"""The imaging library under the looks: filters, colour, ink, masks, reshaping."""

import ast
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

import stylizer.engine
from stylizer.engine.analysis import analyse
from stylizer.engine.canvas import Canvas, smooth_curve, stencil
from stylizer.engine.colour import from_lab, glow, mix, rgb, screen, smoothstep, to_lab
from stylizer.engine.faces import find_faces
from stylizer.engine.filters import decontaminate, guided_by_colour, kuwahara
from stylizer.engine.flow import smear, tangents
from stylizer.engine.ink import face_lines
from stylizer.engine.landmarks import CHEEKS, CHIN, LEFT_EYE, NOSE_TIP, RIGHT_EYE
from stylizer.engine.nets import segment_person
from stylizer.engine.noise import clouds, white
from stylizer.engine.picture import resize, to_bytes
from stylizer.engine.portrait import Portrait
from stylizer.engine.region import around, covering
from stylizer.engine.relief import face_surface, lit, normals_of
from stylizer.engine.reshape import reshape
from stylizer.engine.texture import halftone
from stylizer.engine.tone import palette, posterise, skin_lightness
from tests.harness.portraits import (
    bearded,
    dark_skinned,
    helmet,
    in_dark_glasses,
    person,
    three_people,
    with_glasses,
)

SOURCES = sorted(Path(stylizer.engine.__path__[0]).rglob("*.py"))
RANDOM = np.random.default_rng(0)


@cache
def portrait() -> Portrait:
    """The person, analysed once for all tests that change nothing in it."""
    return analyse(person(), 512)


def test_lab_and_back_is_the_same_picture() -> None:
    picture = RANDOM.random((20, 30, 3), np.float32)
    assert from_lab(to_lab(picture)) == pytest.approx(picture, abs=0.01)


def test_blends_do_what_their_names_say() -> None:
    grey = np.full((4, 4, 3), 0.5, np.float32)
    half = np.full((4, 4), 0.5, np.float32)
    assert screen(grey, grey) == pytest.approx(0.75)
    assert mix(grey, np.ones_like(grey), half) == pytest.approx(0.75, abs=1e-4)
    assert mix(grey, rgb("ffffff"), 1.0) == pytest.approx(1.0)
    assert glow(np.zeros_like(grey), half, rgb("ff0000"))[0, 0] == pytest.approx([0.5, 0, 0])
    assert smoothstep(1.0, 0.0, np.array([0.0, 0.5, 1.0])) == pytest.approx([1, 0.5, 0])


def test_the_colour_guided_filter_solves_its_systems() -> None:
    guide = RANDOM.random((24, 24, 3), np.float32)
    plane = guide @ np.array([0.2, 0.5, -0.3], np.float32)
    assert guided_by_colour(guide, plane, 4, 1e-6) == pytest.approx(plane, abs=0.01)


def test_kuwahara_keeps_an_edge_and_flattens_noise() -> None:
    picture = np.zeros((40, 40, 3), np.float32)
    picture[:, 20:] = 1
    noisy = np.clip(picture + RANDOM.normal(0, 0.05, picture.shape).astype(np.float32), 0, 1)
    dabbed = kuwahara(noisy, 4)
    assert dabbed[:, :17].std() < noisy[:, :17].std() / 2
    assert dabbed[20, 24].mean() - dabbed[20, 15].mean() > 0.9


def test_strokes_run_along_stripes() -> None:
    stripes = np.tile((np.arange(48) // 6 % 2).astype(np.float32)[:, None], (1, 48))
    field, _ = tangents(stripes, 2)
    assert np.abs(field[..., 0]).mean() > 0.95
    along = smear(white((48, 48), 1), field, 8)
    assert np.diff(along, axis=1).std() < 0.5 * np.diff(along, axis=0).std()


def test_a_cut_out_keeps_no_colour_of_its_old_background() -> None:
    picture = np.zeros((64, 64, 3), np.float32)
    picture[...] = rgb("00ff00")
    mask = np.clip((np.arange(64, dtype=np.float32)[None, :] - 26) / 12, 0, 1) * np.ones((64, 1), np.float32)
    blended = mix(picture, np.broadcast_to(rgb("a02020"), picture.shape).astype(np.float32), mask)
    clean = decontaminate(blended, mask, 4)
    assert clean[32, 33, 1] < blended[32, 33, 1] * 0.6


def test_halftone_covers_as_much_as_its_tone() -> None:
    tone = np.full((200, 200), 0.3, np.float32)
    assert halftone(tone, 12, swell=1.0).mean() == pytest.approx(0.3, abs=0.03)
    assert halftone(tone * 0.1, 12).max() == 0


def test_posterising_makes_steps_and_palettes_are_the_same_each_time() -> None:
    ramp = np.linspace(0, 1, 400, dtype=np.float32)
    assert np.abs(np.diff(posterise(ramp, 4, 20))).max() > 5 * np.median(np.abs(np.diff(posterise(ramp, 4, 20))))
    picture = RANDOM.random((30, 30, 3), np.float32)
    assert np.array_equal(palette(picture, 6, 2), palette(picture, 6, 2))


def test_noise_depends_on_its_seed_only() -> None:
    assert np.array_equal(clouds((40, 60), 4, 3, 7), clouds((40, 60), 4, 3, 7))
    assert not np.array_equal(clouds((40, 60), 4, 3, 7), clouds((40, 60), 4, 3, 8))


def test_shapes_are_drawn_with_smooth_edges_at_fractions_of_pixels() -> None:
    canvas = Canvas.plane((40, 40))
    canvas.circle(20.5, 20.5, 10, 1.0)
    assert canvas.pixels[20, 20] == 255
    assert len(np.unique(canvas.pixels)) > 5
    assert stencil((10, 10), [(2, 2), (8, 2), (8, 8), (2, 8)])[5, 5] == 1
    assert smooth_curve([(0, 0), (5, 5), (10, 0)])[[0, -1]].tolist() == [[0, 0], [10, 0]]


def test_regions_stay_inside_the_picture() -> None:
    assert around((50, 60), -20, 200, 10) == (slice(49, 50), slice(0, 1))
    mask = np.zeros((50, 60), np.float32)
    mask[48:, 58:] = 1
    assert covering(mask, 5) == (slice(43, 50), slice(53, 60))
    assert covering(mask * 0, 5) == (slice(0, 50), slice(0, 60))


def test_light_from_the_left_lights_a_slope_to_the_left() -> None:
    roof = -np.abs(np.arange(41, dtype=np.float32) - 20)[None, :].repeat(9, 0)
    light = lit(normals_of(roof), (-1, 0, 0.2))
    assert light[4, 8] > light[4, 32] + 0.5


def test_masks_separate_skin_hair_and_person() -> None:
    masks, face = portrait().masks, portrait().faces[0]
    nose, (x, y) = face.xy[4].astype(int), face.xy[10].astype(int)
    top = int(y - face.width * 0.22)
    assert masks.skin[nose[1], nose[0]] > 0.8
    assert masks.hair[top, x] > 0.6
    assert masks.person[5, 5] < 0.05
    assert masks.skin[600, 60] < 0.3, "an orange suit is not skin"


def test_frames_of_glasses_are_features_and_faces_without_have_none() -> None:
    assert (analyse(with_glasses(), 512).masks.frames > 0.5).sum() > 150
    assert (portrait().masks.frames > 0.5).sum() == 0


def test_a_beard_is_hair_and_a_shaven_chin_is_skin() -> None:
    shaven, grown = portrait(), analyse(bearded(), 512)
    x, y = shaven.faces[0].xy[CHIN].astype(int) - (0, 12)
    assert grown.masks.hair[y, x] > grown.masks.skin[y, x] + 0.3
    assert shaven.masks.skin[y, x] > shaven.masks.hair[y, x] + 0.3


def test_dark_glasses_are_not_skin_and_do_not_change_its_model() -> None:
    masks, face = analyse(in_dark_glasses(), 512).masks, portrait().faces[0]
    for eye in (LEFT_EYE, RIGHT_EYE):
        x, y = face.xy[eye].mean(0).astype(int)
        assert masks.skin[y, x] < 0.2
    x, y = face.xy[NOSE_TIP].astype(int)
    assert masks.skin[y, x] > 0.8
    assert masks.skin[560:, 200:300].mean() < 0.1, "a black collar is not skin"


def test_without_a_face_the_person_mask_needs_certainty() -> None:
    assert (segment_person(helmet()) > 0.5).mean() > 0.05, "the net half believes that it is somebody"
    assert not analyse(helmet(), 512).separable


@pytest.mark.parametrize("zoom", [1.0, 0.4])
def test_a_fold_is_drawn_and_a_smooth_cheek_is_not_however_small_the_face(zoom: float) -> None:
    folded, face = person().copy(), portrait().faces[0]
    right, left = face.xy[[CHEEKS[0], CHEEKS[1]]]
    along = np.array([0, face.width * 0.12])
    ends = [tuple((left + sign * along).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(folded, ends[0], ends[1], (120, 84, 70), max(2, round(face.width * 0.02)), cv2.LINE_AA)
    small = resize(folded, (round(640 * zoom), round(512 * zoom)))
    lines = face_lines(small, (face.scaled(zoom),))
    across = {name: lines[int(y * zoom) - 3 : int(y * zoom) + 4] for name, (_, y) in {"l": left, "r": right}.items()}
    reach = face.width * zoom * 0.05
    assert across["l"][:, int(left[0] * zoom - reach) : int(left[0] * zoom + reach)].max() > 0.6
    assert across["r"][:, int(right[0] * zoom - reach) : int(right[0] * zoom + reach)].max() < 0.3


def test_the_brush_draws_nothing_where_the_photo_shows_nothing() -> None:
    dressed = person().copy()
    dressed[440:, :] = (26, 28, 34)
    assert analyse(dressed, 512).ink()[500:600, 100:400].mean() < 0.02


def test_each_person_of_a_group_keeps_their_complexion() -> None:
    group = analyse(three_people(), 512)
    lightness = skin_lightness(to_lab(group.levelled), group)
    left, _, right = sorted(group.faces, key=lambda face: float(face.centre[0]))
    at_left, at_right = (lightness[int(face.centre[1]), int(face.centre[0])] for face in (left, right))
    assert at_left - at_right > 15


def test_a_dark_complexion_is_not_taken_for_underexposure() -> None:
    dark, light_too_low = analyse(dark_skinned(), 512), analyse(to_bytes((person() / 255.0) ** 2 * 0.5), 512)
    face = dark.masks.face > 0.6
    assert dark.small[face].mean() == pytest.approx((dark_skinned() / 255.0)[face].mean(), rel=0.03)
    assert light_too_low.small[face].mean() > 1.3 * ((person() / 255.0) ** 2 * 0.5)[face].mean()


def test_larger_eyes_are_where_the_warped_landmarks_are() -> None:
    original = analyse(person(), 768)
    bent = reshape(original, eyes=0.3)
    found = find_faces(bent.photo)[0]
    for eye in (LEFT_EYE, RIGHT_EYE):
        before, after = (np.ptp(p.large_faces[0].xy[eye], axis=0)[0] for p in (original, bent))
        assert after > 1.1 * before
        assert found.xy[eye].mean(0) == pytest.approx(bent.large_faces[0].xy[eye].mean(0), abs=0.03 * found.width)
    assert bent.cutout.shape == original.cutout.shape


def test_a_bent_copy_shares_the_layers_of_its_original() -> None:
    original = analyse(person(), 320)
    bent = reshape(original, eyes=0.2)
    assert bent.brushwork.shape == original.brushwork.shape
    assert "brushwork" in vars(original)
    assert bent.flat[180, 12] == pytest.approx(original.flat[180, 12])


def test_the_nose_stands_out_of_the_face() -> None:
    face = portrait().faces[0]
    normals, height, covered = face_surface((640, 512), (face,))
    nose, cheek = face.xy[4].astype(int), face.xy[50].astype(int)
    assert height[nose[1], nose[0]] > height[cheek[1], cheek[0]] + 0.05 * face.width
    assert covered[nose[1], nose[0]] == 1
    assert normals[cheek[1], cheek[0], 2] > 0.3


def test_no_function_is_long_and_no_module_either() -> None:
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 300, path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 45, f"{path.name}: {node.name}"


def test_every_look_names_the_source_of_its_recipe() -> None:
    for path in (path for path in SOURCES if path.parent.name == "looks" and path.name != "__init__.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert "Own recipe" in docstring, path.name
