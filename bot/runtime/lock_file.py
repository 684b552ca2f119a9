"""One process a data folder: two would drive the same account, and pay twice. And the secret of an installation, which
is in that folder, or in the settings where several processes share it."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr


class FolderInUse(Exception):
    """Another process works on this folder."""


@contextmanager
def exclusive_folder(folder: Path) -> Iterator[None]:
    """Hold the folder until the end of the block; the lock goes with the process, however it ends.

    Raises:
        FolderInUse: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / "repaint.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(
                f"Another Repaint is running on the folder {folder}. Stop it first, or give this one its own DATA_DIR."
            ) from None
        yield
    finally:
        os.close(descriptor)


def secret_of(folder: Path, key: SecretStr | None = None) -> bytes:
    """What cookies and photo links are signed with: made from the owner's `key`; without one, made once and kept in the
    folder, readable by its owner only."""
    if key is not None:
        return hashlib.sha256(b"repaint:" + key.get_secret_value().encode()).digest()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, unfinished = folder / "secret.key", folder / "secret.key.new"
    if path.exists():
        return path.read_bytes()
    secret = os.urandom(32)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)  # whole or not at all, whenever the power goes
    return secret
