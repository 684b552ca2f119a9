"""The list call: which tasks, which page. Parsing is pure; one query does the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from stylizer.answers import BEIJING
from stylizer.database import Database, unbroken
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
class Listing:
    """What a caller wants to see. `first` and `last` are milliseconds since the epoch, both included."""

    task_id: str
    status: str
    first: int
    last: int
    any_model: bool
    page_no: int
    page_size: int


def read_listing(query: Mapping[str, str], now: int) -> Listing:
    """Read the query string. `now` in milliseconds. Raises Refused for what is not as documented.

    Without times, it is the last 24 hours; with one of them, the 24 hours that it begins or ends.
    """
    start, end = _moment(query, "start_time"), _moment(query, "end_time")
    span = int(MAX_SPAN.total_seconds() * 1000)
    if end is not None:
        end += 999  # the named second belongs to it
    last = end if end is not None else (start + span if start is not None else now)
    first = start if start is not None else last - span
    if first > last or last - first > span + 999:
        raise Refused(invalid_parameter("start_time, end_time"))
    status = query.get("status") or ""
    if status and status not in set(Status):
        raise Refused(invalid_parameter("status"))
    return Listing(
        task_id=query.get("task_id") or "",
        status=status,
        first=first,
        last=last,
        any_model=(query.get("model_name") or MODEL) == MODEL,
        page_no=_count(query, "page_no", 1, 1_000_000),
        page_size=_count(query, "page_size", 10, MAX_PAGE_SIZE),
    )


@unbroken
async def page(database: Database, account: str, listing: Listing, since: int) -> tuple[list[Task], int]:
    """The tasks on this page, newest first, and how many there are on all pages."""
    if not listing.any_model:
        return [], 0
    values = {
        "account": account,
        "since": since,
        "first": listing.first,
        "last": listing.last,
        "task_id": listing.task_id,
        "status": listing.status,
    }
    place = {"size": listing.page_size, "skip": (listing.page_no - 1) * listing.page_size}
    async with database.reading() as connection:
        total = (await connection.execute(_COUNT, values)).scalar_one()
        rows = (await connection.execute(_PAGE, {**values, **place})).mappings().all()
    return [as_task(dict(row)) for row in rows], int(total)


def _moment(query: Mapping[str, str], name: str) -> int | None:
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
