"""Rows for tests: people, chats and jobs, with defaults for everything that a test does not set."""

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.queries import JobQueries
from bot.messaging.platform import Chat, Person
from storage import jobs, people
from storage.database import Database
from storage.jobs import Job, NewJob, State

NOON = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC, a Sunday

A_JOB = Job(
    id=1,
    version=0,
    source="test:1",
    person_id=1,
    chat_id=1,
    thread=None,
    reply_to=None,
    message_id=None,
    state=State.DRAFT,
    style=None,
    seed=0,
    photo="original/1/2026112313/" + "a" * 64 + ".jpg",
    photo_hash="a" * 64,
    reference=None,
    reference_hash=None,
    cropped=False,
    turn=None,
    next_at=0.0,
    account_id=None,
    slot=None,
    attempts=0,
    resubmits=0,
    task_id=None,
    result_url=None,
    cancel_requested=False,
    hidden=False,
    error=None,
    error_code=None,
    created=NOON,
    updated=NOON,
    submitted=None,
)
A_NEW_JOB = NewJob(
    source="test:1",
    person_id=1,
    chat_id=1,
    thread=None,
    reply_to=None,
    state=State.DRAFT,
    style=None,
    seed=0,
    photo=A_JOB.photo,
    photo_hash=A_JOB.photo_hash,
    reference=None,
    reference_hash=None,
    cropped=False,
    created=NOON,
)


async def insert_person(connection: AsyncConnection, name: str = "anna", *, platform: str = "test") -> tuple[int, int]:
    """Return the ids of a person and their private chat, inserted if needed."""
    person = await people.upsert_person(connection, platform=platform, platform_id=name, language="en", now=NOON)
    chat = await people.upsert_chat(connection, platform=platform, platform_id=name, is_group=False, now=NOON)
    return person, chat


async def insert_job(
    connection: AsyncConnection, source: str, *, who: str = "anna", platform: str = "test", **changes: Any
) -> Job:
    """Insert a job of a person; `changes` set any of its columns."""
    person_id, chat_id = await insert_person(connection, who, platform=platform)
    job_id = await jobs.insert(connection, replace(A_NEW_JOB, source=source, person_id=person_id, chat_id=chat_id))
    job = None if job_id is None else await jobs.get(connection, job_id)
    assert job is not None, f"{source} has a row already"
    if changes:
        assert await jobs.update(connection, replace(job, **changes))
        job = await jobs.get(connection, job.id)
    assert job is not None
    return job


async def count_open_updates(database: Database) -> int:
    """How many stored updates are not handled yet."""
    async with database.write():
        pass  # that they were is written with the next write
    async with database.read() as connection:
        found = await connection.execute(text("SELECT COUNT(*) FROM arrived WHERE body IS NOT NULL"))
        return int(found.scalar_one())


async def until_card_is_noted(queries: JobQueries, person: Person) -> None:
    """Wait until the database knows the message of the card that asks for a style in the person's private chat."""
    question = await queries.open_question(person, Chat(person.platform, person.platform_id))
    assert question is not None
    async with asyncio.timeout(60):
        while await queries.card_address(person, question.id, together=True) is None:
            await queries.clock.sleep(0.02)
