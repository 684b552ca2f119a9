"""Many people at one slot: never two at once, never too fast, everybody in turn; and limits hold under a rush."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.jobs.admission import AdmissionRules
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.platform import Person
from bot.runtime.clock import WallClock
from storage import ledger
from storage.jobs import Job
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.service import most_within_a_second, portrait_jpeg, stand_in
from tests.harness.app import ANNA, private, running_app
from tests.harness.worker import Workers, open_workers

PEOPLE, PHOTOS = 10, 4


def jain(shares: Mapping[str, int], people: int) -> float:
    """Jain's index of fairness: 1 when all got the same, 1/people when one got all."""
    return sum(shares.values()) ** 2 / (people * sum(share**2 for share in shares.values()))


async def places(workers: Workers, who: str, job: Job) -> list[int]:
    """Every place that a person is shown while their job waits."""
    shown = [view.place async for view in workers.queries.watch(Person("test", who), job.id)]
    return [place for place in shown if place is not None]


async def everybody_served(workers: Workers, owner: Mapping[int, str]) -> None:
    """Wait until every job has its picture."""
    for job_id, who in owner.items():
        async for view in workers.queries.watch(Person("test", who), job_id):
            last = view
        assert last.state == State.STORED


@pytest.mark.timeout(240)
async def test_people_with_several_photos_each_take_turns_at_one_slot(tmp_path: Path) -> None:
    """In real time, at the API's own limits: 40 submits at 1.8 a second."""
    limits: dict[str, Any] = {"submits_per_second": 2.0, "queries_per_second": 18.0}
    service = stand_in(tmp_path / "service")
    async with service as cloud, open_workers(tmp_path, cloud, clock=WallClock(), **limits) as workers:
        owner: dict[int, str] = {}
        firsts: list[tuple[str, Job]] = []
        for who in (f"person {number}" for number in range(PEOPLE)):  # whoever comes first brings all at once
            jobs = [await workers.request(who) for _ in range(PHOTOS)]
            owner |= {job.id: who for job in jobs}
            firsts.append((who, jobs[0]))
        views = [await workers.queries.job(Person("test", who), job.id) for who, job in firsts]
        assert [view.place for view in views if view] == [*range(1, PEOPLE + 1)]
        watching = [asyncio.create_task(places(workers, who, job)) for who, job in firsts]
        async with workers.running():
            seen = await asyncio.gather(*watching)
            await everybody_served(workers, owner)
        report = await cloud.report()
        assert (report.tasks, report.most_running, report.refused_submits) == (PEOPLE * PHOTOS, 1, 0)
        assert report.by_status == {"SUCCEEDED": PEOPLE * PHOTOS}
        assert most_within_a_second([arrival.at for arrival in workers.gate.arrivals if arrival.kind == "create"]) == 2
        order = [owner[job_id] for (job_id,) in await workers.rows("SELECT job_id FROM attempt ORDER BY intent_at")]
        for served in range(PEOPLE, PEOPLE * PHOTOS + 1, PEOPLE):
            assert jain(Counter(order[:served]), PEOPLE) >= 0.99, served
        for shown in seen:
            assert all(later <= earlier for earlier, later in pairwise(shown)), shown


@ON_BOTH
async def test_a_newcomer_passes_everything_but_the_first_photos_of_others(tmp_path: Path) -> None:
    """A hundred jobs of one person wait; who comes with one photo then is next but for what runs."""
    rules = AdmissionRules(daily_free_images=1000, max_queued_per_person=1000, monthly_budget_cny=None, paid=True)
    async with stand_in(tmp_path / "service") as service, open_workers(tmp_path, service, rules=rules) as workers:
        heavy = [await workers.request("heavy") for _ in range(100)]
        light = await workers.request("light")
        views = {job.id: await workers.queries.job(Person("test", "heavy"), job.id) for job in heavy}
        mine = await workers.queries.job(Person("test", "light"), light.id)
        assert mine is not None
        assert mine.place == 2
        assert [view.place for view in views.values() if view] == [1, *[None] * 99]  # no promise for later ones
        assert [view.eta_is_minimum for view in views.values() if view] == [False, *[True] * 99]


@ON_BOTH
async def test_of_two_hundred_requests_at_once_exactly_the_days_units_are_accepted(tmp_path: Path) -> None:
    async with running_app(tmp_path, daily_free_images=20, max_queued_per_person=1000) as app:
        photos = [portrait_jpeg(256 + number, 300) for number in range(200)]
        answers = await asyncio.gather(
            *(
                app.services.jobs.submit(
                    JobRequest(ANNA, private(ANNA), f"rush:{number}", photo=photo, style=StyleChoice(0))
                )
                for number, photo in enumerate(photos)
            )
        )
        accepted = [answer for answer in answers if isinstance(answer, JobView)]
        refused = [answer for answer in answers if isinstance(answer, UserError)]
        assert (len(accepted), len(refused)) == (20, 180)
        assert {answer.code for answer in refused} == {ErrorCode.QUOTA_USED_UP}
        async with app.deps.database.read() as connection:
            assert await ledger.audit(connection) == ()
        quota = await app.services.queries.quota(ANNA)
        assert quota.reserved + quota.used == 20
        assert len(await app.services.queries.history(ANNA, limit=200)) == 20
        kept = [key for key in await app.deps.photos.keys() if key.startswith("original/")]
        assert len(kept) == 20  # a refused photo is not kept


@ON_BOTH
async def test_of_many_who_ask_for_the_last_place_one_gets_it(tmp_path: Path) -> None:
    async with running_app(tmp_path, max_queued_per_person=3) as app:
        photos = [portrait_jpeg(256 + number, 300) for number in range(30)]
        answers = await asyncio.gather(
            *(
                app.services.jobs.submit(
                    JobRequest(ANNA, private(ANNA), f"rush:{number}", photo=photo, style=StyleChoice(0))
                )
                for number, photo in enumerate(photos)
            )
        )
        refused = {answer.code for answer in answers if isinstance(answer, UserError)}
        assert refused == {ErrorCode.QUEUE_FULL}
