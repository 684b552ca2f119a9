"""The short form of `make chaos PART=inputs`."""

from pathlib import Path

import pytest

from chaos.inputs import run_inputs

INPUTS = 200


@pytest.mark.timeout(400)
async def test_malformed_files_updates_and_requests_are_answered_or_rejected(tmp_path: Path) -> None:
    report = await run_inputs(tmp_path, INPUTS, seed=4)
    assert report.violations == []
    eighth = INPUTS // 8
    sent = {"files": 4 * eighth, "updates": 2 * eighth, "requests": eighth, "photo links": eighth + 1}
    assert report.sent == sent
    assert report.responses["portrait"] > 0
    assert report.responses["file refused, damaged"] > 0
    assert report.worker_deaths == 0
