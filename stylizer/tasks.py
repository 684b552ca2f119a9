"""A task, as its row describes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """The API's states. UNKNOWN is never stored: it is the answer for a task that the account doesn't have."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Task:
    """One row. Times are milliseconds since the epoch; for `photo` and `reference` see `stylizer.input_images`, for
    `fault` `stylizer.testing_faults`."""

    task_id: str
    account: str
    request_id: str
    style_index: int
    submitted: int
    status: Status = Status.PENDING
    photo: str | None = None
    reference: str | None = None
    strength: float | None = None
    brush: float | None = None
    seed: int | None = None
    started: int | None = None
    ended: int | None = None
    runs: int = 0
    result: str | None = None
    code: str | None = None
    message: str | None = None
    attempt: int = 0
    fault: str | None = None


TASK_COLUMNS = ", ".join(Task.__dataclass_fields__)


def as_task(row: Mapping[str, Any]) -> Task:
    """A row as a Task."""
    return Task(**{**row, "status": Status(row["status"])})
