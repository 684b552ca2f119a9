"""What must be true afterwards, read from outside: the bot's file, the service's tasks, and the chats as people see
them. Every function returns what is wrong, one line each; nothing of the product is used to find out."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg

from chaos.users import PhotoRequest
from stylizer.tasks import Status, Task
from tests.fakes.dashscope.service import most_running, most_within_a_second
from tests.fakes.telegram_api.chats import Shown
from tests.fakes.telegram_api.server import BotApi

# What may come besides a card, each once: after a long wait, and when something was tried again and again in vain.
NOTICES = ("Your picture is ready: ", "Your pictures are ready: ", "This one didn't")
APOLOGY = "I couldn't get that done just now"
DISCORD_PREFIX = "discord:"  # begins the sources of which chaos.discord_audit knows
DATABASE_RETRY_SECONDS = 30.0  # that a PostgreSQL may be away
TERMINAL_STATES = ("delivered", "stored", "failed", "canceled")
_UNFINISHED = """
    SELECT (SELECT COUNT(*) FROM job WHERE state IN ('draft', 'queued', 'submitting', 'running', 'fetching'))
         + (SELECT COUNT(*) FROM outbox WHERE platform IN ('telegram', 'discord'))
"""
_LEDGER = """
    SELECT q.scope, q.period, q.reserved, q.used,
        (SELECT COUNT(*) FROM ledger l WHERE l.scope = q.scope AND l.period = q.period AND l.kind = 'reserve'),
        (SELECT COUNT(*) FROM ledger l WHERE l.scope = q.scope AND l.period = q.period AND l.kind = 'commit'),
        (SELECT COUNT(*) FROM ledger l WHERE l.scope = q.scope AND l.period = q.period AND l.kind = 'release')
    FROM quota q
"""


def query(database: Path | str, sql: str) -> list[Any]:
    """What a question about the bot's rows gives, read beside a running bot or after one. `database`: SQLite's file, or
    a PostgreSQL's address."""
    if isinstance(database, str):
        return _query_with_retry(database, sql)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(sql).fetchall()


def _query_with_retry(url: str, sql: str) -> list[Any]:
    """It may just have died, and will rise again."""
    until = monotonic() + DATABASE_RETRY_SECONDS
    while True:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=10) as asking:
                return asking.execute(sql.encode()).fetchall()
        except psycopg.OperationalError:
            if monotonic() > until:
                raise
            sleep(0.1)  # another process, which tells nobody when it is there again


def unfinished(database: Path | str) -> int:
    """How much is still on its way: jobs, and outcomes that a chat has yet to be told."""
    [(count,)] = query(database, _UNFINISHED)
    return int(count)


def apologized_chats(telegram: BotApi, requests: Collection[PhotoRequest]) -> frozenset[int]:
    """Chats that were told in words that it could not be done just now."""
    return frozenset(
        chat
        for chat in {request.chat for request in requests if request.chat is not None}
        if any(messages.text.startswith(APOLOGY) for messages in telegram.chats.of_bot(chat))
    )


def outcome_violations(
    database: Path | str, requests: Collection[PhotoRequest], apologized: Collection[int] = ()
) -> Iterator[str]:
    """Every accepted wish is exactly one job, every job somebody's wish, and each has ended. `apologized`: chats that were
    asked to try again later instead."""
    found = Counter(_request_key(source) for (source,) in query(database, "SELECT source FROM job"))
    for request in requests:
        accepted = (
            request.job is not None and not request.canceled if request.chat is None else request.chat not in apologized
        )
        count = found.pop(request.source, 0)
        if count > 1 or (accepted and count == 0):
            yield f"the wish {request.source} is {count} jobs"
    yield from (f"nobody wished for the job {source}" for source in found if not source.startswith(DISCORD_PREFIX))
    for number, state in query(database, f"SELECT id, state FROM job WHERE state NOT IN {TERMINAL_STATES}"):
        yield f"job {number} is still {state}"


def _request_key(source: str) -> str:
    """What a job's source says of the wish: all of it in chats, on the page only the visitor's own key."""
    return source.rpartition(":")[2] if source.startswith("web:") else source


def payment_violations(database: Path | str, tasks: Collection[Task]) -> Iterator[str]:
    """Tasks made = tasks owned: none paid twice, none orphaned, each picture one task's."""
    owner = dict(query(database, "SELECT task_id, job_id FROM attempt WHERE task_id IS NOT NULL"))
    paid: defaultdict[int, list[str]] = defaultdict(list)
    for task in tasks:
        if task.task_id not in owner:
            yield f"the task {task.task_id} ({task.status}) is nobody's"
        elif task.status is Status.SUCCEEDED:
            paid[owner[task.task_id]].append(task.task_id)
    yield from (f"job {job} was paid {len(grouped)} times" for job, grouped in paid.items() if len(grouped) > 1)
    known = {task.task_id for task in tasks}
    yield from (f"job {job} owns a task that was never made" for task, job in owner.items() if task not in known)


def limit_violations(tasks: Collection[Task], slots: int, submits: int) -> Iterator[str]:
    """As the service has it: no account had more tasks at once than slots, from their being sent until they were done,
    nor more of them sent within a second."""
    for account in {task.account for task in tasks}:
        grouped = [task for task in tasks if task.account == account]
        if (most := most_running([replace(task, started=task.submitted) for task in grouped])) > slots:
            yield f"{most} tasks of {account} were there at once, it has {slots} slots"
        if (most := most_within_a_second([task.submitted / 1000 for task in grouped])) > submits:
            yield f"{most} tasks of {account} were sent within a second"


def fencing_violations(database: Path | str) -> Iterator[str]:
    """Of no account did a dispatcher send anything after its successor had begun to."""
    asked = "SELECT account_id, epoch FROM attempt WHERE epoch IS NOT NULL ORDER BY intent_at"
    newest: Counter[str] = Counter()
    for account, epoch in query(database, asked):
        if epoch < newest[account]:
            yield f"the dispatcher {epoch} of {account} wrote an attempt after {newest[account]} did"
        newest[account] = max(newest[account], epoch)


def ledger_violations(database: Path | str) -> Iterator[str]:
    """Every sum agrees with its rows, and nothing stays reserved."""
    for scope, period, reserved, used, reserves, commits, releases in query(database, _LEDGER):
        if (reserved, used) != (reserves - commits - releases, commits):
            yield f"the sums of {scope} {period} are ({reserved}, {used}), its rows say otherwise"
        if reserved:
            yield f"{scope} {period} still has {reserved} reserved"
    day = "SELECT COUNT(*) FROM ledger WHERE scope LIKE 'person:%' AND kind = 'commit'"
    messages = "SELECT COUNT(*) FROM job WHERE state IN ('stored', 'delivered')"
    [(spent,)], [(given,)] = query(database, day), query(database, messages)
    if spent != given:
        yield f"{spent} units were spent for {given} pictures"


def integrity_violations(database: Path) -> Iterator[str]:
    """SQLite has nothing to complain about."""
    [(said,)] = query(database, "PRAGMA integrity_check(1)")
    if said != "ok":
        yield f"integrity_check: {said}"


def cards_in(telegram: BotApi, chat: int) -> list[Shown]:
    """The messages of a chat that are a job's or an album's card, the pictures beside it left out."""
    messages = [one for one in telegram.chats.of_bot(chat) if not one.text.startswith((*NOTICES, APOLOGY))]
    return [one for one in messages if one.photo is None or one.rows]


def chat_violations(
    database: Path | str, telegram: BotApi, requests: Collection[PhotoRequest], allowed_duplicates: Counter[int]
) -> Iterator[str]:
    """Every wish in a chat has one card with its picture, or its reason. `allowed_duplicates`: how often a new message may have come
    twice to a chat, because it was sent and nobody lived to hear so."""
    states, unrecorded = dict(query(database, "SELECT source, state FROM job")), _uncertain_albums(database)
    by_chat: defaultdict[int, list[PhotoRequest]] = defaultdict(list)
    for request in requests:
        if request.chat is not None:
            by_chat[request.chat].append(request)
    for chat, grouped in by_chat.items():
        messages, delivered = (
            telegram.chats.of_bot(chat),
            sum(states.get(request.source) == "delivered" for request in grouped),
        )
        allowed_extra = allowed_duplicates[chat]
        if (count := len(cards_in(telegram, chat))) > 1 + allowed_extra or (delivered and not count):
            yield f"the chat {chat} has {count} cards: {[card.text for card in messages]}"
        pictures = sum(one.photo is not None for one in messages)
        if not (
            delivered <= pictures <= delivered + allowed_extra or (pictures == 0 and grouped[0].source in unrecorded)
        ):
            yield f"the chat {chat} has {pictures} pictures of {delivered}: {[card.text for card in messages]}"
        for words in (NOTICES, (APOLOGY,)):
            if (count := sum(one.text.startswith(words) for one in messages)) > 1 + allowed_extra:
                yield f"the chat {chat} was told {count} times: {words[0]}"
    yield from (f"the Bot API was misused: {breach}" for breach in telegram.breaches)


def _uncertain_albums(database: Path | str) -> set[str]:
    """Albums whose pictures were about to be sent, and nobody lived to know: their card offers each by a button."""
    asked = "SELECT j.source FROM job j JOIN album a ON a.id = j.album_id WHERE a.hung = 'sending'"
    return {source for (source,) in query(database, asked)}


def recorded_messages(database: Path | str) -> dict[str, str | None]:
    """By source: the message that a job's card is in, as far as the bot knows."""
    asked = "SELECT j.source, CASE WHEN a.id IS NULL THEN j.message_id ELSE a.message_id END"
    return dict(query(database, f"{asked} FROM job j LEFT JOIN album a ON a.id = j.album_id"))


def count_unrecorded_cards(
    database: Path | str, telegram: BotApi, requests: Collection[PhotoRequest], allowed_duplicates: Counter[int]
) -> int:
    """Count, into `allowed_duplicates`, the chats with a card that the bot has not noted: whoever comes next sends it once more."""
    known, found = recorded_messages(database), 0
    first = {request.chat: request.source for request in reversed(list(requests)) if request.chat is not None}
    for chat, source in first.items():
        if known.get(source) is None and len(cards_in(telegram, chat)) > allowed_duplicates[chat]:
            allowed_duplicates[chat] += 1
            found += 1
    return found
