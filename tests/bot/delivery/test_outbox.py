"""Which changes of a job are worth an edit of its card."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.delivery.outbox import is_worth_an_edit_of_one
from bot.domain.job_view import JobView, State
from tests.harness.rows import NOON

QUEUED = JobView(
    id=1, state=State.QUEUED, style=0, has_reference=False, created=NOON, updated=NOON, place=5, eta_seconds=100.0
)
RUNNING = replace(QUEUED, state=State.RUNNING, place=None, eta_seconds=15.0, progress=0.2)


def is_worth(shown: JobView, changes: Mapping[str, Any], age: float, *, is_group: bool = False) -> bool:
    return is_worth_an_edit_of_one(shown, replace(shown, **changes), age, is_group=is_group)


@pytest.mark.parametrize(
    ("shown", "changes", "age", "edited"),
    [
        (QUEUED, {}, 9999, False),
        (QUEUED, {"state": State.RUNNING, "place": None}, 0, True),
        (QUEUED, {"paused": True, "place": None}, 0, True),
        (QUEUED, {"style": 5}, 0, True),
        (QUEUED, {"place": 4}, 0, True),
        (replace(QUEUED, place=11), {"place": 10}, 9999, False),
        (replace(QUEUED, place=11), {"place": 9}, 0, True),
        (QUEUED, {"eta_seconds": 130.0}, 14.9, False),
        (QUEUED, {"eta_seconds": 130.0}, 15, True),
        (QUEUED, {"eta_seconds": 110.0}, 9999, False),
        (RUNNING, {"progress": 0.31}, 3, True),
        (RUNNING, {"progress": 0.31}, 2.9, False),
        (RUNNING, {"progress": 0.29}, 9999, False),
        (RUNNING, {"progress": 0.31, "eta_seconds": 1.0}, 2.9, False),
        (RUNNING, {"state": State.FETCHING, "progress": 0.98}, 0, True),
    ],
)
def test_a_card_is_edited_only_for_news(shown: JobView, changes: Mapping[str, Any], age: float, edited: bool) -> None:
    assert is_worth(shown, changes, age) == edited


def test_cards_in_groups_are_edited_less_often() -> None:
    assert not is_worth(RUNNING, {"progress": 0.9}, 9.9, is_group=True)
    assert is_worth(RUNNING, {"progress": 0.9}, 10, is_group=True)
