"""A refused request leaves nothing behind: no row, no unit, no photo."""

import io
import itertools
import struct
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from bot.app import Installation
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE
from bot.jobs.request import JobRequest, StyleChoice, like_picture
from bot.messaging.platform import Person
from tests.conftest import SHARED_LOOP
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg, stand_in
from tests.harness.app import ANNA, accepted, ended, private, running_app

numbers = itertools.count(1)


async def submit(app: Installation, person: Person, photo: bytes, *, style: int = 0) -> JobView | UserError:
    return await app.services.jobs.submit(
        JobRequest(
            person, private(person), f"{person.platform_id}:{next(numbers)}", photo=photo, style=StyleChoice(style)
        )
    )


async def count_rows(app: Installation, table: str) -> int:
    async with app.deps.database.read() as connection:
        return int((await connection.execute(text(f"SELECT COUNT(*) FROM {table}"))).scalar_one())


async def assert_stored(app: Installation, *, jobs: int, units: int) -> None:
    """Assert that there are this many jobs and reservations, and one photo for each job."""
    assert await count_rows(app, "job") == jobs
    async with app.deps.database.read() as connection:
        reserved = await connection.execute(text("SELECT COUNT(*) FROM ledger WHERE kind = 'reserve'"))
        assert reserved.scalar_one() == units
    assert len([key for key in await app.deps.photos.keys() if key.startswith(("original/", "reference/"))]) == jobs


async def test_a_used_up_quota_reports_when_it_resets(tmp_path: Path) -> None:
    async with running_app(tmp_path, daily_free_images=1, engine=quick_engine(until=tmp_path / "go")) as app:
        accepted(await submit(app, ANNA, portrait_jpeg(shade=0)))
        answer = await submit(app, ANNA, portrait_jpeg(shade=100))
        quota = await app.services.queries.quota(ANNA)
        assert answer == UserError(ErrorCode.QUOTA_USED_UP, {"limit": 1, "resets_at": quota.resets_at})
        await assert_stored(app, jobs=1, units=1)


async def test_a_full_queue_reports_its_limit(tmp_path: Path) -> None:
    async with running_app(tmp_path, max_queued_per_person=2, engine=quick_engine(until=tmp_path / "go")) as app:
        for shade in (0, 60):
            accepted(await submit(app, ANNA, portrait_jpeg(shade=shade)))
        assert await submit(app, ANNA, portrait_jpeg(shade=120)) == UserError(ErrorCode.QUEUE_FULL, {"limit": 2})
        await assert_stored(app, jobs=2, units=2)
        accepted(await submit(app, Person("test", "ben"), portrait_jpeg(shade=120)))


async def test_the_owners_budget_is_a_hard_stop_for_everybody(tmp_path: Path) -> None:
    engine = quick_engine(until=tmp_path / "go")
    async with stand_in(tmp_path / "service", engine=engine) as service:
        paid: dict[str, Any] = {"dashscope_api_key": "sk-a-key-for-tests", "dashscope_base_url": service.base_url}
        async with running_app(tmp_path / "bot", monthly_budget_cny=Decimal("0.35"), **paid) as app:
            people = [Person("test", name) for name in "abc"]
            answers = [await submit(app, person, portrait_jpeg()) for person in people]
            assert [isinstance(answer, JobView) for answer in answers] == [True, True, False]
            assert answers[2] == UserError(ErrorCode.BUDGET_USED_UP)
            await assert_stored(app, jobs=2, units=4)
            (tmp_path / "go").touch()
            for person, answer in zip(people[:2], answers, strict=False):
                await ended(app, person, accepted(answer).id)
            assert await submit(app, people[2], portrait_jpeg()) == UserError(ErrorCode.BUDGET_USED_UP)


async def test_a_released_unit_can_be_used_again(tmp_path: Path) -> None:
    async with running_app(tmp_path, daily_free_images=1, engine=quick_engine(until=tmp_path / "go")) as app:
        first = accepted(await submit(app, ANNA, portrait_jpeg(shade=0)))
        await app.services.jobs.cancel(ANNA, first.id)
        accepted(await submit(app, ANNA, portrait_jpeg(shade=100)))


async def test_requesting_a_picture_again_after_a_late_cancellation_is_charged(tmp_path: Path) -> None:
    """The picture was stored all the same; if it were free, everybody would cancel late."""
    async with running_app(tmp_path, daily_free_images=1, engine=quick_engine(until=tmp_path / "go")) as app:
        first = accepted(await submit(app, ANNA, portrait_jpeg()))
        async for view in app.services.queries.watch(ANNA, first.id):
            if view.state == State.RUNNING:
                break
        await app.services.jobs.cancel(ANNA, first.id)
        (tmp_path / "go").touch()
        while not await count_rows(app, "result"):
            await app.deps.clock.sleep(0.02)
        again = accepted(await submit(app, ANNA, portrait_jpeg()))
        assert again.state == State.STORED
        quota = await app.services.queries.quota(ANNA)
        assert (quota.used, quota.left) == (1, 0)
        assert accepted(await submit(app, ANNA, portrait_jpeg())).state == State.STORED  # it has been paid for
        refused = await submit(app, ANNA, portrait_jpeg(shade=200))
        assert isinstance(refused, UserError)
        assert refused.code == ErrorCode.QUOTA_USED_UP


async def test_an_expired_photo_cannot_be_painted_again(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        done = await ended(app, ANNA, accepted(await submit(app, ANNA, portrait_jpeg())).id)
        waiting = accepted(await app.services.jobs.draft(JobRequest(ANNA, private(ANNA), "d:1", photo=portrait_jpeg())))
        for key in await app.deps.photos.keys():
            if key.startswith("original/"):
                await app.deps.photos.delete(key)
        gone = UserError(ErrorCode.PHOTO_EXPIRED)
        assert (
            await app.services.jobs.repeat(JobRequest(ANNA, private(ANNA), "a:1", style=StyleChoice(5)), done.id)
            == gone
        )
        assert await app.services.jobs.redraft(JobRequest(ANNA, private(ANNA), "a:2"), done.id) == gone
        assert (
            await app.services.jobs.choose_style(
                JobRequest(ANNA, private(ANNA), "test:press", style=StyleChoice(5)), waiting.id
            )
            == gone
        )
        assert (await app.services.queries.quota(ANNA)).left == 19
        assert await app.services.queries.result(ANNA, done.id)


@SHARED_LOOP
@pytest.mark.parametrize("style", [-2, 10, 13, 16, 29, 41, 99, REFERENCE])
async def test_an_invalid_style_is_refused_before_the_photo_is_read(app: Installation, style: int) -> None:
    assert await submit(app, ANNA, b"not even a picture", style=style) == UserError(ErrorCode.STYLE_INVALID)


def bomb() -> bytes:
    """A PNG of a few kilobytes that would be 30,000 × 30,000 pixels."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(3_751) * 3_000, 9)
    app = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in app]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiny() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "PNG")
    return out.getvalue()


BAD = {
    "nothing": (b"", ErrorCode.EMPTY),
    "text": (b"Dear bot, please paint me.\n" * 40, ErrorCode.NOT_A_PICTURE),
    "truncated": (portrait_jpeg(900, 900)[:2000], ErrorCode.DAMAGED),
    "a bomb": (bomb(), ErrorCode.TOO_MANY_PIXELS),
    "tiny": (tiny(), ErrorCode.TOO_SMALL),
    "huge": (portrait_jpeg() + bytes(20 * 1024 * 1024), ErrorCode.TOO_MANY_BYTES),
    "a page": (b"<!doctype html><html></html>", ErrorCode.NOT_A_PICTURE),
    "a PDF": (b"%PDF-1.7\n" + bytes(200), ErrorCode.UNSUPPORTED),
}


@SHARED_LOOP
@pytest.mark.parametrize("name", BAD)
async def test_a_bad_photo_or_reference_is_refused_with_its_reason(app: Installation, name: str) -> None:
    bad, reason = BAD[name]
    person, services = Person("test", f"sends {name}"), app.services
    before = await count_rows(app, "job"), await count_rows(app, "ledger"), len(await app.deps.photos.keys())
    good = portrait_jpeg()
    answers = [
        await submit(app, person, bad),
        await services.jobs.draft(JobRequest(person, private(person), f"{name}:1", photo=bad)),
        await services.jobs.draft(JobRequest(person, private(person), f"{name}:2", style=like_picture(bad))),
        await services.jobs.submit(
            JobRequest(person, private(person), f"{name}:3", photo=good, style=like_picture(bad))
        ),
        await services.jobs.submit(
            JobRequest(person, private(person), f"{name}:4", photo=bad, style=like_picture(good))
        ),
    ]
    assert {answer.code for answer in answers if isinstance(answer, UserError)} == {reason}
    assert len([answer for answer in answers if isinstance(answer, UserError)]) == len(answers)
    after = await count_rows(app, "job"), await count_rows(app, "ledger"), len(await app.deps.photos.keys())
    assert after == before
    assert (await services.queries.quota(person)).left == 20
