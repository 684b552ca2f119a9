"""Restraint with those who ask too fast: a person, or a group as a whole. They are told once, and then not heard for a
minute; what they say meanwhile is passed over.

Remembered by each process for itself: who is heard by several may ask that much faster.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import Enum, auto
from typing import TypeVar

from bot.messaging.platform import Chat, Person
from bot.runtime.token_bucket import Rate, TokenBuckets

MUTE_SECONDS = 60.0
GROUP_FACTOR = 2  # what a group may ask together, of what one person may
MAX_REMEMBERED = 10_000  # who is remembered, and what

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Verdict(Enum):
    """Whether somebody is heard."""

    ALLOWED = auto()
    WARNED = auto()  # not heard, and to be told so
    IGNORED = auto()


class RateLimiter:
    """`per_minute`: what one person may ask in a minute, and at once after a quiet one. `clock` gives seconds."""

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._people = TokenBuckets(Rate(per_minute, per_minute / 60), clock, MAX_REMEMBERED)
        together = per_minute * GROUP_FACTOR
        self._groups = TokenBuckets(Rate(together, together / 60), clock, MAX_REMEMBERED)
        self._muted_until: OrderedDict[str, float] = OrderedDict()
        self._allowed: OrderedDict[Hashable, None] = OrderedDict()

    def check(self, person: Person, chat: Chat, request: Hashable) -> Verdict:
        """Count a request, once: one that was heard and is tried again is heard. A group does not suffer for what one
        of its people is not heard with."""
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
    """What was noted longest ago is forgotten, when there is too much."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)
