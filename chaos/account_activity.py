"""How long each API account goes without a call to the service, observed at the proxy in front of it."""

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from chaos.http_proxy import ProxiedCall
from chaos.testbed import ACCOUNTS

_KEY = re.compile(rb"(?i)\r\nauthorization: *bearer +(\S+)")
TAKEOVER_SECONDS = 10.0  # within which another replica must take over an account after a kill
AFTER_KILL, AFTER_DISTURBANCE = "after a kill", "after a disturbance"
DISTURBANCE_SECONDS = 30.0  # after recovery, for which idle time is still attributed to it


@dataclass
class AccountActivity:
    """`longest_idle` is the longest time any account made no call while jobs were waiting, by cause: after a kill,
    or after a replica was frozen or cut off. All times are monotonic."""

    last_call: dict[bytes, float] = field(default_factory=dict)
    calls: defaultdict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    longest_idle: dict[str, float] = field(default_factory=lambda: {AFTER_KILL: 0.0, AFTER_DISTURBANCE: 0.0})
    stalls: set[tuple[bytes, float]] = field(default_factory=set)
    killed_at: float = 0.0
    disturbed_until: float = 0.0
    waiting_since: float | None = None

    def record_call(self, call: ProxiedCall) -> None:
        """Record a call to the service under its API key."""
        if (key := _KEY.search(call.head)) is not None:
            self.last_call[key[1]] = time.monotonic()
            self.calls[key[1]] += 1

    def record_kill(self) -> None:
        """A replica was killed just now."""
        self.killed_at = time.monotonic()

    def record_disturbance(self, *, over: bool) -> None:
        """A replica is frozen or cut off, or (`over`) has recovered."""
        self.disturbed_until = time.monotonic() + DISTURBANCE_SECONDS if over else float("inf")

    def observe(self, *, waiting: bool) -> None:
        """Update the idle times; `waiting`: jobs are due that no free slot explains."""
        now = time.monotonic()
        self.waiting_since = (self.waiting_since or now) if waiting else None
        if self.waiting_since is None:
            return
        cause = AFTER_DISTURBANCE if now < self.disturbed_until else AFTER_KILL
        for key, last_call in self.last_call.items():
            idle = now - max(last_call, self.waiting_since, self.killed_at)
            self.longest_idle[cause] = max(self.longest_idle[cause], idle)
            if cause == AFTER_KILL and idle > TAKEOVER_SECONDS:
                self.stalls.add((key, self.killed_at))

    @property
    def all_active(self) -> bool:
        """Whether every account has made a call since the last kill."""
        return len(self.last_call) == ACCOUNTS and all(
            last_call > self.killed_at for last_call in self.last_call.values()
        )

    def violations(self) -> Iterator[str]:
        """Accounts that were idle for too long after a kill."""
        if self.stalls:
            yield f"{len(self.stalls)} times an account was idle for more than {TAKEOVER_SECONDS:.0f} s after a kill"
