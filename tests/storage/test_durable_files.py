"""Files are synced to disk before their keys are returned."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.durable_files import make_durable
from storage.photos import Kind, open_photos
from tests.harness.rows import NOON

SYNCED: list[str] = []  # filled by the audit hook below, which can't be removed
LISTENING: list[bool] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if LISTENING and event == "open":
        SYNCED.append(str(arguments[0]))


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The paths that this process opens, from the interpreter's audit events."""
    sys.addaudithook(_note)
    SYNCED.clear()
    LISTENING.append(True)
    yield SYNCED
    LISTENING.clear()


async def test_a_photo_and_each_of_its_folders_are_synced_before_its_key_is_returned(
    tmp_path: Path, opened: list[str]
) -> None:
    folder = tmp_path / "photos"
    key = await open_photos(folder).put(Kind.RESULT, 7, b"a picture", expires=NOON)
    path = folder / key
    wanted = [path, *path.parents[:4]]
    assert wanted[-1] == folder
    assert [Path(name) for name in opened if name.startswith(str(folder))] == wanted


def test_syncing_a_file_that_was_deleted_is_no_error(tmp_path: Path) -> None:
    make_durable(tmp_path, "result/7/2026112212/gone.jpg")
    assert list(tmp_path.iterdir()) == []
