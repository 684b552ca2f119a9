"""The vendored weights are the recorded ones, with their sources."""

import hashlib
import shutil
from pathlib import Path

import pytest

from stylizer.engine.nets import MODELS, SHA256, TamperedModel, face_triangles, read_model


@pytest.mark.parametrize("name", sorted(SHA256))
def test_a_weights_file_has_its_recorded_checksum(name: str) -> None:
    assert hashlib.sha256(read_model(name)).hexdigest() == SHA256[name]


def test_every_file_in_the_folder_is_recorded_and_in_the_notice() -> None:
    files = {path.name for path in MODELS.iterdir()} - {
        "NOTICE.md",
        "LICENSE-Apache-2.0.txt",
        "LICENSE-BSD-3-Clause.txt",
    }
    notice = (MODELS / "NOTICE.md").read_text(encoding="utf-8")
    assert files == set(SHA256)
    assert all(f"`{name}`" in notice for name in files)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    name = "face_mesh_triangles.json"
    shutil.copy(MODELS / name, tmp_path)
    with (tmp_path / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(TamperedModel, match=name):
        read_model(name, tmp_path)


def test_the_mesh_has_its_triangles() -> None:
    triangles = face_triangles()
    assert triangles.shape == (854, 3)
    assert triangles.min() == 0
    assert triangles.max() == 467
