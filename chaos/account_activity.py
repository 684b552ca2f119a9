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
    """`longest_idle` is the longest that any lane stood still while somebody waited: after a kill, and after a replica was
    frozen or cut off. Times are those of a clock that goes steadily."""

    last_call: dict[bytes, float] = field(default_factory=dict)
    calls: defaultdict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    longest_idle: dict[str, float] = field(default_factory=lambda: {AFTER_KILL: 0.0, AFTER_DISTURBANCE: 0.0})
    stalls: set[tuple[bytes, float]] = field(default_factory=set)
    killed_at: float = 0.0
    disturbed_until: float = 0.0
    waiting_since: float | None = None

    def record_call(self, call: ProxiedCall) -> None:
        """A call to the service."""
        if (key := _KEY.search(call.head)) is not None:
            self.last_call[key[1]] = time.monotonic()
            self.calls[key[1]] += 1

    def record_kill(self) -> None:
        """A replica has died just now."""
        self.killed_at = time.monotonic()

    def record_disturbance(self, *, over: bool) -> None:
        """A replica is frozen or cut off, or is no longer."""
        self.disturbed_until = time.monotonic() + DISTURBANCE_SECONDS if over else float("inf")

    def observe(self, *, waiting: bool) -> None:
        """Note how long each lane has been still while somebody waited."""
        now = time.monotonic()
        self.waiting_since = (self.waiting_since or now) if waiting else None
        if self.waiting_since is None:
            return
        cause = AFTER_DISTURBANCE if now < self.disturbed_until else AFTER_KILL
        for key, last_call in self.last_call.items():
            longest_idle = now - max(last_call, self.waiting_since, self.killed_at)
            self.longest_idle[cause] = max(self.longest_idle[cause], longest_idle)
            if cause == AFTER_KILL and longest_idle > TAKEOVER_SECONDS:
                self.stalls.add((key, self.killed_at))

    @property
    def all_active(self) -> bool:
        """Whether every lane has been heard of since somebody died."""
        return len(self.last_call) == ACCOUNTS and all(
            last_call > self.killed_at for last_call in self.last_call.values()
        )

    def violations(self) -> Iterator[str]:
        """Lanes that stood still for too long after a kill."""
        if self.stalls:
            yield f"{len(self.stalls)} times a lane stood still for more than {TAKEOVER_SECONDS:.0f} s after a kill"
