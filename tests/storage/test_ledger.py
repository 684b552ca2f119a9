"""The quota ledger: limits hold under contention, units are settled once, and sums agree with rows."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import ledger
from storage.database import Database, open_database
from storage.ledger import Scope, ScopeKind, Settlement, Sums
from tests.conftest import ON_BOTH
from tests.fakes.postgres import place_of
from tests.harness.rows import NOON

pytestmark = ON_BOTH

DAY = Scope(ScopeKind.PERSON, "person:7", "2026-11-22", 20)
TOMORROW = replace(DAY, period="2026-11-23")
BUDGET = Scope(ScopeKind.BUDGET, "budget", "2026-11", 100)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(place_of(tmp_path)) as opened:
        yield opened


class Refused(Exception):
    """Rolls the transaction back."""


async def reserve(database: Database, job_id: int, *scopes: Scope) -> bool:
    """Reserve as admission does: all scopes or none."""
    with suppress(Refused):
        async with database.write() as connection:
            if await ledger.reserve(connection, job_id, scopes, now=NOON) is None:
                return True
            raise Refused
    return False


async def settle(
    database: Database, job_id: int, how: Settlement, kinds: Iterable[ScopeKind] = ScopeKind, *, now: float = NOON
) -> None:
    async with database.write() as connection:
        await ledger.settle(connection, job_id, how, kinds, now=now)


async def sums(database: Database, scope: Scope) -> tuple[int, int]:
    async with database.read() as connection:
        assert await ledger.audit(connection) == ()
        found = await ledger.get_sums(connection, scope)
    return found.reserved, found.used


async def test_of_200_concurrent_reservations_as_many_as_the_limit_succeed(database: Database) -> None:
    got = await asyncio.gather(*(reserve(database, number, DAY, BUDGET) for number in range(200)))
    assert sum(got) == 20
    assert await sums(database, DAY) == (20, 0)
    assert await sums(database, BUDGET) == (20, 0)  # a refused reservation takes nothing of any scope


async def test_released_units_can_be_reserved_again(database: Database) -> None:
    for number in range(20):
        assert await reserve(database, number, DAY)
    assert not await reserve(database, 20, DAY)
    await settle(database, 3, "release")
    assert await reserve(database, 21, DAY)
    assert not await reserve(database, 22, DAY)


async def test_used_units_count_against_the_limit(database: Database) -> None:
    for number in range(20):
        await reserve(database, number, DAY)
        await settle(database, number, "commit")
    assert await sums(database, DAY) == (0, 20)
    assert not await reserve(database, 99, DAY)


@pytest.mark.parametrize("first", ["commit", "release"])
@pytest.mark.parametrize("second", ["commit", "release"])
async def test_a_unit_is_settled_once(database: Database, first: Settlement, second: Settlement) -> None:
    await reserve(database, 1, DAY)
    await settle(database, 1, first)
    await settle(database, 1, second)
    assert await sums(database, DAY) == (0, 1 if first == "commit" else 0)


async def test_of_many_concurrent_settlements_one_takes_effect(database: Database) -> None:
    await reserve(database, 1, DAY)
    await asyncio.gather(*(settle(database, 1, "commit" if n % 2 else "release") for n in range(50)))
    async with database.read() as connection:
        rows = await connection.execute(text("SELECT COUNT(*) FROM ledger WHERE kind <> 'reserve'"))
        assert rows.scalar_one() == 1
    reserved, _ = await sums(database, DAY)
    assert reserved == 0


async def test_kinds_of_scopes_can_be_settled_separately(database: Database) -> None:
    await reserve(database, 1, DAY, BUDGET)
    await settle(database, 1, "release", [ScopeKind.PERSON])
    assert (await sums(database, DAY), await sums(database, BUDGET)) == ((0, 0), (1, 0))
    await settle(database, 1, "commit", [ScopeKind.BUDGET])
    assert (await sums(database, DAY), await sums(database, BUDGET)) == ((0, 0), (0, 1))


async def test_a_unit_of_yesterday_is_settled_in_its_own_period(database: Database) -> None:
    await reserve(database, 1, DAY)
    await settle(database, 1, "commit", now=NOON + 86_400)
    assert (await sums(database, DAY), await sums(database, TOMORROW)) == ((0, 1), (0, 0))


async def test_a_new_day_has_all_its_units(database: Database) -> None:
    for number in range(20):
        await reserve(database, number, DAY)
    assert await reserve(database, 20, TOMORROW)


async def test_a_changed_limit_holds_from_the_next_reservation_on(database: Database) -> None:
    for number in range(20):
        await reserve(database, number, DAY)
    assert await reserve(database, 20, replace(DAY, limit=21))
    assert not await reserve(database, 21, replace(DAY, limit=5))


async def test_nothing_can_be_reserved_with_a_limit_of_zero(database: Database) -> None:
    assert not await reserve(database, 1, replace(DAY, limit=0))


async def test_counting_counts_a_job_once_and_ignores_the_limit(database: Database) -> None:
    account = Scope(ScopeKind.ACCOUNT, "account:key-a", "ever", 1)
    async with database.write() as connection:
        for job_id in (1, 2, 2, 1, 3):
            await ledger.count(connection, job_id, account, now=NOON)
    assert await sums(database, account) == (0, 3)


async def test_a_job_that_has_reserved_a_unit_is_not_counted_again(database: Database) -> None:
    await reserve(database, 1, BUDGET)
    await settle(database, 1, "commit")
    async with database.write() as connection:
        await ledger.count(connection, 1, BUDGET, now=NOON)
    assert await sums(database, BUDGET) == (0, 1)


async def test_a_budget_counts_money_whatever_each_picture_costs(database: Database) -> None:
    month = replace(BUDGET, limit=2400)
    cheap, dear = replace(month, amount=1200), replace(month, amount=2000)
    assert await reserve(database, 1, cheap)
    assert not await reserve(database, 2, dear)  # 3200 would be too much
    assert await reserve(database, 2, cheap)
    assert not await reserve(database, 3, replace(month, amount=1))
    assert await reserve(database, 3, replace(month, amount=0))  # this costs nothing
    assert await sums(database, month) == (2400, 0)


async def test_what_is_committed_is_what_the_picture_cost(database: Database) -> None:
    """Reserved at the dearest account's price, painted by another."""
    month, day = replace(BUDGET, limit=10_000, amount=2000), DAY
    for job_id in (1, 2, 3):
        await reserve(database, job_id, month, day)
    async with database.write() as connection:
        for _ in range(2):  # the second time changes nothing
            await ledger.settle(connection, 1, "commit", ScopeKind, now=NOON, cost=1200)
        await ledger.settle(connection, 2, "release", ScopeKind, now=NOON, cost=1200)
    assert (await sums(database, month), await sums(database, day)) == ((2000, 1200), (1, 1))
    async with database.read() as connection:
        assert await ledger.count_jobs(connection, month) == Sums(reserved=1, used=1)
    await settle(database, 3, "commit")
    assert await sums(database, month) == (0, 3200)


async def test_the_audit_finds_numbers_of_jobs_that_do_not_agree(database: Database) -> None:
    await reserve(database, 1, BUDGET)
    async with database.write() as connection:
        await connection.execute(text("UPDATE quota SET jobs_used = jobs_used + 1"))
        assert await ledger.audit(connection) == (("budget", "2026-11"),)


async def test_the_audit_finds_sums_that_do_not_agree(database: Database) -> None:
    await reserve(database, 1, DAY)
    async with database.write() as connection:
        await connection.execute(text("UPDATE quota SET used = used + 1"))
        assert await ledger.audit(connection) == (("person:7", "2026-11-22"),)


async def test_an_unknown_scope_has_no_reserved_and_used_units(database: Database) -> None:
    async with database.read() as connection:
        assert await ledger.get_sums(connection, DAY) == Sums(0, 0)
