"""Databases of every schema version are migrated with their data, and then work."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import job_lifecycle, quota
from bot.jobs.transitions import apply_event
from storage import (
    accounts,
    admin_figures,
    attempts,
    balances,
    findings,
    jobs,
    ledger,
    people,
    queue,
    results,
    undelivered,
    update_inbox,
)
from storage.database import Database, open_database
from storage.jobs import State
from storage.ledger import ScopeKind
from tests import ROOT
from tests.harness.rows import NOON

FOLDER = ROOT / "storage" / "migrations"
PHOTO = "original/1/2026112313/" + "a" * 64 + ".jpg"
RESULT = "result/1/2026122213/" + "b" * 64 + ".jpg"
DATA = (  # as version 0001 wrote it: a delivered job and a running one
    "INSERT INTO person (id, platform, platform_id, language, last_tag, created)"
    f" VALUES (1, 'telegram', '42', 'zh', 2000, {NOON})",
    f"INSERT INTO chat (id, platform, platform_id, is_group, created) VALUES (1, 'telegram', '-100', true, {NOON})",
    "INSERT INTO account (id, epoch, mean_seconds, deviation_seconds) VALUES ('key-a', 3, 14.5, 2.5)",
    *(
        "INSERT INTO job (id, source, person_id, chat_id, state, style, photo, photo_hash, cropped, cancel_requested,"
        " hidden, tag, account_id, slot, attempts, task_id, created, updated, submitted, message_id)"
        f" VALUES ({number}, 'telegram:{number}', 1, 1, '{state}', 5, '{PHOTO}', 'a', false, false, false,"
        f" {number * 1000}, 'key-a', {slot}, 1, 'task-{number}', {NOON}, {NOON}, {NOON}, '77')"
        for number, state, slot in ((1, "delivered", "NULL"), (2, "running", "0"))
    ),
    f"INSERT INTO attempt (job_id, n, account_id, intent_at, task_id) VALUES (2, 1, 'key-a', {NOON}, 'task-2')",
    "INSERT INTO result (job_id, key, bytes, width, height, created, expires)"
    f" VALUES (1, '{RESULT}', 9, 3, 4, {NOON}, {NOON + 30 * 86400})",
)


SUMS = (("person:1", "2026-11-22", 20, 1, 1),)
UNITS = ((1, "person:1", "2026-11-22", "commit"), (2, "person:1", "2026-11-22", None))
# One scope of every kind. Job 1 is delivered, job 2 runs, job 3 was canceled; 3 units were given to the group that day.
SUMS_OF_0010 = (
    ("account:key-a", "ever", 500, 0, 1),
    ("budget", "2026-11", 100, 1, 1),
    ("group:1", "2026-11-22", 2**53, 1, 1),
    ("person:1", "2026-11-22", 20, 0, 4),
    ("pot:1", "2026-11-22", 3, 1, 0),
    ("pot:1", "ever", 2, 0, 0),
    ("purse:1", "ever", 10, 0, 2),
)
UNITS_OF_0010 = (
    *((1, scope, period, "commit") for scope, period in (("account:key-a", "ever"), ("budget", "2026-11"))),
    *((1, scope, "2026-11-22", "commit") for scope in ("group:1", "person:1")),
    *((2, scope, period, None) for scope, period in (("budget", "2026-11"), ("pot:1", "2026-11-22"))),
    (2, "group:1", "2026-11-22", None),
    *((3, scope, period, "release") for scope, period in (("purse:1", "ever"), ("budget", "2026-11"))),
)
CREDITS_OF_0010 = (
    ("grant:a", "purse:1", "ever", 10),
    ("gift:b:day:out", "person:1", "2026-11-22", -3),
    ("gift:b:day", "pot:1", "2026-11-22", 3),
    ("gift:b:purse:out", "purse:1", "ever", -2),
    ("gift:b:purse", "pot:1", "ever", 2),
)


def unit_rows(sums: Iterable[tuple[object, ...]], units: Iterable[tuple[int, str, str, str | None]]) -> Iterator[str]:
    """Statements that write sums of quota and units of jobs as versions up to 0010 did."""
    for row in sums:
        yield f"INSERT INTO quota (scope, period, lim, reserved, used) VALUES {row}"
    for job, scope, period, settlement in units:
        for kind in ("reserve", settlement):
            if kind is not None:
                values = (job, scope, period, kind, 0)
                yield f"INSERT INTO ledger (job_id, scope, period, kind, at) VALUES {values}"


def with_kinds(statement: str) -> str:
    """The same as versions from 0011 on write it; the only scopes are people's."""
    if not statement.startswith(("INSERT INTO quota", "INSERT INTO ledger")):
        return statement
    return statement.replace(" (", " (scope_kind, ", 1).replace("VALUES (", "VALUES ('person', ")


def with_counts(statement: str) -> str:
    """The same as versions from 0014 on write it, with the numbers of jobs beside the sums."""
    if not statement.startswith("INSERT INTO quota"):
        return statement
    reserved, used = statement.removesuffix(")").split(", ")[-2:]
    return statement.replace("used)", "used, jobs_reserved, jobs_used)").removesuffix(")") + f", {reserved}, {used})"


def with_turns(statement: str) -> str:
    """The same as versions from 0021 on write it: the numbers in the queue are the jobs'."""
    return statement.replace("last_tag, ", "").replace("'zh', 2000", "'zh'").replace(" tag,", " turn,")


def as_of(version: str, statement: str) -> str:
    """A statement of version 0010, as this version writes it."""
    for since, change in (("0011", with_kinds), ("0014", with_counts), ("0021", with_turns)):
        statement = change(statement) if version >= since else statement
    return statement


def alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


VERSIONS = [step.revision for step in reversed(list(ScriptDirectory.from_config(alembic()).walk_revisions()))]


def create_database(version: str, place: Path | str, data: Iterable[str] | None = None) -> None:
    """Create a database of this schema version, with `data` written as versions up to 0010 did."""
    engine = engine_of(place)
    with engine.begin() as connection:
        config = alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for statement in (*DATA, *unit_rows(SUMS, UNITS)) if data is None else data:
            connection.execute(text(as_of(version, statement)))
        if engine.dialect.name == "postgresql":  # explicit ids don't advance its sequences
            for table in ("person", "chat", "job"):
                connection.execute(text(f"SELECT setval('{table}_id_seq', 9)"))
    engine.dispose()


def engine_of(place: Path | str) -> Engine:
    return create_engine(f"sqlite:///{place}" if isinstance(place, Path) else place.replace("://", "+psycopg://"))


def schema(place: Path | str) -> set[str]:
    """Columns and indexes, comparable between databases."""
    engine = engine_of(place)
    found = inspect(engine)
    everything = set()
    for table in found.get_table_names():
        everything |= {f"{table}.{column['name']} {column['type']}" for column in found.get_columns(table)}
        everything |= {f"index {index['name']} {index['column_names']}" for index in found.get_indexes(table)}
    engine.dispose()
    return everything


def test_versions_form_one_line() -> None:
    assert [f"{number:04}" for number in range(1, len(VERSIONS) + 1)] == VERSIONS
    assert ScriptDirectory.from_config(alembic()).get_heads() == [VERSIONS[-1]]


def test_every_file_is_named_after_its_version() -> None:
    """A start compares these names to see whether a migration is needed."""
    named = sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))
    assert named == VERSIONS


def test_alembic_is_not_imported_for_a_database_that_is_up_to_date(tmp_path: Path) -> None:
    script = f"""
import asyncio, sys
from pathlib import Path
from storage.database import open_database

async def main():
    async with open_database(Path({str(tmp_path / "repaint.db")!r})) as database:
        assert await database.is_reachable()

asyncio.run(main())
print("alembic" in sys.modules)
"""
    told = [subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout for _ in range(2)]
    assert told == [b"True\n", b"False\n"]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """An empty database without a schema."""
    if request.param == "sqlite":
        yield tmp_path / "rows.db"
        return
    server = request.getfixturevalue("postgres")
    url = server.new_database(migrated=False)
    yield url
    server.drop(url)


@pytest.mark.parametrize("version", VERSIONS)
async def test_data_of_every_version_is_migrated_and_usable(place: Path | str, version: str) -> None:
    create_database(version, place)
    async with open_database(place) as database:
        async with database.read() as connection:
            assert await ledger.audit(connection) == ()
            assert await people.get_identity(connection, 1) == ("telegram", "42", "zh")
            assert (await accounts.get(connection, "key-a")).epoch == 3
            done, running = await jobs.get(connection, 1), await jobs.get(connection, 2)
            picture = await results.get(connection, 1)
            assert await attempts.get_intent(connection, job_id=2, n=1) == attempts.Intent(NOON, None, task_id="task-2")
            assert await jobs.list_active(connection) == (running,)
        assert done is not None
        assert running is not None
        assert picture is not None
        assert (done.state, done.message_id, running.slot, picture.key) == (State.DELIVERED, "77", 0, RESULT)
        async with database.write() as connection:
            change = await apply_event(connection, running, job_lifecycle.TaskLost(), NOON + 60)
            assert change.job.state == State.FAILED
            assert await ledger.get_sums(connection, quota.person_scope(1, 20, NOON)) == ledger.Sums(reserved=0, used=1)
            assert len(await results.list_due(connection, "telegram", NOON + 60)) == 1


async def test_an_account_that_an_older_version_paused_stays_paused_and_can_go_on(place: Path | str) -> None:
    paused = "UPDATE account SET paused_reason = 'Arrearage', failures = 2"
    create_database("0011", place, [*DATA, paused])
    async with open_database(place) as database, database.write() as connection:
        account = await accounts.get(connection, "key-a")
        assert (account.paused_reason, account.failures, account.queries_refused) == ("Arrearage", 2, False)
        await accounts.set_pause(connection, "key-a", "InvalidApiKey", failures=3, until=NOON, queries_refused=True)
        assert (await accounts.get(connection, "key-a")).queries_refused
        await findings.record(connection, "key-a", findings.TASK_STATE, "TIMEOUT", NOON)
        await findings.record(connection, "key-a", findings.TASK_STATE, "LATER", NOON + 1)
        (found,) = await findings.list_since(connection, NOON)
        assert (found.account_id, found.detail, found.at) == ("key-a", "LATER", NOON + 1)
        assert await findings.list_since(connection, NOON + 2) == ()
        assert await accounts.resume_all(connection) == 1
        account = await accounts.get(connection, "key-a")
        assert (account.paused_reason, account.failures, account.queries_refused) == (None, 0, False)


async def test_updates_that_an_older_version_stored_are_still_handled(place: Path | str) -> None:
    stored = (
        "INSERT INTO arrived (account, number, body, lane, owner, until, at)"
        f" VALUES ('telegram:7', 5, '{{}}', '42', 'gone', 0, {NOON})",
        f"INSERT INTO arrived (account, number, lane, owner, until, at) VALUES ('telegram:7', 4, '42', 'x', 0, {NOON})",
    )
    create_database("0011", place, [*DATA, *stored])
    async with open_database(place) as database, database.write() as connection:
        await update_inbox.claim(connection, "telegram:7", "me", now=NOON, until=NOON + 20)
        [left] = await update_inbox.list_owned(connection, "telegram:7", "me", [4, 5])
        assert (left.number, left.body) == (5, "{}")
        assert await update_inbox.measure(connection, "telegram:7") == update_inbox.Volume(1, 2)
        handled = await connection.execute(text("SELECT lane, owner FROM arrived WHERE number = 4"))
        assert handled.one() == (None, None)


def credit_rows() -> Iterator[str]:
    for values in CREDITS_OF_0010:
        yield f"INSERT INTO credit (key, scope, period, units, why, at) VALUES {(*values, '', 0)}"


def data_of_0010() -> list[str]:
    """Jobs, units of every kind of scope, credits and a group's credits."""
    canceled = DATA[3].replace("(1, 'telegram:1'", "(3, 'telegram:3'").replace("'delivered'", "'canceled'")
    assert "(3, 'telegram:3'" in canceled
    return [*DATA, canceled, *unit_rows(SUMS_OF_0010, UNITS_OF_0010), *credit_rows()]


async def test_units_of_every_kind_are_settled_and_audited_after_the_kinds_were_added(place: Path | str) -> None:
    create_database("0010", place, data_of_0010())
    budget, group_day = quota.budget_scope(None, NOON), quota.group_scope(1, NOON)
    of_day, own = quota.group_credits_scope(1, quota.day(NOON)), quota.credits_scope(1)
    scopes = (budget, group_day, of_day, quota.group_credits_scope(1), own, quota.account_scope("key-a"))
    async with open_database(place) as database:
        async with database.read() as connection:
            assert await kinds(connection) == {(scope.name, scope.kind) for scope in scopes} | {("person:1", "person")}
            assert await audits(connection) == ()
        running = await job(database, 2)
        async with database.write() as connection:  # the picture could not be fetched: only the owner pays
            await apply_event(connection, running, job_lifecycle.TaskLost(), NOON + 60)
        async with database.read() as connection:
            assert await audits(connection) == ()
            assert await ledger.get_sums(connection, budget) == ledger.Sums(reserved=0, used=2400)
            assert await ledger.count_jobs(connection, budget) == ledger.Sums(reserved=0, used=2)
            assert await ledger.get_sums(connection, group_day) == ledger.Sums(reserved=0, used=1)
            assert await ledger.get_sums(connection, quota.person_scope(1, 20, NOON)) == ledger.Sums(reserved=0, used=4)
            assert await ledger.get_sums(connection, scopes[-1]) == ledger.Sums(reserved=0, used=1)
            assert [await balances.get(connection, balance) for balance in (own, of_day)] == [8, 3]
            assert await balances.sum_withdrawals(connection, own) == 2
            assert await admin_figures.sum_spending(connection, 0) == 2400


async def test_the_open_months_pictures_become_money(place: Path | str) -> None:
    create_database("0010", place, data_of_0010())
    async with open_database(place) as database:
        budget = quota.budget_scope(Decimal(12), NOON)
        async with database.read() as connection:
            assert await ledger.get_sums(connection, budget) == ledger.Sums(reserved=1200, used=1200)
            assert await ledger.count_jobs(connection, budget) == ledger.Sums(reserved=1, used=1)
        async with database.write() as connection:  # the old reservation is settled at today's price of its account
            await ledger.settle(connection, 2, "commit", [ScopeKind.BUDGET], now=NOON, cost=2000)
            assert await ledger.get_sums(connection, budget) == ledger.Sums(reserved=0, used=3200)
            assert await audits(connection) == ()
            limit = (await connection.execute(text("SELECT lim FROM quota WHERE scope = 'budget'"))).scalar_one()
            assert limit == 100 * 1200


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE quota SET reserved = -1",
        "UPDATE credit SET units = 0",
        "UPDATE ledger SET kind = 'taken' WHERE kind = 'reserve'",
        "UPDATE ledger SET kind = 'commit' WHERE job_id = 3 AND kind = 'reserve' AND scope = 'budget'",  # settled twice
        *(f"UPDATE {table} SET scope_kind = NULL" for table in ("quota", "ledger", "credit")),
    ],
)
async def test_the_tables_of_units_refuse_what_they_refused_before(place: Path | str, statement: str) -> None:
    create_database("0010", place, data_of_0010())
    async with open_database(place) as database:
        with pytest.raises(IntegrityError):
            async with database.write() as connection:
                await connection.execute(text(statement))


async def test_what_was_owed_before_outcomes_could_be_given_up_is_still_owed(place: Path | str) -> None:
    owed = "INSERT INTO outbox (job_id, platform, tries, next_at) VALUES (1, 'telegram', 2, 0)"
    create_database("0016", place, [*DATA, owed])
    async with open_database(place) as database, database.write() as connection:
        assert [outcome.tries for outcome in await results.list_due(connection, "telegram", NOON)] == [2]
        await undelivered.give_up(connection, 1, NOON, next_at=NOON + 9)
        assert await results.list_due(connection, "telegram", NOON) == ()
        assert len(await results.list_due(connection, "telegram", NOON + 9)) == 1
        await undelivered.give_up(connection, 1, NOON, next_at=NOON + 9)
        assert await results.list_due(connection, "telegram", NOON + 9) == ()
        assert await undelivered.list_in_chat(connection, 1) == (1,)
        await undelivered.try_again(connection, 1, NOON)
        assert len(await results.list_due(connection, "telegram", NOON)) == 1


async def test_an_old_question_of_consent_stays_open_without_names(place: Path | str) -> None:
    create_database("0017", place, [*DATA, "UPDATE job SET consent = 'asked', subject = '7' WHERE id = 1"])
    async with open_database(place) as database:
        asked = await job(database, 1)
        assert (asked.consent, asked.subject, asked.asker_name, asked.subject_name) == ("asked", "7", None, None)


async def test_jobs_that_waited_keep_their_order_and_people_get_one_number_each(place: Path | str) -> None:
    """Anna (1) has a job at the API and two in the queue, Ben (2) one between these, Carl (3) one after all."""
    people_and_jobs = ((1, "running", 500), (1, "queued", 2000), (1, "queued", 3000), (2, "queued", 2500))
    waiting = (
        *(
            "INSERT INTO person (id, platform, platform_id, language, last_tag, created)"
            f" VALUES ({number}, 'telegram', '{number}', 'en', 9000, {NOON})"
            for number in (2, 3)
        ),
        *(
            DATA[4]
            .replace("(2, 'telegram:2', 1, 1, 'running'", f"({number}, 'telegram:{number}', {who}, 1, '{state}'")
            .replace("2000, 'key-a', 0, 1", f"{tag}, 'key-a', {1 if state == 'running' else 'NULL'}, 1")
            for number, (who, state, tag) in enumerate((*people_and_jobs, (3, "queued", 9000)), start=3)
        ),
    )
    create_database("0020", place, [*DATA[:4], *waiting])
    async with open_database(place) as database, database.write() as connection:
        numbers = await connection.execute(text("SELECT id, turn FROM job WHERE id >= 3 ORDER BY id"))
        assert [tuple(row) for row in numbers] == [(3, 1), (4, 2), (5, 2), (6, 3), (7, 4)]
        places = await queue.list_places(connection, range(3, 8), NOON)
        assert [(job_id, found.number, found.is_first) for job_id, found in sorted(places.items())] == [
            *((4, 1, True), (5, 2, False), (6, 2, True), (7, 3, True))
        ]
        assert await queue.get_turn(connection, 3) == 4
        assert await queue.get_turn(connection, 9) == 5


async def job(database: Database, job_id: int) -> jobs.Job:
    async with database.read() as connection:
        found = await jobs.get(connection, job_id)
    assert found is not None
    return found


async def audits(connection: AsyncConnection) -> tuple[tuple[str, str], ...]:
    return *await ledger.audit(connection), *await balances.audit(connection)


async def kinds(connection: AsyncConnection) -> set[tuple[str, str]]:
    """Which kind each scope has, in whichever of the three tables."""
    tables = " UNION ".join(f"SELECT scope, scope_kind FROM {table}" for table in ("quota", "ledger", "credit"))
    return {(row.scope, row.scope_kind) for row in await connection.execute(text(tables))}


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_schema_is_the_same_from_whichever_version_it_was_migrated(tmp_path: Path, version: str) -> None:
    create_database(version, tmp_path / "old.db")
    for name in ("old.db", "new.db"):
        async with open_database(tmp_path / name):
            pass
    assert schema(tmp_path / "old.db") == schema(tmp_path / "new.db")


async def test_both_databases_have_the_same_tables_columns_and_indexes(tmp_path: Path, postgres_url: str) -> None:
    async with open_database(tmp_path / "rows.db"):
        pass
    files, servers = (
        {line.split(" ", 2 if line.startswith("index") else 1)[0 if "." in line.split()[0] else 1] for line in found}
        for found in (schema(tmp_path / "rows.db"), schema(postgres_url))
    )
    assert {name for name in files ^ servers if not name.endswith("_key")} == set()  # unique constraints have names
