"""Identical requests are one job, however they are made, and photos that no job needs are deleted."""

from pathlib import Path

from bot.app import Installation
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE
from bot.jobs.request import JobRequest, StyleChoice, like_saved
from bot.messaging.platform import Person
from tests.bot.saved_styles.test_service import saved
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, accepted, ended, private, running_app
from tests.harness.requests import ManualClock, a_person, a_photo, audit, reason, stored_keys, submit_request
from tests.harness.rows import NOON

pytestmark = ON_BOTH

HOUR = 3600.0


async def make_draft(app: Installation, photo: bytes, source: str) -> JobView:
    return accepted(await app.services.jobs.draft(JobRequest(ANNA, private(ANNA), source, photo=photo)))


async def submit(app: Installation, photo: bytes, source: str) -> JobView:
    return accepted(
        await app.services.jobs.submit(JobRequest(ANNA, private(ANNA), source, photo=photo, style=StyleChoice(5)))
    )


async def units_left(app: Installation, person: Person = ANNA) -> int:
    return (await app.services.queries.quota(person)).left


async def test_a_draft_with_the_photo_and_style_of_a_waiting_job_is_merged_into_it(tmp_path: Path) -> None:
    photo = a_photo()
    async with running_app(tmp_path / "data", engine=quick_engine(until=tmp_path / "go")) as app:
        first = await submit(app, photo, "test:1")
        draft = await make_draft(app, photo, "test:2")
        chosen = accepted(
            await app.services.jobs.choose_style(
                JobRequest(ANNA, private(ANNA), "test:press", style=StyleChoice(5)), draft.id
            )
        )
        assert (chosen.id, chosen.repeated, chosen.merged) == (first.id, True, True)
        again = await app.services.queries.job(ANNA, draft.id)
        assert again is not None
        assert again.state == State.CANCELED  # its card says so and has no style buttons any more
        assert await units_left(app) == 19
        other = accepted(
            await app.services.jobs.choose_style(
                JobRequest(ANNA, private(ANNA), "test:press", style=StyleChoice(7)),
                (await make_draft(app, photo, "test:3")).id,
            )
        )
        assert (other.id != first.id, other.merged, await units_left(app)) == (True, False, 18)
        (tmp_path / "go").touch()
        await ended(app, ANNA, first.id)
        await ended(app, ANNA, other.id)
        await audit(app)


async def test_drafts_with_the_same_saved_style_are_merged_too(tmp_path: Path) -> None:
    photo, day = a_photo(), ManualClock(NOON + 60)
    hold = quick_engine(until=tmp_path / "go")
    async with running_app(tmp_path / "data", engine=hold, clock=day.clock()) as app:
        style = await saved(app, ANNA, "Waves")
        first, second = [await make_draft(app, photo, f"test:{number}") for number in (1, 2)]
        accepted(
            await app.services.jobs.choose_style(
                JobRequest(ANNA, private(ANNA), "test:press", style=like_saved(style.id)), first.id
            )
        )
        before = await stored_keys(app, ANNA)
        day.time += HOUR  # so that a copy of the style would be a file of its own
        chosen = accepted(
            await app.services.jobs.choose_style(
                JobRequest(ANNA, private(ANNA), "test:press", style=like_saved(style.id)), second.id
            )
        )
        assert (chosen.id, chosen.merged) == (first.id, True)
        assert await stored_keys(app, ANNA) == before
        (tmp_path / "go").touch()
        await ended(app, ANNA, first.id)


async def test_a_photo_sent_again_while_it_waits_is_stored_once(tmp_path: Path) -> None:
    photo, day = a_photo(), ManualClock(NOON + 60)
    hold = quick_engine(until=tmp_path / "go")
    async with running_app(tmp_path / "data", engine=hold, clock=day.clock()) as app:
        first = await submit(app, photo, "test:1")
        before = await stored_keys(app, ANNA)
        day.time += HOUR
        assert (await submit(app, photo, "test:2")).id == first.id
        assert await stored_keys(app, ANNA) == before
        (tmp_path / "go").touch()
        await ended(app, ANNA, first.id)


async def test_the_photos_of_a_denied_request_are_deleted_at_once(tmp_path: Path) -> None:
    async with running_app(tmp_path, daily_free_images=0) as app:
        anna = a_person()
        style = await saved(app, anna, "Waves")
        draft = accepted(await app.services.jobs.draft(JobRequest(anna, private(anna), "test:1", photo=a_photo())))
        before = await stored_keys(app, anna)
        chosen = await app.services.jobs.choose_style(
            JobRequest(anna, private(anna), "test:press", style=like_saved(style.id)), draft.id
        )
        assert reason(chosen) == ErrorCode.QUOTA_USED_UP
        assert await stored_keys(app, anna) == before
        sent = await submit_request(app, anna, private(anna), REFERENCE, saved=style.id)
        assert reason(sent) == ErrorCode.QUOTA_USED_UP
        assert await stored_keys(app, anna) == before
        again = await app.services.jobs.repeat(
            JobRequest(anna, private(anna), "test:3", style=like_saved(style.id)), draft.id
        )
        assert reason(again) == ErrorCode.QUOTA_USED_UP
        assert await stored_keys(app, anna) == before
        still = await app.services.queries.job(anna, draft.id)
        assert still is not None
        assert (still.state, still.has_photo) == (State.DRAFT, True)
