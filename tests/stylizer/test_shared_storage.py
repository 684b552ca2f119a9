"""What services and workers share (database, bucket, clock): outages and misconfiguration."""

import time
from pathlib import Path

import pytest

from bot.config.settings import stylizer_bucket
from common.clock import DatabaseClock
from stylizer.database import CannotOpen, open_database
from stylizer.remote_workers import remote_workers
from stylizer.settings import StylizerSettings
from stylizer.task_repository import TaskRepository
from tests.fakes.dashscope.api_calls import data_url
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.dashscope.workers import DAY, api_only, files, rows
from tests.fakes.postgres import Server
from tests.fakes.s3 import bucket_server


async def test_work_continues_after_the_database_has_closed_all_connections(
    tmp_path: Path, postgres_url: str, postgres: Server
) -> None:
    async with (
        api_only(tmp_path, postgres_url) as caller,
        remote_workers(StylizerSettings(tmp_path, postgres_url), engine=quick_engine()),
    ):
        await caller.picture(await caller.task())
        name = postgres_url.rpartition("/")[2]
        postgres.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        await caller.picture(await caller.task())


async def test_a_worker_with_another_photo_store_refuses_to_start_and_fails_no_task(
    tmp_path: Path, postgres_url: str
) -> None:
    async with api_only(tmp_path / "here", postgres_url) as caller:
        task_id = await caller.task()
        with pytest.raises(CannotOpen, match="set PHOTO_STORE as it is there"):
            async with remote_workers(StylizerSettings(tmp_path / "elsewhere", postgres_url), engine=quick_engine()):
                raise AssertionError
        assert (await caller.state(task_id))["output"]["task_status"] == "PENDING"


async def test_photos_and_pictures_are_exchanged_in_a_bucket(tmp_path: Path, postgres_url: str) -> None:
    with bucket_server() as server:
        bucket = server.bucket("a/prefix")
        settings = StylizerSettings(tmp_path / "elsewhere", postgres_url)
        async with api_only(tmp_path / "here", postgres_url, store=stylizer_bucket(bucket)) as caller:
            reference = data_url(portrait_jpeg(shade=200))
            task_id = await caller.task(style_index=-1, style_ref_url=reference)
            assert server.raw_keys(bucket) == [
                f"a/prefix/stylizer/inputs/{task_id}-photo",
                f"a/prefix/stylizer/inputs/{task_id}-reference",
                "a/prefix/stylizer/mark",
            ]
            async with remote_workers(settings, engine=quick_engine(), store=stylizer_bucket(bucket)):
                assert b"reference=True" in await caller.picture(task_id)
        result = f"a/prefix/stylizer/results/{task_id}_style-1_1.jpg"
        assert server.raw_keys(bucket) == ["a/prefix/stylizer/mark", result]
        later = time.time() + DAY + 60
        async with api_only(tmp_path / "here", postgres_url, store=stylizer_bucket(bucket), clock=lambda: later):
            assert server.raw_keys(bucket) == ["a/prefix/stylizer/mark"]
        assert await rows(postgres_url) == []
    assert files(tmp_path / "here", "*") == files(tmp_path / "elsewhere", "*") == []


async def test_a_missing_bucket_is_reported_at_the_start(tmp_path: Path, postgres_url: str) -> None:
    with bucket_server() as server:
        store = stylizer_bucket(server.named("nobody-made-it"))
        with pytest.raises(CannotOpen, match="PHOTO_STORE"):
            async with api_only(tmp_path, postgres_url, store=store):
                raise AssertionError


async def test_the_clock_is_the_databases(postgres_url: str) -> None:
    steady = [1000.0]
    async with open_database(postgres_url) as database:
        clock = DatabaseClock(database.now, steady=lambda: steady[0])
        await clock.measure()
        async with database.read() as connection:
            now = await database.now_ms(connection) / 1000
    assert abs(clock.now() - now) < 60
    before = clock.now()
    steady[0] += 5
    assert clock.now() == before + 5


async def test_a_role_that_may_not_create_schemas_uses_an_existing_one(postgres: Server, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    role = f"painter_of_{name}"
    postgres.execute(f"create role {role} login password 'brush'")
    url = f"postgresql://{role}:brush@127.0.0.1:{postgres.port}/{name}"
    try:
        with pytest.raises(CannotOpen, match="permission denied"):
            async with open_database(url):
                raise AssertionError
        postgres.execute(f"create schema stylizer authorization {role}", name)
        async with open_database(url) as database:
            await TaskRepository(database, life=DAY).set_max_running(1)
    finally:
        postgres.drop(postgres_url)
        postgres.execute(f"drop role {role}")


async def test_a_remote_worker_needs_a_shared_table(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="STYLIZER_DATABASE_URL"):
        async with remote_workers(StylizerSettings(tmp_path), engine=quick_engine()):
            raise AssertionError
