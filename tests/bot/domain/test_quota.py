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


@pytest.mark.parametrize(("cny", "units"), [("0", 0), ("0.12", 1200), ("100", 1_000_000), ("0.00019", 1)])
def test_money_is_counted_in_parts_of_a_fen(cny: str, units: int) -> None:
    assert quota.to_units(Decimal(cny)) == units


def test_units_of_the_budget_are_money_again() -> None:
    assert [quota.to_cny(units) for units in (0, 1200, 1)] == [Decimal(0), Decimal("0.12"), Decimal("0.0001")]


@pytest.mark.parametrize(("free", "used", "left"), [(500, 0, 500), (500, 498, 2), (3, 3, 0), (3, 9, 0)])
def test_free_images_are_counted_down_to_none(free: int, used: int, left: int) -> None:
    assert quota.free_images_left(free, used) == left


def test_a_persons_day_and_a_groups_day_are_counted_apart() -> None:
    assert quota.person_scope(7, 20, NOON) == Scope(ScopeKind.PERSON, "person:7", "2026-11-22", 20)
    assert quota.group_scope(7, NOON) == Scope(ScopeKind.GROUP, "group:7", "2026-11-22", quota.UNLIMITED)


def test_a_paid_image_is_taken_from_the_months_budget() -> None:
    month = Scope(ScopeKind.BUDGET, "budget", "2026-11", 120_000, amount=1200)
    assert quota.budget_scope(Decimal(12), NOON) == month
    assert quota.budget_scope(Decimal(12), NOON, Decimal("0.2")).amount == 2000


def test_without_a_budget_images_are_still_counted() -> None:
    month = Scope(ScopeKind.BUDGET, "budget", "2026-11", quota.UNLIMITED, amount=1200)
    assert quota.budget_scope(None, NOON) == month
    assert quota.budget_scope(Decimal(10**15), NOON) == month  # as large as none


def test_an_accounts_images_are_counted_forever() -> None:
    assert quota.account_scope("key-a", 500) == Scope(ScopeKind.ACCOUNT, "account:key-a", "ever", 500)
