"""Accounts that paint different styles share one queue: each takes what it can paint, and nobody waits for ever."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.dashscope import models, wire
from bot.dashscope.models import Capability, Model
from bot.dashscope.wire import ApiCall, TaskRequest
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import State
from bot.jobs.request import JobRequest, StyleChoice, like_picture
from bot.worker.recovery import recover
from tests.conftest import ON_BOTH
from tests.fakes.dashscope.proxy import lost_after, refused
from tests.fakes.dashscope.service import StandIn, portrait_jpeg, stand_in
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app
from tests.harness.worker import open_workers

INK, CARTOON, ANIME = 5, 7, 2  # of the styles that the stand-in for tests knows


def ask_the_stand_in(_: str, task_request: TaskRequest) -> ApiCall:
    """The stand-in knows one model; what matters here is who asks for what."""
    return wire.create("wanx-style-repaint-v1", task_request)


DRAWN = Model("drawn-only", Capability(frozenset({INK, CARTOON})), create=ask_the_stand_in)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as running:
        yield running


@ON_BOTH
async def test_a_second_model_takes_only_what_it_can_paint(tmp_path: Path, service: StandIn) -> None:
    async with open_workers(tmp_path, service, keys=("sk-one", "sk-drawn"), models={"sk-drawn": DRAWN}) as workers:
        first = [await workers.request("anna", style=ANIME) for _ in range(3)]
        later = [await workers.request("ben", style=style) for style in (INK, CARTOON)]
        _, drawn = workers.api_accounts
        async with workers.running(drawn):  # the other account stands still
            for job in later:
                assert (await workers.ended(job)).state == State.STORED
            assert {(await workers.row(job)).state for job in first} == {State.QUEUED}
        assert [(await workers.row(job)).turn for job in first] == [job.turn for job in first]  # none lost its place
        async with workers.running():
            for job in first:
                assert (await workers.ended(job)).state == State.STORED
        painters = await workers.rows(
            "SELECT DISTINCT j.style, a.account_id FROM attempt a JOIN job j ON j.id = a.job_id"
        )
        assert {tuple(row) for row in painters} == {(ANIME, "sk-one"), (INK, "sk-drawn"), (CARTOON, "sk-drawn")}


@ON_BOTH
async def test_jobs_in_styles_that_nobody_paints_any_more_end_and_cost_nothing(
    tmp_path: Path, service: StandIn
) -> None:
    async with open_workers(tmp_path, service) as workers:
        gone, stays = await workers.request("anna", style=ANIME), await workers.request("ben", style=INK)
        await recover(workers.deps, {"sk-one"}, free=(), styles=None)  # other processes may paint more
        assert (await workers.row(gone)).state == State.QUEUED
        await recover(workers.deps, {"sk-one"}, free=(), styles=DRAWN.capability.styles)
        now = await workers.row(gone)
        assert (now.state, now.error) == (State.FAILED, ErrorCode.STYLE_INVALID)
        assert (await workers.units("anna"), (await workers.row(stays)).state) == ((0, 0), State.QUEUED)
        assert await workers.rows("SELECT job_id FROM outbox") == [(gone.id,)]


async def test_only_styles_that_an_account_paints_are_offered(
    tmp_path: Path, service: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "KNOWN", (*models.KNOWN, DRAWN))
    cloud: dict[str, Any] = {"dashscope_api_key": "sk-one model=drawn-only", "dashscope_base_url": service.base_url}
    async with running_app(tmp_path / "bot", **cloud) as app:
        assert [style.index for style in app.services.queries.styles()] == [INK, CARTOON]
        unknown = UserError(ErrorCode.STYLE_INVALID)
        for choice in (StyleChoice(ANIME), like_picture(portrait_jpeg(shade=9))):
            request = JobRequest(ANNA, private(ANNA), f"test:{choice.index}", photo=portrait_jpeg(), style=choice)
            assert await app.services.jobs.submit(request) == unknown
        request = JobRequest(BEN, private(BEN), "test:ink", photo=portrait_jpeg(), style=StyleChoice(INK))
        assert (await ended(app, BEN, accepted(await app.services.jobs.submit(request)).id)).state == State.STORED


@ON_BOTH
async def test_a_task_of_a_lost_submit_is_found_although_its_key_paints_with_another_model_now(
    tmp_path: Path, service: StandIn
) -> None:
    async with open_workers(tmp_path, service) as workers:
        job = await workers.request(style=INK)
        workers.gate.next("create", lost_after)
        workers.gate.always("list", refused(503, "ModelUnavailable"))
        async with workers.running():
            await workers.until(job, lambda now: now.state == State.SUBMITTING and workers.gate.count("create") == 1)
    async with open_workers(tmp_path, service, models={"sk-one": DRAWN}) as workers, workers.running():
        assert (await workers.ended(job)).state == State.STORED
        (task,) = await service.tasks()
        assert await workers.attempts(job) == [(1, task.task_id, "succeeded")]
