"""A backup brings an installation back: what people have, and nothing that would be told, painted or paid for twice."""

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


async def wished(app: Installation, source: str, photo: bytes | None = None) -> JobView:
    photo = photo or a_photo()
    return accepted(
        await app.services.jobs.submit(JobRequest(ANNA, private(ANNA), source, photo=photo, style=StyleChoice(5)))
    )


def names(file: Path) -> list[str]:
    with tarfile.open(file) as tar:
        return tar.getnames()


def kinds(file: Path) -> set[str]:
    """What is in a backup, but for the numbers in the names."""
    return {"/".join(name.split("/")[:2]) for name in names(file)}


async def a_busy_day(folder: Path, file: Path, *, with_results: bool) -> tuple[JobView, JobView]:
    """A picture, a saved style, a job that runs, one that waits, a draft; and a backup in the middle of it all. Returns
    the job that is done and the one that waits."""
    async with running_app(folder, engine=quick_engine(until=folder / "go"), platforms=[]) as app:
        (folder / "go").touch()
        done = await ended(app, ANNA, (await wished(app, "test:1")).id)
        (folder / "go").unlink()
        await saved(app, ANNA, "Waves")
        running, waiting = await wished(app, "test:2"), await wished(app, "test:3")
        async for view in app.services.queries.watch(ANNA, running.id):
            if view.state == State.RUNNING:
                break
        await app.services.jobs.draft(JobRequest(BEN, private(BEN), "test:4", photo=a_photo()))
        await asyncio.to_thread(write_backup, folder, file, with_results=with_results)
        (folder / "go").touch()
        await ended(app, ANNA, waiting.id)
    return done, waiting


@pytest.mark.parametrize("with_results", [True, False])
async def test_what_people_have_comes_back_and_what_was_under_way_ends(tmp_path: Path, with_results: bool) -> None:
    before, after, file = tmp_path / "before", tmp_path / "after", tmp_path / "backup.tar"
    done, waiting = await a_busy_day(before, file, with_results=with_results)
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
        assert (await wished(app, "test:3")).id == waiting.id  # a message that comes again is still known
        assert len(await rows(app, "SELECT * FROM attempt")) == 3  # two of the past, one of now


async def test_nothing_that_was_forgotten_is_in_a_backup_that_is_made_afterwards(tmp_path: Path) -> None:
    async with running_app(tmp_path / "data") as app:
        view = await ended(app, ANNA, (await wished(app, "test:unmistakable")).id)
        await app.services.privacy.forget(ANNA)
        assert await app.services.queries.job(ANNA, view.id) is None
        await asyncio.to_thread(write_backup, tmp_path / "data", tmp_path / "b.tar", with_results=True)
    assert b"unmistakable" not in (tmp_path / "b.tar").read_bytes()
    assert kinds(tmp_path / "b.tar") == {"repaint.db", "secret.key"}


@pytest.fixture
async def backup(tmp_path: Path) -> Path:
    """The backup of an installation that nobody has used yet."""
    async with running_app(tmp_path / "first"):
        pass
    write_backup(tmp_path / "first", tmp_path / "backup.tar", with_results=False)
    return tmp_path / "backup.tar"


def test_a_backup_overwrites_nothing_and_neither_does_a_restore(tmp_path: Path, backup: Path) -> None:
    with pytest.raises(BackupError, match="is there already"):
        write_backup(tmp_path / "first", backup, with_results=False)
    with pytest.raises(BackupError, match="Move it away"):
        restore_backup(tmp_path / "first", backup, 0.0)
    with pytest.raises(BackupError, match="nothing in"):
        write_backup(tmp_path / "nowhere", tmp_path / "other.tar", with_results=False)
    with pytest.raises(BackupError, match="No such file"):
        write_backup(tmp_path / "first", tmp_path / "nowhere" / "other.tar", with_results=False)


async def test_a_folder_that_a_bot_works_on_is_left_alone(tmp_path: Path, backup: Path) -> None:
    async with running_app(tmp_path / "busy"):
        with pytest.raises(FolderInUse):
            await asyncio.to_thread(restore_backup, tmp_path / "busy", backup, 0.0)


@pytest.mark.parametrize("at", [0, 700, 5000, 60_000])
def test_a_damaged_backup_is_refused_and_leaves_nothing(tmp_path: Path, backup: Path, at: int) -> None:
    data = bytearray(backup.read_bytes())
    data[at : at + 4096] = bytes(b ^ 0x55 for b in data[at : at + 4096])
    backup.write_bytes(data)
    with pytest.raises(BackupError, match="no whole backup"):
        restore_backup(tmp_path / "new", backup, 0.0)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["repaint.lock"]


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.tar").write_bytes(b"just some words" * 100)
    for name in ("words.tar", "not there.tar"):
        with pytest.raises(BackupError):
            restore_backup(tmp_path / "new", tmp_path / name, 0.0)


def test_names_that_lead_elsewhere_are_left_out(tmp_path: Path, backup: Path) -> None:
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
