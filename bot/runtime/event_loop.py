"""The event loop that the whole process runs on.

uvloop does what asyncio's own does, in C: a fifth less of the processor for each job from the page to the picture (the
soak's figures in docs/reliability.md were taken on it).
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to its end, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
