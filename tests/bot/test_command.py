"""The `repaint` command: its output and exit status."""

import os
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

from tests import ROOT
from tests.fakes.s3 import KEY, KEY_ID, bucket_server


def repaint(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a data folder."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    env = {**inherited, "PYTHONPATH": str(ROOT), "DATA_DIR": str(folder), **settings}
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=env, cwd=folder.parent)


def test_version_is_the_one_in_pyproject(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    shown = repaint(tmp_path / "data", "--version")
    assert (shown.returncode, shown.stdout) == (0, f"repaint {project['version']}\n"), shown.stderr


def test_status_backup_and_restore(tmp_path: Path) -> None:
    old, new, file = tmp_path / "old", tmp_path / "new", str(tmp_path / "backup.tar")
    status = repaint(old, "admin", "status")
    assert (status.returncode, "this month: 0 paid pictures" in status.stdout) == (0, True)
    (old / "secret.key").write_bytes(bytes(32))
    assert "Written:" in repaint(old, "backup", file).stdout
    assert "0 unfinished job(s) ended" in repaint(new, "restore", file).stdout
    again = repaint(new, "restore", file)
    assert (again.returncode, "Move it away" in again.stderr) == (1, True)


def test_every_command_reports_a_newer_schema_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    repaint(folder, "admin", "status")
    with sqlite3.connect(folder / "repaint.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for arguments in (("run",), ("admin", "status")):
        ended = repaint(folder, *arguments, PORT="0")
        assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
        assert "newer than this version of Repaint" in ended.stderr


def test_invalid_settings_are_all_reported_without_their_values(tmp_path: Path) -> None:
    ended = repaint(tmp_path / "data", "run", PORT="many", METRICS_TOKEN="short")
    assert ended.returncode == 1
    assert ("PORT:" in ended.stderr, "METRICS_TOKEN:" in ended.stderr, "many" in ended.stderr) == (True, True, False)


def test_a_missing_bucket_is_reported_in_one_line(tmp_path: Path) -> None:
    with bucket_server() as server:
        nowhere = server.environment(server.named("nowhere-at-all"))
        ended = repaint(tmp_path / "data", "run", PORT="0", **nowhere)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert ended.stderr.startswith("There is no bucket for s3://nowhere-at-all.")
    assert KEY not in ended.stderr
    assert KEY_ID not in ended.stderr


def test_a_backup_says_that_it_leaves_out_pictures_in_a_bucket(tmp_path: Path) -> None:
    folder, file = tmp_path / "data", str(tmp_path / "backup.tar")
    repaint(folder, "admin", "status")
    (folder / "secret.key").write_bytes(bytes(32))
    output = repaint(folder, "backup", file, PHOTO_STORE="s3://faces/mine").stdout
    assert "Saved styles and pictures are in s3://faces/mine, not in this file" in output


def test_after_moving_to_postgresql_backup_points_to_pg_dump(tmp_path: Path, postgres_url: str) -> None:
    shared = {"DATABASE_URL": postgres_url, "SECRET_KEY": "k" * 40}
    folder, file = tmp_path / "data", str(tmp_path / "backup.tar")
    repaint(folder, "admin", "status")
    moved = repaint(folder, "move", **shared)
    assert (moved.returncode, "copied and counted" in moved.stdout) == (0, True), moved.stderr
    for arguments in (("backup", file), ("restore", file)):
        ended = repaint(folder, *arguments, **shared)
        assert (ended.returncode, "pg_dump" in ended.stderr) == (1, True)
