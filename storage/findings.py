"""What was found out about API accounts that their owner should know, beside why they are paused."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PHOTO_LINKS = "PhotoLinks"  # the API can't load photos from our links; the detail is its message
TASK_STATE = "TaskState"  # a task was in a state that this program doesn't know; the detail is that state
TASK_LIST = "TaskList"  # the key may not read the list of tasks; the detail is the API's code
UNANSWERED = "Unanswered"  # queries of a running task bring no answer; the detail is how many in a row
SLOW_DISK = "SlowDisk"  # writes to the database take long; the detail is how long

_RECORD = text("""
    INSERT INTO finding (account_id, code, detail, at) VALUES (:account_id, :code, :detail, :at)
    ON CONFLICT (account_id, code) DO UPDATE SET detail = :detail, at = :at
""")
_GET_TIME = text("SELECT at FROM finding WHERE account_id = :account_id AND code = :code")
_LIST_SINCE = text("SELECT account_id, code, detail, at FROM finding WHERE at >= :since ORDER BY account_id, code")


@dataclass(frozen=True)
class AccountFinding:
    """One finding, and when it was last made (epoch seconds)."""

    account_id: str
    code: str
    detail: str
    at: float


async def record(connection: AsyncConnection, account_id: str, code: str, detail: str, at: float) -> None:
    """Store a finding, in place of the account's last one of this code."""
    await connection.execute(_RECORD, {"account_id": account_id, "code": code, "detail": detail, "at": at})


async def get_time(connection: AsyncConnection, account_id: str, code: str) -> float | None:
    """When it was last found; None: never."""
    return (await connection.execute(_GET_TIME, {"account_id": account_id, "code": code})).scalar_one_or_none()


async def list_since(connection: AsyncConnection, since: float) -> tuple[AccountFinding, ...]:
    """The findings of all accounts since then (epoch seconds)."""
    return tuple(AccountFinding(*row) for row in await connection.execute(_LIST_SINCE, {"since": since}))
