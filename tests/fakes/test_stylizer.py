"""Tests of the counting that other tests rely on."""

from pathlib import Path

import pytest

from stylizer.tasks import Task
from tests.fakes.dashscope.api_calls import open_api
from tests.fakes.dashscope.service import most_running, most_within_a_second


def ran(account: str, started: int | None, ended: int | None) -> Task:
    return Task(f"{account}{started}", account, "request", 0, 0, started=started, ended=ended)


@pytest.mark.parametrize(
    ("tasks", "most"),
    [
        ([], 0),
        ([ran("a", None, None), ran("a", None, 5)], 0),
        ([ran("a", 0, 5), ran("a", 5, 9), ran("a", 9, None)], 1),
        ([ran("a", 0, 5), ran("a", 4, 9), ran("a", 8, None)], 2),
        ([ran("a", 0, None), ran("a", 1, None), ran("a", 2, 3), ran("b", 2, 3)], 3),
    ],
)
def test_overlaps_are_counted_for_each_account(tasks: list[Task], most: int) -> None:
    assert most_running(tasks) == most


@pytest.mark.parametrize(
    ("moments", "most"), [([], 0), ([1.0], 1), ([2.5, 1.0, 1.9, 2.0], 3), ([1.0, 1.0, 1.5, 1.99, 2.0], 4)]
)
def test_the_fullest_second_is_found(moments: list[float], most: int) -> None:
    assert most_within_a_second(moments) == most


async def test_refused_submits_count_as_submits(tmp_path: Path) -> None:
    async with open_api(tmp_path, submits_per_second=2, clock=lambda: 1_800_000_000.0) as (service, caller):
        for _ in range(4):
            await caller.submit()
        report = await service.report()
    assert (report.tasks, report.most_submits, report.refused_submits, report.refused_queries) == (2, 4, 2, 0)
