"""Whether every lane goes on: the calls to the service, by account, seen at the proxy before it."""

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field

from torture.proxy import Passing

_KEY = re.compile(rb"(?i)\r\nauthorization: *bearer +(\S+)")
KILLED_SECONDS = 10.0  # after a kill somebody else drives the lane
UPSET_SECONDS = 30.0  # so long a frozen or cut-off replica may be the reason why a lane stands still


@dataclass
class Lanes:
    """`still` is the longest that any lane stood still while somebody waited: after a kill, and after a replica was
    frozen or cut off. Times are those of a clock that goes steadily."""

    last: dict[bytes, float] = field(default_factory=dict)
    calls: defaultdict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    still: dict[str, float] = field(default_factory=lambda: {"killed": 0.0, "frozen or cut off": 0.0})
    killed_at: float = 0.0
    upset_until: float = 0.0
    waiting_since: float | None = None

    def heard(self, passing: Passing) -> None:
        """A call to the service."""
        if (key := _KEY.search(passing.head)) is not None:
            self.last[key[1]] = time.monotonic()
            self.calls[key[1]] += 1

    def killed(self) -> None:
        """A replica has died just now."""
        self.killed_at = time.monotonic()

    def upset(self, *, over: bool) -> None:
        """A replica is frozen or cut off, or is no longer."""
        self.upset_until = time.monotonic() + UPSET_SECONDS if over else float("inf")

    def look(self, *, waiting: bool) -> list[str]:
        """Note how long each lane has been still; what stood still for too long after a kill."""
        now = time.monotonic()
        self.waiting_since = (self.waiting_since or now) if waiting else None
        if self.waiting_since is None:
            return []
        cause = "frozen or cut off" if now < self.upset_until else "killed"
        wrong = []
        for key, last in self.last.items():
            still = now - max(last, self.waiting_since, self.killed_at)
            self.still[cause] = max(self.still[cause], still)
            if cause == "killed" and still > KILLED_SECONDS:
                wrong.append(f"the lane {key[-1:].decode()} has stood still for {still:.1f} s")
        return wrong
