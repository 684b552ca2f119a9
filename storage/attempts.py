"""Attempts to submit a job, each written before it is sent, so that a crash leaves a trace."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

OLD_SEND_SECONDS = 10.0  # for the attempts of versions that did not write it down

_INSERT = text("""
    INSERT INTO attempt (job_id, n, account_id, epoch, intent_at, server_at, send_seconds, model)
    VALUES (:job_id, :n, :account_id, :epoch, :now, :server_at, :send_seconds, :model)
""")
_SET_TIMES = text("""
    UPDATE attempt SET intent_at = :now, server_at = :server_at, send_seconds = :send_seconds
    WHERE job_id = :job_id AND n = :n
""")
_SET_TASK = text("UPDATE attempt SET task_id = :task_id WHERE job_id = :job_id AND n = :n")
_SET_TASK_IF_UNKNOWN = text(
    "UPDATE attempt SET task_id = :task_id WHERE job_id = :job_id AND n = :n AND task_id IS NULL"
)
_FINISH = text("UPDATE attempt SET outcome = :outcome, ended_at = :now WHERE job_id = :job_id AND n = :n")
_LIST_KNOWN_TASKS = text("SELECT task_id FROM attempt WHERE task_id IN :task_ids").bindparams(
    bindparam("task_ids", expanding=True)
)
_COUNT_OUTCOME = text("SELECT COUNT(*) FROM attempt WHERE job_id = :job_id AND outcome = :outcome")
# Must repeat the condition of the partial index exactly.
_COUNT_GIVEN_UP = text(f"""
    SELECT COUNT(*) FROM attempt
    WHERE account_id IN :account_ids AND outcome IN ('missed', 'ambiguous') AND job_id <> :job_id
        AND (server_at IS NULL OR server_at + COALESCE(send_seconds, {OLD_SEND_SECONDS}) >= :since)
""").bindparams(bindparam("account_ids", expanding=True))  # noqa: S608  # constant
_COUNT_UNPROVEN = text("""
    SELECT account_id, COUNT(*) FROM attempt
    WHERE account_id IN :account_ids AND outcome IN ('missed', 'ambiguous') AND outcome = 'ambiguous'
    GROUP BY account_id
""").bindparams(bindparam("account_ids", expanding=True))
_LIST_OWNERS = text("SELECT task_id, account_id FROM attempt WHERE task_id IN :task_ids").bindparams(
    bindparam("task_ids", expanding=True)
)
_GET_INTENT = text(f"""
    SELECT intent_at, server_at, epoch, task_id, COALESCE(send_seconds, {OLD_SEND_SECONDS}), model
    FROM attempt WHERE job_id = :job_id AND n = :n
""")  # noqa: S608  # constant


@dataclass(frozen=True)
class Intent:
    """When an attempt was recorded, just before it was sent: by our clock and, if known, by the API's; the account
    epoch of the sender; its task, if known; after how many seconds its submit is given up; and the model that it asked
    for, if known."""

    at: float
    server_at: float | None
    epoch: int | None = None
    task_id: str | None = None
    send_seconds: float = OLD_SEND_SECONDS
    model: str | None = None


async def insert(
    connection: AsyncConnection,
    *,
    job_id: int,
    n: int,
    account_id: str,
    now: float,
    server_at: float | None,
    epoch: int | None = None,
    send_seconds: float | None = None,
    model: str | None = None,
) -> None:
    """Record that the n-th attempt of a job is about to be sent to this model in this epoch of the account, and given
    up after so many seconds."""
    values = {"job_id": job_id, "n": n, "account_id": account_id, "epoch": epoch, "now": now, "server_at": server_at}
    await connection.execute(_INSERT, {**values, "send_seconds": send_seconds, "model": model})


async def set_times(
    connection: AsyncConnection, *, job_id: int, n: int, now: float, server_at: float | None, send_seconds: float
) -> None:
    """Update the times of an attempt that is sent later, or may take longer, than was recorded."""
    values = {"job_id": job_id, "n": n, "now": now, "server_at": server_at, "send_seconds": send_seconds}
    await connection.execute(_SET_TIMES, values)


async def set_task(connection: AsyncConnection, *, job_id: int, n: int, task_id: str) -> None:
    """Store the task that the API created for the attempt."""
    await connection.execute(_SET_TASK, {"job_id": job_id, "n": n, "task_id": task_id})


async def set_task_if_unknown(connection: AsyncConnection, *, job_id: int, n: int, task_id: str) -> None:
    """Store the task of an attempt that was given up, so that the task is not attributed to another attempt."""
    await connection.execute(_SET_TASK_IF_UNKNOWN, {"job_id": job_id, "n": n, "task_id": task_id})


async def finish(connection: AsyncConnection, *, job_id: int, n: int, outcome: str, now: float) -> None:
    """Store how the attempt ended, in one word."""
    await connection.execute(_FINISH, {"job_id": job_id, "n": n, "outcome": outcome, "now": now})


async def count_outcome(connection: AsyncConnection, *, job_id: int, outcome: str) -> int:
    """Count the attempts of a job with this outcome."""
    return int((await connection.execute(_COUNT_OUTCOME, {"job_id": job_id, "outcome": outcome})).scalar_one())


async def count_given_up(
    connection: AsyncConnection, *, account_ids: Collection[str], since: float, except_job_id: int
) -> int:
    """Count these accounts' submits that were given up in doubt, at `since` (API time) or later, without those of
    `except_job_id`."""
    values = {"account_ids": list(account_ids), "since": since, "job_id": except_job_id}
    return int((await connection.execute(_COUNT_GIVEN_UP, values)).scalar_one())


async def count_unproven(connection: AsyncConnection, account_ids: Collection[str]) -> Mapping[str, int]:
    """Count, for each of these accounts, the submits in doubt that were given up although a task in the list could be
    theirs: if it was, it is paid for and nobody has its picture."""
    found = await connection.execute(_COUNT_UNPROVEN, {"account_ids": list(account_ids)})
    return {row[0]: row[1] for row in found}


async def list_owners(connection: AsyncConnection, task_ids: Collection[str]) -> Mapping[str, str]:
    """Return which account created each of these tasks; those that belong to no attempt are left out."""
    if not task_ids:
        return {}
    found = await connection.execute(_LIST_OWNERS, {"task_ids": list(task_ids)})
    return {row.task_id: row.account_id for row in found}


async def list_known_tasks(connection: AsyncConnection, task_ids: Collection[str]) -> frozenset[str]:
    """Return those of these tasks that belong to an attempt."""
    if not task_ids:
        return frozenset()
    return frozenset((await connection.execute(_LIST_KNOWN_TASKS, {"task_ids": list(task_ids)})).scalars())


async def get_intent(connection: AsyncConnection, *, job_id: int, n: int) -> Intent:
    """Return when the attempt was recorded."""
    return Intent(*(await connection.execute(_GET_INTENT, {"job_id": job_id, "n": n})).one())
