"""The short form of `make chaos PART=kills`."""

from pathlib import Path

import pytest

from chaos.kills import run_kills

KILLS = 12


@pytest.mark.timeout(400)
async def test_under_repeated_kills_nothing_is_lost_or_paid_twice(tmp_path: Path) -> None:
    report = await run_kills(tmp_path, KILLS, seed=4, log=lambda _: None)
    assert report.violations == []
    assert report.kills.total() == KILLS
    # A point that the busy machine does not reach within three seconds is killed at all the same.
    assert report.missed < KILLS - 1, "some kill points have to be reached"
    assert report.requests >= KILLS / 2
    assert report.discord_users > 0, "on Discord too"
    assert set(report.outcomes) <= {"delivered", "stored", "canceled"}
