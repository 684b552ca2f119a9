"""Did the API take it? A submit whose answer was lost is settled by the API's own task list. Pure.

It works because at most one submit of an account is under way at a time and the account's key is ours alone: a task in
the window that no attempt of ours knows can only be the one in doubt. With two such tasks nothing is adopted, since one
of them shows somebody else's face.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.dashscope.wire import ListedTask

MARGIN_SECONDS = 2.0
SUBMIT_SECONDS = 10.0  # a submit is given up after this
LOOKS = 3  # how often the list must show nothing before we believe it
BETWEEN_LOOKS_SECONDS = 5.0


@dataclass(frozen=True)
class Window:
    """When the task in doubt can have been made, in the server's time, seconds since the epoch."""

    start: float
    end: float


def window(intent_at: float, clock_offset: float) -> Window:
    """`clock_offset`: the server's clock minus ours."""
    return Window(
        start=intent_at + clock_offset - MARGIN_SECONDS,
        end=intent_at + clock_offset + SUBMIT_SECONDS + MARGIN_SECONDS,
    )


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
