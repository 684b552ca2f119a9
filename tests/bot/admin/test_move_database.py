"""Moving all rows from the SQLite file to PostgreSQL and back."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.admin.backup import BackupError, settle
from bot.admin.move_database import CannotMove, move_rows
from bot.config.settings import Settings
from bot.domain import quota
from bot.runtime.data_folder import exclusive_data_folder
from common.lock_file import FolderInUse
from storage import accounts, balances, jobs, ledger, results
from storage.copy_database import BATCH, copy_rows
from storage.database import Database, open_database
from storage.jobs import State
from storage.ledger import Scope, ScopeKind
from tests.harness.app import settings_for
from tests.harness.rows import A_NEW_JOB, NOON, insert_job, insert_person

JOBS = BATCH + 100
UNITS = Scope(ScopeKind.PERSON, "person:1", "2026-11-22", 9999)


def shared_settings(folder: Path, url: str) -> Settings:
    return settings_for(folder, database_url=url, secret_key="k" * 40)


async def fill(database: Database) -> None:
    """People, jobs with units, one in a slot, one that was deleted, and text of every kind."""
    async with database.write() as connection:
        await accounts.take_over(connection, "key-a", mean=15, deviation=3)
        await insert_person(connection, "诗 🌊")
        for number in range(JOBS):
            job_id = await jobs.insert(connection, replace(A_NEW_JOB, source=f"诗 🌊 'x\\ {number}"))
            if job_id and number % 10 == 2:
                await ledger.reserve(connection, job_id, [UNITS], now=NOON + 0.25)
        await insert_job(connection, "last", state=State.RUNNING, hidden=True, account_id="key-a", slot=0, cropped=True)
        await balances.deposit(connection, quota.credits_scope(1), 5, key="grant:1", why="", now=NOON)
        await ledger.settle(connection, 3, "commit", ScopeKind, now=NOON)


async def everything(database: Database) -> list[object]:
    """All people, jobs and accounts, for comparison; audits the ledger."""
    async with database.read() as connection:
        assert (await ledger.audit(connection), await balances.audit(connection)) == ((), ())
        people = (await connection.execute(text("SELECT platform_id FROM person ORDER BY id"))).scalars().all()
        found = await jobs.get_many(connection, list(range(1, JOBS + 2)))
        return [*people, *(found[number] for number in sorted(found)), await accounts.list_all(connection)]


async def test_all_rows_move_to_postgresql_and_back(tmp_path: Path, postgres_url: str) -> None:
    settings = shared_settings(tmp_path, postgres_url)
    async with open_database(tmp_path / "repaint.db") as database:
        await fill(database)
        before = await everything(database)
    moved = await move_rows(settings, back=False)
    async with open_database(postgres_url) as database:
        assert await everything(database) == before
        async with database.write() as connection:
            newer = await insert_job(connection, "newer")
            assert newer.id == JOBS + 2  # ids continue
        before = [*(await everything(database)), newer]
    assert [name for name in os.listdir(tmp_path) if name.startswith("repaint.db")] == ["repaint.db.moved"]  # noqa: PTH208  # names
    assert await move_rows(settings, back=True) == moved + 1
    async with open_database(tmp_path / "repaint.db") as database, database.read() as connection:
        assert await jobs.get(connection, newer.id) == newer
    async with open_database(tmp_path / "repaint.db") as database:
        assert [*(await everything(database)), newer] == before


async def test_a_target_with_rows_is_not_overwritten(tmp_path: Path, postgres_url: str) -> None:
    settings = shared_settings(tmp_path, postgres_url)
    for place in (tmp_path / "repaint.db", postgres_url):
        async with open_database(place) as database, database.write() as connection:
            await insert_job(connection, "test:1", who=str(place)[-9:])
    for back in (False, True):
        with pytest.raises(CannotMove, match="There are already rows"):
            await move_rows(settings, back=back)
    for place in (tmp_path / "repaint.db", postgres_url):
        async with open_database(place) as database, database.read() as connection:
            who = (await connection.execute(text("SELECT platform_id FROM person"))).scalars().all()
            assert who == [str(place)[-9:]]


async def test_nothing_moves_while_a_repaint_runs(tmp_path: Path, postgres_url: str) -> None:
    settings = shared_settings(tmp_path, postgres_url)
    async with open_database(tmp_path / "repaint.db"):
        pass
    with exclusive_data_folder(tmp_path), pytest.raises(FolderInUse):
        await move_rows(settings, back=False)
    async with open_database(postgres_url):
        for back in (False, True):
            with pytest.raises(CannotMove, match="Stop every process first"):
                await move_rows(settings, back=back)


@pytest.mark.parametrize("has_url", [False, True])
async def test_a_missing_setting_or_file_is_reported(tmp_path: Path, postgres_url: str, has_url: bool) -> None:
    settings = shared_settings(tmp_path, postgres_url) if has_url else settings_for(tmp_path)
    with pytest.raises(CannotMove, match="There is no database in" if has_url else "Set DATABASE_URL"):
        await move_rows(settings, back=False)


async def test_a_row_that_cannot_be_copied_leaves_the_target_empty(tmp_path: Path, postgres_url: str) -> None:
    """SQLite accepts a 64-bit number in an INTEGER column; PostgreSQL does not."""
    async with open_database(tmp_path / "rows.db") as database, open_database(postgres_url) as other:
        async with database.write() as connection:
            await insert_job(connection, "test:1", seed=2**40)
        with pytest.raises(Exception, match="out of range"):
            async with database.write() as source, other.write() as target:
                await copy_rows(source, target)
        async with other.read() as connection:
            assert (await connection.execute(text("SELECT COUNT(*) FROM person"))).scalar_one() == 0


async def test_settling_a_restored_dump_ends_jobs_and_releases_their_units(postgres_url: str) -> None:
    async with open_database(postgres_url) as database:
        async with database.write() as connection:
            await accounts.take_over(connection, "key-a", mean=15, deviation=3)
            running = await insert_job(connection, "test:1", state=State.RUNNING, account_id="key-a", slot=0, style=3)
            delivered = await insert_job(connection, "test:2", state=State.DELIVERED, style=3)
            await ledger.reserve(connection, running.id, [UNITS], now=NOON)
            await results.add_to_outbox(connection, delivered.id, NOON)
        async with open_database(postgres_url) as busy:
            with pytest.raises(BackupError, match="Stop every process first"):
                await settle(busy, NOON)
    async with open_database(postgres_url) as database:
        assert await settle(database, NOON) == 1
        async with database.read() as connection:
            assert await results.list_due(connection, "test", NOON) == ()
            assert await ledger.get_sums(connection, UNITS) == ledger.Sums(0, 0)
            job = await jobs.get(connection, running.id)
        assert job is not None
        assert (job.state, job.slot) == (State.FAILED, None)
