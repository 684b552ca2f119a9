"""Properties of the ledger: no limit is exceeded, and the sums agree with the rows, whatever is done in any order."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from storage import ledger
from storage.database import Database, open_database
from storage.ledger import Scope, ScopeKind, Settlement
from tests.harness.properties import QUICK
from tests.harness.rows import NOON

JOBS, PEOPLE, DAYS = st.integers(1, 8), st.sampled_from("ab"), st.sampled_from(["1", "2"])
FEW_RUNS = settings(QUICK, max_examples=15, stateful_step_count=25)
MONEY, COSTS = st.tuples(st.integers(0, 12), st.integers(0, 3)), st.none() | st.integers(0, 3)  # budget and price
LIMITS, HOW = st.integers(0, 4), st.sampled_from(["commit", "release"])


class Refused(Exception):
    """Rolls the transaction back."""


class Ledger(RuleBasedStateMachine):
    """Jobs of two people over two days, and a budget. `held`: the scopes of which each job has reserved a unit."""

    loop: ClassVar[asyncio.Runner]
    database: ClassVar[Database]
    runs: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1  # all runs share a file, with separate scopes and jobs
        self.number = self.runs
        self.held: dict[int, list[Scope]] = {}
        self.settled: set[tuple[int, str]] = set()
        self.used: Counter[tuple[str, str]] = Counter()
        self.reserved: Counter[tuple[str, str]] = Counter()

    def _job(self, job: int) -> int:
        return self.number * 100 + job

    def _scopes(self, person: str, day: str, limit: int, money: tuple[int, int]) -> list[Scope]:
        budget, price = money
        return [
            Scope(ScopeKind.PERSON, f"person:{self.number}{person}", day, limit),
            Scope(ScopeKind.BUDGET, f"budget{self.number}", "month", budget, amount=price),
        ]

    @rule(job=JOBS, person=PEOPLE, day=DAYS, limit=LIMITS, money=MONEY)
    def reserve(self, job: int, person: str, day: str, limit: int, money: tuple[int, int]) -> None:
        if job in self.held:
            return
        scopes = self._scopes(person, day, limit, money)
        full = {
            scope.name
            for scope in scopes
            if self.used[scope.name, scope.period] + self.reserved[scope.name, scope.period] + scope.amount
            > scope.limit
        }
        empty = self.loop.run(self._reserve(self._job(job), scopes))
        assert (empty in full) if full else (empty is None)
        if empty is None:
            self.held[job] = scopes
            self.reserved.update({(scope.name, scope.period): scope.amount for scope in scopes})

    async def _reserve(self, job: int, scopes: list[Scope]) -> str | None:
        try:
            async with self.database.write() as connection:
                if (scope := await ledger.reserve(connection, job, scopes, now=NOON)) is not None:
                    raise Refused(scope.name)  # noqa: TRY301  # rolls back, as in admission
        except Refused as refused:
            return str(refused)
        return None

    @rule(job=JOBS, how=HOW, kinds=st.sets(st.sampled_from([ScopeKind.PERSON, ScopeKind.BUDGET])), cost=COSTS)
    def settle(self, job: int, how: Settlement, kinds: set[ScopeKind], cost: int | None) -> None:
        self.loop.run(self._settle(self._job(job), how, kinds, cost))
        for scope in self.held.get(job, ()):
            if (job, scope.name) not in self.settled and scope.kind in kinds:
                self.settled.add((job, scope.name))
                self.reserved[scope.name, scope.period] -= scope.amount
                paid = scope.amount if cost is None or scope.kind != ScopeKind.BUDGET else cost
                self.used[scope.name, scope.period] += paid if how == "commit" else 0

    async def _settle(self, job: int, how: Settlement, kinds: set[ScopeKind], cost: int | None) -> None:
        async with self.database.write() as connection:
            await ledger.settle(connection, job, how, kinds, now=NOON, cost=cost)

    @invariant()
    def the_sums_agree_with_the_rows(self) -> None:
        self.loop.run(self._look())

    async def _look(self) -> None:
        async with self.database.read() as connection:
            assert await ledger.audit(connection) == ()
            for scope in {scope for scopes in self.held.values() for scope in scopes}:
                key = (scope.name, scope.period)
                assert await ledger.get_sums(connection, scope) == ledger.Sums(self.reserved[key], self.used[key])


def test_the_sums_agree_whatever_is_reserved_and_settled_in_any_order(tmp_path: Path) -> None:
    with asyncio.Runner() as loop:
        opening = open_database(tmp_path / "rows.db")
        Ledger.loop, Ledger.database = loop, loop.run(opening.__aenter__())
        try:
            machine: Any = Ledger
            run_state_machine_as_test(machine, settings=FEW_RUNS)
        finally:
            loop.run(opening.__aexit__(None, None, None))
