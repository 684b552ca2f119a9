"""Who paints. The service takes an `Engine` as an argument; `real_engine` is the one of this package."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

REFERENCE = -1
SHEET = -2  # one face in every look, our own extension
# Written down, because asking the engine would load it; a test compares.
OFFERED = frozenset({SHEET, REFERENCE, *range(10), 14, 15, *range(30, 41)})


@dataclass(frozen=True)
class Engine:
    """What a worker process needs. Both functions are importable by name, because they travel to other processes.

    `stylize(photo, look, *, reference=None, strength=…, brush=…, seed=…) -> JPEG bytes`; it may raise an exception
    with the API's error code in `.code`. `warm_up()` is called once in each worker. `styles`: every `style_index` on
    offer, with -1 if it takes a reference picture.
    """

    stylize: Callable[..., bytes]
    warm_up: Callable[[], None]
    styles: frozenset[int]


def real_engine() -> Engine:
    """This package's engine. Nothing heavy is imported in here: only the workers need the nets."""
    return Engine(stylize=stylize, warm_up=warm_up, styles=OFFERED)


def stylize(photo: bytes, look: int, **wishes: Any) -> bytes:
    """Paint, in a worker."""
    from stylizer import engine  # noqa: PLC0415  # heavy

    return engine.stylize(photo, look, **wishes)


def warm_up() -> None:
    """Load everything, in a worker."""
    from stylizer import engine  # noqa: PLC0415  # heavy

    engine.warm_up()


def find_face(photo: bytes) -> tuple[float, float, float, float] | None:
    """The main face as fractions of the picture (x, y, width, height), in a worker."""
    from stylizer import engine  # noqa: PLC0415  # heavy

    return engine.find_face(photo)
