"""Builds job views: from the row, its place in the queue, and the estimated time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import eta
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.eta import AccountLoad, Forecast, HeldSlot, Speed, Timing
from bot.domain.job_view import WAITING, JobView, State
from bot.domain.styles import ALL_INDICES
from storage import accounts, jobs, queue, results, timings
from storage.accounts import Account
from storage.jobs import ACTIVE, Job
from storage.queue import Depth, Place, Upcoming
from storage.results import Result
from storage.timings import TimingRow

DELIVERY = Timing(0.7, 0.3)  # seconds from a picture in store until it is shown, before any were measured
FETCH = Timing(0.5, 0.3)  # … from a task's end until the picture is in store

LONGEST_DELIVERY = 20.0  # one that took longer waited for somebody's platform to let us in


@dataclass(frozen=True)
class AccountCapacity:
    """What others need to know about one API account: its slots, the speed that is assumed until tasks were measured,
    and the indices of the styles that it paints (None: all)."""

    slots: int
    speed: Speed
    styles: frozenset[int] | None = None


@dataclass(frozen=True)
class Capacity:
    """What others need to know about the API accounts: their ids, the slots of all together, the assumed seconds of a
    task (`first_guess`) until some were measured, the indices of the `styles` that at least one of them paints, the
    number of free images that came with each that is paid, and each account, by its id."""

    account_ids: frozenset[str]
    slots: int
    first_guess: float
    styles: frozenset[int] = ALL_INDICES
    free_images: Mapping[str, int] = field(default_factory=dict)
    accounts: Mapping[str, AccountCapacity] = field(default_factory=dict)

    def of(self, account_id: str) -> AccountCapacity:
        """One account; each has the same share of the slots if nothing else is known."""
        share = max(1, self.slots // max(1, len(self.account_ids)))
        return self.accounts.get(account_id) or AccountCapacity(share, Speed(self.first_guess))


@dataclass(frozen=True)
class QueueState:
    """The queue at one moment: whether all accounts are paused, the number of waiting and running jobs, and the
    accounts where queries are refused, so that their running jobs make no progress.

    `loads`: the accounts, by id; `away`: those that have lost the painting service for now; `closed`: those and the
    paused ones; `upcoming`: the styles of the jobs that come next.
    """

    paused: bool
    waiting: int
    running: int
    refusing: frozenset[str] = frozenset()
    loads: Mapping[str, AccountLoad] = field(default_factory=dict)
    away: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    upcoming: tuple[int | None, ...] = ()

    @property
    def open_loads(self) -> list[AccountLoad]:
        """The accounts that paint at present."""
        return [load for name, load in self.loads.items() if name not in self.closed]

    def is_away(self, style: int | None) -> bool:
        """Whether all accounts that would paint this style have lost the painting service, or are paused."""
        able = {name for name, load in self.loads.items() if load.paints(style)}
        return bool(able & self.away) and able <= self.closed


# For views of jobs that are not waiting: they don't depend on the queue.
IDLE_QUEUE = QueueState(paused=False, waiting=0, running=0)


@dataclass(frozen=True)
class QueueRows:
    """The rows that the state of the queue is made from."""

    accounts: Sequence[Account]
    depth: Depth
    upcoming: Upcoming
    timings: Sequence[TimingRow]


async def read_queue_rows(connection: AsyncConnection) -> QueueRows:
    """Read them."""
    return QueueRows(
        await accounts.list_all(connection),
        await queue.get_depth(connection),
        await queue.get_upcoming(connection, 2 * eta.EXACT_AHEAD),
        await timings.list_all(connection),
    )


async def read_queue_state(connection: AsyncConnection, capacity: Capacity, now: float) -> QueueState:
    """Read the state of the queue. `now` is in epoch seconds."""
    return queue_state(await read_queue_rows(connection), capacity, now)


def queue_state(rows: QueueRows, capacity: Capacity, now: float) -> QueueState:
    """The state of the queue, from the rows of all accounts and of what they paint. Pure."""
    ours = [account for account in rows.accounts if account.id in capacity.account_ids]
    away = frozenset(account.id for account in ours if eta.is_away(account.failures, account.open_until, now))
    paused = frozenset(account.id for account in ours if account.paused_reason is not None)
    return QueueState(
        paused=bool(ours) and len(paused) == len(ours),
        waiting=rows.depth.waiting,
        running=rows.depth.running,
        refusing=frozenset(account.id for account in ours if account.queries_refused),
        loads={account.id: _load(account, rows, capacity.of(account.id), now) for account in ours},
        away=away - paused,
        closed=away | paused,
        upcoming=rows.upcoming.styles,
    )


def _load(account: Account, rows: QueueRows, capacity: AccountCapacity, now: float) -> AccountLoad:
    held = [one for one in rows.upcoming.held if one.account_id == account.id]
    own = {account.id, timings.NO_ACCOUNT}
    after = {row.step: _timing(row) for row in rows.timings if row.account_id in own and row.step != timings.SLOT}
    return AccountLoad(
        slots=capacity.slots,
        speed=speed_of(account.id, rows.timings, capacity.speed),
        held=tuple(HeldSlot(one.style, max(0.0, now - one.since)) for one in held),
        styles=capacity.styles,
        opens_in=max(0.0, account.open_until - now),
        after=after.get(timings.FETCH, FETCH).then(after.get(timings.DELIVERY, DELIVERY)),
    )


def speed_of(account_id: str, rows: Sequence[TimingRow], guess: Speed) -> Speed:
    """What was learned of an account's speed. Pure."""
    own = [row for row in rows if row.account_id == account_id and row.step == timings.SLOT]
    return replace(guess, measured={row.style: _timing(row) for row in own})


def _timing(row: TimingRow) -> Timing:
    return Timing(row.mean, row.deviation, row.count)


async def learn_delivery(connection: AsyncConnection, seconds: float) -> None:
    """A picture was shown so long after it was in store."""
    every = [row for row in await timings.list_all(connection) if row.step == timings.DELIVERY]
    timing = (_timing(every[0]) if every else DELIVERY).updated_with(min(seconds, LONGEST_DELIVERY))
    row = TimingRow(timings.NO_ACCOUNT, timings.DELIVERY, 0, timing.mean, timing.deviation, timing.count)
    await timings.put(connection, row)


async def read_view(
    connection: AsyncConnection, job: Job, capacity: Capacity, now: float, *, repeated: bool = False
) -> JobView:
    """Read a job's view: its place, its time left, its result."""
    if job.state not in WAITING:
        shown = view_of(job, None, await results.get(connection, job.id), IDLE_QUEUE, now=now)
        return replace(shown, repeated=repeated)
    state = await read_queue_state(connection, capacity, now)
    places = await queue.list_places(connection, [job.id], now)
    return replace(view_of(job, places.get(job.id), None, state, now=now), repeated=repeated)


async def views_of_jobs(
    connection: AsyncConnection, found: Sequence[Job], capacity: Capacity, now: float
) -> tuple[JobView, ...]:
    """The views of many jobs with their results, reading the queue once: a history may have a hundred entries."""
    if not found:
        return ()
    state, places = (
        await read_queue_state(connection, capacity, now),
        await queue.list_places(connection, {job.id for job in found}, now),
    )
    pictures = await results.get_many(connection, [job.id for job in found])
    return tuple(view_of(job, places.get(job.id), pictures.get(job.id), state, now=now) for job in found)


async def views_by_id(
    connection: AsyncConnection, job_ids: Sequence[int], capacity: Capacity, now: float
) -> list[JobView]:
    """The views of jobs by id, in this order and without results, reading the queue once. Missing jobs are left out."""
    if not job_ids:
        return []
    state, places = (
        await read_queue_state(connection, capacity, now),
        await queue.list_places(connection, frozenset(job_ids), now),
    )
    found = await jobs.get_many(connection, job_ids)
    shown = [found[job_id] for job_id in job_ids if job_id in found]
    return [view_of(job, places.get(job.id), None, state, now=now) for job in shown]


def view_of(job: Job, place: Place | None, result: Result | None, state: QueueState, *, now: float) -> JobView:
    """The view of a job's row. Pure."""
    is_held = job.state in {State.SUBMITTING, State.RUNNING}
    is_stuck = is_held and job.account_id in state.refusing
    is_away = job.account_id in state.away if is_held else state.is_away(job.style)
    is_paused = is_stuck or (state.paused and job.state == State.QUEUED)
    no_estimate = state.paused or is_stuck or is_away or job.cancel_requested
    forecast = None if no_estimate else _forecast(job, place, state, now)
    return JobView(
        id=job.id,
        state=State.CANCELED if job.cancel_requested else job.state,
        style=job.style,
        has_reference=job.reference is not None,
        created=job.created,
        updated=job.updated,
        place=None if place is None or state.paused or job.cancel_requested or not place.is_first else place.number,
        eta_seconds=None if forecast is None else forecast.likely,
        eta_range=None if forecast is None else (forecast.least, forecast.most),
        eta_is_minimum=place is not None and not place.is_first,
        progress=None if is_away else eta.progress(job, _cycle(job, state), now),
        error=None if job.error is None else UserError(ErrorCode.read(job.error)),
        cropped=job.cropped,
        paused=is_paused,
        away=is_away and not is_paused and job.state in WAITING,
        asked=job.asked,
        has_photo=job.photo is not None,
        subject=job.subject,
        consent=job.consent,
        asker_name=job.asker_name,
        subject_name=job.subject_name,
        reference_name=job.reference_name,
        width=None if result is None else result.width,
        height=None if result is None else result.height,
        expires_at=None if result is None else result.expires,
    )


def _cycle(job: Job, state: QueueState) -> float:
    """Seconds that the job's task takes."""
    load = state.loads.get(job.account_id or "")
    return 0.0 if load is None else load.speed.of(job.style).mean


def _forecast(job: Job, place: Place | None, state: QueueState, now: float) -> Forecast | None:
    if place is not None:
        ahead = eta.styles_ahead(state.upcoming, place.number - 1)
        return eta.forecast_queued(state.open_loads, ahead, job.style)
    load = state.loads.get(job.account_id or "")
    if load is None or job.state not in ACTIVE:
        return None
    if job.state == State.FETCHING:
        return eta.forecast_after(load, max(0.0, now - job.updated))
    return None if job.submitted is None else eta.forecast_held(load, job.style, max(0.0, now - job.submitted))
