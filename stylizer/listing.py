"""The list call: parse its query string, read the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from stylizer.answers import BEIJING
from stylizer.database import Database, uncancellable
from stylizer.errors import Refused, invalid_parameter
from stylizer.settings import MODEL
from stylizer.tasks import TASK_COLUMNS, Status, Task, as_task

MAX_PAGE_SIZE = 100
MAX_SPAN = timedelta(hours=24)
_MATCHES = """
    account = :account and submitted > :since and submitted between :first and :last
    and (:task_id = '' or task_id = :task_id) and (:status = '' or status = :status)
"""
_COUNT = text(f"select count(*) from task where {_MATCHES}")  # noqa: S608  # our own text
_PAGE = text(f"select {TASK_COLUMNS} from task where {_MATCHES} order by seq desc limit :size offset :skip")  # noqa: S608  # our own text


@dataclass(frozen=True)
class ListQuery:
    """A parsed query string. `first` and `last` are milliseconds since the epoch, both included."""

    task_id: str
    status: str
    first: int
    last: int
    any_model: bool
    page_no: int
    page_size: int


def parse_list_query(query: Mapping[str, str], now: int) -> ListQuery:
    """Parse the query string. `now` in milliseconds. Raises Refused for anything undocumented.

    Without times: the last 24 hours; with one of them: the 24 hours that begin or end there.
    """
    start, end = _time(query, "start_time"), _time(query, "end_time")
    span = int(MAX_SPAN.total_seconds() * 1000)
    if end is not None:
        end += 999  # the second itself is included
    last = end if end is not None else (start + span if start is not None else now)
    first = start if start is not None else last - span
    if first > last or last - first > span + 999:
        raise Refused(invalid_parameter("start_time, end_time"))
    status = query.get("status") or ""
    if status and status not in set(Status):
        raise Refused(invalid_parameter("status"))
    return ListQuery(
        task_id=query.get("task_id") or "",
        status=status,
        first=first,
        last=last,
        any_model=(query.get("model_name") or MODEL) == MODEL,
        page_no=_count(query, "page_no", 1, 1_000_000),
        page_size=_count(query, "page_size", 10, MAX_PAGE_SIZE),
    )


@uncancellable
async def list_tasks(database: Database, account: str, query: ListQuery, oldest_visible: int) -> tuple[list[Task], int]:
    """The tasks on this page, newest first, and how many there are on all pages."""
    if not query.any_model:
        return [], 0
    values = {
        "account": account,
        "since": oldest_visible,
        "first": query.first,
        "last": query.last,
        "task_id": query.task_id,
        "status": query.status,
    }
    limits = {"size": query.page_size, "skip": (query.page_no - 1) * query.page_size}
    async with database.read() as connection:
        total = (await connection.execute(_COUNT, values)).scalar_one()
        rows = (await connection.execute(_PAGE, {**values, **limits})).mappings().all()
    return [as_task(dict(row)) for row in rows], int(total)


def _time(query: Mapping[str, str], name: str) -> int | None:
    """`YYYYMMDDhhmmss`, Beijing time, as milliseconds since the epoch."""
    given = query.get(name)
    if not given:
        return None
    if len(given) != 14:
        raise Refused(invalid_parameter(name))
    try:
        moment = datetime.strptime(given, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
        return int(moment.timestamp()) * 1000
    except (ValueError, OverflowError) as error:
        raise Refused(invalid_parameter(name)) from error


def _count(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    given = query.get(name) or str(default)
    if not given.isascii() or not given.isdigit() or len(given) > 9 or not 1 <= int(given) <= most:
        raise Refused(invalid_parameter(name))
    return int(given)
