"""Durable files in a folder: they survive a power cut, and a crash leaves no partial ones.

A row that says that a picture is stored must not outlive the picture. So a file, its name and its folders are synced to
disk before the row is written (fsync(2): syncing a folder syncs its entries).
"""

import os
import re
from pathlib import Path

_UNFINISHED = re.compile(r".+#\d+", re.ASCII)  # the object store's names of partial files, which its lists hide


def make_durable(folder: Path, key: str) -> None:
    """Sync the file with this key and its folders, up to `folder`. Does nothing if the file is gone."""
    path = folder / key
    try:
        for part in (path, *path.parents):
            _sync(part)
            if part == folder:
                return
    except FileNotFoundError:
        return  # deleted in the meantime


def remove_unfinished(folder: Path) -> int:
    """Delete partial files that a crash left behind; return how many. Call it only while nothing is being written."""
    partial = [path for path in folder.rglob("*") if _UNFINISHED.fullmatch(path.name) and path.is_file()]
    for path in partial:
        path.unlink()
    return len(partial)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
