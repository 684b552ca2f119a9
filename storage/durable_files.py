"""What a folder needs that a bucket does by itself: bytes that survive a power cut, and no halves after a crash.

A row that says that a picture is stored must never outlive the picture, so a file is on the disk, with its name and its
folders, before anybody hears of it (fsync(2): a folder's entries are synced by syncing the folder).
"""

import os
import re
from pathlib import Path

_UNFINISHED = re.compile(
    r".+#\d+", re.ASCII
)  # how the object store names what it has not finished; its lists hide them


def make_durable(folder: Path, key: str) -> None:
    """Onto the disk with the file of this key and with its folders, up to `folder`. Nothing when it is gone again."""
    path = folder / key
    try:
        for part in (path, *path.parents):
            _sync(part)
            if part == folder:
                return
    except FileNotFoundError:
        return  # whoever it belongs to was quicker: deleted


def remove_unfinished(folder: Path) -> int:
    """Delete what a crash has left half written; returns how many files. To be called while nobody writes."""
    halves = [path for path in folder.rglob("*") if _UNFINISHED.fullmatch(path.name) and path.is_file()]
    for path in halves:
        path.unlink()
    return len(halves)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
