"""Refusals and answers that are not the API's, over the wire: what an account does, and how it goes on by itself."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.admin.service import set_pause, status_lines
from bot.dashscope.answers import api_error
from bot.dashscope.photo_links import SignedLinks
from bot.dashscope.wire import ApiResponse
from bot.domain.error_codes import ErrorCode
from bot.domain.eta import AWAY_FAILURES
from bot.domain.job_lifecycle import PAUSE_SECONDS
from bot.domain.job_view import State
from bot.jobs import views
from bot.jobs.views import Capacity
from bot.runtime.clock import WallClock
from bot.worker.claim import take_over
from bot.worker.poll import MANY_UNANSWERED
from storage import accounts
from storage.accounts import PAUSED_BY_OWNER, Account
from storage.jobs import Job
from tests.fakes.dashscope.proxy import Behaviour, Forward, lost_after, lost_before, passes, refused
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.fakes.http_server import Reply, as_json
from tests.harness.worker import Workers, open_workers

SPEED = 100.0  # a minute takes 0.6 s


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


@pytest.fixture
async def workers(tmp_path: Path, service: StandIn) -> AsyncIterator[Workers]:
    async with open_workers(tmp_path, service, clock=WallClock(speed=SPEED)) as opened:
        yield opened


async def account_of(workers: Workers) -> Account:
    async with workers.database.read() as connection:
        return await accounts.get(connection, "sk-one")


async def until(workers: Workers, fits: Callable[[Account], bool]) -> Account:
    """The account's row, once there is one that fits."""
    while True:
        async with workers.database.read() as connection:
            for account in await accounts.list_all(connection):
                if fits(account):
                    return account
        await workers.deps.clock.sleep(1.0)


async def is_shown_paused(workers: Workers, job: Job) -> bool:
    """Whether the job's card says that painting is paused."""
    row, capacity = await workers.row(job), Capacity(frozenset({"sk-one"}), 1, first_guess=15.0)
    async with workers.database.read() as connection:
        return (await views.read_view(connection, row, capacity, workers.deps.clock.now())).paused


def page(status: int) -> Behaviour:
    """A page of something that is not the API."""

    async def behaviour(_: Forward) -> Reply:
        where = (("Location", "http://login.invalid/"),) if status < 400 else ()
        return Reply(status, b"<html><h1>Forbidden</h1><hr>A firewall</html>", (("Content-Type", "text/html"), *where))

    return behaviour


async def resume(workers: Workers) -> None:
    """As `repaint admin resume` does it, in another process."""
    await set_pause(workers.database, None)


@pytest.mark.parametrize(
    ("status", "code"), [(401, "InvalidApiKey"), (400, "Arrearage"), (403, "AccessDenied"), (200, "InvalidApiKey")]
)
async def test_a_refused_query_pauses_the_account_and_the_same_task_goes_on(
    workers: Workers, service: StandIn, status: int, code: str
) -> None:
    job, other = await workers.request(), await workers.request("ben")
    workers.gate.always("query", refused(status, code))
    workers.gate.next("list", passes)  # this call only asks for the API's time
    workers.gate.always("list", refused(status, code))
    async with workers.running():
        account = await until(workers, lambda account: account.queries_refused)
        assert account.paused_reason == code
        assert await is_shown_paused(workers, job)
        assert await is_shown_paused(workers, other)
        assert code in "\n".join(await status_lines(workers.database, None, workers.deps.clock.now()))
        await until(workers, lambda account: account.failures >= 3)  # it asked the list twice more, and waits longer
        assert workers.gate.count("create") == 1
        assert workers.gate.count("query") <= 1
        assert workers.gate.count("list") <= 4  # one more may have asked what the API calls our key
        workers.gate.always("query", None)
        workers.gate.always("list", None)
        await resume(workers)
        assert (await workers.ended(job)).state == (await workers.ended(other)).state == State.STORED
    assert len(await service.tasks()) == 2


async def test_when_queries_are_answered_again_the_account_goes_on_by_itself(
    workers: Workers, service: StandIn
) -> None:
    job = await workers.request()
    workers.gate.next("query", refused(401, "InvalidApiKey"))
    workers.gate.next("list", passes, refused(401, "InvalidApiKey"))
    async with workers.running():
        assert (await workers.ended(job)).state == State.STORED
        account = await account_of(workers)
    assert (account.paused_reason, account.queries_refused) == (None, False)
    assert workers.gate.count("create") == 1
    assert workers.gate.count("list") <= 4  # one more asks what the API calls our key
    assert len(await service.tasks()) == 1


async def test_a_404_is_about_one_task_while_the_list_is_answered(workers: Workers) -> None:
    job, other = await workers.request(), await workers.request("ben")
    workers.gate.always("query", refused(404, "NotFound"))
    async with workers.running():
        done = await workers.ended(job)
        assert (done.state, done.error, done.slot) == (State.FAILED, ErrorCode.NOT_FINISHED, None)
        assert (await account_of(workers)).paused_reason is None
        workers.gate.always("query", None)
        assert (await workers.ended(other)).state == State.STORED
    assert workers.gate.count("query") <= 20


async def test_a_404_to_query_and_list_pauses_the_account(workers: Workers) -> None:
    job = await workers.request()
    workers.gate.always("query", refused(404, "NotFound"))
    workers.gate.next("list", passes)
    workers.gate.always("list", refused(404, "NotFound"))
    async with workers.running():
        assert (await until(workers, lambda account: account.queries_refused)).paused_reason == "NotFound"
        text = "\n".join(await status_lines(workers.database, None, workers.deps.clock.now()))
        assert "/api/v1" in text
        for kind in ("query", "list"):
            workers.gate.always(kind, None)
        await resume(workers)
        assert (await workers.ended(job)).state == State.STORED


async def test_a_submit_in_doubt_is_not_sent_again_while_the_list_is_refused(
    workers: Workers, service: StandIn
) -> None:
    job, other = await workers.request(), await workers.request("ben")
    workers.gate.next("create", lost_after)
    workers.gate.next("list", passes)
    workers.gate.always("list", refused(403, "AccessDenied"))
    async with workers.running():
        account = await until(workers, lambda account: account.failures >= 4)
        assert (account.paused_reason, account.queries_refused) == ("AccessDenied", True)
        assert (await workers.row(job)).state == State.SUBMITTING
        assert await is_shown_paused(workers, job)
        assert await is_shown_paused(workers, other)
        assert workers.gate.count("create") == 1
        workers.gate.always("list", None)
        await resume(workers)
        assert (await workers.ended(job)).state == (await workers.ended(other)).state == State.STORED
    assert len(await service.tasks()) == 2
    assert len(await workers.attempts(job)) == 1


async def test_a_refused_account_sends_one_submit_after_each_rest_and_goes_on_by_itself(workers: Workers) -> None:
    jobs = [await workers.request("anna"), await workers.request("ben")]
    workers.gate.next("create", *[refused(400, "Arrearage")] * 3)
    async with workers.running():
        for job in jobs:
            assert (await workers.ended(job)).state == State.STORED
    assert (await account_of(workers)).paused_reason is None
    creates = [arrival.at for arrival in workers.gate.arrivals if arrival.kind == "create"]
    assert len(creates) == 3 + 2
    rests = [later - earlier for earlier, later in pairwise(creates[:4])]
    assert all(rest >= PAUSE_SECONDS * 2**n / SPEED for n, rest in enumerate(rests))


async def test_a_refusal_does_not_replace_the_owners_pause(workers: Workers) -> None:
    async def paused_meanwhile(forward: Forward) -> Reply:
        await set_pause(workers.database, PAUSED_BY_OWNER)
        return await refused(400, "Arrearage")(forward)

    job = await workers.request()
    workers.gate.next("create", paused_meanwhile)
    async with workers.running():
        assert (await until(workers, lambda account: account.failures == 1)).paused_reason == PAUSED_BY_OWNER
        await workers.deps.clock.sleep(3 * PAUSE_SECONDS)
        assert ((await workers.row(job)).state, workers.gate.count("create")) == (State.QUEUED, 1)
        await resume(workers)
        assert (await workers.ended(job)).state == State.STORED


@pytest.mark.parametrize("status", [302, 401, 403, 404])
async def test_a_page_that_is_not_the_apis_pauses_nothing_and_fails_nobody(workers: Workers, status: int) -> None:
    jobs = [await workers.request(f"person {number}") for number in range(3)]
    workers.gate.next("list", page(status))  # this call only asks for the API's time
    workers.gate.next("create", *[page(status)] * 4)
    workers.gate.next("query", *[page(status)] * 4)
    async with workers.running():
        for job in jobs:
            assert (await workers.ended(job)).state == State.STORED
            assert (await account_of(workers)).paused_reason is None
    assert workers.gate.count("create") == 4 + 3


async def test_one_job_that_a_firewall_dislikes_holds_up_nobody(workers: Workers) -> None:
    disliked, others = await workers.request(), [await workers.request(f"person {number}") for number in range(3)]

    async def dislikes(forward: Forward) -> Reply:
        if b'"style_index": 7' in forward.request.body or b'"style_index":7' in forward.request.body:
            return await page(403)(forward)
        return await forward()

    await workers.set(disliked, style=7)
    workers.gate.always("create", dislikes)
    async with workers.running():
        for job in others:
            assert (await workers.ended(job)).state == State.STORED
        assert (await workers.row(disliked)).state in {State.QUEUED, State.SUBMITTING}
        workers.gate.always("create", None)
        assert (await workers.ended(disliked)).state == State.STORED


async def test_a_limit_per_minute_is_waited_for(workers: Workers) -> None:
    job = await workers.request()
    workers.gate.next("create", refused(429, "Throttling.AllocationQuota"))
    async with workers.running():
        await until(workers, lambda account: account.failures == 1)
        assert (await account_of(workers)).paused_reason is None
        assert (await workers.ended(job)).state == State.STORED
    first, second = [arrival.at for arrival in workers.gate.arrivals if arrival.kind == "create"]
    assert second - first >= 30.0 / SPEED


def said(code: str, message: str) -> Behaviour:
    async def behaviour(_: Forward) -> Reply:
        return as_json({"code": code, "message": message, "request_id": "r"}, 400)

    return behaviour


@pytest.mark.parametrize("where", ["inspection", "download"])
async def test_a_photo_that_the_api_cannot_load_by_link_goes_inside_the_request(workers: Workers, where: str) -> None:
    job, other = await workers.request(), await workers.request("ben")
    photos: list[bytes] = []

    async def noted(forward: Forward) -> Reply:
        photos.append(forward.request.body)
        is_link = b"http://127.0.0.1:1/photos/" in forward.request.body
        if is_link and where == "inspection":
            return await said("InvalidParameter.DataInspection", "Download the media resource timed out.")(forward)
        return await forward()

    workers.gate.always("create", noted)
    by_link = replace(workers.api_accounts[0], links=SignedLinks("http://127.0.0.1:1", b"s" * 32))
    async with workers.running(by_link):
        assert (await workers.ended(job)).state == (await workers.ended(other)).state == State.STORED
    assert [b"data:image/jpeg;base64," in photo for photo in photos] == [False, True, True]
    text = "\n".join(await status_lines(workers.database, None, workers.deps.clock.now()))
    assert "PUBLIC_URL" in text
    assert "PHOTO_LINKS" in text


async def test_without_a_way_that_works_people_read_that_their_photo_could_not_be_loaded(workers: Workers) -> None:
    job = await workers.request()
    workers.gate.always("create", said("InvalidParameter.DataInspection", "Download the media resource timed out."))
    async with workers.running():
        done = await workers.ended(job)
    assert (done.error, workers.gate.count("create")) == (ErrorCode.PHOTO_UNREACHABLE, 4)


async def test_an_unknown_refusal_ends_after_four_tries_and_stops_no_account(workers: Workers) -> None:
    job = await workers.request()
    workers.gate.always("create", said("NeverHeardOf", "No."))
    async with workers.running():
        done = await workers.ended(job)
        assert (await account_of(workers)).paused_reason is None
    assert (done.error, done.error_code, workers.gate.count("create")) == (
        ErrorCode.SERVICE_FAILED,
        "NeverHeardOf",
        4,
    )


async def test_the_owner_is_told_when_a_running_task_brings_no_answer_for_minutes(workers: Workers) -> None:
    job = await workers.request()
    workers.gate.always("query", lost_before)
    async with workers.running():
        while not await workers.rows("SELECT code FROM finding WHERE code = 'Unanswered'"):
            await workers.deps.clock.sleep(5.0)
        assert ((await workers.row(job)).state, workers.gate.count("query") < MANY_UNANSWERED + 5) == (
            State.RUNNING,
            True,
        )
        assert (await account_of(workers)).failures >= AWAY_FAILURES  # nothing is promised
        workers.gate.always("query", None)
        assert (await workers.ended(job)).state == State.STORED
        assert (await account_of(workers)).failures == 0


@pytest.mark.parametrize("silence", [lost_before, page(503), page(403)])
async def test_the_first_answer_of_the_list_ends_all_waits_for_an_answer(workers: Workers, silence: Behaviour) -> None:
    jobs = [await workers.request(who) for who in ("anna", "ben")]
    for kind in ("create", "list"):
        workers.gate.always(kind, silence)
    async with workers.running():
        await until(workers, lambda account: account.failures >= 1)
        lists = workers.gate.count("list")
        while workers.gate.count("list") < lists + 2:
            await workers.deps.clock.sleep(1.0)
        async with workers.database.write() as connection:  # as after an hour
            now = workers.deps.clock.now()
            await accounts.set_breaker(connection, "sk-one", failures=9, open_until=now + 10**6)
            await connection.execute(text("UPDATE job SET next_at = :at WHERE attempts > 0"), {"at": now + 10**6})
        for kind in ("create", "list"):
            workers.gate.always(kind, None)
        assert [(await workers.ended(job)).state for job in jobs] == [State.STORED] * 2


async def test_while_the_api_says_that_it_cant_a_submit_tries_every_half_minute(workers: Workers) -> None:
    context = await take_over(workers.api_accounts[0], workers.deps)
    error = api_error(ApiResponse(503, {}, b'{"code": "ModelUnavailable", "message": "Later."}'))
    for _ in range(9):
        await context.trip_breaker(error.decision, error)
    assert (await account_of(workers)).open_until <= workers.deps.clock.now() + 30.0
