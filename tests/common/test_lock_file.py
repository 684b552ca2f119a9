"""A folder is used by one process at a time."""

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from common.lock_file import FolderInUse, exclusive_folder
from tests import ROOT

HOLD = """
import sys
from pathlib import Path
from common.lock_file import exclusive_folder
with exclusive_folder(Path(sys.argv[1]), lock_file="lock", in_use="taken"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_user_is_refused_until_the_first_one_has_left(tmp_path: Path) -> None:
    first = exclusive_folder(tmp_path / "new", lock_file="lock", in_use="taken")
    second = exclusive_folder(tmp_path / "new", lock_file="lock", in_use="taken")
    with first, pytest.raises(FolderInUse, match="taken"), second:
        pytest.fail("two hold the folder")
    with exclusive_folder(tmp_path / "new", lock_file="lock", in_use="taken"):
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "new" / "lock").stat().st_mode & 0o777 == 0o600


def test_a_killed_process_leaves_the_folder_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(FolderInUse), exclusive_folder(tmp_path, lock_file="lock", in_use="taken"):
            pytest.fail("two hold the folder")
        process.kill()
        process.wait()
    with exclusive_folder(tmp_path, lock_file="lock", in_use="taken"):
        pass
