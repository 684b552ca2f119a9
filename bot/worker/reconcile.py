"""Finds the task of a submit whose answer was lost, in the API's own task list. Pure.

The list shows every task of a main account: those of our other keys and of other programs too. A task is adopted only
if it is proven to be the one in doubt. The submit's key created it (each task names its key, and a key is ours alone),
it belongs to no attempt of ours, and no other submit of ours can have become it: at most one submit of an account is
under way at a time, and those that were given up lately may still become tasks. Everything else might show somebody
else's face.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from bot.dashscope.wire import ListedTask
from storage.attempts import Intent

MARGIN_SECONDS = 2.0
LATE_SECONDS = 11.0  # how far a known server time may lag: it is in whole seconds, and as old as the call
DAY_SECONDS = 24 * 3600.0
SEND_SECONDS = 1.0  # a submit begins at most so long after its attempt is dated, or the attempt gets a new date
LINGER_SECONDS = 120.0  # a request that we gave up may be held by a proxy or a gateway before it is carried out
LOOKS = 4  # how often the list must show nothing before it is believed: 15 s, as a gateway may inspect a photo for 12
BETWEEN_LOOKS_SECONDS = 5.0
PROOFS = 4  # so often a submit is dated anew before its job goes back to its place
QUICK_PROOF_SECONDS = SEND_SECONDS / 4  # a write that takes longer leaves too little of SEND_SECONDS
MAX_SPARE_SECONDS = 30.0
SLOW_WRITE_SECONDS, SLOW_WRITES = 0.5, 3  # so many writes in a row, each longer than this: the owner is told …
REPORT_SECONDS = 3600.0  # … once an hour


@dataclass(frozen=True)
class Window:
    """When the task in doubt can have been created: epoch seconds in the server's time."""

    start: float
    end: float


def window(intent: Intent, now: float, server_now: float) -> Window:
    """The window of an attempt; `now` by our clock, `server_now` by the server's.

    If the attempt has no server time, ours is corrected by the present difference of the two clocks. If our clock was
    set back since, that says nothing, and the window is the whole day: one that is too wide may leave a task unadopted,
    one that is too narrow would pay for it twice.
    """
    if intent.server_at is not None:
        end = intent.server_at + LATE_SECONDS + SEND_SECONDS + intent.send_seconds + MARGIN_SECONDS
        return Window(intent.server_at - MARGIN_SECONDS, end)
    if intent.at > now:
        return Window(server_now - DAY_SECONDS, server_now + MARGIN_SECONDS)
    at = intent.at + server_now - now
    return Window(at - MARGIN_SECONDS, at + SEND_SECONDS + intent.send_seconds + MARGIN_SECONDS)


def spare_seconds(took: float, before: float) -> float:
    """How much later than SEND_SECONDS after its date a submit may begin, where the write that dates it takes as long
    as the last one took: what its attempt allows for sending includes this. It is twice that time, halves while writes
    are quick again (`before`: what it was), and is bounded, so that a process that was suspended inside a write does
    not widen its windows for long."""
    needed = 2 * took if took > QUICK_PROOF_SECONDS else 0.0
    remembered = before / 2 if before / 2 > QUICK_PROOF_SECONDS else 0.0
    return min(MAX_SPARE_SECONDS, max(needed, remembered))


@dataclass(frozen=True)
class Proof:
    """A write that has proved that the account is ours, and dated an attempt. Its submit may begin until SEND_SECONDS
    and `spare` later, and is given up after `send_seconds` more; the attempt's row says `recorded`.

    `steady` by the steady clock, `at` by the clock of the rows.
    """

    steady: float = float("-inf")
    at: float = float("-inf")
    send_seconds: float = 0.0
    spare: float = 0.0

    @property
    def recorded(self) -> float:
        return self.send_seconds + self.spare

    def age(self, steady: float, now: float) -> float:
        """Seconds since, by whichever clock shows more: each may have been stopped or changed."""
        return max(steady - self.steady, abs(now - self.at))

    def covers(self, send_seconds: float, steady: float, now: float) -> bool:
        """Whether a submit that is given up after `send_seconds` may begin now."""
        return send_seconds <= self.send_seconds and self.age(steady, now) <= SEND_SECONDS + self.spare


@dataclass
class Proofs:
    """The last proof, what the next one has to allow for, and how slow the writes were that proved: `slow` of them in
    a row, `slowest` in seconds."""

    last: Proof = Proof()
    spare: float = 0.0
    slow: int = 0
    slowest: float = 0.0
    next_report: float = float("-inf")

    def begin(self, send_seconds: float, steady: float, now: float) -> Proof:
        """What a write is about to prove: it allows for as much time as the last ones took."""
        return Proof(steady, now, send_seconds, self.spare)

    def note(self, proof: Proof, steady: float, now: float) -> None:
        """The write of this proof has ended."""
        took = steady - proof.steady
        self.last, self.spare = proof, spare_seconds(proof.age(steady, now), self.spare)
        self.slow = self.slow + 1 if took > SLOW_WRITE_SECONDS else 0
        self.slowest = max(self.slowest, took)

    def to_report(self, steady: float) -> float | None:
        """How long writes take, if several in a row took long and the last report was an hour ago."""
        if self.slow < SLOW_WRITES or steady < self.next_report:
            return None
        self.next_report, slowest, self.slowest = steady + REPORT_SECONDS, self.slowest, 0.0
        return slowest


def afterwards(within: Window) -> Window:
    """When the task was created if the request was held on its way. It is adopted only if no other submit can have
    created it."""
    return Window(within.end, within.end + LINGER_SECONDS)


def others_since(within: Window) -> float:
    """Another job's submit that was given up at this time (the server's) or later may still become a task
    `afterwards`: adopting that would show somebody else's face."""
    return within.start - LINGER_SECONDS - LATE_SECONDS - SEND_SECONDS


def looks_after_takeover(intent: Intent) -> int:
    """How often the list must show nothing when the earlier leader may still be sending: until it can't any more."""
    return max(LOOKS, 1 + ceil((SEND_SECONDS + intent.send_seconds) / BETWEEN_LOOKS_SECONDS))


def is_newest_first(tasks: Sequence[ListedTask]) -> bool:
    """Whether the list begins with the newest tasks: the API does not document its order."""
    return not tasks or tasks[0].created >= tasks[-1].created


def further_pages(pages: int, most: int, *, newest_first: bool) -> range:
    """The numbers of at most `most` pages to read after the first, those with the newest tasks first."""
    return range(2, min(pages, most) + 1) if newest_first else range(pages, max(1, pages - most), -1)


def all_before(tasks: Iterable[ListedTask], window: Window) -> bool:
    """Whether all of these tasks are too old to be the one in doubt; then so are all that follow."""
    return all(task.created < window.start for task in tasks)


def candidates(tasks: Iterable[ListedTask], known: Collection[str], within: Window) -> tuple[str, ...]:
    """The ids of the tasks created in the window that belong to no attempt of ours."""
    return tuple(task.task_id for task in _unclaimed(tasks, known, within))


@dataclass(frozen=True)
class Found:
    """This task is the one in doubt."""

    task_id: str


@dataclass(frozen=True)
class NotThere:
    """No task in the list can be the one in doubt."""


@dataclass(frozen=True)
class Unproven:
    """So many tasks in the list could be the one in doubt, and none is proven to be."""

    tasks: int


Verdict = Found | NotThere | Unproven


def judge(
    listed: Sequence[ListedTask],
    known: Collection[str],
    within: Window,
    *,
    key_id: str | None,
    has_rivals: bool,
    is_complete: bool = True,
) -> Verdict:
    """What the list says about a submit in doubt.

    `known`: the tasks that belong to an attempt; `key_id`: what the API calls the submit's key, None while that is not
    known; `has_rivals`: another submit that this key may have sent could have become a task at that time;
    `is_complete`: the list was read back to the beginning of the window.
    """
    times = (within, afterwards(within))
    near, late = ([task for task in _unclaimed(listed, known, time) if _may_be_by(task, key_id)] for time in times)
    possible = near or late
    proven = [task for task in possible if key_id and task.api_key_id == key_id]
    if len(proven) == 1 and not has_rivals:
        return Found(proven[0].task_id)
    return NotThere() if is_complete and not possible else Unproven(len(possible))


def _unclaimed(tasks: Iterable[ListedTask], known: Collection[str], within: Window) -> list[ListedTask]:
    return [task for task in tasks if within.start <= task.created <= within.end and task.task_id not in known]


def _may_be_by(task: ListedTask, key_id: str | None) -> bool:
    """Whether it isn't certain that another key created it."""
    return not key_id or not task.api_key_id or task.api_key_id == key_id
