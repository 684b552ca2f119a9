"""The worker process: reads one file at a time from its standard input and answers on its standard output.

It has no secrets, no network and no state; whatever a file does to it, another process replaces it.
Frames in both directions: two lengths (32 bits, big-endian), a JSON head, a body.
"""

import json
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from bot.imaging import decoding, fitting
from bot.imaging.results import PhotoProblem

KEPT_FORMATS = frozenset({"JPEG", "MPO", "PNG", "WEBP"})  # MPO is a JPEG with further pictures behind it
LENGTHS = struct.Struct("!II")
Head = Mapping[str, str | int | None]
FaceFinder = Callable[[bytes], fitting.FaceBox | None]


def main() -> None:
    """Arguments: bytes of memory for one picture; the face finder as `module:function`, or an empty string."""
    memory, name = int(sys.argv[1]), sys.argv[2]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    os.nice(5)  # chats come first
    find_face = _finder(name) if name else None
    decoding.prepare()
    _limit(memory)
    inbox, outbox = sys.stdin.buffer, _own_stdout()
    _write(outbox, {"ready": True})
    while (frame := _read(inbox)) is not None:
        _write(outbox, *process(*frame, find_face))


def process(head: dict[str, int], data: bytes, find_face: FaceFinder | None) -> tuple[Head, bytes]:
    """The answer for one file: a head with `reason` (None: success), and the JPEG."""
    try:
        return _work(head, data, find_face)
    except decoding.Unusable as end:
        return {"reason": end.reason, "width": end.width, "height": end.height}, b""
    except MemoryError:
        return {"reason": PhotoProblem.TOO_SLOW}, b""
    except Exception:  # noqa: BLE001  # a decoder may raise anything over untrusted bytes; all of it means this
        return {"reason": PhotoProblem.DAMAGED}, b""


def _work(head: dict[str, int], data: bytes, find_face: FaceFinder | None) -> tuple[Head, bytes]:
    if end := head.get("beside"):
        before, after = (decoding.decode(decoding.open_image(part)) for part in (data[:end], data[end:]))
        return {"reason": None}, fitting.encode_jpeg(fitting.side_by_side(before, after))[0]
    if head.get("result"):
        return _whole(data)
    picture = decoding.decode(decoding.open_image(data))
    if head.get("request"):
        return {"reason": None}, fitting.request_jpeg(picture)
    if short_side := head.get("preview"):
        return {"reason": None}, fitting.small_jpeg(picture, short_side=short_side)
    picture, cropped = fitting.fit(picture, _tolerant(find_face) if find_face else None)
    if head.get("face") and find_face and not _shows_face(picture, find_face):
        raise decoding.Unusable(PhotoProblem.NO_FACE, picture.size)
    jpeg, (width, height) = fitting.encode_jpeg(picture)
    digest = sha256(jpeg).hexdigest()
    return {"reason": None, "width": width, "height": height, "sha256": digest, "cropped": cropped}, jpeg


def _whole(data: bytes) -> tuple[Head, bytes]:
    """The size of a painted picture that can be decoded to its end; and a JPEG of it, unless it can stay as it is."""
    picture, jpeg = decoding.open_image(data, min_side=1), b""
    if picture.format in KEPT_FORMATS:
        picture.load()
    else:
        jpeg = fitting.encode_jpeg(picture := decoding.decode(picture, min_side=1))[0]
    return {"reason": None, "width": picture.width, "height": picture.height}, jpeg


def _finder(name: str) -> FaceFinder:
    module, _, function = name.partition(":")
    found: FaceFinder = getattr(import_module(module), function)
    return found


def _tolerant(find_face: FaceFinder) -> FaceFinder:
    def find(jpeg: bytes) -> fitting.FaceBox | None:
        with suppress(Exception):  # when the finder fails, the photo is cropped around its middle
            return find_face(jpeg)
        return None

    return find


def _shows_face(picture: Image.Image, find_face: FaceFinder) -> bool:
    """True also when the finder fails: nobody's photo is refused for that."""
    with suppress(Exception):
        return find_face(fitting.finder_jpeg(picture)) is not None
    return True


def _limit(memory: int) -> None:
    """Limit the address space to its present size plus `memory`; write no core dump, which would hold a photo."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    statm = Path("/proc/self/statm")
    if statm.exists():  # other systems (macOS) don't enforce the limit anyway
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))


def _own_stdout() -> BinaryIO:
    """The pipe to the parent, for frames only; what C libraries print is discarded."""
    pipe = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return pipe


def _read(inbox: BinaryIO) -> tuple[dict[str, int], bytes] | None:
    lengths = inbox.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None  # the parent is gone
    head, body = LENGTHS.unpack(lengths)
    return json.loads(inbox.read(head)), inbox.read(body)


def _write(outbox: BinaryIO, head: Head, body: bytes = b"") -> None:
    text = json.dumps(head).encode()
    outbox.write(LENGTHS.pack(len(text), len(body)) + text + body)
    outbox.flush()


if __name__ == "__main__":
    main()
