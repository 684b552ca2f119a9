"""The data folder: locked by one process, because two would work for the same account and pay twice; and the secret
kept in it, unless the settings have one that several processes share."""

import hashlib
import os
from contextlib import AbstractContextManager
from pathlib import Path

from pydantic import SecretStr

from common.lock_file import exclusive_folder


def exclusive_data_folder(folder: Path) -> AbstractContextManager[None]:
    """Hold the folder until the end of the block. Raises FolderInUse."""
    return exclusive_folder(
        folder,
        lock_file="repaint.lock",
        in_use=f"Another Repaint is running on the folder {folder}. Stop it first, or give this one its own DATA_DIR.",
    )


def secret_of(folder: Path, key: SecretStr | None = None) -> bytes:
    """The 32 bytes that sign cookies and photo links: derived from the owner's `key`; without one, created once and
    kept in the folder, readable by its owner only."""
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
