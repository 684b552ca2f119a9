"""What renders pictures: the service takes an `Engine` as an argument; `real_engine` is this package's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stylizer.worker import Worker

REFERENCE = -1
SHEET = -2  # one face in every look: our own extension
# A copy, because importing the engine is expensive; a test compares the two.
OFFERED = frozenset({SHEET, REFERENCE, *range(10), 14, 15, *range(30, 41)})


@dataclass(frozen=True)
class Engine:
    """What renders the pictures, and in which kind of worker.

    `stylize(photo, look, *, reference=None, strength=…, brush=…, seed=…) -> JPEG bytes`; it may raise an exception
    with the API's error code in `.code`. `warm_up()` is called once in each worker. `styles`: every `style_index` on
    offer, with -1 if it takes a reference picture.

    `start_worker` is given the engine and the number of threads that a worker may use; it may block. None: each worker
    is a process (`stylizer.worker_process`), and both functions travel there by name. That suits an engine that
    computes for seconds; a cheap one may bring lighter workers.
    """

    stylize: Callable[..., bytes]
    warm_up: Callable[[], None]
    styles: frozenset[int]
    start_worker: Callable[["Engine", int | None], Worker] | None = None


def real_engine() -> Engine:
    """This package's engine. Nothing heavy is imported here: only the workers need the nets."""
    return Engine(stylize=stylize, warm_up=warm_up, styles=OFFERED)


def stylize(photo: bytes, look: int, **parameters: Any) -> bytes:
    """Render, in a worker."""
    from stylizer import engine  # noqa: PLC0415  # heavy

    return engine.stylize(photo, look, **parameters)


def warm_up() -> None:
    """Load everything, in a worker."""
    from stylizer import engine  # noqa: PLC0415  # heavy

    engine.warm_up()


def find_face(photo: bytes) -> tuple[float, float, float, float] | None:
    """The main face as fractions of the picture (x, y, width, height), in a worker."""
    from stylizer import engine  # noqa: PLC0415  # heavy

    return engine.find_face(photo)
