"""Frequent statements use indexes over open rows and never scan the whole history."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

import storage
from storage.database import open_database

GROWING = r"SCAN (job|j|attempt|result|r|ledger|credit|person|p|chat|c|purchase|recipient|shown_file|quota|q)\b"
# Partial indexes, which contain only open rows.
SMALL = re.compile(
    r"USING (?:COVERING )?INDEX (job_(open|turn|slot|person_waiting|hidden|failed|draft)|recipient_waiting)\b"
)
RARE = {  # run for the owner, for metrics, or once per chat
    "balances._AUDIT",
    "ledger._AUDIT",
    "admin_figures._SUM_SPENDING",
    "admin_figures._COUNT_PEOPLE",
    "admin_figures._DAY_FIGURES",
    "statistics._JOBS_BY_STATE",
    "groups._DELETE_CHAT",
    "anonymize._DELETE_IDENTITY[2]",
}


ELSEWHERE = {"copy_database", "leases"}  # PostgreSQL only: system views and procrastinate's schema


def statements() -> Iterator[tuple[str, TextClause]]:
    """Every statement of storage, by module and name."""
    for found in pkgutil.iter_modules(storage.__path__):
        if found.name in ELSEWHERE:
            continue
        module = importlib.import_module(f"storage.{found.name}")
        for name, value in vars(module).items():
            several = value if isinstance(value, tuple) else (value,)
            for number, one in enumerate(several):
                if isinstance(one, TextClause) and re.match(r"\s*(SELECT|UPDATE|DELETE)", one.text):
                    yield f"{found.name}.{name}" + (f"[{number}]" if number else ""), one


ASKED = dict(statements())


async def plan_of(connection: AsyncConnection, statement: TextClause) -> list[str]:
    """SQLite's query plan."""
    sql = re.sub(r"IN :\w+", "IN (1, 2)", statement.text)
    values = dict.fromkeys(re.findall(r"(?<!:):(\w+)", sql), 1)
    return [row[-1] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"), values)]


def full_scans(plan: list[str]) -> list[str]:
    """The steps that scan a growing table."""
    return [step for step in plan if re.match(GROWING, step) and not SMALL.search(step)]


async def test_no_frequent_statement_scans_the_history(tmp_path: Path) -> None:
    async with open_database(tmp_path / "rows.db") as database, database.read() as connection:
        found = {name: full_scans(await plan_of(connection, asked)) for name, asked in ASKED.items()}
    assert {name: steps for name, steps in found.items() if steps and name not in RARE} == {}
    assert {name for name in RARE if not found[name]} == set()  # otherwise remove it from the list


async def test_listing_open_cards_starts_with_the_open_jobs(tmp_path: Path) -> None:
    async with open_database(tmp_path / "rows.db") as database, database.read() as connection:
        plan = await plan_of(connection, ASKED["cards._LIST_OPEN"])
    assert "USING INDEX job_open" in plan[0]


def test_statements_are_found() -> None:
    assert len(ASKED) > 90
