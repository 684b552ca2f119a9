"""What is done once at a start: accounts resume, wrong times are corrected, jobs of lost accounts end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain import quota
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import State
from bot.worker.accounts import STAND_IN
from bot.worker.recovery import recover, refresh_account
from storage import accounts, ledger, notifications, results
from storage.accounts import PAUSED_BY_OWNER
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.harness.rows import NOON, insert_job
from tests.harness.worker import Workers, open_workers

pytestmark = ON_BOTH

ACTIVE = [State.SUBMITTING, State.RUNNING, State.FETCHING]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


@pytest.fixture
async def workers(tmp_path: Path, service: StandIn) -> AsyncIterator[Workers]:
    async with open_workers(tmp_path, service) as opened:
        async with opened.database.write() as connection:
            for api_account in ("sk-one", "sk-old", STAND_IN):
                await accounts.take_over(connection, api_account, mean=1.0, deviation=1.0)
        yield opened


async def start_again(workers: Workers) -> None:
    for api_account in ("sk-one", "sk-old", STAND_IN):
        await refresh_account(workers.deps, api_account)
    await recover(workers.deps, {"sk-one"}, free={STAND_IN})


@pytest.mark.parametrize("state", ACTIVE)
async def test_a_job_at_an_account_whose_key_is_gone_ends_and_is_not_sent_again(workers: Workers, state: State) -> None:
    async with workers.database.write() as connection:
        slot = None if state == State.FETCHING else 0
        job = await insert_job(connection, "test:1", state=state, account_id="sk-old", slot=slot, attempts=1, turn=1000)
        scopes = quota.person_scope(1, 20, NOON), quota.budget_scope(None, NOON)
        await ledger.reserve(connection, job.id, scopes, now=workers.deps.clock.now())
    await start_again(workers)
    now = await workers.row(job)
    assert (now.state, now.error, now.slot) == (State.FAILED, ErrorCode.RESULT_LOST, None)
    sums = await workers.rows("SELECT scope, reserved, used FROM quota ORDER BY scope")
    assert sums == [("budget", 0, 1200), ("person:1", 0, 0)]  # the owner may have paid; the person has not
    assert await workers.rows("SELECT job_id FROM outbox") == [(job.id,)]


@pytest.mark.parametrize("state", ACTIVE)
async def test_a_job_of_the_stand_in_is_painted_by_the_present_account(
    workers: Workers, service: StandIn, state: State
) -> None:
    job = await workers.request()
    slot = None if state == State.FETCHING else 0
    await workers.set(job, state=state, account_id=STAND_IN, slot=slot)
    async with workers.database.write() as connection:
        await accounts.set_pause(connection, "sk-one", "Arrearage")
    await start_again(workers)
    assert (await workers.row(job)).state == State.QUEUED
    async with workers.running():
        assert (await workers.ended(job)).state == State.STORED
    assert len(await service.tasks()) == 1


async def test_a_start_resumes_every_account_that_the_owner_has_not_paused(workers: Workers) -> None:
    async with workers.database.write() as connection:
        await accounts.set_pause(connection, "sk-one", "Arrearage")
        await accounts.set_pause(connection, "sk-old", PAUSED_BY_OWNER)
    await start_again(workers)
    paused = await workers.rows(
        "SELECT id, paused_reason FROM account WHERE id <> :stand_in ORDER BY id", stand_in=STAND_IN
    )
    assert paused == [("sk-old", PAUSED_BY_OWNER), ("sk-one", None)]


async def test_jobs_of_accounts_that_are_still_ours_are_left_alone(workers: Workers) -> None:
    async with workers.database.write() as connection:
        job = await insert_job(connection, "test:1", state=State.RUNNING, account_id="sk-one", slot=0)
    await start_again(workers)
    assert await workers.row(job) == job


async def test_times_written_by_a_wrong_clock_delay_nobody(workers: Workers) -> None:
    job = await workers.request()
    in_years = workers.deps.clock.now() + 1e8
    await workers.set(job, next_at=in_years)
    async with workers.database.write() as connection:
        await accounts.set_breaker(connection, "sk-one", failures=3, open_until=in_years)
        await accounts.set_next_submit(connection, "sk-one", in_years)
        await results.add_to_outbox(connection, job.id, in_years)
        await notifications.insert(connection, job.id, in_years)
        await connection.execute(text("INSERT INTO broadcast (text, created, stopped) VALUES ('hello', 0, false)"))
        recipient = text("INSERT INTO recipient (broadcast_id, chat_id, next_at) VALUES (1, :chat, :at)")
        await connection.execute(recipient, {"chat": job.chat_id, "at": in_years})
    await start_again(workers)
    for table in ("outbox", "notice", "recipient"):
        ((next_at,),) = await workers.rows(f"SELECT next_at FROM {table}")
        assert next_at <= workers.deps.clock.now() + 300
    assert (await workers.row(job)).next_at <= workers.deps.clock.now() + 300
    await workers.set(job, next_at=0.0)
    async with workers.running():
        assert (await workers.ended(job)).state == State.STORED
