"""Scripted failures between a bot and Discord: rate limits, broken proxies, dropped connections."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Json = Any
MAX_CALLS, WINDOW = 1000, 1.0
MAJOR_PARAMETER = re.compile(r"/(channels|guilds|webhooks|interactions)/(\d+)(/[\w-]{40,})?")


@dataclass(frozen=True)
class Response:
    """A response to send. Without a `body` it is the status only."""

    status: int
    body: Json = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """What to do with the next `times` calls whose "METHOD /path" matches the pattern `route`: send `response`.

    Without a `response` the connection is dropped: before the call is carried out or, with `response_lost`, after it.
    """

    route: str
    response: Response | None = None
    times: int = 1
    response_lost: bool = False

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and re.fullmatch(self.route, f"{method} {path}") is not None


@dataclass(frozen=True)
class LastingRefusal:
    """Refuse, from now on, every call whose method and path fit these regular expressions; `files`: only those that
    carry files."""

    method: str
    path: str
    status: int
    body: Json
    files: bool = False

    def fits(self, method: str, path: str, *, has_files: bool) -> bool:
        fits = re.fullmatch(self.method, method) and re.match(self.path, path)
        return bool(fits) and (has_files or not self.files)


def take_fault(faults: list[Fault], method: str, path: str) -> Fault | None:
    """The fault that applies to this call, if any; uses up one of its times."""
    fault = next((fault for fault in faults if fault.matches(method, path)), None)
    if fault is not None:
        fault.times -= 1
    return fault


def rate_limited(route: str, seconds: float, times: int = 1, *, is_global: bool = False) -> Fault:
    """429 for the route, or for the whole API if `is_global`."""
    body = {"message": "You are being rate limited.", "code": 0, "retry_after": seconds, "global": is_global}
    headers = {"Retry-After": str(int(seconds) + 1), "Via": "1.1 google"}
    headers |= {"X-RateLimit-Scope": "global" if is_global else "user"}
    headers |= {"X-RateLimit-Global": "true"} if is_global else {}
    return Fault(route, Response(429, body, headers), times)


def bad_gateway(route: str, status: int = 502, times: int = 1) -> Fault:
    """A proxy's HTML page in place of a response."""
    return Fault(route, Response(status, "<html>Bad Gateway</html>", {"Content-Type": "text/html"}), times)


@dataclass
class RateLimits:
    """Rate limit buckets per route and major parameter; `exceeded` counts the calls that were rejected.

    `overrides` sets narrower limits for patterns of "METHOD /path", as (calls, seconds).
    """

    overrides: dict[str, tuple[int, float]] = field(default_factory=dict)
    exceeded: int = 0
    _used: Counter[tuple[str, str]] = field(default_factory=Counter)
    _until: dict[tuple[str, str], float] = field(default_factory=dict)

    def take(self, method: str, path: str, now: float) -> tuple[dict[str, str], float | None]:
        """The rate limit headers for this call, and the seconds to wait if it exceeds the limit."""
        major = MAJOR_PARAMETER.match(path)
        kind = re.sub(r"/\d{5,}|/[\w-]{40,}", "/*", path)
        key = f"{method} {kind}", major[0] if major else ""
        limit, window = next(
            (override for route, override in self.overrides.items() if re.fullmatch(route, f"{method} {path}")),
            (MAX_CALLS, WINDOW),
        )
        if now >= self._until.get(key, 0.0):
            self._used[key], self._until[key] = 0, now + window
        self._used[key] += 1
        remaining, reset_after = limit - self._used[key], self._until[key] - now
        headers = {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(max(0, remaining))}
        headers |= {"X-RateLimit-Reset": f"{self._until[key]:.3f}", "X-RateLimit-Reset-After": f"{reset_after:.3f}"}
        headers |= {"X-RateLimit-Bucket": f"{abs(hash(key[0])):x}", "Via": "1.1 google"}
        self.exceeded += remaining < 0
        return headers, reset_after if remaining < 0 else None
