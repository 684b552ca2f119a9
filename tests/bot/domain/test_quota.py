"""What a job is charged to."""

from decimal import Decimal

import pytest

from bot.domain import quota
from storage.ledger import Scope, ScopeKind
from tests.harness.rows import NOON

MIDNIGHT = NOON + 12 * 3600


def test_days_and_months_are_those_of_utc() -> None:
    assert (quota.day(NOON), quota.month(NOON)) == ("2026-11-22", "2026-11")
    assert quota.day(MIDNIGHT - 0.001) == "2026-11-22"
    assert quota.day(MIDNIGHT) == "2026-11-23"


@pytest.mark.parametrize("now", [NOON, MIDNIGHT - 1, NOON - 12 * 3600])
def test_new_units_come_at_midnight(now: float) -> None:
    assert quota.resets_at(now) == MIDNIGHT


def test_at_midnight_the_next_units_are_a_day_away() -> None:
    assert quota.resets_at(MIDNIGHT) == MIDNIGHT + 86_400


@pytest.mark.parametrize(("cny", "images"), [("0", 0), ("0.11", 0), ("0.12", 1), ("100", 833), ("0.36", 3)])
def test_a_budget_pays_for_whole_images(cny: str, images: int) -> None:
    assert quota.images_within(Decimal(cny)) == images


def test_a_persons_day_and_a_groups_day_are_counted_apart() -> None:
    assert quota.person_scope(7, 20, NOON) == Scope(ScopeKind.PERSON, "person:7", "2026-11-22", 20)
    assert quota.group_scope(7, NOON) == Scope(ScopeKind.GROUP, "group:7", "2026-11-22", quota.UNLIMITED)


def test_a_paid_image_is_taken_from_the_months_budget() -> None:
    assert quota.budget_scope(Decimal(12), NOON) == Scope(ScopeKind.BUDGET, "budget", "2026-11", 100)


def test_without_a_budget_images_are_still_counted() -> None:
    assert quota.budget_scope(None, NOON) == Scope(ScopeKind.BUDGET, "budget", "2026-11", quota.UNLIMITED)


def test_an_accounts_images_are_counted_forever() -> None:
    assert quota.account_scope("key-a", 500) == Scope(ScopeKind.ACCOUNT, "account:key-a", "ever", 500)
