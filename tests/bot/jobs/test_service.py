"""The job service, the worker and the stylizer together: from a request to its picture."""

import asyncio
import io
import itertools
from pathlib import Path

from PIL import Image

from bot.app import Installation
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import ENDED, JobView, State
from bot.domain.styles import REFERENCE
from bot.jobs.request import JobRequest, StyleChoice, like_picture
from bot.messaging.platform import Chat, Person
from tests.conftest import SHARED_LOOP, app_on_both
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app

pytest_generate_tests = app_on_both

numbers = itertools.count(1)


def new_person() -> Person:
    """A person without any data."""
    return Person("test", f"person {next(numbers)}")


async def submit(
    app: Installation, person: Person, *, photo: bytes | None = None, style: int = 0, reference: bytes | None = None
) -> JobView:
    """Submit a request that must be accepted."""
    source = f"submit:{next(numbers)}"
    answer = await app.services.jobs.submit(
        JobRequest(
            person, private(person), source, photo=photo or portrait_jpeg(), style=StyleChoice(style, picture=reference)
        )
    )
    return accepted(answer)


async def draft(
    app: Installation, person: Person, *, photo: bytes | None = None, reference: bytes | None = None
) -> JobView:
    """Make a draft that must be accepted."""
    source, style = f"draft:{next(numbers)}", None if reference is None else like_picture(reference)
    return accepted(
        await app.services.jobs.draft(JobRequest(person, private(person), source, photo=photo, style=style))
    )


async def engine_request(app: Installation, person: Person, view: JobView) -> str:
    """The engine's parameters, which it wrote into the picture's comment."""
    picture = await app.services.queries.result(person, view.id)
    assert picture is not None
    with Image.open(io.BytesIO(picture)) as image:
        return bytes(image.info["comment"]).decode()


async def units_left(app: Installation, person: Person) -> int:
    """Units of today that are neither used nor reserved, of 20."""
    return (await app.services.queries.quota(person)).left


async def test_a_request_becomes_a_stored_picture_and_costs_one_unit(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        view = accepted(
            await app.services.jobs.submit(
                JobRequest(ANNA, private(ANNA), "test:1", photo=portrait_jpeg(), style=StyleChoice(0))
            )
        )
        assert view.state == State.QUEUED
        done = await ended(app, ANNA, view.id)
        assert done.state == State.STORED
        picture = await app.services.queries.result(ANNA, view.id)
        assert picture is not None
        assert Image.open(io.BytesIO(picture)).size == (done.width, done.height)
        quota = await app.services.queries.quota(ANNA)
        assert (quota.used, quota.reserved) == (1, 0)


async def test_a_repeated_update_is_distinguished_from_a_repeated_request(tmp_path: Path) -> None:
    go, photo = tmp_path / "go", portrait_jpeg()
    async with running_app(tmp_path, engine=quick_engine(until=go)) as app:
        sent = [
            accepted(
                await app.services.jobs.submit(
                    JobRequest(ANNA, private(ANNA), source, photo=photo, style=StyleChoice(0))
                )
            )
            for source in ("test:1", "test:1", "test:2")
        ]
        assert len({view.id for view in sent}) == 1
        assert [(view.repeated, view.merged) for view in sent] == [(False, False), (True, False), (True, True)]
        assert await units_left(app, ANNA) == 19
        theirs = await app.services.jobs.submit(
            JobRequest(BEN, private(BEN), "test:3", photo=photo, style=StyleChoice(0))
        )
        assert accepted(theirs).id != sent[0].id  # another person's request is never merged
        go.touch()
        await ended(app, ANNA, sent[0].id)


async def test_fifty_identical_concurrent_requests_are_one_task(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        views = await asyncio.gather(*(submit(app, ANNA) for _ in range(50)))
        for view in views:
            assert (await ended(app, ANNA, view.id)).state == State.STORED
        assert await units_left(app, ANNA) == 19


@SHARED_LOOP
async def test_another_persons_source_gives_no_access(app: Installation) -> None:
    anna, ben, services = new_person(), new_person(), app.services
    await services.jobs.submit(JobRequest(anna, private(anna), "shared:1", photo=portrait_jpeg(), style=StyleChoice(0)))
    answer = await services.jobs.submit(
        JobRequest(ben, private(ben), "shared:1", photo=portrait_jpeg(), style=StyleChoice(0))
    )
    assert answer == UserError(ErrorCode.NOT_FOUND)


@SHARED_LOOP
async def test_a_draft_waits_for_its_style_and_costs_nothing_until_then(app: Installation) -> None:
    anna, services = new_person(), app.services
    view = await draft(app, anna, photo=portrait_jpeg())
    assert (view.state, view.style, view.place, await units_left(app, anna)) == (State.DRAFT, None, None, 20)
    assert await services.queries.history(anna) == ()
    chosen = accepted(
        await services.jobs.choose_style(JobRequest(anna, private(anna), "test:press", style=StyleChoice(5)), view.id)
    )
    assert (chosen.id, chosen.style) == (view.id, 5)
    assert await services.jobs.choose_style(
        JobRequest(anna, private(anna), "test:press", style=StyleChoice(7)), view.id
    ) == UserError(ErrorCode.NOT_NOW)  # the second of two taps
    done = await ended(app, anna, view.id)
    assert (await engine_request(app, anna, done)).startswith("look=5 reference=False")
    assert await units_left(app, anna) == 19


@SHARED_LOOP
async def test_of_concurrent_taps_one_counts(app: Installation) -> None:
    anna = new_person()
    view = await draft(app, anna, photo=portrait_jpeg())
    answers = await asyncio.gather(
        *(
            app.services.jobs.choose_style(
                JobRequest(anna, private(anna), "test:press", style=StyleChoice(style)), view.id
            )
            for style in (0, 2, 4, 5)
        )
    )
    assert sum(isinstance(answer, JobView) for answer in answers) == 1
    assert await units_left(app, anna) == 19


@SHARED_LOOP
async def test_a_reference_waits_for_its_photo_and_is_used_once(app: Installation) -> None:
    anna, services = new_person(), app.services
    reference = await draft(app, anna, reference=portrait_jpeg(shade=200))
    assert (reference.state, reference.has_photo, reference.has_reference) == (State.DRAFT, False, True)
    assert await services.jobs.choose_style(
        JobRequest(anna, private(anna), "test:press", style=StyleChoice(5)), reference.id
    ) == UserError(ErrorCode.PHOTO_MISSING)
    met = await draft(app, anna, photo=portrait_jpeg())
    assert (met.style, met.has_reference) == (REFERENCE, True)
    done = await ended(app, anna, met.id)
    assert "reference=True" in await engine_request(app, anna, done)
    assert await services.queries.job(anna, reference.id) is None  # it was merged into the other job
    after = await draft(app, anna, photo=portrait_jpeg(shade=9))
    assert (after.state, after.has_reference) == (State.DRAFT, False)


@SHARED_LOOP
async def test_a_waiting_reference_applies_only_to_its_chat_and_person(app: Installation) -> None:
    anna, ben, services = new_person(), new_person(), app.services
    await draft(app, anna, reference=portrait_jpeg(shade=200))
    elsewhere = await services.jobs.draft(
        JobRequest(anna, Chat("test", "a group"), f"d:{next(numbers)}", photo=portrait_jpeg())
    )
    theirs = await draft(app, ben, photo=portrait_jpeg())
    assert {accepted(elsewhere).state, theirs.state} == {State.DRAFT}


@SHARED_LOOP
async def test_a_newer_reference_replaces_an_older_one(app: Installation) -> None:
    anna = new_person()
    first = await draft(app, anna, reference=portrait_jpeg(shade=200))
    second = await draft(app, anna, reference=portrait_jpeg(shade=20))
    assert await app.services.queries.job(anna, first.id) is None
    met = await draft(app, anna, photo=portrait_jpeg())
    await ended(app, anna, met.id)
    assert await app.services.queries.job(anna, second.id) is None


@SHARED_LOOP
async def test_a_photo_with_its_reference_is_one_request(app: Installation) -> None:
    anna = new_person()
    view = await submit(app, anna, style=REFERENCE, reference=portrait_jpeg(shade=200))
    done = await ended(app, anna, view.id)
    assert (done.style, done.has_reference) == (REFERENCE, True)


@SHARED_LOOP
async def test_a_stored_picture_is_given_again_for_free(app: Installation) -> None:
    anna, ben = new_person(), new_person()
    first = await submit(app, anna)
    await ended(app, anna, first.id)
    again = await submit(app, anna)
    assert (again.state, again.id == first.id, await units_left(app, anna)) == (State.STORED, False, 19)
    assert await app.services.queries.result(anna, again.id) == await app.services.queries.result(anna, first.id)
    theirs = await submit(app, ben)
    assert theirs.state != State.STORED  # pictures are not shared between people


@SHARED_LOOP
async def test_repeating_a_job_in_the_same_style_uses_a_new_seed(app: Installation) -> None:
    anna, services = new_person(), app.services
    first = await ended(app, anna, (await submit(app, anna)).id)
    painted = [await engine_request(app, anna, first)]
    for _ in range(2):
        again = accepted(
            await services.jobs.repeat(JobRequest(anna, private(anna), f"again:{next(numbers)}"), first.id)
        )
        painted.append(await engine_request(app, anna, await ended(app, anna, again.id)))
    assert [words.rpartition("seed=")[2] for words in painted] == ["0", "1", "2"]
    assert await units_left(app, anna) == 17


@SHARED_LOOP
async def test_repeating_a_job_in_another_style_drops_its_reference(app: Installation) -> None:
    anna, services = new_person(), app.services
    first = await submit(app, anna, style=REFERENCE, reference=portrait_jpeg(shade=200))
    await ended(app, anna, first.id)
    other = accepted(
        await services.jobs.repeat(
            JobRequest(anna, private(anna), f"again:{next(numbers)}", style=StyleChoice(5)), first.id
        )
    )
    done = await ended(app, anna, other.id)
    assert (done.style, done.has_reference) == (5, False)
    third = await services.jobs.redraft(JobRequest(anna, private(anna), f"again:{next(numbers)}"), first.id)
    assert (accepted(third).state, accepted(third).has_photo) == (State.DRAFT, True)


@SHARED_LOOP
async def test_other_peoples_jobs_are_not_found(app: Installation) -> None:
    anna, ben, services = new_person(), new_person(), app.services
    view = await ended(app, anna, (await submit(app, anna)).id)
    not_there = UserError(ErrorCode.NOT_FOUND)
    assert await services.queries.job(ben, view.id) is None
    assert await services.queries.result(ben, view.id) is None
    assert await services.queries.original(ben, view.id) is None
    assert await services.queries.history(ben) == ()
    assert [view_now async for view_now in services.queries.watch(ben, view.id)] == []
    assert (
        await services.jobs.choose_style(JobRequest(ben, private(ben), "test:press", style=StyleChoice(0)), view.id)
        == not_there
    )
    assert await services.jobs.cancel(ben, view.id) == not_there
    assert await services.jobs.delete(ben, view.id) == not_there
    assert await services.jobs.repeat(JobRequest(ben, private(ben), "x:1"), view.id) == not_there
    assert await services.jobs.redraft(JobRequest(ben, private(ben), "x:2"), view.id) == not_there
    await services.jobs.mark_delivered(ben, view.id)
    now = await services.queries.job(anna, view.id)
    assert now is not None
    assert now.state == State.STORED


@SHARED_LOOP
async def test_a_job_is_marked_delivered_once(app: Installation) -> None:
    anna, services = new_person(), app.services
    view = await ended(app, anna, (await submit(app, anna)).id)
    await asyncio.gather(*(services.jobs.mark_delivered(anna, view.id) for _ in range(5)))
    now = await services.queries.job(anna, view.id)
    assert now is not None
    assert now.state == State.DELIVERED


@SHARED_LOOP
async def test_watching_yields_every_state_in_order_and_then_ends(app: Installation) -> None:
    anna = new_person()
    view = await draft(app, anna, photo=portrait_jpeg())
    watching = app.services.queries.watch(anna, view.id)
    assert (await anext(watching)).state == State.DRAFT
    await app.services.jobs.choose_style(JobRequest(anna, private(anna), "test:press", style=StyleChoice(0)), view.id)
    async with asyncio.timeout(20):
        states = [view_now.state async for view_now in watching]
    order = [State.QUEUED, State.SUBMITTING, State.RUNNING, State.FETCHING, State.STORED]
    assert states[-1] in ENDED
    assert [state for state, _ in itertools.groupby(states)] == [state for state in order if state in states]


@SHARED_LOOP
async def test_the_queue_lists_own_jobs_and_cancel_all_ends_them(app: Installation) -> None:
    anna = new_person()
    for shade in range(0, 250, 50):
        await submit(app, anna, photo=portrait_jpeg(shade=shade))
    queue = await app.services.queries.queue(anna)
    assert 1 <= len(queue.mine) <= 5
    await app.services.jobs.cancel_all(anna)
    assert (await app.services.queries.queue(anna)).mine == ()
    assert await app.services.jobs.cancel_all(anna) == 0
