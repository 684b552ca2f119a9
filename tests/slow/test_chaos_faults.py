"""The short form of `make chaos PART=faults`."""

from pathlib import Path

import pytest

from chaos.faults import run_faults

FAULTS = 60


@pytest.mark.timeout(400)
async def test_under_faults_every_user_gets_one_answer_and_nothing_is_paid_twice(tmp_path: Path) -> None:
    report = await run_faults(tmp_path, FAULTS, seed=4, machine_faults=("disk full",), log=lambda _: None)
    assert report.violations == []
    assert report.faults.total() >= FAULTS
    assert len(report.faults) >= 14, "of many kinds"
    assert report.machine_faults == {"disk full": 1}
    assert report.outcomes["delivered"] > 0
    assert report.outcomes["failed"] == 0
    assert report.discord_users > 0, "on Discord too"
