"""Two installations on one PostgreSQL, and the wire between one of them and the database: cut, or fallen silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot.app import Installation, open_installation, running
from bot.cluster.election import Election
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.platform import Person
from bot.worker.accounts import account_id
from chaos.tcp_proxy import database_proxy
from storage.database import Database, open_database
from storage.jobs import State
from tests.fakes.dashscope.proxy import ApiProxy, api_proxy
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, portrait_jpeg, stand_in
from tests.harness.app import ANNA, accepted, ended, private, settings_for
from tests.harness.replica_processes import SOON

KEY = SecretStr("sk-one-account-of-several")


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[StandIn]:
    """Holds its tasks RUNNING until `go` is there."""
    async with stand_in(tmp_path / "service", engine=quick_engine(until=tmp_path / "go")) as running:
        yield running


@asynccontextmanager
async def installation(folder: Path, url: str, front: ApiProxy) -> AsyncIterator[Installation]:
    """One of several: its rows are at `url`, its pictures where the others' are."""
    shared = {"database_url": url, "secret_key": "s" * 40, "dashscope_api_key": (KEY,)}
    settings = settings_for(folder / "data", dashscope_base_url=front.base_url, **shared)
    async with open_installation(settings) as app, running(app, ()):
        yield app


async def driver(database: Database) -> tuple[str, int] | None:
    """Who drives the lane, and in which epoch."""
    async with database.read() as connection:
        asked = text("SELECT owner, epoch FROM role WHERE name = :name")
        row = (await connection.execute(asked, {"name": f"dispatcher:{account_id(KEY)}"})).one_or_none()
    return None if row is None else (row.owner, row.epoch)


async def driven_by(database: Database, app: Installation) -> None:
    """Wait until this one drives the lane."""
    assert isinstance(app.roles, Election)
    async with asyncio.timeout(SOON):
        while (await driver(database) or ("",))[0] != app.roles.owner:
            await app.deps.clock.sleep(0.1)


async def submit(app: Installation, who: Person, number: int) -> int:
    photo = portrait_jpeg(shade=20 * number)
    return accepted(
        await app.services.jobs.submit(
            JobRequest(who, private(who), f"test:{number}", photo=photo, style=StyleChoice(0))
        )
    ).id


@pytest.mark.parametrize("trouble", ["cut", "blackhole"])
async def test_one_that_is_cut_off_is_followed_and_never_drives_beside_another(
    tmp_path: Path, held: StandIn, postgres_url: str, trouble: str
) -> None:
    async with (
        api_proxy(held) as front,
        database_proxy(postgres_url) as (line, through),
        open_database(postgres_url) as database,
        installation(tmp_path, through, front) as one,
    ):
        await driven_by(database, one)
        async with installation(tmp_path, postgres_url, front) as two:
            jobs = [await submit(one, ANNA, number) for number in range(3)]
            while (await two.services.queries.job(ANNA, jobs[0])).state != State.RUNNING:  # type: ignore[union-attr]  # hers
                await two.deps.clock.sleep(0.1)
            getattr(line, trouble)()
            await driven_by(database, two)
            (tmp_path / "go").touch()
            assert (await ended(two, ANNA, jobs[1])).state == State.STORED
            line.restore()
            assert (await ended(two, ANNA, jobs[2])).state == State.STORED
    tasks = await held.tasks()
    async with open_database(postgres_url) as database, database.read() as connection:
        sent = (await connection.execute(text("SELECT task_id, epoch FROM attempt ORDER BY intent_at"))).all()
    assert sorted(row.task_id for row in sent) == sorted(task.task_id for task in tasks)
    assert len(tasks) == 3
    epochs = [row.epoch for row in sent]
    assert epochs == sorted(epochs)  # once another has sent something, the one before it never did again
    assert (await held.report()).most_running == 1


async def test_a_request_made_here_is_seen_there_at_once_and_the_clock_is_the_same(
    tmp_path: Path, held: StandIn, postgres_url: str
) -> None:
    async with (
        api_proxy(held) as front,
        installation(tmp_path, postgres_url, front) as one,
        installation(tmp_path, postgres_url, front) as two,
    ):
        heard = two.deps.wakeups.subscribe()
        job = await submit(one, ANNA, 1)
        async with asyncio.timeout(SOON):
            await heard.wait()
        assert await two.services.queries.job(ANNA, job) is not None
        assert abs(one.deps.clock.now() - two.deps.clock.now()) < 1.0
        assert one.http_deps.secret == two.http_deps.secret
        assert not one.alone
