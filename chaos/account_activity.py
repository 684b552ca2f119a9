"""Whether every lane goes on: the calls to the service, by account, seen at the proxy before it."""

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from chaos.http_proxy import ProxiedCall
from chaos.testbed import ACCOUNTS

_KEY = re.compile(rb"(?i)\r\nauthorization: *bearer +(\S+)")
TAKEOVER_SECONDS = 10.0  # after a kill somebody else drives the lane
AFTER_KILL, AFTER_DISTURBANCE = "killed", "frozen or cut off"
DISTURBANCE_SECONDS = 30.0  # so long a frozen or cut-off replica may be the reason why a lane stands still


@dataclass
class AccountActivity:
    """`still` is the longest that any lane stood still while somebody waited: after a kill, and after a replica was
    frozen or cut off. Times are those of a clock that goes steadily."""

    last: dict[bytes, float] = field(default_factory=dict)
    calls: defaultdict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    still: dict[str, float] = field(default_factory=lambda: {AFTER_KILL: 0.0, AFTER_DISTURBANCE: 0.0})
    too_long: set[tuple[bytes, float]] = field(default_factory=set)
    killed_at: float = 0.0
    upset_until: float = 0.0
    waiting_since: float | None = None

    def heard(self, passing: ProxiedCall) -> None:
        """A call to the service."""
        if (key := _KEY.search(passing.head)) is not None:
            self.last[key[1]] = time.monotonic()
            self.calls[key[1]] += 1

    def killed(self) -> None:
        """A replica has died just now."""
        self.killed_at = time.monotonic()

    def upset(self, *, over: bool) -> None:
        """A replica is frozen or cut off, or is no longer."""
        self.upset_until = time.monotonic() + DISTURBANCE_SECONDS if over else float("inf")

    def look(self, *, waiting: bool) -> None:
        """Note how long each lane has been still while somebody waited."""
        now = time.monotonic()
        self.waiting_since = (self.waiting_since or now) if waiting else None
        if self.waiting_since is None:
            return
        cause = AFTER_DISTURBANCE if now < self.upset_until else AFTER_KILL
        for key, last in self.last.items():
            still = now - max(last, self.waiting_since, self.killed_at)
            self.still[cause] = max(self.still[cause], still)
            if cause == AFTER_KILL and still > TAKEOVER_SECONDS:
                self.too_long.add((key, self.killed_at))

    @property
    def are_driven(self) -> bool:
        """Whether every lane has been heard of since somebody died."""
        return len(self.last) == ACCOUNTS and all(last > self.killed_at for last in self.last.values())

    def wrong(self) -> Iterator[str]:
        """Lanes that stood still for too long after a kill."""
        if self.too_long:
            yield f"{len(self.too_long)} times a lane stood still for more than {TAKEOVER_SECONDS:.0f} s after a kill"
