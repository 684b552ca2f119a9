"""What runs in a worker process: look at the picture's frame, then paint. Imported there, so it must stay light."""

import io
import os
import signal
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from stylizer.errors import (
    ALGORITHM_FAILED,
    IMAGE_TOO_LARGE,
    INVALID_FORMAT,
    INVALID_RESOLUTION,
    PICTURE_FAULTS,
    Fault,
)
from stylizer.settings import MAX_IMAGE_BYTES

_THREADS = ("OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
SHORT_MIN, SHORT_MAX, LONG_MAX, RATIO_MAX = 256, 3240, 5760, 2


@dataclass(frozen=True)
class Brushwork:
    """One picture to paint. `extras`: the keyword arguments that the caller gave (`strength`, `brush`, `seed`)."""

    photo: bytes
    look: int
    reference: bytes | None
    extras: dict[str, Any]


def paint(stylize: Callable[..., bytes], brushwork: Brushwork) -> bytes | Fault:
    """Paint it, or say what is wrong with it. Never raises: an engine's exception needn't survive the way back."""
    for picture in (brushwork.photo, brushwork.reference):
        if picture is not None and (fault := fault_of(picture)) is not None:
            return fault
    try:
        return stylize(brushwork.photo, brushwork.look, reference=brushwork.reference, **brushwork.extras)
    except Exception as error:  # noqa: BLE001  # whatever the engine trips over is the end of this task only
        return PICTURE_FAULTS.get(getattr(error, "code", ""), ALGORITHM_FAILED)


def fault_of(picture: bytes) -> Fault | None:
    """What the API would have against this picture, from its first bytes: format, size, resolution, proportions."""
    if len(picture) > MAX_IMAGE_BYTES:
        return IMAGE_TOO_LARGE
    size = _size(picture)
    if size is None:
        return INVALID_FORMAT
    short, long = sorted(size)
    if not SHORT_MIN <= short <= SHORT_MAX or long > LONG_MAX or long > RATIO_MAX * short:
        return INVALID_RESOLUTION
    return None


def _size(picture: bytes) -> tuple[int, int] | None:
    from PIL import Image  # noqa: PLC0415  # only in the worker

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the resolution is judged right after
            with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG", "BMP", "WEBP")) as image:
                return image.size
    except Image.DecompressionBombError:
        return (LONG_MAX + 1, LONG_MAX + 1)
    except (OSError, ValueError, SyntaxError):
        return None


def settle_in(threads: int | None) -> None:
    """Before the first picture: leave Ctrl-C to the parent, go when it goes, and be the one that must go when memory
    runs out. `threads`: how many OpenCV and the nets may use; they ask when they are loaded, which is later.
    """
    if threads is not None:
        os.environ |= {name: str(threads) for name in _THREADS}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    os.nice(5)


def _leave_with_parent() -> None:
    """Without this a worker outlives a service that was killed: its own end of the pipe keeps the pipe open."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
