"""A restored backup has all data, and repeats no notice, painting or payment."""

import asyncio
import io
import sqlite3
import tarfile
import time
from pathlib import Path

import pytest

from bot.admin.backup import BackupError, restore_backup, write_backup
from bot.app import Installation
from bot.domain.job_view import JobView, State
from bot.jobs.request import JobRequest, StyleChoice, like_saved
from common.lock_file import FolderInUse
from storage.database import NewerSchema
from tests.bot.saved_styles.test_service import saved
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app
from tests.harness.requests import a_photo, audit, rows


async def submit(app: Installation, source: str, photo: bytes | None = None) -> JobView:
    photo = photo or a_photo()
    return accepted(
        await app.services.jobs.submit(JobRequest(ANNA, private(ANNA), source, photo=photo, style=StyleChoice(5)))
    )


def names(file: Path) -> list[str]:
    with tarfile.open(file) as tar:
        return tar.getnames()


def kinds(file: Path) -> set[str]:
    """The files in a backup, by the first two parts of their names."""
    return {"/".join(name.split("/")[:2]) for name in names(file)}


async def busy_installation(folder: Path, file: Path, *, with_results: bool) -> tuple[JobView, JobView]:
    """Back up an installation with a finished job, a saved style, a running job, a queued one and a draft. Returns the
    finished job and the queued one."""
    async with running_app(folder, engine=quick_engine(until=folder / "go"), platforms=[]) as app:
        (folder / "go").touch()
        done = await ended(app, ANNA, (await submit(app, "test:1")).id)
        (folder / "go").unlink()
        await saved(app, ANNA, "Waves")
        running, waiting = await submit(app, "test:2"), await submit(app, "test:3")
        async for view in app.services.queries.watch(ANNA, running.id):
            if view.state == State.RUNNING:
                break
        await app.services.jobs.draft(JobRequest(BEN, private(BEN), "test:4", photo=a_photo()))
        await asyncio.to_thread(write_backup, folder, file, with_results=with_results)
        (folder / "go").touch()
        await ended(app, ANNA, waiting.id)
    return done, waiting


@pytest.mark.parametrize("with_results", [True, False])
async def test_a_restore_brings_data_back_and_ends_unfinished_jobs(tmp_path: Path, with_results: bool) -> None:
    before, after, file = tmp_path / "before", tmp_path / "after", tmp_path / "backup.tar"
    done, waiting = await busy_installation(before, file, with_results=with_results)
    assert kinds(file) == {"repaint.db", "secret.key", "photos/style"} | ({"photos/result"} if with_results else set())
    assert file.stat().st_mode & 0o077 == 0
    assert await asyncio.to_thread(restore_backup, after, file, time.time()) == 2
    assert (after / "secret.key").read_bytes() == (before / "secret.key").read_bytes()
    async with running_app(after) as app:
        await audit(app)
        assert await rows(app, "SELECT * FROM outbox") == []
        assert [view.state for view in await app.services.queries.history(ANNA)] == [
            State.FAILED,
            State.FAILED,
            done.state,
        ]
        assert (await app.services.queries.quota(ANNA)).used == 1
        assert (await app.services.queries.result(ANNA, done.id) is not None) == with_results
        (style,) = await app.services.saved_styles.of_person(ANNA)
        again = await app.services.jobs.submit(
            JobRequest(ANNA, private(ANNA), "test:9", photo=a_photo(), style=like_saved(style.id))
        )
        assert (await ended(app, ANNA, accepted(again).id)).state == State.STORED
        assert (await submit(app, "test:3")).id == waiting.id  # a redelivered message is still recognized
        assert len(await rows(app, "SELECT * FROM attempt")) == 3  # two from before the backup, one new


async def test_a_backup_after_forgetting_has_nothing_of_the_person(tmp_path: Path) -> None:
    async with running_app(tmp_path / "data") as app:
        view = await ended(app, ANNA, (await submit(app, "test:unmistakable")).id)
        await app.services.privacy.forget(ANNA)
        assert await app.services.queries.job(ANNA, view.id) is None
        await asyncio.to_thread(write_backup, tmp_path / "data", tmp_path / "b.tar", with_results=True)
    assert b"unmistakable" not in (tmp_path / "b.tar").read_bytes()
    assert kinds(tmp_path / "b.tar") == {"repaint.db", "secret.key"}


@pytest.fixture
async def backup(tmp_path: Path) -> Path:
    """The backup of an unused installation."""
    async with running_app(tmp_path / "first"):
        pass
    write_backup(tmp_path / "first", tmp_path / "backup.tar", with_results=False)
    return tmp_path / "backup.tar"


def test_backup_and_restore_overwrite_nothing(tmp_path: Path, backup: Path) -> None:
    with pytest.raises(BackupError, match="already exists"):
        write_backup(tmp_path / "first", backup, with_results=False)
    with pytest.raises(BackupError, match="Move it away"):
        restore_backup(tmp_path / "first", backup, 0.0)
    with pytest.raises(BackupError, match="no installation in"):
        write_backup(tmp_path / "nowhere", tmp_path / "other.tar", with_results=False)
    with pytest.raises(BackupError, match="No such file"):
        write_backup(tmp_path / "first", tmp_path / "nowhere" / "other.tar", with_results=False)


async def test_restoring_into_the_folder_of_a_running_bot_is_refused(tmp_path: Path, backup: Path) -> None:
    async with running_app(tmp_path / "busy"):
        with pytest.raises(FolderInUse):
            await asyncio.to_thread(restore_backup, tmp_path / "busy", backup, 0.0)


@pytest.mark.parametrize("at", [0, 700, 5000, 60_000])
def test_a_damaged_backup_is_refused_and_writes_nothing(tmp_path: Path, backup: Path, at: int) -> None:
    data = bytearray(backup.read_bytes())
    data[at : at + 4096] = bytes(b ^ 0x55 for b in data[at : at + 4096])
    backup.write_bytes(data)
    with pytest.raises(BackupError, match="not a complete backup"):
        restore_backup(tmp_path / "new", backup, 0.0)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["repaint.lock"]


def test_a_file_that_is_not_a_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_bytes(b"just some text" * 100)
    for name in ("text.tar", "not there.tar"):
        with pytest.raises(BackupError):
            restore_backup(tmp_path / "new", tmp_path / name, 0.0)


def test_unexpected_names_and_links_are_not_extracted(tmp_path: Path, backup: Path) -> None:
    with tarfile.open(backup, "a") as tar:
        for name in ("../escaped", "/tmp/escaped", "photos/../../escaped", "photos/original/1/x.jpg", "other"):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("photos/style/1/9999123123/" + "a" * 64 + ".jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    restore_backup(tmp_path / "new", backup, 0.0)
    kept = {str(path.relative_to(tmp_path / "new")) for path in (tmp_path / "new").rglob("*")}
    assert kept == {"repaint.db", "repaint.lock", "secret.key", "photos"}
    assert not list(tmp_path.rglob("escaped"))


def test_a_backup_of_a_newer_version_is_refused_with_a_clear_sentence(tmp_path: Path, backup: Path) -> None:
    with tarfile.open(backup) as tar:
        database = tar.extractfile("repaint.db")
        assert database is not None
        (tmp_path / "repaint.db").write_bytes(database.read())
    with sqlite3.connect(tmp_path / "repaint.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with tarfile.open(tmp_path / "newer.tar", "w") as tar:
        tar.add(tmp_path / "repaint.db", "repaint.db")
    with pytest.raises(NewerSchema, match="newer than this version"):
        restore_backup(tmp_path / "new", tmp_path / "newer.tar", 0.0)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["repaint.lock"]
