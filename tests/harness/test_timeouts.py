"""A test that hangs fails within its time, whatever it hangs in, and the other tests still run."""

import subprocess
import sys
from pathlib import Path

from tests import ROOT

CONFTEST = """
import pytest_asyncio
import uvloop

pytest_plugins = ["tests.harness.timeouts"]

def pytest_asyncio_loop_factories(item):
    return {"loop": uvloop.new_event_loop}
"""
HANGING = """
import asyncio, ctypes, subprocess, threading
import pytest

async def test_coroutine():
    await asyncio.Event().wait()

def test_lock():
    threading.Event().wait()

async def test_stubborn_coroutine():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def test_c_call():
    mutex, libc = ctypes.create_string_buffer(64), ctypes.CDLL(None)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)  # not even a signal ends it

@pytest.fixture
async def never():
    await asyncio.Event().wait()

async def test_fixture(never): pass

async def test_child_process():
    subprocess.Popen(["sleep", "3600"]).wait()

def test_after(): pass
"""
INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
timeout = 3
timeout_grace = 5
"""


def test_each_hanging_test_fails_and_the_others_run(tmp_path: Path) -> None:
    for name, text in {"conftest.py": CONFTEST, "test_hanging.py": HANGING, "pytest.ini": INI}.items():
        (tmp_path / name).write_text(text)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:simcord", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "6 failed, 1 passed" in run.stdout, run.stdout + run.stderr
    # Only the tracebacks: pytest's summary shortens messages to the terminal's width, and not where `CI` is set.
    failures = run.stdout.partition("= FAILURES =")[2].partition("= short test summary info =")[0]
    assert failures.count("AssertionError: still running after 3 seconds") == 1, failures
    assert failures.count("Failed: still running after 3 seconds") == 1, failures
    for name in ("stubborn_coroutine", "c_call", "fixture", "child_process"):
        assert f"crashed while running 'test_hanging.py::test_{name}'" in failures, failures
