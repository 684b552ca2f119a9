"""Converts the API's times to and from seconds since the epoch (UTC).

Tasks carry Beijing time without a zone, with or without milliseconds; the task list carries epoch milliseconds.
"""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from math import ceil, floor

_BEIJING = timezone(timedelta(hours=8))


def from_beijing(value: object) -> float | None:
    """`2024-03-02 22:22:13` or `2024-03-02 22:22:13.026` → epoch seconds; anything else → None."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=_BEIJING)).timestamp()
    except (ValueError, OverflowError):
        return None


def from_milliseconds(value: object) -> float | None:
    """`1709260684485` → epoch seconds; anything else → None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e15:
        return None
    return value / 1000


def from_http_date(value: str | None) -> float | None:
    """The `Date` header of an answer → epoch seconds, whole ones; anything else → None."""
    try:
        moment = parsedate_to_datetime(value or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def stamp(moment: float, *, up: bool = False) -> str:
    """Epoch seconds → `YYYYMMDDhhmmss` in Beijing time, rounded down, or `up`."""
    return datetime.fromtimestamp(ceil(moment) if up else floor(moment), _BEIJING).strftime("%Y%m%d%H%M%S")
