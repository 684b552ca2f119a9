"""Backup and restore: `repaint backup` writes one file beside a running bot, `repaint restore` unpacks it into an empty
data folder.

The file holds the database, the signing key for cookies and links, and saved styles; finished pictures on request;
never the photos that people sent, which expire too soon to be worth it. Jobs that were unfinished at the time of the
backup have most likely been finished, paid and delivered since. So a restore ends them, releases their units, and
clears the outbox, lest people get notices twice.
"""

import asyncio
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import job_lifecycle
from bot.jobs.transitions import apply_event
from bot.runtime.data_folder import exclusive_data_folder
from storage import cleanup, copy_database, jobs, snapshots
from storage.database import Database, open_database
from storage.jobs import State
from storage.photos import Kind, is_key, open_photos
from storage.snapshots import DamagedDatabase, check_integrity, write_copy

DATABASE, SECRET, PHOTOS = "repaint.db", "secret.key", "photos"


class BackupError(Exception):
    """The backup was not written or not restored; the message says why, and what to do."""


def write_backup(data_dir: Path, file: Path, *, with_results: bool) -> int:
    """Write the backup, also while the bot runs; returns its size in bytes. Raises BackupError.

    `with_results`: include finished pictures.
    """
    if not (data_dir / DATABASE).exists():
        raise BackupError(f"There is no installation in {data_dir} yet.")
    if file.exists():
        raise BackupError(f"{file} already exists. Choose another name, or delete it first.")
    kinds = [Kind.STYLE, *([Kind.RESULT] if with_results else [])]
    unfinished = file.with_name(file.name + ".unfinished")
    try:
        unfinished.touch(mode=0o600)
        with tempfile.TemporaryDirectory(prefix="repaint-backup-", dir=file.parent) as folder:
            copy = Path(folder) / DATABASE
            write_copy(data_dir / DATABASE, copy)
            with tarfile.open(unfinished, "w") as tar:
                tar.add(copy, DATABASE)
                tar.add(data_dir / SECRET, SECRET)
                for path in sorted(path for kind in kinds for path in (data_dir / PHOTOS / kind).rglob("*.jpg")):
                    _add_if_present(tar, path, str(path.relative_to(data_dir)))
        unfinished.replace(file)
    except (OSError, DamagedDatabase) as error:
        unfinished.unlink(missing_ok=True)
        raise BackupError(f"Could not write {file}: {error}") from error
    return file.stat().st_size


def restore_backup(data_dir: Path, file: Path, now: float) -> int:
    """Restore a backup into a folder that has no database yet; returns the number of unfinished jobs that were ended.

    Raises:
        BackupError: something is there already, or the file is no backup of ours.
        NewerSchema: the backup is of a newer version.
        FolderInUse: a running bot uses the folder.
    """
    with exclusive_data_folder(data_dir):
        if (data_dir / DATABASE).exists() or any((data_dir / PHOTOS).glob("*")):
            raise BackupError(f"There is already an installation in {data_dir}. Move it away, or set another DATA_DIR.")
        with _extracted(data_dir, file) as folder:
            ended = asyncio.run(_migrate_and_end_jobs(folder, now))
            for name in (PHOTOS, SECRET, DATABASE):  # the database last, so that an interrupted restore can be repeated
                _move(folder / name, data_dir / name)
    return ended


async def _migrate_and_end_jobs(folder: Path, now: float) -> int:
    """Migrate the database, end unfinished jobs and delete expired photos; returns the number of jobs ended."""
    async with open_database(folder / DATABASE) as database, database.write() as connection:
        ended = await _end_unfinished_jobs(connection, now)
    await open_photos(folder / PHOTOS).purge(now)
    return ended


async def settle(database: Database, now: float) -> int:
    """End unfinished jobs after a pg_restore; returns their number. Raises BackupError if the database is in use."""
    async with database.write() as connection:
        if await copy_database.is_in_use(connection):
            raise BackupError("Repaint is running on DATABASE_URL. Stop every process first.")
        return await _end_unfinished_jobs(connection, now)


async def _end_unfinished_jobs(connection: AsyncConnection, now: float) -> int:
    """End all unfinished jobs and drafts and clear pending notices; returns the number of jobs, without drafts."""
    drafts, waiting = await cleanup.list_old_drafts(connection, now + 1), await jobs.list_waiting(connection)
    for job in (*drafts, *waiting):
        is_idle = job.state in {State.DRAFT, State.QUEUED}
        event: job_lifecycle.Event = job_lifecycle.Expired() if is_idle else job_lifecycle.Orphaned(free=False)
        await apply_event(connection, job, event, now)
    await snapshots.clear_pending(connection)
    return len(waiting)


@contextmanager
def _extracted(data_dir: Path, file: Path) -> Iterator[Path]:
    """The extracted backup in a temporary folder on the same file system as its target. Raises BackupError."""
    with tempfile.TemporaryDirectory(prefix="restoring-", dir=data_dir) as name:
        folder = Path(name)
        try:
            with tarfile.open(file, "r:") as tar:
                for member in tar:
                    _extract_member(tar, member, folder)
            check_integrity(folder / DATABASE)
        except (tarfile.TarError, DamagedDatabase, UnicodeDecodeError) as error:
            raise BackupError(f"{file} is not a complete backup: {error}") from error
        except OSError as error:
            raise BackupError(f"Could not read {file}: {error}") from error
        (folder / PHOTOS).mkdir(exist_ok=True, mode=0o700)
        yield folder


def _extract_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Extract one regular file of the three kinds that a backup has; any other member is skipped."""
    is_ours = member.name in {DATABASE, SECRET} or is_key(member.name.removeprefix(PHOTOS + "/"))
    source = tar.extractfile(member) if is_ours and member.isreg() else None
    if source is None:
        return
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.touch(mode=0o600)
    with source, target.open("wb") as out:
        while part := source.read(1 << 20):
            out.write(part)


def _add_if_present(tar: tarfile.TarFile, path: Path, name: str) -> None:
    try:
        tar.add(path, name)
    except FileNotFoundError:
        return  # expired or deleted meanwhile


def _move(source: Path, target: Path) -> None:
    if target.is_dir():
        target.rmdir()  # it is empty
    source.replace(target)
