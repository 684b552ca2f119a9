"""The jobs table: unique sources, optimistic updates, and searches."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import cleanup, jobs, results
from storage.jobs import State
from storage.results import Result
from tests.conftest import ON_BOTH
from tests.harness.rows import A_NEW_JOB, NOON, insert_job, insert_person

pytestmark = ON_BOTH

A_RESULT = Result(
    key="result/1/2026122212/" + "b" * 64 + ".jpg", bytes=9, width=3, height=3, created=NOON, expires=NOON
)


async def test_a_source_has_one_job(connection: AsyncConnection) -> None:
    first = await insert_job(connection, "telegram:7")
    again = replace(A_NEW_JOB, source="telegram:7", person_id=first.person_id, chat_id=first.chat_id)
    assert await jobs.insert(connection, again) is None
    assert await jobs.get_by_source(connection, "telegram:7") == first


async def test_every_column_comes_back_as_it_was_saved(connection: AsyncConnection) -> None:
    job = await insert_job(connection, "test:1")
    moved = replace(
        job, state=State.RUNNING, style=5, seed=2, cropped=True, turn=9, next_at=1.5, account_id="key-a", slot=0,
        attempts=3, resubmits=1, task_id="t", result_url="u", cancel_requested=True, hidden=True, error="no_face",
        error_code="InternalError.Algo", updated=NOON + 1, submitted=NOON + 2, reference="r", reference_hash="h",
    )  # fmt: skip
    assert await jobs.update(connection, moved)
    assert await jobs.get(connection, job.id) == replace(moved, version=1)


async def test_an_update_of_a_row_that_has_changed_writes_nothing(connection: AsyncConnection) -> None:
    read = await insert_job(connection, "test:1")
    assert await jobs.update(connection, replace(read, style=5))
    assert not await jobs.update(connection, replace(read, style=7))
    now = await jobs.get(connection, read.id)
    assert now is not None
    assert now.style == 5


async def test_more_jobs_than_a_statement_takes_parameters_are_read(connection: AsyncConnection) -> None:
    made = [await insert_job(connection, f"test:{number}") for number in range(1203)]
    wanted = [job.id for job in made[::2]] + [10**9]
    found = await jobs.get_many(connection, wanted)
    assert found == {job.id: job for job in made[::2]}


async def test_the_history_shows_no_drafts_and_nothing_deleted(connection: AsyncConnection) -> None:
    await insert_job(connection, "draft")
    await insert_job(connection, "deleted", state=State.STORED, hidden=True)
    await insert_job(connection, "ben's", who="ben", state=State.STORED)
    mine = [await insert_job(connection, f"mine:{n}", state=State.STORED) for n in range(3)]
    assert await jobs.list_history(connection, mine[0].person_id, 2) == (mine[2], mine[1])


async def test_waiting_jobs_are_counted_without_canceled_ones(connection: AsyncConnection) -> None:
    for number, state in enumerate(State):
        await insert_job(connection, f"one:{state}", state=state, account_id="key-a", slot=number)
        await insert_job(connection, f"off:{state}", state=state, cancel_requested=True)
    person, _ = await insert_person(connection)
    assert await jobs.count_waiting(connection, person) == len(jobs.WAITING)


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({}, True),
        ({"state": State.RUNNING}, True),
        ({"state": State.STORED}, False),
        ({"state": State.DRAFT}, False),
        ({"cancel_requested": True}, False),
        ({"style": 5}, False),
        ({"seed": 1}, False),
        ({"photo_hash": "c" * 64}, False),
        ({"reference_hash": "r"}, False),
    ],
)
async def test_the_same_request_is_found_while_it_waits(
    connection: AsyncConnection, changes: dict[str, Any], is_same: bool
) -> None:
    job = await insert_job(connection, "test:1", **{"state": State.QUEUED, "style": 0, **changes})
    found = await jobs.find_same_request(
        connection, person_id=job.person_id, photo_hash="a" * 64, style=0, reference_hash=None, seed=0
    )
    assert (found == job) == is_same


async def test_the_same_request_of_another_person_is_not_found(connection: AsyncConnection) -> None:
    await insert_job(connection, "test:1", state=State.QUEUED, style=0)
    ben, _ = await insert_person(connection, "ben")
    assert None is await jobs.find_same_request(
        connection, person_id=ben, photo_hash="a" * 64, style=0, reference_hash=None, seed=0
    )


@pytest.mark.parametrize("state", State)
async def test_photos_are_in_use_while_a_job_may_still_be_submitted(connection: AsyncConnection, state: State) -> None:
    await insert_job(connection, "test:1", state=state, photo="p", reference="r")
    in_use = state in {State.QUEUED, State.SUBMITTING, State.RUNNING}
    assert await cleanup.list_photos_in_use(connection) == (frozenset({"p", "r"}) if in_use else frozenset())


async def test_a_deleted_job_is_listed_until_it_has_no_files(connection: AsyncConnection) -> None:
    clean: dict[str, Any] = {"photo": None, "reference": None, "hidden": True, "state": State.STORED}
    await insert_job(connection, "visible", state=State.STORED)
    await insert_job(connection, "clean", **clean)
    photo = await insert_job(connection, "photo", **{**clean, "photo": "p"})
    reference = await insert_job(connection, "reference", **{**clean, "reference": "r"})
    picture = await insert_job(connection, "picture", **clean)
    await results.insert(connection, picture.id, A_RESULT)
    assert await cleanup.list_deleted_with_files(connection) == (photo, reference, picture)
