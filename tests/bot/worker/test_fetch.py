"""FETCHING: the picture is stored, whatever happens to its link."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import text

from bot.dashscope.client import Timeouts
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import State
from bot.worker.fetch import PROGRESS_BYTES, QUICK_TRIES
from storage.jobs import Job
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.proxy import Behaviour, Forward, answered, garbage, lost_after, refused
from tests.fakes.dashscope.service import StandIn, stand_in
from tests.fakes.http_server import Reply
from tests.harness.pictures import encoded
from tests.harness.worker import Workers, open_workers

pytestmark = ON_BOTH

GONE = refused(403, "AccessDenied")
UNKNOWN = answered({"output": {"task_id": "t", "task_status": "UNKNOWN"}})


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


async def half_a_picture(forward: Forward) -> Reply:
    """The connection breaks in the middle of the picture."""
    whole = await forward()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(whole.body)}\r\n\r\n".encode()
    return Reply(raw=head + whole.body[: len(whole.body) // 2])


async def no_picture(_: Forward) -> Reply:
    """It begins like a JPEG, but isn't one."""
    return Reply(200, b"\xff\xd8\xff" + bytes(100))


async def stored(workers: Workers, job: Job) -> bytes:
    """The stored picture."""
    ((key,),) = await workers.rows("SELECT key FROM result WHERE job_id = :id", id=job.id)
    return await workers.deps.photos.get(key) or b""


@pytest.mark.parametrize(
    "deed",
    [GONE, refused(404, "NoSuchKey"), refused(500, "InternalError"), garbage, lost_after, half_a_picture, no_picture],
    ids=["expired", "404", "500", "garbage", "lost", "cut", "nonsense"],
)
async def test_a_picture_that_does_not_come_at_once_is_fetched_again(
    tmp_path: Path, service: StandIn, deed: Behaviour
) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.next("result", deed, deed)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED
        picture = await stored(workers, job)
        assert picture.startswith(b"\xff\xd8\xff")
        assert picture.endswith(b"\xff\xd9")
        assert (workers.gate.count("result"), workers.gate.count("create")) == (3, 1)


async def test_an_expired_link_is_replaced_by_a_fresh_one(tmp_path: Path, service: StandIn) -> None:
    asked: list[str] = []

    async def with_an_old_link(forward: Forward) -> Reply:
        reply = await forward()
        if b"Signature=" in reply.body:
            workers.gate.always("query", None)  # the next answer has a good one
        return Reply(reply.status, reply.body.replace(b"Signature=", b"Signature=0"), reply.headers)

    async def note(forward: Forward) -> Reply:
        asked.append(forward.request.target)
        return await forward()

    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.always("query", with_an_old_link)
        workers.gate.always("result", note)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED
    assert len(set(asked)) == 2


async def test_a_link_to_a_host_that_moved_is_replaced_by_a_fresh_one(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service, timeouts=Timeouts(answer=0.5)) as workers:
        job = await workers.request()
        held = workers.gate.hold("result")
        async with workers.running():
            await held.reached.wait()
    async with open_workers(
        tmp_path, service
    ) as workers:  # the service has another port now, and the old one is closed
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED
        assert workers.gate.count("create") == 0


async def test_the_slot_is_free_while_the_picture_is_fetched(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        first, second = await workers.request("anna"), await workers.request("ben")
        held = workers.gate.hold("result")
        async with workers.running():
            await held.reached.wait()
            assert (await workers.ended(second)).state == State.STORED
            assert (await workers.row(first)).state == State.FETCHING
            held.go.set()
            assert (await workers.ended(first)).state == State.STORED


async def a_day_later(workers: Workers) -> None:
    """The API has dropped whatever was sent before."""
    async with workers.database.write() as connection:
        await connection.execute(text("UPDATE attempt SET server_at = server_at - 90000"))


async def asked(workers: Workers, kind: str, times: int) -> None:
    """Wait for so many more calls of a kind."""
    wanted = workers.gate.count(kind) + times
    while workers.gate.count(kind) < wanted:
        await workers.deps.clock.sleep(0.1)


async def test_a_picture_that_the_api_no_longer_has_is_looked_for_until_its_day_is_over(
    tmp_path: Path, service: StandIn
) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.always("result", GONE)
        async with workers.running():
            await workers.until(job, lambda now: now.state == State.FETCHING)
            workers.gate.always("query", UNKNOWN)
            await asked(workers, "query", 4)
            assert (await workers.row(job)).state == State.FETCHING
            await a_day_later(workers)
            done = await workers.ended(job)
        assert (done.error, done.result_url) == (ErrorCode.RESULT_LOST, None)
        assert await workers.units() == (0, 0)
        assert await workers.rows(
            "SELECT jobs_reserved AS reserved, jobs_used AS used FROM quota WHERE scope = 'budget'"
        ) == [(0, 1)]
        assert workers.gate.count("create") == 1


async def test_after_two_days_of_downtime_it_is_tried_once_more(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        job, lost = await workers.request(), await workers.request("ben")
        workers.gate.always("result", GONE)
        async with workers.running():
            for one in (job, lost):
                await workers.until(one, lambda now: now.state == State.FETCHING)
        for one in (job, lost):
            await workers.set(one, submitted=workers.deps.clock.now() - 200_000)
        async with workers.database.write() as connection:
            await connection.execute(text("UPDATE attempt SET server_at = server_at - 200000"))
        workers.gate.next("result", GONE)
        workers.gate.always("result", None)
        async with workers.running():
            ends = {(await workers.ended(one)).state for one in (job, lost)}
        assert ends == {State.STORED, State.FAILED}  # one link worked, for the other it was too late


async def test_a_picture_without_a_link_is_paid_holds_no_slot_and_comes_when_its_link_does(
    tmp_path: Path, service: StandIn
) -> None:
    done = {"task_id": "t", "task_status": "SUCCEEDED"}
    without = answered({"output": {**done, "new_name": "https://x/y"}, "usage": {"image_count": 1}})
    async with open_workers(tmp_path, service) as workers:
        job, other = await workers.request(), await workers.request("ben")
        workers.gate.next("query", *[without] * 6)
        async with workers.running():
            await workers.until(job, lambda now: now.state == State.FETCHING)
            assert (await workers.ended(other)).state == State.STORED
            assert (await workers.ended(job)).state == State.STORED
        assert workers.gate.count("create") == 2
        assert await workers.rows(
            "SELECT jobs_reserved AS reserved, jobs_used AS used FROM quota WHERE scope = 'budget'"
        ) == [(0, 2)]


async def test_half_a_picture_as_long_as_its_head_says_is_fetched_again(tmp_path: Path, service: StandIn) -> None:
    async def half(forward: Forward) -> Reply:
        whole = await forward()
        return Reply(200, whole.body[: len(whole.body) // 2])

    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.next("result", half, half)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED
        assert (await stored(workers, job)).endswith(b"\xff\xd9")
        assert workers.gate.count("result") == 3


async def test_a_picture_in_another_format_is_converted(tmp_path: Path, service: StandIn) -> None:
    async def as_bmp(forward: Forward) -> Reply:
        with Image.open(io.BytesIO((await forward()).body)) as picture:
            return Reply(200, encoded(picture, "BMP"))

    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.next("result", as_bmp)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED
        assert (await stored(workers, job)).startswith(b"\xff\xd8\xff")


async def test_a_download_goes_on_where_it_broke_off_and_that_is_no_failure(tmp_path: Path, service: StandIn) -> None:
    ranges: list[str | None] = []
    whole = encoded(Image.effect_noise((400, 400), 80), "JPEG", quality=95)
    part = PROGRESS_BYTES + 1

    async def in_parts(forward: Forward) -> Reply:
        ranges.append(asked_for := forward.request.headers.get("range"))
        start = 0 if asked_for is None else int(asked_for.removeprefix("bytes=").removesuffix("-"))
        first = "200 OK" if start == 0 else f"206 Partial Content\r\nContent-Range: bytes {start}-9/{len(whole)}"
        head = f'HTTP/1.1 {first}\r\nETag: "1"\r\nContent-Length: {len(whole) - start}\r\n\r\n'
        return Reply(raw=head.encode() + whole[start : start + part])  # then the connection breaks

    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        workers.gate.always("result", in_parts)
        async with workers.running():
            assert (await workers.ended(job)).state == State.STORED
        assert await stored(workers, job) == whole
        assert ranges == [None, *(f"bytes={start}-" for start in range(part, len(whole), part))]
        assert len(ranges) > QUICK_TRIES


async def test_the_picture_of_a_cancelled_job_is_stored_but_not_shown(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request()
        held = workers.gate.hold("result")
        async with workers.running():
            await held.reached.wait()
            await workers.cancel(job)
            held.go.set()
            assert (await workers.ended(job)).state == State.CANCELED
        assert await stored(workers, job)
        assert await workers.units() == (0, 0)
