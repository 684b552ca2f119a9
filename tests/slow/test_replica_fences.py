"""Two dispatchers of one account: whatever the earlier one still believes, it sends nothing late and writes nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.cluster.leadership import LeadershipLost
from bot.worker import reconcile
from bot.worker.claim import AskAgain, ClaimedJob, RetryIn, claim, peek, take_over
from bot.worker.context import AccountContext
from bot.worker.reconcile import Proof
from bot.worker.submit import reconcile_submit, submit
from common.clock import steady
from storage.jobs import Job, State
from tests.fakes.dashscope.proxy import lost_after, lost_before
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.harness.worker import Workers, open_workers


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


@pytest.fixture
async def workers(tmp_path: Path, service: StandIn, database_kind: str) -> AsyncIterator[Workers]:
    async with open_workers(tmp_path, service) as opened:
        yield opened


async def claimed(context: AccountContext) -> Job:
    found: ClaimedJob | RetryIn | AskAgain = RetryIn(0.0)
    while not isinstance(found, ClaimedJob):
        found = await claim(context)
    return found.job


async def taken_over(workers: Workers) -> AccountContext:
    return await take_over(workers.api_accounts[0], workers.deps)


@dataclass
class SlowLinks:
    """An upload that lasts until it is let go."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:
        self.begun.set()
        await self.go.wait()
        return "data:image/jpeg;base64,AAAA"


async def test_who_was_deposed_before_it_sent_sends_nothing(workers: Workers) -> None:
    links, job = SlowLinks(), await workers.request()
    old = await take_over(replace(workers.api_accounts[0], links=links), workers.deps)
    sending = asyncio.create_task(submit(old, await claimed(old)))
    await links.begun.wait()
    old.note_proof(
        Proof(steady() - 2 * reconcile.SEND_SECONDS, workers.deps.clock.now())
    )  # so long the upload has taken
    await taken_over(workers)
    links.go.set()
    with pytest.raises(LeadershipLost):
        await sending
    assert workers.gate.count("create") == 0
    assert (await workers.row(job)).state == State.SUBMITTING  # for its successor to settle


async def test_what_was_claimed_long_ago_is_dated_anew_before_it_is_sent(workers: Workers) -> None:
    job, context = await workers.request(), await taken_over(workers)
    now = await claimed(context)
    (before,) = await workers.rows("SELECT intent_at FROM attempt")
    context.note_proof(Proof(steady() - 60, workers.deps.clock.now()))
    assert (await submit(context, now)).state == State.RUNNING
    (after,) = await workers.rows("SELECT intent_at FROM attempt")
    assert after.intent_at > before.intent_at
    assert (await workers.row(job)).state == State.RUNNING


async def test_a_task_that_was_made_for_a_deposed_one_is_known_and_adopted_by_its_successor(
    workers: Workers, service: StandIn
) -> None:
    job, old = await workers.request(), await taken_over(workers)
    held = workers.gate.hold("create", answer_too=True)
    held.go.set()
    sending = asyncio.create_task(submit(old, await claimed(old)))
    await held.taken.wait()
    new = await taken_over(workers)
    held.back.set()
    with pytest.raises(LeadershipLost):
        await sending
    (task,) = await service.tasks()
    assert await workers.attempts(job) == [(1, task.task_id, None)]
    assert (await reconcile_submit(new, await workers.row(job), asyncio.Event())).task_id == task.task_id


async def test_a_successor_looks_longer_for_what_another_may_still_be_sending(workers: Workers) -> None:
    await workers.request()
    old = await taken_over(workers)
    workers.gate.next("create", lost_before)
    in_doubt = await submit(old, await claimed(old))
    leadership = await taken_over(workers)
    new = AccountContext(
        leadership.api_account, workers.deps, epoch=leadership.epoch, durations=leadership.durations, is_contested=True
    )
    (attempt,) = await workers.rows("SELECT send_seconds FROM attempt")
    assert (await reconcile_submit(new, in_doubt, asyncio.Event())).state == State.QUEUED
    waited = (workers.gate.count("list") - 1) * reconcile.BETWEEN_LOOKS_SECONDS
    assert waited >= reconcile.SEND_SECONDS + attempt.send_seconds  # until the other can send no more


async def test_ones_own_submit_in_doubt_is_looked_for_as_ever(workers: Workers) -> None:
    await workers.request()
    context = await taken_over(workers)
    context.is_contested = True
    workers.gate.next("create", lost_after)
    in_doubt = await submit(context, await claimed(context))
    assert (await reconcile_submit(context, in_doubt, asyncio.Event())).state == State.RUNNING
    assert workers.gate.count("list") == 1


async def test_a_look_in_vain_writes_nothing_and_an_old_epoch_is_told_so(workers: Workers) -> None:
    context = await taken_over(workers)
    assert isinstance(await peek(context), RetryIn)
    await workers.request()
    while (retry := await peek(context)) is not None:  # the first submit is spaced too
        assert isinstance(retry, RetryIn)
        assert retry.seconds > 0
    new = await taken_over(workers)
    for look in (peek(context), claim(context)):
        with pytest.raises(LeadershipLost):
            await look
    assert new.epoch == context.epoch + 1


async def test_every_attempt_bears_the_epoch_of_who_sent_it(workers: Workers) -> None:
    await workers.request()
    await taken_over(workers)
    context = await taken_over(workers)
    await claimed(context)
    assert await workers.rows("SELECT epoch FROM attempt") == [(context.epoch,)]
