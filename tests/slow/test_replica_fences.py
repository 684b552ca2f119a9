"""Two dispatchers of one account: whatever the earlier one still believes, it sends nothing late and writes nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.cluster.leadership import LeadershipLost
from bot.worker import reconcile
from bot.worker.claim import ClaimedJob, RetryIn, claim, peek, take_over
from bot.worker.context import AccountContext
from bot.worker.submit import reconcile_submit, submit
from common.clock import steady
from storage.jobs import Job, State
from tests.fakes.dashscope.proxy import lost_after, lost_before
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.harness.worker import Workshop, workshop


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


@pytest.fixture
async def shop(tmp_path: Path, service: StandIn, database_kind: str) -> AsyncIterator[Workshop]:
    async with workshop(tmp_path, service) as opened:
        yield opened


async def claimed(context: AccountContext) -> Job:
    found: ClaimedJob | RetryIn = RetryIn(0.0)
    while not isinstance(found, ClaimedJob):
        found = await claim(context)
    return found.job


async def taken_over(shop: Workshop) -> AccountContext:
    return await take_over(shop.api_accounts[0], shop.house)


@dataclass
class SlowLinks:
    """An upload that lasts until it is let go."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:
        self.begun.set()
        await self.go.wait()
        return "data:image/jpeg;base64,AAAA"


async def test_who_was_deposed_before_it_sent_sends_nothing(shop: Workshop) -> None:
    links, job = SlowLinks(), await shop.wish()
    old = await take_over(replace(shop.api_accounts[0], links=links), shop.house)
    sending = asyncio.create_task(submit(old, await claimed(old)))
    await links.begun.wait()
    old.note_fence(steady() - 2 * reconcile.SEND_SECONDS, shop.house.clock.now())  # so long the upload has taken
    await taken_over(shop)
    links.go.set()
    with pytest.raises(LeadershipLost):
        await sending
    assert shop.gate.count("create") == 0
    assert (await shop.row(job)).state == State.SUBMITTING  # for its successor to settle


async def test_what_was_claimed_long_ago_is_dated_anew_before_it_is_sent(shop: Workshop) -> None:
    job, context = await shop.wish(), await taken_over(shop)
    now = await claimed(context)
    (before,) = await shop.rows("SELECT intent_at FROM attempt")
    context.note_fence(steady() - 60, shop.house.clock.now())
    assert (await submit(context, now)).state == State.RUNNING
    (after,) = await shop.rows("SELECT intent_at FROM attempt")
    assert after.intent_at > before.intent_at
    assert (await shop.row(job)).state == State.RUNNING


async def test_a_task_that_was_made_for_a_deposed_one_is_known_and_adopted_by_its_successor(
    shop: Workshop, service: StandIn
) -> None:
    job, old = await shop.wish(), await taken_over(shop)
    held = shop.gate.hold("create", answer_too=True)
    held.go.set()
    sending = asyncio.create_task(submit(old, await claimed(old)))
    await held.taken.wait()
    new = await taken_over(shop)
    held.back.set()
    with pytest.raises(LeadershipLost):
        await sending
    (task,) = await service.tasks()
    assert await shop.attempts(job) == [(1, task.task_id, None)]
    assert (await reconcile_submit(new, await shop.row(job), asyncio.Event())).task_id == task.task_id


async def test_a_successor_looks_longer_for_what_another_may_still_be_sending(shop: Workshop) -> None:
    await shop.wish()
    old = await taken_over(shop)
    shop.gate.next("create", lost_before)
    in_doubt = await submit(old, await claimed(old))
    leadership = await taken_over(shop)
    new = AccountContext(
        leadership.api_account, shop.house, epoch=leadership.epoch, durations=leadership.durations, is_contested=True
    )
    assert (await reconcile_submit(new, in_doubt, asyncio.Event())).state == State.QUEUED
    assert shop.gate.count("list") == reconcile.LOOKS_AFTER_TAKEOVER
    waited = (reconcile.LOOKS_AFTER_TAKEOVER - 1) * reconcile.BETWEEN_LOOKS_SECONDS
    assert waited > reconcile.SEND_SECONDS + reconcile.SUBMIT_SECONDS  # until the other can send no more


async def test_ones_own_submit_in_doubt_is_looked_for_as_ever(shop: Workshop) -> None:
    await shop.wish()
    context = await taken_over(shop)
    context.is_contested = True
    shop.gate.next("create", lost_after)
    in_doubt = await submit(context, await claimed(context))
    assert (await reconcile_submit(context, in_doubt, asyncio.Event())).state == State.RUNNING
    assert shop.gate.count("list") == 1


async def test_a_look_in_vain_writes_nothing_and_an_old_epoch_is_told_so(shop: Workshop) -> None:
    context = await taken_over(shop)
    assert isinstance(await peek(context), RetryIn)
    await shop.wish()
    while (retry := await peek(context)) is not None:  # the first submit is spaced too
        assert retry.seconds > 0
    new = await taken_over(shop)
    for look in (peek(context), claim(context)):
        with pytest.raises(LeadershipLost):
            await look
    assert new.epoch == context.epoch + 1


async def test_every_attempt_bears_the_epoch_of_who_sent_it(shop: Workshop) -> None:
    await shop.wish()
    await taken_over(shop)
    context = await taken_over(shop)
    await claimed(context)
    assert await shop.rows("SELECT epoch FROM attempt") == [(context.epoch,)]
