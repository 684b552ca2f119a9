"""A short soak, and the limits on what its samples may show."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.soak import run_soak
from chaos.soak_curve import MIN_SAMPLES, Sample, regressions

FIRST = Sample(
    jobs=1000, per_second=9.0, cpu_ms=50.0, bot_mib=110, intake_mib=33, files=60, rows_mib=3.0, log_mib=4.0,
    median=1.0, p95=2.0,
)  # fmt: skip
FLAT = [replace(FIRST, jobs=1000 * number) for number in range(1, 21)]


def test_a_short_soak_finishes_every_job_and_violates_nothing(tmp_path: Path) -> None:
    lines: list[str] = []
    samples, violations = asyncio.run(run_soak(tmp_path, 20, log=lines.append))
    assert [sample.jobs for sample in samples] == list(range(1, 21))
    assert len(lines) == len(samples)
    assert [line for line in violations if "grew" not in line and "latency" not in line] == []  # too few for trends


def test_after_the_time_limit_no_jobs_are_started(tmp_path: Path) -> None:
    samples, violations = asyncio.run(run_soak(tmp_path, 10_000, minutes=0.0, log=lambda _: None))
    assert (samples, violations) == ([], ["too few samples for a comparison"])


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (replace(FIRST, bot_mib=130), "memory grew from 110 to 130"),
        (replace(FIRST, files=90), "files grew from 60 to 90"),
        (replace(FIRST, median=2.5), "latency grew from 1.00 to 2.50 s"),
    ],
)
def test_growth_by_the_end_is_reported(end: Sample, words: str) -> None:
    [violation] = regressions([*FLAT, end])
    assert words in violation


def test_flat_samples_pass_and_too_few_do_not() -> None:
    assert regressions(FLAT) == []
    assert regressions(FLAT[: MIN_SAMPLES - 1]) == ["too few samples for a comparison"]
