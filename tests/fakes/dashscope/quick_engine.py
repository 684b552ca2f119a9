"""An engine for tests of everything but the engine: real JPEG bytes in a few milliseconds.

It imports next to nothing, because worker processes import it too.
"""

import io
import os
import signal
import threading
from functools import partial
from pathlib import Path

from stylizer.engines import Engine
from tests.fakes.dashscope.thread_worker import ThreadWorker

STYLES = frozenset({-1, 0, 2, 4, 5, 7, 9, 32})


def quick_engine(*, until: Path | None = None, in_processes: bool = False, styles: frozenset[int] = STYLES) -> Engine:
    """Renders at once, in threads; with `in_processes`, in worker processes as the real engine does.

    With `until`, a picture is finished only when that file exists: a test can hold a task RUNNING for as long as it
    likes and need not guess how long anything takes.
    """
    start = None if in_processes else ThreadWorker
    return Engine(stylize=partial(stylize, until=until), warm_up=warm_up, styles=styles, start_worker=start)


def stylize(
    photo: bytes,
    look: int,
    *,
    reference: bytes | None = None,
    strength: float = 1.0,
    brush: float = 0.5,
    seed: int = 0,
    until: Path | None = None,
    is_ended: threading.Event | None = None,
) -> bytes:
    """The photo, small and tinted by the look; the JPEG's comment holds the parameters, for tests to read."""
    from PIL import Image  # noqa: PLC0415  # only in the worker

    if until is not None:
        hold(until, is_ended)
    with Image.open(io.BytesIO(photo)) as image:
        small = image.convert("RGB").resize((96, max(48, 96 * image.height // image.width)))
    tint = Image.new("RGB", small.size, ((look * 37) % 256, (look * 91) % 256, 128 if reference is None else 255))
    out = io.BytesIO()
    parameters = f"look={look} reference={reference is not None} strength={strength} brush={brush} seed={seed}"
    Image.blend(small, tint, 0.3).save(out, "JPEG", comment=parameters.encode())
    return out.getvalue()


def hold(until: Path, is_ended: threading.Event | None) -> None:
    """Wait for a file to appear: polled, because this may be another process. Raises Ended."""
    is_ended = is_ended or threading.Event()
    while not until.exists():
        if is_ended.wait(0.005):
            raise Ended


class Ended(Exception):
    """The worker has been ended."""


def warm_up() -> None:
    """Nothing to warm up."""


def dying_engine(*, deaths: Path, until: Path | None = None) -> Engine:
    """Kills its worker process, as running out of memory does, once for each line in the file `deaths`, which it
    removes. Look 9 never does, but waits for the file `until`.
    """
    return Engine(stylize=partial(die_or_stylize, deaths=deaths, until=until), warm_up=warm_up, styles=STYLES)


def die_or_stylize(
    photo: bytes, look: int, *, deaths: Path, until: Path | None, reference: bytes | None = None
) -> bytes:
    """See `dying_engine`."""
    if look == 9:
        return stylize(photo, look, until=until)
    left = deaths.read_text(encoding="ascii").splitlines()
    if left:
        deaths.write_text("\n".join(left[1:]), encoding="ascii")
        os.kill(os.getpid(), signal.SIGKILL)
    return stylize(photo, look, reference=reference)


def return_pid(photo: bytes, look: int, *, reference: bytes | None = None) -> bytes:
    """The id of the process that this runs in, instead of a picture."""
    return str(os.getpid()).encode()


def return_threads(photo: bytes, look: int, *, reference: bytes | None = None) -> bytes:
    """The number of threads that OpenCV uses here, instead of a picture; the nets use as many."""
    import cv2  # noqa: PLC0415  # only in the worker

    return str(cv2.getNumThreads()).encode()


def broken_warm_up() -> None:
    """A warm-up that fails."""
    raise RuntimeError("no nets here")
