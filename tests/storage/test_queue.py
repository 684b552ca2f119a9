"""The queue, slots, accounts and attempts."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.styles import INDICES
from storage import accounts, albums, attempts, cards, jobs, queue
from storage.attempts import Intent
from storage.jobs import State
from storage.queue import Place
from tests.conftest import ON_BOTH
from tests.harness.rows import NOON, insert_job

pytestmark = ON_BOTH
ANY = INDICES


async def test_jobs_are_ordered_by_turn_then_by_id(connection: AsyncConnection) -> None:
    for name, turn in (("late", 3000), ("first", 1000), ("second", 1000)):
        await insert_job(connection, name, state=State.QUEUED, turn=turn, who=name, style=5)
    order = []
    while (job := await jobs.get_next_queued(connection, NOON, ANY)) is not None:
        order.append(job.source)
        await jobs.update(connection, replace(job, state=State.FETCHING))
    assert order == ["first", "second", "late"]


async def test_a_job_that_is_not_due_yet_lets_others_pass(connection: AsyncConnection) -> None:
    waiting = await insert_job(connection, "waiting", state=State.QUEUED, turn=1000, next_at=NOON + 5, style=5)
    ready = await insert_job(connection, "ready", state=State.QUEUED, turn=9000, style=5)
    assert await jobs.get_next_queued(connection, NOON, ANY) == ready
    assert await jobs.get_next_queued(connection, NOON + 5, ANY) == waiting


async def test_a_job_in_a_style_that_is_not_painted_here_lets_others_pass_and_keeps_its_place(
    connection: AsyncConnection,
) -> None:
    anime = await insert_job(connection, "anime", state=State.QUEUED, turn=1000, style=2)
    own = await insert_job(connection, "own", state=State.QUEUED, turn=1500, style=-1)
    clay = await insert_job(connection, "clay", state=State.QUEUED, turn=9000, style=31)
    assert await jobs.get_next_queued(connection, NOON, {31, 32}) == clay
    assert await jobs.get_next_queued(connection, NOON, {-1, 31}) == own
    assert await jobs.get_next_queued(connection, NOON, {40}) is None
    assert await jobs.get_next_queued(connection, NOON, ANY) == anime
    assert await jobs.list_queued_in_other_styles(connection, {2, 31}) == (own,)


async def test_a_job_without_its_card_lets_others_pass_until_the_card_was_sent(connection: AsyncConnection) -> None:
    unsaid = await insert_job(connection, "unsaid", state=State.QUEUED, turn=1000, platform="chat", style=5)
    said = await insert_job(connection, "said", state=State.QUEUED, turn=2000, platform="chat", style=5)
    await cards.set_message(connection, said.id, "m1")
    web = await insert_job(connection, "web", state=State.QUEUED, turn=3000, platform="web", style=5)
    order = [said, web]
    for expected in order:
        found = await jobs.get_next_queued(connection, NOON, ANY, card_platforms={"chat", "other"})
        assert found is not None
        assert found.source == expected.source
        await jobs.update(connection, replace(found, state=State.FETCHING))
    assert await jobs.get_next_queued(connection, NOON, ANY, card_platforms={"chat"}) is None
    await cards.set_message(connection, unsaid.id, "m2")
    assert (await jobs.get_next_queued(connection, NOON, ANY, card_platforms={"chat"}) or said).source == "unsaid"


async def test_an_albums_photos_wait_for_the_card_of_the_album(connection: AsyncConnection) -> None:
    album = await albums.join(connection, "album:1", NOON) or 0
    job = await insert_job(connection, "photo", state=State.QUEUED, turn=1000, platform="chat", style=5, album_id=album)
    await cards.set_message(connection, job.id, "its picture, or its card before it joined the album")
    assert await jobs.get_next_queued(connection, NOON, ANY, card_platforms={"chat"}) is None
    await albums.set_message(connection, album, "m1")
    assert (await jobs.get_next_queued(connection, NOON, ANY, card_platforms={"chat"}) or job).source == "photo"
    assert await jobs.get_next_queued(connection, NOON, ANY, card_platforms={"chat"}) is not None


async def test_due_times_that_a_wrong_clock_wrote_are_clamped(connection: AsyncConnection) -> None:
    in_years = await insert_job(connection, "test:1", state=State.QUEUED, turn=1000, next_at=NOON + 1e8, style=5)
    await queue.clamp_times(connection, NOON + 300)
    assert await jobs.get_next_queued(connection, NOON + 299, ANY) is None
    assert (await jobs.get_next_queued(connection, NOON + 300, ANY) or in_years).next_at == NOON + 300


@pytest.mark.parametrize(
    ("allowed", "taken", "free"),
    [
        (range(1), (), 0),
        (range(1), (0,), None),
        (range(3), (0, 2), 1),
        (range(1), (1,), None),  # there were two slots before the restart, and the second is still in use
        (range(2), (0, 5), None),
        (range(2), (5,), 0),
    ],
)
async def test_a_slot_is_free_only_while_fewer_are_taken_than_allowed(
    connection: AsyncConnection, allowed: range, taken: tuple[int, ...], free: int | None
) -> None:
    for slot in taken:
        await insert_job(connection, f"test:{slot}", state=State.RUNNING, account_id="key-a", slot=slot)
    await insert_job(connection, "other account", state=State.RUNNING, account_id="key-b", slot=0)
    assert (await accounts.get_status(connection, "key-a")).free_slot(allowed) == free


async def test_two_jobs_in_one_slot_cannot_be_written(connection: AsyncConnection) -> None:
    await insert_job(connection, "test:1", state=State.RUNNING, account_id="key-a", slot=0)
    second = await insert_job(connection, "test:2", state=State.QUEUED)
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        await jobs.update(connection, replace(second, state=State.SUBMITTING, account_id="key-a", slot=0))


async def test_a_place_counts_the_people_ahead_and_ones_own_jobs(connection: AsyncConnection) -> None:
    anna = [await insert_job(connection, f"anna:{number}", state=State.QUEUED, turn=3) for number in range(2)]
    ben = await insert_job(connection, "ben", who="ben", state=State.QUEUED, turn=1)
    running = await insert_job(connection, "carl", who="carl", state=State.RUNNING, turn=2)
    every = [*(job.id for job in anna), ben.id, running.id]
    first, second = Place(2, is_first=True), Place(3, is_first=False)
    places = {anna[0].id: first, anna[1].id: second, ben.id: Place(1, is_first=True)}
    assert await queue.list_places(connection, every, NOON) == places
    # A job that rests lets the person's others pass.
    await jobs.update(connection, replace(anna[0], next_at=NOON + 5))
    places |= {anna[0].id: second, anna[1].id: first}
    assert await queue.list_places(connection, every, NOON) == places


def test_places_are_exact_to_a_thousand_and_then_rounded_up_and_never_rise() -> None:
    turns = list(range(5, 9005, 3))  # of three numbers one waits
    front = turns[: queue.EXACT_PLACES]
    assert [queue.place_of(turn, front) for turn in (5, 8, turns[999])] == [1, 2, 1000]
    assert queue.place_of(turns[1000], front) == 1100
    assert queue.place_of(turns[2999], front) == 7000
    shown = [queue.place_of(turns[2999], turns[served : served + queue.EXACT_PLACES]) for served in range(3000)]
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] == 1
    assert all(place >= 3000 - served for served, place in enumerate(shown))


async def test_the_depth_counts_slots_and_what_comes_next_has_its_style(connection: AsyncConnection) -> None:
    await insert_job(connection, "test:1", state=State.QUEUED, turn=2000, style=5)
    await insert_job(connection, "test:2", state=State.RUNNING, account_id="key-a", slot=0, style=7, submitted=NOON - 5)
    await insert_job(connection, "test:3", state=State.SUBMITTING, account_id="key-b", slot=0, submitted=NOON)
    await insert_job(connection, "test:4", state=State.FETCHING, account_id="key-b", submitted=NOON - 99)
    await insert_job(connection, "test:5", state=State.QUEUED, turn=1000, style=6)
    await insert_job(connection, "test:6", state=State.QUEUED, turn=1000, style=8)  # theirs: later
    assert await queue.get_depth(connection) == queue.Depth(waiting=3, running=2)
    upcoming = await queue.get_upcoming(connection, 9)
    assert {(held.account_id, held.since) for held in upcoming.held} == {("key-a", NOON - 5), ("key-b", NOON)}
    assert upcoming.styles == (6, 5)
    assert (await queue.get_upcoming(connection, 1)).styles == (6,)


async def test_a_submit_in_progress_is_in_doubt_for_its_own_account_only(connection: AsyncConnection) -> None:
    await insert_job(connection, "test:1", state=State.SUBMITTING, account_id="key-a", slot=0)
    assert (await accounts.get_status(connection, "key-a")).in_doubt
    assert not (await accounts.get_status(connection, "key-b")).in_doubt


async def test_taking_an_account_over_voids_the_old_epoch_and_keeps_a_pause(connection: AsyncConnection) -> None:
    await accounts.set_pause(connection, "key-a", "Arrearage")
    taken = await accounts.take_over(connection, "key-a", mean=1.0, deviation=1.0)
    assert (taken.epoch, taken.paused_reason, taken.mean_seconds) == (2, "Arrearage", 15.0)
    assert not await accounts.is_current_epoch(connection, "key-a", 1)
    assert await accounts.is_current_epoch(connection, "key-a", 2)


async def test_a_reset_resumes_accounts_and_closes_their_breakers(connection: AsyncConnection) -> None:
    for api_account in ("key-a", "key-b"):
        await accounts.set_pause(connection, api_account, "Arrearage")
        await accounts.set_breaker(connection, api_account, failures=9, open_until=NOON + 300)
    for api_account in ("key-a", "key-b"):
        await accounts.reset(connection, api_account)
    for account in await accounts.list_all(connection):
        assert (account.paused_reason, account.failures, account.open_until) == (None, 0, 0.0)


async def test_attempts_store_their_times_tasks_and_outcomes(connection: AsyncConnection) -> None:
    job = await insert_job(connection, "test:1")
    for n in (1, 2, 3):
        await attempts.insert(
            connection, job_id=job.id, n=n, account_id="key-a", now=NOON + n, server_at=NOON + n + 0.5, model="m"
        )
    await attempts.set_task(connection, job_id=job.id, n=3, task_id="task-3")
    for n in (1, 2):
        await attempts.finish(connection, job_id=job.id, n=n, outcome="missed", now=NOON)
    assert await attempts.get_intent(connection, job_id=job.id, n=2) == Intent(NOON + 2, NOON + 2.5, model="m")
    await attempts.set_times(connection, job_id=job.id, n=2, now=NOON + 9, server_at=None, send_seconds=48.5)
    assert await attempts.get_intent(connection, job_id=job.id, n=2) == Intent(
        NOON + 9, None, send_seconds=48.5, model="m"
    )
    assert await attempts.list_known_tasks(connection, ["task-3", "task-4"]) == {"task-3"}
    assert await attempts.list_known_tasks(connection, []) == frozenset()
    assert await attempts.count_outcome(connection, job_id=job.id, outcome="missed") == 2


async def test_a_task_belongs_to_one_attempt(connection: AsyncConnection) -> None:
    job = await insert_job(connection, "test:1")
    for n in (1, 2):
        await attempts.insert(connection, job_id=job.id, n=n, account_id="key-a", now=NOON, server_at=None)
    await attempts.set_task(connection, job_id=job.id, n=1, task_id="task-1")
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        await attempts.set_task(connection, job_id=job.id, n=2, task_id="task-1")


@pytest.mark.parametrize(("send_seconds", "counted"), [(None, 0), (35.0, 0), (60.0, 1)])
async def test_a_submit_given_up_counts_for_as_long_as_it_could_be_sent(
    connection: AsyncConnection, send_seconds: float | None, counted: int
) -> None:
    job, other = await insert_job(connection, "test:1"), await insert_job(connection, "test:2")
    sent: dict[str, Any] = {"job_id": other.id, "n": 1, "account_id": "key-a", "now": NOON, "server_at": NOON}
    await attempts.insert(connection, **sent, send_seconds=send_seconds)
    await attempts.finish(connection, job_id=other.id, n=1, outcome="missed", now=NOON)
    since: dict[str, Any] = {"account_ids": ["key-a"], "since": NOON + 50}
    assert await attempts.count_given_up(connection, **since, except_job_id=job.id) == counted
    assert await attempts.count_given_up(connection, **since, except_job_id=other.id) == 0
