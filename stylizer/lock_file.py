"""One service a folder: a second one would start the first one's running tasks again."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUse(RuntimeError):
    """Another process works on this folder."""


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Make the folder if need be and hold it. The system lets go of it when the process ends, however it ends."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderInUse(f"Another stylizer is at work in {folder}.") from error
        yield
