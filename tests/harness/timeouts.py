"""Time limits for tests that hang. pytest-timeout has the limit (`timeout` in pyproject.toml, or a test's marker); what
happens then is done here. Its own way, an exception from a signal handler, can't end a coroutine: uvloop swallows it.

- A coroutine is cancelled, and the traceback says where it waited.
- Other Python code is interrupted by a signal.
- What still runs `timeout_grace` seconds later (a C call, a fixture, a clean-up) ends with its process. pytest-xdist
  then reports that test as failed, starts another worker and goes on.
"""

import asyncio
import faulthandler
import functools
import inspect
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

LIMIT = pytest.StashKey[float]()
TIMER = pytest.StashKey[threading.Timer]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("timeout_grace", "Seconds for a test to clean up after its time is over", default="30")


def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    """Instead of pytest-timeout's own timer; called before a test's fixtures are set up."""
    limit = item.stash[LIMIT] = settings.timeout
    timer = threading.Timer(limit + float(item.config.getini("timeout_grace")), _end_process, (item, limit))
    timer.daemon = True
    item.stash[TIMER] = timer
    timer.start()
    signal.signal(signal.SIGALRM, functools.partial(_interrupt, limit))
    signal.setitimer(signal.ITIMER_REAL, limit)
    return True


def pytest_timeout_cancel_timer(item: pytest.Item) -> bool:
    """Called after a test's fixtures have been torn down; also, without a timer, for a file that fails to load."""
    if TIMER not in item.stash:
        return True
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    item.stash[TIMER].cancel()
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Limits the coroutine of an async test."""
    owner: tuple[Any, str] = (item, "obj")
    if getattr(item.obj, "is_hypothesis_test", False):  # type: ignore[attr-defined]  # an item here is a function
        owner = (item.obj.hypothesis, "inner_test")  # type: ignore[attr-defined]
    if LIMIT not in item.stash or not inspect.iscoroutinefunction(function := getattr(*owner)):
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*owner, _limited(function, item.stash[LIMIT]))
        return (yield)


def _limited(function: Callable[..., Awaitable[None]], limit: float) -> Callable[..., Awaitable[None]]:
    """The same, but cancelled after `limit` seconds from now, however often it is called."""
    until = time.monotonic() + limit

    @functools.wraps(function)
    async def run(*arguments: Any, **named: Any) -> None:
        try:
            async with asyncio.timeout(until - time.monotonic()) as waiting:
                await function(*arguments, **named)
        except TimeoutError as error:
            if not waiting.expired():
                raise
            raise AssertionError(_sentence(limit)) from error

    return run


def _interrupt(limit: float, *_signal: object) -> None:
    """In the main thread. What runs in an event loop is cancelled by `_limited`, or ended by `_end_process`."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pytest.fail(_sentence(limit))


def _end_process(item: pytest.Item, limit: float) -> None:
    """In a thread of its own: print where every thread is, and exit without cleaning up."""
    capture = item.config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    os.write(2, f"\n{item.nodeid}: {_sentence(limit)}; its process ends\n".encode())
    faulthandler.dump_traceback(2)
    children = list(_children())
    sys.setswitchinterval(limit)  # no other thread goes on between a child's end and ours
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    os._exit(1)


def _children() -> Iterator[int]:
    """The processes that this one has started (on Linux), which would outlive it."""
    for listed in Path("/proc/self/task").glob("*/children"):
        yield from map(int, listed.read_text().split())


def _sentence(limit: float) -> str:
    return f"still running after {limit:g} seconds"
