"""Estimates of a job's remaining time and progress, and which changes of them are worth showing. Pure."""

from storage.jobs import Job, State

ETA_STEP = 0.2  # an estimate is shown again when it changed by this share


def seconds_left(*, place: int, running_for: float | None, cycle: float, slots: int) -> float:
    """Seconds until the job at `place` (from 1) has its picture.

    `running_for`: seconds for which the oldest running task has been running, None when nothing runs; `cycle`: seconds
    that a task takes, as measured.
    """
    rest = 0.0 if running_for is None else max(cycle * 0.1, cycle - running_for)
    rounds = -(-place // slots)
    return rest + rounds * cycle


def progress(job: Job, cycle: float, now: float) -> float | None:
    """The progress of a running job in 0..1, estimated from its running time: it slows down near the end and never
    reaches 1. None unless it is running. `cycle`: seconds that a task takes; `now`: epoch seconds."""
    if job.state == State.FETCHING:
        return 0.98
    if job.state != State.RUNNING or job.submitted is None:
        return None
    share = max(0.0, now - job.submitted) / max(cycle, 0.1)
    return min(0.95, share * 0.9 if share < 1 else 0.9 + 0.05 * (1 - 1 / share))


def is_worth_showing(place: int) -> bool:
    """Whether a card shows this place: 1-7, 9, 11, 14, 18, 23, … each step a quarter more than the last."""
    if place <= 7:
        return True
    shown, step = 7, 2.0
    while shown < place:
        shown += round(step)
        step *= 1.25
    return shown == place


def eta_differs(old: float | None, new: float | None) -> bool:
    """Whether an estimate (in seconds) changed enough to be shown again."""
    if old is None or new is None:
        return old is not new
    return abs(new - old) >= ETA_STEP * max(old, 1.0)
