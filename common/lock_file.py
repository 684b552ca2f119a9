"""A lock file: at most one process works on a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUse(Exception):
    """Another process works on this folder; the message is meant for the owner."""


@contextmanager
def exclusive_folder(folder: Path, *, lock_file: str, in_use: str) -> Iterator[None]:
    """Create the folder if necessary and hold its lock until the end of the block.

    The kernel releases the lock when the process ends, however it ends; the file stays.

    Args:
        folder: created with mode 0700 if it is missing.
        lock_file: name of the file within the folder.
        in_use: the message of `FolderInUse`.

    Raises:
        FolderInUse: another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(in_use) from None
        yield
    finally:
        os.close(descriptor)
