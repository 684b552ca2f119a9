"""Did the API take it? A submit whose answer was lost is settled by the API's own task list. Pure.

It works because at most one submit of an account is under way at a time and the account's key is ours alone: a task in
the window that no attempt of ours knows can only be the one in doubt. With two such tasks nothing is adopted, since one
of them shows somebody else's face.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.dashscope.wire import ListedTask
from storage.attempts import Intent

MARGIN_SECONDS = 2.0
LATE_SECONDS = 11.0  # by so much a server's time may be told too early: whole seconds, and the length of a call
DAY_SECONDS = 24 * 3600.0
SEND_SECONDS = 1.0  # a submit begins at most so long after its attempt was written down, or is dated anew
SUBMIT_SECONDS = 10.0  # a submit is given up after this
LINGER_SECONDS = 120.0  # what we gave up may lie on its way, with a proxy or a gateway, before it is carried out
LOOKS = 3  # how often the list must show nothing before we believe it
LOOKS_OF_ANOTHERS = 4  # 15 s in all: whoever sent it could do so for 11 s after they were deposed
BETWEEN_LOOKS_SECONDS = 5.0


@dataclass(frozen=True)
class Window:
    """When the task in doubt can have been made, in the server's time, seconds since the epoch."""

    start: float
    end: float


def window(intent: Intent, now: float, server_now: float) -> Window:
    """The window of an attempt, `now` by our clock and `server_now` by the server's.

    Without the server's time of the intent, ours is moved by what the two clocks differ now; but if ours was set back
    since, that says nothing, and the whole day is looked through: too wide a window may leave a task unadopted, too
    narrow a one would pay for it twice.
    """
    if intent.server_at is not None:
        end = intent.server_at + LATE_SECONDS + SEND_SECONDS + SUBMIT_SECONDS + MARGIN_SECONDS
        return Window(intent.server_at - MARGIN_SECONDS, end)
    if intent.at > now:
        return Window(server_now - DAY_SECONDS, server_now + MARGIN_SECONDS)
    at = intent.at + server_now - now
    return Window(at - MARGIN_SECONDS, at + SEND_SECONDS + SUBMIT_SECONDS + MARGIN_SECONDS)


def afterwards(within: Window) -> Window:
    """When the task was made if the request lay on its way. Only one that no other submit can have made is adopted."""
    return Window(within.end, within.end + LINGER_SECONDS)


def others_since(within: Window) -> float:
    """From when on (the server's time) the submit of another job, given up in doubt, may still become a task
    `afterwards`: adopting that would show somebody else's face."""
    return within.start - LINGER_SECONDS - LATE_SECONDS - SEND_SECONDS - SUBMIT_SECONDS


def newest_first(tasks: Sequence[ListedTask]) -> bool:
    """In which order the list's first page comes: the API does not say."""
    return not tasks or tasks[0].created >= tasks[-1].created


def further_pages(pages: int, most: int, *, newest_first: bool) -> range:
    """The numbers of the pages after the first one that are worth a look, those with the newest tasks first."""
    return range(2, min(pages, most) + 1) if newest_first else range(pages, max(1, pages - most), -1)


def all_before(tasks: Iterable[ListedTask], window: Window) -> bool:
    """Whether all of them are too old to be the one in doubt; then so is what follows."""
    return all(task.created < window.start for task in tasks)


def candidates(tasks: Iterable[ListedTask], known: Collection[str], within: Window) -> tuple[str, ...]:
    """The ids of tasks made in the window that no attempt of ours knows."""
    return tuple(
        task.task_id for task in tasks if within.start <= task.created <= within.end and task.task_id not in known
    )
