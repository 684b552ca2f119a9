"""A lane: one account at the API, with the limits that hold for it."""

from dataclasses import dataclass

from bot.dashscope.client import DashScope
from bot.dashscope.photo_links import PhotoLinks
from bot.domain.poll_schedule import TaskDurations

# A tenth slower than allowed, lest the turnstile has to hold anything up; it is what keeps the limit.
SPACING_MARGIN = 1.1
FIRST_DURATIONS = TaskDurations(mean=15.0, deviation=3.75)


@dataclass(frozen=True)
class ApiAccount:
    """`slots` tasks run at once and `prefetch` more may wait there; `paid` images count against the owner's budget;
    an `extended` lane is our stand-in, which takes a seed; `is_told`: the API gives notice when a task is over."""

    account_id: str
    client: DashScope
    links: PhotoLinks
    slots: int = 1
    prefetch: int = 0
    submits_per_second: float = 2.0
    queries_per_second: float = 18.0
    paid: bool = False
    extended: bool = False
    gets_events: bool = False
    free_images: int = 0
    first_durations: TaskDurations = FIRST_DURATIONS

    @property
    def spacing(self) -> float:
        """Seconds between two claims."""
        return SPACING_MARGIN / self.submits_per_second
