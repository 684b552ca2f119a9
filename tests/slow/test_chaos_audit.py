"""The audit finds every kind of violation it checks for; each has been a bug somewhere."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from chaos import audit
from chaos.users import PhotoRequest
from storage.database import open_database
from stylizer.tasks import Status, Task
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.server import BotApi

REQUEST = PhotoRequest(0, "telegram:1:7:3", chat=7)
TASK = Task("task-1", "account", "r", 2, 0, Status.SUCCEEDED)
ROWS = """
    INSERT INTO person (id, platform, platform_id, language, created) VALUES (1, 'telegram', '7', 'en', 0);
    INSERT INTO chat (id, platform, platform_id, is_group, created) VALUES (1, 'telegram', '7', 0, 0);
    INSERT INTO account (id, mean_seconds, deviation_seconds) VALUES ('a', 1, 1);
    INSERT INTO job (id, source, person_id, chat_id, state, cropped, cancel_requested, hidden, created, updated)
    VALUES (1, 'telegram:1:7:3', 1, 1, 'delivered', 0, 0, 0, 0, 0);
    INSERT INTO attempt (job_id, n, account_id, intent_at, task_id) VALUES (1, 1, 'a', 0, 'task-1');
    INSERT INTO quota (scope_kind, scope, period, lim, reserved, used) VALUES ('person', 'person:1', 'd', 9, 0, 1);
    INSERT INTO ledger (job_id, scope_kind, scope, kind, period, at)
    VALUES (1, 'person', 'person:1', 'reserve', 'd', 0), (1, 'person', 'person:1', 'commit', 'd', 0);
"""


def card(number: int, photo: bytes | None = b"x") -> ChatMessage:
    return ChatMessage(7, number, photo=photo, rows=((("Again", "again:1"),),))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The rows of one successful request."""
    path = tmp_path / "repaint.db"

    async def migrated() -> None:
        async with open_database(path):
            pass

    asyncio.run(migrated())
    change(path, ROWS)
    return path


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


def violations(path: Path, *tasks: Task) -> list[str]:
    tasks = tasks or (TASK,)
    return [
        *audit.outcome_violations(path, [REQUEST]),
        *audit.payment_violations(path, tasks),
        *audit.ledger_violations(path),
        *audit.integrity_violations(path),
    ]


def test_a_successful_request_violates_nothing(database: Path) -> None:
    assert violations(database) == []
    assert audit.unfinished(database) == 0


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DELETE FROM attempt; DELETE FROM ledger; DELETE FROM quota; DELETE FROM job", "has 0 jobs"),
        ("UPDATE job SET state = 'running'", "is still running"),
        ("UPDATE job SET source = 'telegram:1:7:4'", "belongs to no request"),
        ("DELETE FROM attempt", "belongs to no attempt"),
        ("UPDATE attempt SET task_id = 'task-2'", "does not exist"),
        ("UPDATE quota SET used = 2", "its ledger rows contradict"),
        ("UPDATE quota SET reserved = 1", "still has 1 reserved"),
        ("DELETE FROM ledger WHERE kind = 'commit'; UPDATE quota SET used = 0, reserved = 1", "0 units were charged"),
    ],
)
def test_inconsistent_rows_are_found(database: Path, sql: str, expected: str) -> None:
    change(database, sql)
    assert any(expected in line for line in violations(database))


def test_a_job_that_was_paid_for_twice_is_found(database: Path) -> None:
    change(database, "INSERT INTO attempt (job_id, n, account_id, intent_at, task_id) VALUES (1, 2, 'a', 0, 'task-2')")
    allowed_duplicates = Task("task-2", "account", "r", 2, 0, Status.SUCCEEDED)
    assert violations(database, TASK, allowed_duplicates) == ["job 1 was paid for 2 times"]


def test_a_dispatcher_that_submits_after_its_successor_started_is_found(database: Path) -> None:
    change(database, "UPDATE attempt SET epoch = 4, intent_at = 10")
    later = "INSERT INTO attempt (job_id, n, account_id, intent_at, epoch) VALUES (1, {}, 'a', {}, {})"
    change(database, later.format(2, 20, 5))
    assert list(audit.fencing_violations(database)) == []
    change(database, later.format(3, 30, 4))
    assert list(audit.fencing_violations(database)) == ["dispatcher 4 of a wrote an attempt after 5 did"]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 900), (1000, 1900), (2000, 2900)], None),
        ([(0, 2000), (500, 2500), (1200, 2500)], "3 tasks of account existed at once, it has 2 slots"),
        ([(0, 100), (400, 500), (800, 900)], "3 tasks of account were submitted within a second"),
        ([(0, None), (1000, None), (2000, None)], "3 tasks of account existed at once, it has 2 slots"),
    ],
)
def test_an_exceeded_account_limit_is_found(spans: list[tuple[int, int | None]], expected: str | None) -> None:
    tasks = [replace(TASK, task_id=str(at), submitted=at, ended=ended) for at, ended in spans]
    assert list(audit.limit_violations(tasks, slots=2, submits=2)) == ([] if expected is None else [expected])


def test_a_sent_but_unrecorded_card_may_appear_once_more(database: Path) -> None:
    api, allowed_duplicates = BotApi(), Counter[int]()
    api.chats.add(card(8))
    assert [audit.count_unrecorded_cards(database, api, [REQUEST], allowed_duplicates) for _ in range(2)] == [1, 0]
    change(database, "UPDATE job SET message_id = '8'")
    assert audit.count_unrecorded_cards(database, api, [REQUEST], Counter()) == 0
    assert allowed_duplicates == {7: 1}


@pytest.mark.parametrize(
    ("messages", "allowed_duplicates", "expected"),
    [
        ([card(8)], 0, None),
        ([], 0, "has 0 cards"),
        ([card(8, photo=None)], 0, "has 0 pictures of 1"),
        ([card(8), card(9)], 0, "has 2 pictures of 1"),
        ([card(8), card(9)], 1, None),
        ([card(8), card(9, photo=None)], 0, "has 2 cards"),
        ([card(8), card(9, photo=None)], 1, None),
        ([card(8), ChatMessage(7, 9, "Your picture is ready: here it is.")], 0, None),
        ([card(8), *[ChatMessage(7, n, "Your picture is ready: here it is.") for n in (9, 10)]], 0, "was sent 2 times"),
    ],
)
def test_a_chat_with_a_missing_or_surplus_picture_is_found(
    database: Path, messages: list[ChatMessage], allowed_duplicates: int, expected: str | None
) -> None:
    api = BotApi()
    for shown in messages:
        api.chats.add(shown)
    found = list(audit.chat_violations(database, api, [REQUEST], Counter({7: allowed_duplicates})))
    assert found == [] if expected is None else any(expected in line for line in found)
