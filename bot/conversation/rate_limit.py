"""Rate limits for people and for groups as a whole. Whoever exceeds one is warned once and ignored for a minute.

Each process counts for itself, so with several processes the limit is higher by that factor.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import Enum, auto
from typing import TypeVar

from bot.messaging.platform import Chat, Person
from bot.runtime.rate_limits import Rate, TokenBuckets

MUTE_SECONDS = 60.0
GROUP_FACTOR = 2  # a group's limit as a multiple of a person's
MAX_REMEMBERED = 10_000  # keys and requests; the oldest are forgotten

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Verdict(Enum):
    """The decision on a request."""

    ALLOWED = auto()
    WARNED = auto()  # not handled, and the person is to be warned
    IGNORED = auto()  # not handled, without an answer


class RateLimiter:
    """Token buckets of people and groups. `per_minute`: requests of one person per minute, and the size of a burst
    after a quiet minute. `clock` gives seconds."""

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._people = TokenBuckets(Rate(per_minute, per_minute / 60), clock, MAX_REMEMBERED)
        group_rate = per_minute * GROUP_FACTOR
        self._groups = TokenBuckets(Rate(group_rate, group_rate / 60), clock, MAX_REMEMBERED)
        self._muted_until: OrderedDict[str, float] = OrderedDict()
        self._allowed: OrderedDict[Hashable, None] = OrderedDict()

    def check(self, person: Person, chat: Chat, request: Hashable) -> Verdict:
        """Count a request. A retry of an allowed request is allowed without counting it again; requests over a
        person's limit don't count for the group."""
        if request in self._allowed:
            return Verdict.ALLOWED
        verdict = self._check_key(self._people, f"{person.platform}:{person.platform_id}")
        if verdict is Verdict.ALLOWED and chat.is_group:
            verdict = self._check_key(self._groups, f"group:{chat.platform}:{chat.platform_id}")
        if verdict is Verdict.ALLOWED:
            _remember(self._allowed, request, None)
        return verdict

    def _check_key(self, buckets: TokenBuckets, key: str) -> Verdict:
        now = self._clock()
        if now < self._muted_until.get(key, 0.0):
            return Verdict.IGNORED
        if not buckets.wait(key):
            return Verdict.ALLOWED
        _remember(self._muted_until, key, now + MUTE_SECONDS)
        return Verdict.WARNED


def _remember(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    """Store a value; drop the oldest one when there are too many."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)
