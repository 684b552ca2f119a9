"""The theorem of `storage.queue`, for the model and for the rows.

(a) places never rise, (b) nobody starves, (c) everybody once between two claims of one, (d) no credit: `Watcher`
asserts them after every step.
"""

import random
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from bench.harness import QueueHarness, queue_harness
from bot.dashscope.errors import Decision
from bot.dashscope.models import Capability, Model
from bot.domain import job_lifecycle
from bot.jobs.transitions import apply_event
from bot.worker.context import AccountContext
from storage import jobs, queue
from storage.jobs import State
from tests.harness.properties import QUICK
from tests.harness.turn_model import Watcher, random_steps

ACCOUNTS = (frozenset({0, 1}), frozenset({1}))  # the second offers fewer looks


@QUICK
@given(st.lists(st.integers(0, 2**12), max_size=60))
def test_any_run_of_arrivals_claims_comebacks_and_ends_keeps_the_theorem(choices: list[int]) -> None:
    for _ in random_steps(Watcher(ACCOUNTS), choices, "abcde"):
        pass


def test_long_runs_keep_it_too() -> None:
    chance = random.Random(7)
    for _ in range(4):
        for _ in random_steps(Watcher(ACCOUNTS), (chance.getrandbits(20) for _ in range(250)), "abcdefgh"):
            pass


def test_every_short_run_of_two_people_keeps_it() -> None:
    """All runs of six steps: a photo of either, a claim, a photo that comes back, the end of one."""
    for steps in product(range(5), repeat=6):
        watcher = Watcher((frozenset({0}),))
        for step in steps:
            photos = watcher.model.photos
            taken, waiting = ([n for n in photos if photos[n].claimed is claimed] for claimed in (True, False))
            if step < 2:
                watcher.admit("ab"[step])
            elif step == 2:
                watcher.claim(0)
            elif step == 3 and taken:
                watcher.come_back(taken[0])
            elif step == 4 and waiting:
                watcher.change(waiting[0], ends=True)


def test_who_returns_with_one_photo_is_not_passed_by_newcomers() -> None:
    """Somebody who was served before comes again; while newcomers come as fast as photos are painted."""
    watcher = Watcher((frozenset({0}),))
    watcher.admit("returning")
    watcher.claim(0)
    for number in range(5):
        watcher.admit(f"early {number}")
    watcher.admit("returning")
    places = []
    for number in range(6):
        places.append(watcher.model.places()["returning"])
        watcher.admit(f"newcomer {number}")
        watcher.claim(0)
    assert places == [6, 5, 4, 3, 2, 1]
    assert "returning" not in watcher.model.places()


class RowsQueue:
    """Steps through the real admission and claim, beside the model."""

    def __init__(self, harness: QueueHarness, watcher: Watcher, contexts: Sequence[AccountContext]) -> None:
        self.harness, self.watcher, self.contexts = harness, watcher, contexts
        self.ids: dict[int, int] = {}

    async def follow(self, step: str, argument: int, number: int) -> None:
        """Do to the rows what was done to the model."""
        if step == "admit":
            photo = self.watcher.model.photos[number]
            self.ids[number] = (await self.harness.request(photo.person, argument)).id
        elif step == "claim":
            job = await self.harness.claim(self.contexts[argument])
            assert (None if job is None else job.id) == self.ids.get(number), "the same photo is claimed"
            if job is not None:
                await self.contexts[argument].write(job, job_lifecycle.SubmitAccepted(f"task {job.id}/{job.attempts}"))
        else:
            await self._write(step, number)

    async def _write(self, step: str, number: int) -> None:
        async with self.harness.database.write() as connection:
            job = await jobs.get(connection, self.ids[number])
            assert job is not None
            if step == "rest":
                photo = self.watcher.model.photos[number]
                rests_until = {"id": job.id, "at": 0.0 if photo.ready else 1e12}
                await connection.execute(text("UPDATE job SET next_at = :at WHERE id = :id"), rests_until)
                return
            event: job_lifecycle.Event = job_lifecycle.CancelRequested()
            if step == "come back":
                event = job_lifecycle.Orphaned(free=True)
            elif job.state is State.RUNNING:
                event = job_lifecycle.TaskFailed("InvalidImage", Decision.BAD_PHOTO)
            await apply_event(connection, job, event, self.harness.clock.now())

    async def check(self) -> None:
        """The rows have the model's numbers, and their cards its places."""
        model = self.watcher.model
        async with self.harness.database.read() as connection:
            rows = await connection.execute(text("SELECT id, turn FROM job WHERE state = 'queued'"))
            assert {row.id: row.turn for row in rows} == {
                self.ids[number]: photo.turn for number, photo in model.photos.items() if not photo.claimed
            }
            places = await queue.list_places(connection, list(self.ids.values()), self.harness.clock.now())
        first = {number: places[self.ids[number]] for number, photo in model.photos.items() if not photo.claimed}
        shown = {model.photos[number].person: place.number for number, place in first.items() if place.is_first}
        assert shown == model.places()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_the_rows_have_the_order_of_the_model(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    where = None if database == "sqlite" else request.getfixturevalue("postgres_url")
    watcher, chance = Watcher(ACCOUNTS), random.Random(11)
    steps, rows = random_steps(watcher, (chance.getrandbits(20) for _ in range(90)), "abcde"), dict[int, int]()
    for restarts in range(3):
        async with queue_harness(tmp_path, where) as harness:
            harness.clock.time += 3600.0 * restarts
            harness.request_count = len(rows)
            contexts = [
                await harness.context(
                    f"account {number}", slots=99, model=Model(f"model {number}", capability=Capability(looks))
                )
                for number, looks in enumerate(ACCOUNTS)
            ]
            queued = RowsQueue(harness, watcher, contexts)
            queued.ids = rows
            for done, step in enumerate(steps, start=1):
                await queued.follow(*step)
                await queued.check()
                if done == 30 and restarts < 2:
                    break
