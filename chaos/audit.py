"""The invariants, checked from outside: against the bot's database, the service's tasks, and the chats as users see
them. Each check yields one line per violation and uses none of the product's code."""

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
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.server import BotApi

# Messages allowed beside a card, once each: after a long wait, and when all retries failed.
NOTICES = ("Your picture is ready: ", "Your pictures are ready: ", "This one didn't")
APOLOGY = "I couldn't get that done just now"
DISCORD_PREFIX = "discord:"  # prefix of the sources that chaos.discord_audit checks
DATABASE_RETRY_SECONDS = 30.0  # for which PostgreSQL may be down
UNPROVEN_SECONDS = 180.0  # a lost submit may become a task so late
TERMINAL_STATES = ("delivered", "stored", "failed", "canceled")
_UNFINISHED = """
    SELECT (SELECT COUNT(*) FROM job WHERE state IN ('draft', 'queued', 'submitting', 'running', 'fetching'))
         + (SELECT COUNT(*) FROM outbox WHERE platform IN ('telegram', 'discord'))
         + (SELECT COUNT(*) FROM arrived WHERE body IS NOT NULL)
"""
_LEDGER = """
    SELECT q.scope, q.period, q.reserved, q.used,
        COALESCE(SUM(CASE l.kind WHEN 'reserve' THEN l.amount END), 0),
        COALESCE(SUM(CASE l.kind WHEN 'commit' THEN l.amount END), 0),
        COALESCE(SUM(CASE l.kind WHEN 'release' THEN l.amount END), 0)
    FROM quota q LEFT JOIN ledger l ON l.scope = q.scope AND l.period = q.period
    GROUP BY q.scope, q.period, q.reserved, q.used
"""


def query(database: Path | str, sql: str) -> list[Any]:
    """Run a read-only query beside a running bot or after one. `database`: SQLite's file, or the URL of a PostgreSQL
    database."""
    if isinstance(database, str):
        return _query_with_retry(database, sql)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(sql).fetchall()


def _query_with_retry(url: str, sql: str) -> list[Any]:
    """Retry until PostgreSQL is up: it may have been stopped and be about to restart."""
    deadline = monotonic() + DATABASE_RETRY_SECONDS
    while True:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
                return connection.execute(sql.encode()).fetchall()
        except psycopg.OperationalError:
            if monotonic() > deadline:
                raise
            sleep(0.1)  # another process: nothing signals its return


def unfinished(database: Path | str) -> int:
    """The number of unfinished jobs, of chat deliveries still in the outbox, and of stored updates still to handle."""
    [(count,)] = query(database, _UNFINISHED)
    return int(count)


def apologized_chats(telegram: BotApi, requests: Collection[PhotoRequest]) -> frozenset[int]:
    """Chats that were told the request could not be carried out just now."""
    return frozenset(
        chat
        for chat in {request.chat for request in requests if request.chat is not None}
        if any(messages.text.startswith(APOLOGY) for messages in telegram.chats.bot_messages(chat))
    )


def outcome_violations(
    database: Path | str, requests: Collection[PhotoRequest], apologized: Collection[int] = ()
) -> Iterator[str]:
    """Every accepted request is exactly one job, every job belongs to a request, and every job has ended.
    `apologized`: chats that were asked to try again later, whose requests need not be jobs."""
    found = Counter(_request_key(source) for (source,) in query(database, "SELECT source FROM job"))
    for request in requests:
        accepted = (
            request.job is not None and not request.canceled if request.chat is None else request.chat not in apologized
        )
        count = found.pop(request.source, 0)
        if count > 1 or (accepted and count == 0):
            yield f"request {request.source} has {count} jobs"
    yield from (f"job {source} belongs to no request" for source in found if not source.startswith(DISCORD_PREFIX))
    for number, state in query(database, f"SELECT id, state FROM job WHERE state NOT IN {TERMINAL_STATES}"):
        yield f"job {number} is still {state}"


def failure_violations(database: Path | str) -> Iterator[str]:
    """No request failed: all photos are good, and trouble of the API or on the way to it fails none, except where two
    submits in a row were lost without proof."""
    sql = "SELECT id, error, error_code FROM job WHERE state = 'failed' AND COALESCE(error_code, '') <> 'ambiguous'"
    yield from (f"job {number} failed: {error} ({code})" for number, error, code in query(database, sql))


def _request_key(source: str) -> str:
    """The part of a job's source that names its request: all of it in chats, only the client's own key on the web."""
    return source.rpartition(":")[2] if source.startswith("web:") else source


def payment_violations(database: Path | str, tasks: Collection[Task]) -> Iterator[str]:
    """Every task belongs to an attempt and every attempt's task exists: no job was paid for twice and no task is
    orphaned, except for what the bot itself has counted as unproven."""
    owner = dict(query(database, "SELECT task_id, job_id FROM attempt WHERE task_id IS NOT NULL"))
    paid: defaultdict[int, list[str]] = defaultdict(list)
    unproven = _unproven_submits(database)
    for task in tasks:
        if task.task_id in owner:
            if task.status is Status.SUCCEEDED:
                paid[owner[task.task_id]].append(task.task_id)
        elif excuse := next((at for at in unproven if -2 <= task.submitted / 1000 - at <= UNPROVEN_SECONDS), None):
            unproven.remove(excuse)
        else:
            yield f"task {task.task_id} ({task.status}) belongs to no attempt"
    yield from (f"job {job} was paid for {len(made)} times" for job, made in paid.items() if len(made) > 1)
    known = {task.task_id for task in tasks}
    yield from (f"job {job} owns a task that does not exist" for task, job in owner.items() if task not in known)


def _unproven_submits(database: Path | str) -> list[float]:
    """When submits were sent (the API's time) whose answer was lost and of which a task in the list may have come, but
    which none was proven to have come of: they are sent again once, as `docs/reliability.md` says."""
    sql = "SELECT COALESCE(server_at, intent_at) FROM attempt WHERE outcome = 'ambiguous'"
    return [float(at) for (at,) in query(database, sql)]


def count_unproven_submits(database: Path | str) -> int:
    """How often that happened."""
    return len(_unproven_submits(database))


def limit_violations(tasks: Collection[Task], slots: int, submits: int) -> Iterator[str]:
    """By the service's own records, no account ever had more tasks at once than slots (from submit to end), nor more
    of them submitted within any second than `submits`."""
    for account in {task.account for task in tasks}:
        own = [task for task in tasks if task.account == account]
        if (most := most_running([replace(task, started=task.submitted) for task in own])) > slots:
            yield f"{most} tasks of {account} existed at once, it has {slots} slots"
        if (most := most_within_a_second([task.submitted / 1000 for task in own])) > submits:
            yield f"{most} tasks of {account} were submitted within a second"


def fencing_violations(database: Path | str) -> Iterator[str]:
    """No dispatcher submitted anything for an account after its successor had started to."""
    sql = "SELECT account_id, epoch FROM attempt WHERE epoch IS NOT NULL ORDER BY intent_at"
    newest: Counter[str] = Counter()
    for account, epoch in query(database, sql):
        if epoch < newest[account]:
            yield f"dispatcher {epoch} of {account} wrote an attempt after {newest[account]} did"
        newest[account] = max(newest[account], epoch)


def ledger_violations(database: Path | str) -> Iterator[str]:
    """Every quota total agrees with its ledger rows, and nothing stays reserved."""
    for scope, period, reserved, used, reserves, commits, releases in query(database, _LEDGER):
        if (reserved, used) != (reserves - commits - releases, commits):
            yield f"totals of {scope} {period} are ({reserved}, {used}), which its ledger rows contradict"
        if reserved:
            yield f"{scope} {period} still has {reserved} reserved"
    day = "SELECT COUNT(*) FROM ledger WHERE scope LIKE 'person:%' AND kind = 'commit'"
    messages = "SELECT COUNT(*) FROM job WHERE state IN ('stored', 'delivered')"
    [(spent,)], [(given,)] = query(database, day), query(database, messages)
    if spent != given:
        yield f"{spent} units were charged for {given} pictures"


def integrity_violations(database: Path) -> Iterator[str]:
    """SQLite's integrity check passes."""
    [(result,)] = query(database, "PRAGMA integrity_check(1)")
    if result != "ok":
        yield f"integrity_check: {result}"


def cards_in(telegram: BotApi, chat: int) -> list[ChatMessage]:
    """The messages of a chat that are a job's or an album's card, without the pictures beside it."""
    messages = [one for one in telegram.chats.bot_messages(chat) if not one.text.startswith((*NOTICES, APOLOGY))]
    return [one for one in messages if one.photo is None or one.rows]


def chat_violations(
    database: Path | str, telegram: BotApi, requests: Collection[PhotoRequest], allowed_duplicates: Counter[int]
) -> Iterator[str]:
    """Every request in a chat has one card, with its picture or the reason why there is none. `allowed_duplicates`:
    by chat, how many new messages may appear twice because the bot died, or lost the response, after sending them."""
    states, unrecorded = dict(query(database, "SELECT source, state FROM job")), _uncertain_albums(database)
    by_chat: defaultdict[int, list[PhotoRequest]] = defaultdict(list)
    for request in requests:
        if request.chat is not None:
            by_chat[request.chat].append(request)
    for chat, sent in by_chat.items():
        messages, delivered = (
            telegram.chats.bot_messages(chat),
            sum(states.get(request.source) == "delivered" for request in sent),
        )
        allowed_extra = allowed_duplicates[chat]
        if (count := len(cards_in(telegram, chat))) > 1 + allowed_extra or (delivered and not count):
            yield f"chat {chat} has {count} cards: {[card.text for card in messages]}"
        pictures = sum(one.photo is not None for one in messages)
        if not (delivered <= pictures <= delivered + allowed_extra or (pictures == 0 and sent[0].source in unrecorded)):
            yield f"chat {chat} has {pictures} pictures of {delivered}: {[card.text for card in messages]}"
        for prefixes in (NOTICES, (APOLOGY,)):
            if (count := sum(one.text.startswith(prefixes) for one in messages)) > 1 + allowed_extra:
                yield f"chat {chat} was sent {count} times: {prefixes[0]}"
    yield from (f"the Bot API was misused: {breach}" for breach in telegram.breaches)


def _uncertain_albums(database: Path | str) -> set[str]:
    """Sources of albums that were being sent when the bot died. Their card offers each picture by a button instead."""
    sql = "SELECT j.source FROM job j JOIN album a ON a.id = j.album_id WHERE a.hung = 'sending'"
    return {source for (source,) in query(database, sql)}


def recorded_messages(database: Path | str) -> dict[str, str | None]:
    """By source: the message that holds a job's card, as recorded by the bot."""
    sql = "SELECT j.source, CASE WHEN a.id IS NULL THEN j.message_id ELSE a.message_id END"
    return dict(query(database, f"{sql} FROM job j LEFT JOIN album a ON a.id = j.album_id"))


def count_unrecorded_cards(
    database: Path | str, telegram: BotApi, requests: Collection[PhotoRequest], allowed_duplicates: Counter[int]
) -> int:
    """Count chats whose card the bot sent but did not record: the next process sends it again. Adds them to
    `allowed_duplicates`."""
    known, found = recorded_messages(database), 0
    first = {request.chat: request.source for request in reversed(list(requests)) if request.chat is not None}
    for chat, source in first.items():
        if known.get(source) is None and len(cards_in(telegram, chat)) > allowed_duplicates[chat]:
            allowed_duplicates[chat] += 1
            found += 1
    return found
