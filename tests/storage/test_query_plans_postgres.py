"""The same on PostgreSQL: beside a long history, what is asked again and again goes by an index, and a claim, a place
and what is due by the partial ones."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from storage.database import Database, open_database
from tests.fakes.postgres import Server
from tests.storage.test_query_plans import ASKED, RARE

GROWING = re.compile(
    r"Seq Scan on (job|attempt|result|ledger|credit|person|chat|purchase|recipient|shown_file|quota|arrived|veiled)\b"
)
HISTORY = (
    "INSERT INTO person (platform, platform_id, language, created)"
    " SELECT 'test', n, 'en', 0 FROM generate_series(1, 4000) n",
    "INSERT INTO chat (platform, platform_id, is_group, created, person_id)"
    " SELECT 'test', n, n % 9 = 0, 0, n FROM generate_series(1, 4000) n",
    "INSERT INTO account (id, mean_seconds, deviation_seconds) VALUES ('key-a', 15, 3)",
    "INSERT INTO job (source, person_id, chat_id, state, style, photo, photo_hash, cropped, cancel_requested, hidden,"
    " turn, attempts, created, updated, asked, error)"
    " SELECT n, 1 + n % 4000, 1 + n % 4000, CASE WHEN n > 9900 THEN 'queued' ELSE 'delivered' END, n % 30, n, n,"
    " false, false, false, n, 1, n, n, n, CASE WHEN n % 99 = 0 THEN 'refused' END FROM generate_series(1, 10000) n",
    "INSERT INTO attempt (job_id, n, account_id, intent_at, task_id)"
    " SELECT n, 1, 'key-a', 0, n FROM generate_series(1, 9900) n",
    "INSERT INTO result (job_id, key, bytes, width, height, created, expires)"
    " SELECT n, n, 9, 3, 4, n, n FROM generate_series(1, 9900) n",
    "INSERT INTO ledger (job_id, scope_kind, scope, period, kind, at)"
    " SELECT n, 'person', 'person:' || n % 4000, n % 30, kind, 0 FROM generate_series(1, 9900) n,"
    " (VALUES ('reserve'), ('commit')) kinds (kind)",
    "INSERT INTO quota (scope_kind, scope, period, lim, reserved, used)"
    " SELECT 'person', 'person:' || n % 4000, n / 4000, 20, 0, 1 FROM generate_series(1, 9999) n",
    "INSERT INTO credit (key, scope_kind, scope, period, units, why, at)"
    " SELECT n, 'purse', 'purse:' || n, 'ever', 1, '', 0 FROM generate_series(1, 4000) n",
    "INSERT INTO purchase (charge_id, person_id, units, stars, at)"
    " SELECT n, n, 1, 1, 0 FROM generate_series(1, 4000) n",
    "INSERT INTO broadcast (text, created, stopped) VALUES ('', 0, false)",
    "INSERT INTO recipient (broadcast_id, chat_id, outcome)"
    " SELECT 1, n, CASE WHEN n < 3900 THEN 'told' END FROM generate_series(1, 4000) n",
    "INSERT INTO shown_file (account, job_id, file) SELECT 'bot', n, n FROM generate_series(1, 9900) n",
    "INSERT INTO arrived (account, number, at) SELECT 'bot', n, n FROM generate_series(1, 4000) n",
    "INSERT INTO veiled (account, chat, message, at) SELECT 'bot', n, n, n FROM generate_series(1, 4000) n",
    "INSERT INTO outbox (job_id, platform, tries, next_at)"
    " SELECT n, CASE WHEN n % 2 = 0 THEN 'test' ELSE 'web' END, 1, n FROM generate_series(1, 9900) n",
    "ANALYZE",
)
NOT_OFTEN = {"broadcasts._LIST_NEWEST", "snapshots._CLEAR_PENDING[2]"}  # the owner's page, and after a restore
OPEN = "job_(turn|open|person_waiting)"  # partial indexes
INDEXES = {
    "jobs._GET_NEXT_QUEUED": OPEN,
    "queue._LIST_FRONT": OPEN,
    "queue._GET_TURN": OPEN,
    "jobs._LIST_WAITING": OPEN,
    "jobs._COUNT_WAITING": "job_person_waiting",
    "results._LIST_DUE": "outbox_due",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def old(postgres: Server) -> AsyncIterator[Database]:
    """A database with many ended jobs."""
    url = postgres.new_database()
    for statement in HISTORY:
        postgres.execute(statement, url.rsplit("/", 1)[1])
    async with open_database(url) as database:
        yield database
    postgres.drop(url)


async def plan_of(old: Database, name: str) -> str:
    """PostgreSQL's query plan."""
    sql = re.sub(r"(?<!:):\w+", "'1'", re.sub(r"IN :\w+", "IN ('1', '2')", ASKED[name].text))
    async with old.read() as connection:
        return "\n".join((await connection.execute(text(f"EXPLAIN {sql}"))).scalars())


@pytest.mark.asyncio(loop_scope="module")
async def test_no_frequent_statement_scans_the_history(old: Database) -> None:
    found = {name: GROWING.findall(await plan_of(old, name)) for name in ASKED}
    assert {name: tables for name, tables in found.items() if tables} == {
        name: tables for name, tables in found.items() if tables and name in RARE | NOT_OFTEN
    }


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", INDEXES)
async def test_open_rows_are_found_by_partial_indexes(old: Database, name: str) -> None:
    assert re.search(rf"using {INDEXES[name]}\b|on {INDEXES[name]}\b", await plan_of(old, name))
