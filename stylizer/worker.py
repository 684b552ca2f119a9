"""What a worker is, and what it does with one picture: check it, then render it. Imported in worker processes, so it
must stay light."""

import io
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from stylizer.errors import (
    ALGORITHM_FAILED,
    IMAGE_TOO_LARGE,
    INVALID_FORMAT,
    INVALID_RESOLUTION,
    PICTURE_FAULTS,
    Fault,
)
from stylizer.settings import MAX_IMAGE_BYTES

SHORT_MIN, SHORT_MAX, LONG_MAX, RATIO_MAX = 256, 3240, 5760, 2  # pixels, pixels, pixels, long side : short side


class WorkerDied(Exception):
    """The worker has ended in the middle of a job."""


@dataclass(frozen=True)
class RenderJob:
    """One picture to render. `extras`: the keyword arguments that the caller gave (`strength`, `brush`, `seed`)."""

    photo: bytes
    look: int
    reference: bytes | None
    extras: dict[str, Any]


class Worker(Protocol):
    """Renders one picture at a time. Starting and ending one blocks: do so in a thread."""

    def submit(self, job: RenderJob, /) -> Future[bytes | Fault]:
        """Begin. The future raises WorkerDied when the worker dies."""

    def end(self) -> None:
        """End it whatever it is doing, and wait until it is gone. May be called twice."""


def render(stylize: Callable[..., bytes], job: RenderJob) -> bytes | Fault:
    """The picture, or what is wrong with its inputs. Never raises: an engine's exception may not be picklable."""
    for picture in (job.photo, job.reference):
        if picture is not None and (fault := fault_of(picture)) is not None:
            return fault
    try:
        return stylize(job.photo, job.look, reference=job.reference, **job.extras)
    except Exception as error:  # noqa: BLE001  # whatever the engine trips over is the end of this task only
        return PICTURE_FAULTS.get(getattr(error, "code", ""), ALGORITHM_FAILED)


def fault_of(picture: bytes) -> Fault | None:
    """Why the API would refuse this picture, judging by its header: format, size, resolution, proportions."""
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
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG", "BMP", "WEBP")) as image:
            return image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # far beyond our limits; the latter is an
        return (LONG_MAX + 1, LONG_MAX + 1)  # exception where warnings are errors
    except (OSError, ValueError, SyntaxError):
        return None
