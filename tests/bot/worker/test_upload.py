"""Uploads to the API's own storage: a failed one is no submit and costs nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.dashscope.photo_links import UploadLinks
from bot.domain.job_view import State
from tests.fakes.dashscope.proxy import Behaviour, lost_after, refused
from tests.fakes.dashscope.service import stand_in
from tests.harness.worker import Workers, open_workers


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    async with (
        stand_in(tmp_path / "service", submits_per_second=10**6, queries_per_second=10**6) as service,
        open_workers(tmp_path, service) as opened,
    ):
        api_account = opened.api_accounts[0]
        opened.api_accounts[0] = replace(api_account, links=UploadLinks(api_account.client.upload))
        yield opened


@pytest.mark.parametrize(
    ("kind", "deed"),
    [
        ("policy", lost_after),
        ("upload", lost_after),
        ("upload", refused(500, "InternalError")),
        ("upload", refused(403, "AccessDenied")),  # the policy has expired: a fresh one is fetched
    ],
    ids=["policy lost", "upload lost", "upload 500", "upload 403"],
)
async def test_a_failed_upload_is_no_submit_in_doubt(workers: Workers, kind: str, deed: Behaviour) -> None:
    job = await workers.request()
    workers.gate.next(kind, deed)
    async with workers.running():
        assert (await workers.ended(job)).state == State.STORED
    assert "missed" not in {outcome for _, _, outcome in await workers.attempts(job)}
    assert workers.gate.count("create") == 1
    assert await workers.units() == (0, 1)
