"""Whose turn it is, and how long it will take. Pure.

The order is that of start-time fair queueing (Goyal, Vin, Cheng: Start-time Fair Queuing, 1996) with one round of
credit: a person's next job comes one round after their last one, but never earlier than one round before the turn that
is served now. So ten people with one photo each pass before the second photo of somebody with a hundred.
"""

from bot.domain.job_view import State
from storage.jobs import Job
from storage.queue import Turn

ROUND = 1000
ETA_STEP = 0.2  # an estimate is told again when it changed by this share


def next_tag(turn: Turn) -> int:
    """The tag of a person's next job: max(vtime - K, last_tag + K / weight)."""
    return max(turn.vtime - ROUND, turn.last_tag + ROUND // max(1, turn.weight))


def seconds_left(*, place: int, running_for: float | None, cycle: float, slots: int) -> float:
    """Seconds until the job at `place` (from 1) has its picture.

    `running_for`: how long the oldest running task has been at it, None when nothing runs; `cycle`: how long a task
    takes, as learned.
    """
    rest = 0.0 if running_for is None else max(cycle * 0.1, cycle - running_for)
    rounds = -(-place // slots)
    return rest + rounds * cycle


def progress(job: Job, cycle: float, now: float) -> float | None:
    """How far a running job is, 0..1, as far as time tells: it slows down near the end and never says "done"."""
    if job.state == State.FETCHING:
        return 0.98
    if job.state != State.RUNNING or job.submitted is None:
        return None
    share = max(0.0, now - job.submitted) / max(cycle, 0.1)
    return min(0.95, share * 0.9 if share < 1 else 0.9 + 0.05 * (1 - 1 / share))


def is_worth_telling(place: int) -> bool:
    """Whether a card is edited at this place: 1-7, 9, 11, 14, 18, 23, … each step a quarter more than the last."""
    if place <= 7:
        return True
    told, step = 7, 2.0
    while told < place:
        told += round(step)
        step *= 1.25
    return told == place


def eta_differs(old: float | None, new: float | None) -> bool:
    """Whether a new estimate is worth telling."""
    if old is None or new is None:
        return old is not new
    return abs(new - old) >= ETA_STEP * max(old, 1.0)
