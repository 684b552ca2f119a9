"""Drawn lines: what the net that redraws small paintings does, and what is done without it."""

from pathlib import Path
from weakref import ref

import cv2
import numpy as np
import pytest

from stylizer.engine import drawn, nets
from stylizer.engine.analysis import analyse
from stylizer.engine.colour import to_lab
from stylizer.engine.drawn import redrawn
from stylizer.engine.faces import find_faces
from stylizer.engine.nets import can_redraw, redraw
from stylizer.engine.picture import Picture, to_bytes
from stylizer.engine.portrait import Portrait
from tests.harness.portraits import person, small_face


def painted_disc(height: int, width: int) -> Picture:
    """A red disc with a soft border on white."""
    rows, columns = np.mgrid[:height, :width]
    inside = (np.hypot(rows - height / 2, columns - width / 2) < width * 0.3).astype(np.float32)
    soft = cv2.GaussianBlur(inside, (0, 0), 1.5)[..., None]
    return np.asarray(1 - soft * np.array([0.2, 0.8, 0.8]), np.float32)


def figure(portrait: Portrait) -> Picture:
    """Flat colours: cheap, and all that matters here."""
    return portrait.full(portrait.flat)


def test_borders_become_sharper_than_by_enlarging() -> None:
    small = painted_disc(60, 60)
    sharp, soft = redraw(small), cv2.resize(small, (240, 240), interpolation=cv2.INTER_CUBIC)
    slopes = [np.abs(np.diff(picture[120, :, 1])).max() for picture in (sharp, soft)]
    assert slopes[0] > 1.5 * slopes[1]
    assert np.abs(sharp - soft).mean() < 0.02, "nothing else changes"


def test_strips_have_the_pixels_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    small = painted_disc(90, 40)
    whole = redraw(small)
    monkeypatch.setattr(nets, "STRIP", 40)
    assert np.allclose(redraw(small), whole, atol=1e-4)


def test_without_the_file_looks_are_painted_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    portrait = analyse(person(), 640)
    assert can_redraw()
    assert not can_redraw(tmp_path)
    monkeypatch.setattr(drawn, "can_redraw", lambda: can_redraw(tmp_path))
    assert np.array_equal(redrawn(portrait, figure), figure(portrait))


def test_a_dropped_portrait_is_gone_at_once_with_its_sketch() -> None:
    portrait = analyse(person(), 320)
    assert portrait.sketch.flat is portrait.flat, "layers of the analysis are shared"
    gone = ref(portrait)
    del portrait
    assert gone() is None, "without waiting for the garbage collector"


def test_a_small_face_is_drawn_in_its_own_features_and_tone() -> None:
    portrait = analyse(small_face(), 640)
    (face,) = portrait.large_faces
    assert face.width < drawn.SMALL_FACE * 640
    picture = redrawn(portrait, figure)
    (again,) = find_faces(to_bytes(picture))
    assert np.median(np.linalg.norm(again.xy - face.xy, axis=1)) < 0.06 * face.width
    x, y = face.centre.astype(int)
    inside = slice(y - 10, y + 10), slice(x - 10, x + 10)
    tones = [np.median(to_lab(np.ascontiguousarray(one[inside]))[..., 0]) for one in (picture, figure(portrait))]
    assert tones[0] == pytest.approx(tones[1], abs=6)
