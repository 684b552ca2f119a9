"""Submits over a failing network: accepted ones are adopted, others are sent again, and nothing is paid twice."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from bot.dashscope.client import Timeouts
from bot.dashscope.photo_links import InlineLinks
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import State
from bot.runtime.clock import WallClock
from bot.worker import reconcile
from bot.worker.recovery import refresh_account
from storage import accounts
from storage.database import open_database
from storage.jobs import ENDED, Job
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.proxy import (
    NOTHING,
    Behaviour,
    Forward,
    answered,
    garbage,
    garbage_after,
    lost_after,
    lost_before,
    never_answers,
    passes,
    refused,
)
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.fakes.http_server import Reply
from tests.fakes.postgres import place_of
from tests.harness.worker import Workers, open_workers

pytestmark = ON_BOTH

SHORT = Timeouts(connect=1.0, read=0.2, call=0.3, answer=0.2, submit=0.3)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


@pytest.fixture
async def workers(tmp_path: Path, service: StandIn) -> AsyncIterator[Workers]:
    async with open_workers(tmp_path, service) as opened:
        yield opened


async def backdate(workers: Workers, job: Job, seconds: float) -> None:
    """Move the date of the job's attempt back by so many seconds."""
    async with workers.database.write() as connection:
        await connection.execute(
            text("UPDATE attempt SET server_at = server_at - :by, intent_at = intent_at - :by WHERE job_id = :id"),
            {"by": seconds, "id": job.id},
        )


async def twice(forward: Forward) -> Reply:
    """The request is accepted, another one under the same key arrives at the same moment, and the answer is lost."""
    await forward()
    await forward()
    return NOTHING


@pytest.mark.parametrize("deed", [lost_after, garbage_after], ids=lambda deed: deed.__name__)
async def test_an_accepted_submit_whose_answer_is_lost_is_found_and_not_sent_again(
    workers: Workers, service: StandIn, deed: Behaviour
) -> None:
    before, job = await workers.request("ben"), await workers.request()
    workers.gate.next("create", passes, deed)
    async with workers.running():
        done = await workers.ended(job)
    first, task = await service.tasks()  # the first was created at the same moment, but belongs to a known attempt
    assert done.state == State.STORED
    assert await workers.attempts(before) == [(1, first.task_id, "succeeded")]
    assert await workers.attempts(job) == [(1, task.task_id, "succeeded")]
    assert await workers.units() == (0, 1)


@pytest.mark.parametrize("deed", [lost_before, garbage, refused(500, "InternalError")], ids=["lost", "garbage", "500"])
async def test_a_submit_that_was_not_accepted_is_looked_for_and_sent_again(
    workers: Workers, service: StandIn, deed: Behaviour
) -> None:
    job = await workers.request()
    workers.gate.next("create", deed)
    async with workers.running():
        done = await workers.ended(job)
    (task,) = await service.tasks()
    assert done.state == State.STORED
    assert await workers.attempts(job) == [(1, None, "missed"), (2, task.task_id, "succeeded")]
    kinds = [arrival.kind for arrival in workers.gate.arrivals]
    sent_again = len(kinds) - 1 - kinds[::-1].index("create")
    assert kinds[:sent_again].count("list") == 1 + reconcile.LOOKS  # the first call only asks for the API's time
    assert await workers.units() == (0, 1)


class HeavyLinks:
    """The photo itself, in a request of a megabyte."""

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:
        return (await InlineLinks().expose(key, jpeg, now)).ljust(1_000_000, "=")


async def test_the_row_says_how_long_a_submit_may_take_before_it_is_sent(workers: Workers) -> None:
    seen: list[float] = []

    async def look(_: Forward) -> Reply:
        seen.extend(row.send_seconds for row in await workers.rows("SELECT send_seconds FROM attempt ORDER BY job_id"))
        return NOTHING

    light = workers.api_accounts[0]
    job = await workers.request()
    workers.gate.always("create", look)
    async with workers.running(replace(light, links=HeavyLinks())):
        await workers.until(job, lambda _: bool(seen))
        workers.gate.always("create", None)
        await workers.until(job, lambda now: now.attempts == 2 or now.state in ENDED)
    assert seen[0] == pytest.approx(light.client.shortest_submit + 1_000_000 / Timeouts().slowest - 1, abs=0.01)


async def test_a_submit_that_is_never_answered_is_given_up_and_settled(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service, timeouts=SHORT) as workers:
        job = await workers.request()
        workers.gate.next("create", never_answers)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED
        assert [outcome for _, _, outcome in await workers.attempts(job)] == ["missed", "succeeded"]
        assert len(await service.tasks()) == 1


async def test_with_two_candidates_nothing_is_adopted(workers: Workers, service: StandIn) -> None:
    job = await workers.request()
    workers.gate.next("create", twice)
    async with workers.running():
        done = await workers.ended(job)
    first, second, third = await service.tasks()
    assert (done.state, done.resubmits) == (State.STORED, 1)
    assert await workers.attempts(job) == [(1, None, "ambiguous"), (2, third.task_id, "succeeded")]
    assert (
        await workers.rows("SELECT * FROM attempt WHERE task_id IN (:a, :b)", a=first.task_id, b=second.task_id) == []
    )


async def test_two_candidates_twice_end_the_job_and_count_as_paid_by_the_owner(
    workers: Workers, service: StandIn
) -> None:
    job = await workers.request()
    workers.gate.next("create", twice, twice)
    async with workers.running():
        done = await workers.ended(job)
    assert (done.state, done.error) == (State.FAILED, ErrorCode.SERVICE_DOWN)
    assert await workers.units() == (0, 0)
    assert await workers.rows(
        "SELECT jobs_reserved AS reserved, jobs_used AS used FROM quota WHERE scope = 'budget'"
    ) == [(0, 1)]
    assert len(await service.tasks()) == 4  # as many as were sent, and never a fifth


async def test_a_submit_that_was_delayed_on_its_way_is_found(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service, timeouts=SHORT) as workers:
        job = await workers.request()
        held = workers.gate.hold("create")
        workers.gate.always("list", refused(503, "ModelUnavailable"))
        async with workers.running():
            await workers.until(job, lambda now: now.state == State.SUBMITTING and workers.gate.count("list") > 2)
            await backdate(workers, job, 60.0)
            held.go.set()
            await held.taken.wait()
            workers.gate.always("list", None)
            assert (await workers.ended(job)).state == State.STORED
        (task,) = await service.tasks()
        assert await workers.attempts(job) == [(1, task.task_id, "succeeded")]


async def test_a_late_task_that_may_be_another_persons_is_not_adopted(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service, timeouts=SHORT) as workers:
        first, second = await workers.request("anna"), await workers.request("ben")

        async def lost_and_silent(_: Forward) -> Reply:
            workers.gate.always("list", refused(503, "ModelUnavailable"))
            return NOTHING

        held = workers.gate.hold("create")  # given up and sent again, while it is still on its way
        workers.gate.next("create", passes, lost_and_silent)
        async with workers.running():
            await workers.until(second, lambda now: now.state == State.SUBMITTING and workers.gate.count("create") == 2)
            await backdate(workers, second, 60.0)
            held.go.set()
            await held.taken.wait()
            workers.gate.always("list", None)
            assert (await workers.ended(second)).state == (await workers.ended(first)).state == State.STORED
        assert [outcome for _, _, outcome in await workers.attempts(first)] == ["missed", "succeeded"]
        assert [outcome for _, _, outcome in await workers.attempts(second)] == ["ambiguous", "succeeded"]


async def test_while_the_task_list_does_not_answer_nothing_else_is_sent(workers: Workers) -> None:
    first, second = await workers.request("anna"), await workers.request("ben")
    workers.gate.next("create", lost_after)
    workers.gate.always("list", refused(503, "ModelUnavailable"))
    async with workers.running(replace(workers.api_accounts[0], slots=2)):  # although a slot is free
        while workers.gate.count("list") < 4:
            await workers.deps.clock.sleep(0.1)
        async with workers.database.write() as connection:  # the breaker would have closed by now
            await accounts.reset(connection, "sk-one")
        await workers.deps.clock.sleep(5.0)
        assert ((await workers.row(first)).state, (await workers.row(second)).state) == (State.SUBMITTING, State.QUEUED)
        assert workers.gate.count("create") == 1
        workers.gate.always("list", None)
        assert (await workers.ended(first)).state == (await workers.ended(second)).state == State.STORED
    assert len(await workers.attempts(first)) == 1


async def test_the_lost_task_is_found_on_the_last_page_of_a_list_that_begins_with_the_oldest(
    workers: Workers, service: StandIn
) -> None:
    numbers: list[int] = []

    async def oldest_first(forward: Forward) -> Reply:
        (task,) = await service.tasks()
        number = int(httpx.URL(forward.request.target).params["page_no"])
        numbers.append(number)
        old = [{"task_id": f"old-{n}", "gmt_create": 1_000_000 + n, "status": "SUCCEEDED"} for n in range(50)]
        key_id = task.account[:8]
        ours = [{"task_id": task.task_id, "gmt_create": task.submitted, "status": "RUNNING", "api_key_id": key_id}]
        data = ours if number == 9 else old
        return await answered({"data": data, "total": 401, "page_no": number, "total_page": 9})(forward)

    job = await workers.request()
    workers.gate.next("create", lost_after)
    workers.gate.next("list", passes)  # this call only asks for the API's time
    workers.gate.always("list", oldest_first)
    async with workers.running():
        assert (await workers.ended(job)).state == State.STORED
    assert len(await service.tasks()) == 1
    assert numbers[:3] == [1, 9, 8]  # the first page, the last, and the one before it: too old


async def test_rate_limited_jobs_keep_their_place_and_the_account_waits_longer_each_time(
    tmp_path: Path, service: StandIn
) -> None:
    async with open_workers(tmp_path, service, clock=WallClock(speed=20)) as workers:
        first, second = await workers.request("anna"), await workers.request("ben")
        workers.gate.next("create", *[refused(429, "Throttling.RateQuota")] * 3)
        async with workers.running():
            tripped = await workers.until(first, lambda job: job.attempts == 3 and job.state == State.QUEUED)
            (api_account,) = await workers.rows("SELECT failures, open_until FROM account")
            assert (tripped.turn, tripped.resubmits, api_account.failures) == (first.turn, 0, 3)
            assert api_account.open_until > workers.deps.clock.now()
            await workers.ended(first)
            await workers.ended(second)
        assert await workers.rows("SELECT failures, open_until FROM account") == [(0, 0)]
        creates = [arrival.at for arrival in workers.gate.arrivals if arrival.kind == "create"]
        assert creates[1] - creates[0] >= 2.5 / 20
        assert creates[3] - creates[2] >= 10 / 20
        one, other = await service.tasks()
        assert [(await workers.attempts(job))[-1][1] for job in (first, second)] == [one.task_id, other.task_id]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "Arrearage"),
        (401, "InvalidApiKey"),
        (403, "AccessDenied.Unpurchased"),
        (403, "AllocationQuota.FreeTierOnly"),
        (404, "ModelNotFound"),
        (404, "NotFound"),
        (403, "Model.AccessDenied"),
        (403, "NeverHeardOf"),
        (429, "PrepaidBillOverdue"),
    ],
)
async def test_errors_that_only_the_owner_can_fix_pause_the_account_and_lose_nothing(
    workers: Workers, service: StandIn, status: int, code: str
) -> None:
    jobs = [await workers.request(), await workers.request("ben")]
    workers.gate.always("create", refused(status, code))
    async with workers.running():
        await workers.until(jobs[0], lambda job: job.attempts == 1 and job.state == State.QUEUED)
        for _ in range(5):
            await workers.deps.clock.sleep(1.0)
    assert workers.gate.count("create") == 1
    assert await workers.rows("SELECT paused_reason FROM account") == [(code,)]
    assert [(await workers.row(job)).turn for job in jobs] == [job.turn for job in jobs]
    assert await workers.units() == (1, 0)
    workers.gate.always("create", None)
    await refresh_account(workers.deps, "sk-one")
    async with workers.running():
        assert {(await workers.ended(job)).state for job in jobs} == {State.STORED}


async def test_other_accounts_do_the_queue_of_a_paused_one(tmp_path: Path, service: StandIn) -> None:
    async def only_two(forward: Forward) -> Reply:
        if forward.request.headers["authorization"] == "Bearer sk-two":
            return await forward()
        return await refused(401, "InvalidApiKey")(forward)

    async with open_workers(tmp_path, service, keys=("sk-one", "sk-two")) as workers:
        workers.gate.always("create", only_two)
        jobs = [await workers.request(f"person {number}") for number in range(5)]
        async with workers.running():
            done = [await workers.ended(job) for job in jobs]
        assert {(job.state, job.account_id) for job in done} == {(State.STORED, "sk-two")}
        paused = await workers.rows("SELECT id, paused_reason FROM account ORDER BY id")
        assert paused == [("sk-one", "InvalidApiKey"), ("sk-two", None)]


async def test_a_job_whose_photo_has_expired_fails_before_anything_is_sent(workers: Workers) -> None:
    job = await workers.request()
    await workers.deps.photos.delete(job.photo or "")
    async with workers.running():
        done = await workers.ended(job)
    assert (done.state, done.error, done.slot) == (State.FAILED, ErrorCode.PHOTO_EXPIRED, None)
    assert (workers.gate.count("create"), await workers.units()) == (0, (0, 0))


class HeldLinks:
    """Links that are ready when the test says so."""

    def __init__(self) -> None:
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:
        self.asked.set()
        await self.go.wait()
        return "data:image/jpeg;base64,"


async def test_a_job_that_is_cancelled_before_its_request_is_sent_is_not_sent(workers: Workers) -> None:
    job, links = await workers.request(), HeldLinks()
    async with workers.running(replace(workers.api_accounts[0], links=links)):
        await links.asked.wait()
        await workers.cancel(job)
        links.go.set()
        done = await workers.ended(job)
    assert (done.state, done.slot) == (State.CANCELED, None)
    assert (workers.gate.count("create"), await workers.units()) == (0, (0, 0))
    assert await workers.rows(
        "SELECT jobs_reserved AS reserved, jobs_used AS used FROM quota WHERE scope = 'budget'"
    ) == [(0, 0)]


class BrokenLinks:
    """Links that fail for one photo."""

    def __init__(self, job: Job, workers: Workers) -> None:
        self.job, self.working = job, workers.api_accounts[0].links

    async def expose(self, key: str, jpeg: bytes, now: float) -> str:
        if key == self.job.photo:
            raise KeyError(key)
        return await self.working.expose(key, jpeg, now)


async def test_an_exception_over_one_photo_does_not_stop_the_others(workers: Workers) -> None:
    bad, good = await workers.request("anna"), [await workers.request("ben"), await workers.request("carl")]
    async with workers.running(replace(workers.api_accounts[0], links=BrokenLinks(bad, workers))):
        assert {(await workers.ended(job)).state for job in good} == {State.STORED}
    assert (await workers.row(bad)).state in {State.QUEUED, State.SUBMITTING}
    assert {outcome for _, _, outcome in await workers.attempts(bad)} <= {"missed", None}


async def test_every_attempt_is_committed_before_its_request_is_sent(workers: Workers, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    async def look(forward: Forward) -> Reply:
        async with open_database(place_of(tmp_path)) as database, database.read() as connection:
            attempts = (await connection.execute(text("SELECT COUNT(*) FROM attempt"))).scalar_one()
        seen.append((len(seen) + 1, attempts))
        return await forward()

    workers.gate.always("create", look)
    jobs = [await workers.request(f"person {number}") for number in range(8)]
    async with workers.running():
        for job in jobs:
            await workers.ended(job)
    assert seen == [(number, number) for number in range(1, 9)]
