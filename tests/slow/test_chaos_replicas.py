"""The short form of `make chaos PART=replicas`."""

from pathlib import Path

import pytest

from chaos.replicas import run_replicas
from tests.fakes.postgres import Server

KILLS = 3


@pytest.mark.timeout(400)
async def test_three_replicas_lose_nothing_and_keep_every_limit(tmp_path: Path, postgres: Server) -> None:
    report = await run_replicas(tmp_path, KILLS, seed=4, server=postgres, backlog=6, log=lambda _: None)
    assert report.violations == []
    assert report.kills.total() >= KILLS
    assert report.requests + report.discord_users > 0
    assert set(report.outcomes) <= {"delivered", "stored", "canceled"}
