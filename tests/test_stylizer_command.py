"""`repaint stylizer` and its workers, as an owner types them."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

from tests.bot_process import ROOT
from tests.test_command import repaint


def test_a_worker_without_a_shared_table_is_told_what_it_needs(tmp_path: Path) -> None:
    ended = repaint(tmp_path / "data", "stylizer", "worker")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "set STYLIZER_DATABASE_URL" in ended.stderr


def test_a_table_that_is_not_there_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    url = "postgresql://painter:hush-hush@127.0.0.1:1/tasks"
    ended = repaint(tmp_path / "data", "stylizer", DATABASE_URL="sqlite:///wrong", STYLIZER_DATABASE_URL=url)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
    assert "cannot be opened" in ended.stderr and "127.0.0.1" in ended.stderr
    assert "hush" not in ended.stderr


def test_a_second_stand_in_in_the_same_folder_is_one_sentence(tmp_path: Path) -> None:
    words = ("stylizer", "--port", "0", "--workers", "0", "--data-dir", str(tmp_path / "data"))
    with started(*words) as first:
        ended = repaint(tmp_path / "data", *words)
        first.send_signal(signal.SIGTERM)
        assert first.wait() == 0
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "Another stylizer is at work" in ended.stderr


def test_a_service_without_workers_and_a_worker_share_a_table(tmp_path: Path, postgres_url: str) -> None:
    words = ("--data-dir", str(tmp_path / "data"))
    with (
        started("stylizer", "--workers", "0", "--port", "0", *words, STYLIZER_DATABASE_URL=postgres_url) as service,
        started("stylizer", "worker", *words, STYLIZER_DATABASE_URL=postgres_url) as worker,
    ):
        for process in (worker, service):
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0


def started(*words: str, **settings: str) -> subprocess.Popen[str]:
    """The command, once it has said that it is at work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *words], stdout=PIPE, text=True, cwd=ROOT, env={**os.environ, **settings}
    )
    assert process.stdout is not None
    assert process.stdout.readline(), "it ended before it was at work"
    return process
