"""Accepts photos: cheap checks in this process, pixels in worker processes."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Self

import structlog

from bot.imaging.results import MAX_BYTES, REQUEST_BYTES, PhotoProblem, Portrait, UnusablePhoto, WholePicture
from bot.imaging.sniffing import identify_foreign, is_readable
from bot.imaging.worker_client import Worker, WorkerCrashed

log = structlog.get_logger(__name__)

# A small upright JPEG → x, y, width, height of its main face as fractions. Runs in the worker, which imports it by
# name.
FaceFinder = Callable[[bytes], tuple[float, float, float, float] | None]

FACE_DETECTION_PACKAGES = ("cv2", "onnxruntime")
NO_FACE_DETECTION = (
    "FACE_REQUIRED is on, but what finds faces is not installed; in the checkout: pip install '.[stylizer]'"
)

_PREVIEW_BYTES = 32_000_000


class Unreadable(Exception):
    """A stored picture that can't be read."""


class Intake:
    """`workers` processes that read one file at a time each; `seconds` and `memory_bytes` are the limits for one file.

    The memory comes on top of what an idle worker uses. A worker that dies or takes too long is replaced. With
    `idle_seconds` a worker starts with its first file, or at `warm_up`, and ends after so long without one.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        seconds: float = 20.0,
        memory_bytes: int = 1_500_000_000,
        find_face: FaceFinder | None = None,
        idle_seconds: float | None = None,
    ) -> None:
        self._seconds = seconds
        self._idle_seconds = idle_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: dict[Worker, asyncio.TimerHandle] = {}  # of those that are idle
        arguments = str(memory_bytes), _name(find_face) if find_face else ""
        self._workers = tuple(Worker(*arguments) for _ in range(workers))
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        if self._idle_seconds is None:
            await asyncio.gather(*(worker.start() for worker in self._workers))
        for worker in self._workers:
            self._idle.put_nowait(worker)
        return self

    async def __aexit__(self, *_: object) -> None:
        for end in self._ends.values():
            end.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    def warm_up(self) -> None:
        """Start a worker in the background: a photo is probably on its way."""
        if not self._idle.empty() and all(worker.pid is None for worker in self._workers):
            self._in_background(self._start_one())

    async def _start_one(self) -> None:
        async with self._worker() as worker:
            try:
                await worker.start()
            except RuntimeError:  # the next file will say so to whoever sent it
                log.exception("no process could be started that reads photos")

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def accept(self, data: bytes, *, with_face: bool = False) -> Portrait | UnusablePhoto:
        """The portrait in `data`, or why there is none. Never raises because of what is in a file. `with_face`: refuse
        a photo in which the face finder finds none."""
        if problem := _quick_check(data):
            return UnusablePhoto(
                problem, len(data), foreign=identify_foreign(data) if problem is PhotoProblem.UNSUPPORTED else None
            )
        head, jpeg = await self._ask({"face": 1} if with_face else {}, data)
        match head:
            case {
                "reason": None,
                "width": int(width),
                "height": int(height),
                "sha256": str(sha),
                "cropped": bool(crop),
            }:
                return Portrait(jpeg, width, height, sha, crop)
            case {"reason": str(reason), "width": int(width), "height": int(height)}:
                return UnusablePhoto(PhotoProblem(reason), len(data), width, height)
            case {"reason": str(reason)}:
                return UnusablePhoto(PhotoProblem(reason), len(data))
        return UnusablePhoto(PhotoProblem.DAMAGED, len(data))

    async def preview(self, jpeg: bytes, short_side: int) -> bytes:
        """A smaller JPEG with a short side of at most `short_side` px. Raises Unreadable."""
        if len(jpeg) > _PREVIEW_BYTES or not is_readable(jpeg):
            raise Unreadable("This is no picture to make a preview of.")
        head, small = await self._ask({"preview": short_side}, jpeg)
        if head.get("reason") is not None:
            raise Unreadable(f"No preview: {head['reason']}.")
        return small

    async def request_copy(self, jpeg: bytes) -> bytes:
        """A stored photo small enough to be sent inside a request; itself if it is, or if it can't be read."""
        if len(jpeg) <= REQUEST_BYTES:
            return jpeg
        head, small = await self._ask({"request": 1}, jpeg)
        return small if head.get("reason", "") is None else jpeg

    async def whole_picture(self, data: bytes) -> WholePicture:
        """A painted picture, decoded to its end; one in an unusual format as a JPEG. Raises Unreadable."""
        if not is_readable(data):
            raise Unreadable("This is no picture.")
        return whole_picture(data, *await self._ask({"result": 1}, data))

    async def side_by_side(self, before: bytes, after: bytes) -> bytes:
        """A JPEG of two stored pictures side by side. Raises Unreadable when one of them can't be read."""
        pair = before + after
        if len(pair) > _PREVIEW_BYTES or not (is_readable(before) and is_readable(after)):
            raise Unreadable("These are no two pictures to be put side by side.")
        head, both = await self._ask({"beside": len(before)}, pair)
        if head.get("reason") is not None:
            raise Unreadable(f"Not side by side: {head['reason']}.")
        return both

    async def _ask(self, head: dict[str, int], data: bytes) -> tuple[dict[str, object], bytes]:
        async with self._worker() as worker:
            try:
                return await worker.ask(head, data, self._seconds)
            except TimeoutError:
                return {"reason": PhotoProblem.TOO_SLOW}, b""
            except WorkerCrashed:
                return {"reason": PhotoProblem.DAMAGED}, b""

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[Worker]:
        worker = await self._idle.get()
        if (end := self._ends.pop(worker, None)) is not None:
            end.cancel()
        try:
            yield worker
        finally:
            self._idle.put_nowait(worker)
            if self._idle_seconds is not None:
                loop = asyncio.get_running_loop()
                self._ends[worker] = loop.call_later(self._idle_seconds, lambda: self._in_background(worker.stop()))


def whole_picture(data: bytes, head: Mapping[str, object], jpeg: bytes) -> WholePicture:
    """What a worker says about a painted picture. Raises Unreadable."""
    match head:
        case {"reason": None, "width": int(width), "height": int(height)}:
            return WholePicture(jpeg or data, width, height)
    raise Unreadable(f"No whole picture: {head.get('reason')}.")


def can_find_faces(find_package: Callable[[str], object] = importlib.util.find_spec) -> bool:
    """Whether the packages that find faces are installed. `find_package` gives a package by its name, or None."""
    return all(map(find_package, FACE_DETECTION_PACKAGES))


def _quick_check(data: bytes) -> PhotoProblem | None:
    if not data:
        return PhotoProblem.EMPTY
    if len(data) > MAX_BYTES:
        return PhotoProblem.TOO_MANY_BYTES
    if is_readable(data):
        return None
    return PhotoProblem.UNSUPPORTED if identify_foreign(data) else PhotoProblem.NOT_A_PICTURE


def _name(find_face: FaceFinder) -> str:
    module, function = find_face.__module__, getattr(find_face, "__qualname__", "")
    if not function.isidentifier() or module == "__main__":
        raise ValueError("A face finder is a function at the top level of a module: the worker imports it by name.")
    return f"{module}:{function}"
