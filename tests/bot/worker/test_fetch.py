"""FETCHING: the picture comes home, whatever its link does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import State
from storage.jobs import Job
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.proxy import Deed, Forward, answered, garbage, lost_after, refused
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.fakes.http_server import Reply
from tests.harness.worker import Workshop, workshop

pytestmark = ON_BOTH

GONE = refused(403, "AccessDenied")
UNKNOWN = answered({"output": {"task_id": "t", "task_status": "UNKNOWN"}})


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


async def half_a_picture(forward: Forward) -> Reply:
    """The connection breaks in the middle of it."""
    whole = await forward()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(whole.body)}\r\n\r\n".encode()
    return Reply(raw=head + whole.body[: len(whole.body) // 2])


async def no_picture(_: Forward) -> Reply:
    """It begins like a JPEG, and is none."""
    return Reply(200, b"\xff\xd8\xff" + bytes(100))


async def stored(shop: Workshop, job: Job) -> bytes:
    """The picture in store."""
    ((key,),) = await shop.rows("SELECT key FROM result WHERE job_id = :id", id=job.id)
    return await shop.house.photos.get(key) or b""


@pytest.mark.parametrize(
    "deed",
    [GONE, refused(404, "NoSuchKey"), refused(500, "InternalError"), garbage, lost_after, half_a_picture, no_picture],
    ids=["expired", "404", "500", "garbage", "lost", "cut", "nonsense"],
)
async def test_a_picture_that_does_not_come_at_once_is_fetched_again(
    tmp_path: Path, service: StandIn, deed: Deed
) -> None:
    async with workshop(tmp_path, service) as shop:
        job = await shop.wish()
        shop.gate.next("result", deed, deed)
        async with shop.at_work():
            assert (await shop.ended(job)).state == State.STORED
        picture = await stored(shop, job)
        assert picture.startswith(b"\xff\xd8\xff")
        assert picture.endswith(b"\xff\xd9")
        assert (shop.gate.count("result"), shop.gate.count("create")) == (3, 1)


async def test_an_expired_link_is_replaced_by_a_fresh_one(tmp_path: Path, service: StandIn) -> None:
    asked: list[str] = []

    async def with_an_old_link(forward: Forward) -> Reply:
        reply = await forward()
        if b"Signature=" in reply.body:
            shop.gate.always("query", None)  # the next answer has a good one
        return Reply(reply.status, reply.body.replace(b"Signature=", b"Signature=0"), reply.headers)

    async def note(forward: Forward) -> Reply:
        asked.append(forward.request.target)
        return await forward()

    async with workshop(tmp_path, service) as shop:
        job = await shop.wish()
        shop.gate.always("query", with_an_old_link)
        shop.gate.always("result", note)
        async with shop.at_work():
            assert (await shop.ended(job)).state == State.STORED
    assert len(set(asked)) == 2


async def test_a_link_to_a_house_that_moved_is_replaced_by_a_fresh_one(tmp_path: Path, service: StandIn) -> None:
    async with workshop(tmp_path, service) as shop:
        job = await shop.wish()
        held = shop.gate.hold("result")
        async with shop.at_work():
            await held.reached.wait()
    async with workshop(tmp_path, service) as shop:  # the gate has another port now, and the old one is closed
        async with shop.at_work():
            assert (await shop.ended(job)).state == State.STORED
        assert shop.gate.count("create") == 0


async def test_the_slot_is_free_while_the_picture_is_fetched(tmp_path: Path, service: StandIn) -> None:
    async with workshop(tmp_path, service) as shop:
        first, second = await shop.wish("anna"), await shop.wish("ben")
        held = shop.gate.hold("result")
        async with shop.at_work():
            await held.reached.wait()
            assert (await shop.ended(second)).state == State.STORED
            assert (await shop.row(first)).state == State.FETCHING
            held.go.set()
            assert (await shop.ended(first)).state == State.STORED


async def test_a_picture_that_the_api_does_not_know_any_more_is_lost_and_said_so(
    tmp_path: Path, service: StandIn
) -> None:
    async with workshop(tmp_path, service) as shop:
        job = await shop.wish()
        shop.gate.always("result", GONE)
        async with shop.at_work():
            await shop.when(job, lambda now: now.state == State.FETCHING)
            shop.gate.always("query", UNKNOWN)
            done = await shop.ended(job)
        assert (done.error, done.result_url) == (ErrorCode.RESULT_LOST, None)
        assert await shop.units() == (0, 0)
        assert await shop.rows("SELECT reserved, used FROM quota WHERE scope = 'budget'") == [(0, 1)]
        assert shop.gate.count("create") == 1


async def test_after_two_days_away_it_is_tried_once_more(tmp_path: Path, service: StandIn) -> None:
    async with workshop(tmp_path, service) as shop:
        job, lost = await shop.wish(), await shop.wish("ben")
        shop.gate.always("result", GONE)
        async with shop.at_work():
            for one in (job, lost):
                await shop.when(one, lambda now: now.state == State.FETCHING)
        for one in (job, lost):
            await shop.set(one, submitted=shop.house.clock.now() - 200_000)
        async with shop.database.write() as connection:
            await connection.execute(text("UPDATE attempt SET server_at = server_at - 200000"))
        shop.gate.next("result", GONE)
        shop.gate.always("result", None)
        async with shop.at_work():
            ends = {(await shop.ended(one)).state for one in (job, lost)}
        assert ends == {State.STORED, State.FAILED}  # one link opened, for the other it was too late


async def test_a_cancelled_picture_comes_home_and_is_not_shown(tmp_path: Path, service: StandIn) -> None:
    async with workshop(tmp_path, service) as shop:
        job = await shop.wish()
        held = shop.gate.hold("result")
        async with shop.at_work():
            await held.reached.wait()
            await shop.cancel(job)
            held.go.set()
            assert (await shop.ended(job)).state == State.CANCELED
        assert await stored(shop, job)
        assert await shop.units() == (0, 0)
