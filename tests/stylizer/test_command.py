"""`repaint stylizer` and its workers, as an owner types them."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import httpx
import pytest

from bench import workers
from chaos.testbed import free_port
from tests import ROOT
from tests.bot.test_command import repaint


def test_a_worker_without_a_shared_table_is_told_what_it_needs(tmp_path: Path) -> None:
    ended = repaint(tmp_path / "data", "stylizer", "worker")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "set STYLIZER_DATABASE_URL" in ended.stderr


def test_an_unreachable_table_is_reported_in_one_line_without_the_password(tmp_path: Path) -> None:
    url = "postgresql://painter:hush-hush@127.0.0.1:1/tasks"
    ended = repaint(tmp_path / "data", "stylizer", DATABASE_URL="sqlite:///wrong", STYLIZER_DATABASE_URL=url)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (1, "", 1)
    assert "cannot be opened" in ended.stderr and "127.0.0.1" in ended.stderr
    assert "hush" not in ended.stderr


def test_a_second_service_in_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    words = ("stylizer", "--port", "0", "--workers", "0", "--data-dir", str(tmp_path / "data"))
    with started(*words) as first:
        ended = repaint(tmp_path / "data", *words)
        first.send_signal(signal.SIGTERM)
        assert first.wait() == 0
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "Another stylizer is at work" in ended.stderr


def test_a_service_on_a_shared_table_stops_on_sigterm(tmp_path: Path, postgres_url: str) -> None:
    words = ("stylizer", "--workers", "0", "--port", "0", "--data-dir", str(tmp_path / "data"))
    with started(*words, STYLIZER_DATABASE_URL=postgres_url) as service:
        service.send_signal(signal.SIGTERM)
        assert service.wait() == 0


@pytest.mark.parametrize(("setting", "code"), [("on", "Arrearage"), ("off", None)])
def test_errors_on_demand_are_for_the_owner_to_turn_on(tmp_path: Path, setting: str, code: str | None) -> None:
    port = free_port()
    words = ("stylizer", "--port", str(port), "--workers", "0", "--data-dir", str(tmp_path / "data"))
    with started(*words, STYLIZER_FAULTS=setting) as service:
        headers = {"Authorization": "Bearer sk-one", "X-Stylizer-Fault": "Arrearage"}
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/tasks/", headers=headers, trust_env=False)
        service.send_signal(signal.SIGTERM)
        assert service.wait() == 0
    assert answer.json().get("code") == code


@pytest.mark.timeout(300)  # the real engine is slow on a busy machine
async def test_the_bench_measures_a_worker_with_the_real_engine(postgres_url: str) -> None:
    measured = await workers.measure_workers(postgres_url, 1, workers.photos(2), look=32)
    assert (measured.workers, measured.tasks) == (1, 1)
    assert measured.seconds > 0


def test_the_bench_compares_two_workers_with_one_and_with_the_machine() -> None:
    ours = [workers.Throughput(1, 8, 40.0), workers.Throughput(2, 8, 20.5)]
    peers = [workers.Throughput(1, 8, 39.0), workers.Throughput(2, 8, 20.0)]
    section = workers.section(ours, peers)
    assert [row[2:] for row in section.tables[0].rows] == [
        ("12.0", "1.00"),
        ("23.4", "1.95"),
        ("12.3", "1.00"),
        ("24.0", "1.95"),
    ]
    assert [(aim.measured, aim.met) for aim in section.aims] == [("1.95 ×", True)]
    worse = workers.section([ours[0], workers.Throughput(2, 8, 22.0)], peers)
    assert not worse.aims[0].met


def started(*words: str, **settings: str) -> subprocess.Popen[str]:
    """The command, once it has reported that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *words], stdout=PIPE, text=True, cwd=ROOT, env={**os.environ, **settings}
    )
    assert process.stdout is not None
    assert process.stdout.readline(), "it ended before it was ready"
    return process
