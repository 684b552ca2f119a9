"""State per platform account: file ids of pictures, and messages with spoilers."""

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import platform_files, results
from storage.database import open_database
from storage.jobs import State
from storage.results import Result
from tests.conftest import ON_BOTH
from tests.fakes.postgres import place_of
from tests.harness.rows import NOON, insert_job

pytestmark = ON_BOTH

BOT, ANOTHER = "telegram:1", "telegram:2"
DAY = 24 * 3600.0


async def painted(connection: AsyncConnection, source: str, *, hidden: bool = False) -> int:
    job = await insert_job(connection, source, state=State.DELIVERED, style=0, hidden=hidden)
    await results.insert(connection, job.id, Result(f"result/{source}", 9, 8, 8, NOON, NOON + DAY))
    return job.id


async def test_a_file_id_is_found_by_job_and_bot(tmp_path: Path) -> None:
    async with open_database(place_of(tmp_path)) as database, database.write() as connection:
        first, second = await painted(connection, "test:1"), await painted(connection, "test:2")
        for file in ("old", "new"):
            await platform_files.upsert(connection, account=BOT, job_id=first, file=file)
        assert await platform_files.get_many(connection, BOT, [first, second]) == {first: "new"}
        assert await platform_files.get_many(connection, ANOTHER, [first, second]) == {}


async def test_files_of_deleted_or_expired_results_are_not_found(tmp_path: Path) -> None:
    async with open_database(place_of(tmp_path)) as database, database.write() as connection:
        ids = [await painted(connection, f"test:{number}", hidden=number == 3) for number in range(4)]
        for job_id in ids:
            await platform_files.upsert(connection, account=BOT, job_id=job_id, file=f"file-{job_id}")
        await platform_files.delete(connection, ids[0])
        await results.delete(connection, ids[1])
        assert await platform_files.get_many(connection, BOT, ids) == {ids[2]: f"file-{ids[2]}"}


async def test_a_spoiler_is_remembered_for_a_while(tmp_path: Path) -> None:
    async with open_database(place_of(tmp_path)) as database, database.write() as connection:
        await platform_files.mark_spoiler(connection, account=BOT, chat="5", message="7", at=NOON, before=NOON - DAY)
        assert await platform_files.is_spoiler(connection, account=BOT, chat="5", message="7")
        assert not await platform_files.is_spoiler(connection, account=BOT, chat="5", message="8")
        await platform_files.mark_spoiler(
            connection, account=BOT, chat="5", message="9", at=NOON + 2 * DAY, before=NOON + DAY
        )
        assert not await platform_files.is_spoiler(connection, account=BOT, chat="5", message="7")
