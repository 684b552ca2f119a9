"""An engine that takes its time, so that jobs always wait."""

import time

from stylizer.engines import Engine
from tests.fakes.dashscope.quick_engine import STYLES, stylize, warm_up

SECONDS = 0.6


def slow_engine() -> Engine:
    """Real pictures, each after a delay."""
    return Engine(stylize=slowly, warm_up=warm_up, styles=STYLES)


def slowly(
    photo: bytes, look: int, *, reference: bytes | None = None, strength: float = 1.0, brush: float = 0.5, seed: int = 0
) -> bytes:
    """The quick engine, delayed."""
    time.sleep(SECONDS)
    return stylize(photo, look, reference=reference, strength=strength, brush=brush, seed=seed)
