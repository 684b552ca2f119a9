"""Restraint with those who ask too fast: a person, or a group as a whole. They are told once, and then not heard for a
minute; what they say meanwhile is passed over.

Remembered by each process for itself: who is heard by several may ask that much faster.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import Enum, auto
from typing import TypeVar

from bot.messaging.platform import Chat, Person
from bot.runtime.token_bucket import Buckets, Pace

HUSH_SECONDS = 60.0
GROUP_FACTOR = 2  # what a group may ask together, of what one person may
MOST = 10_000  # who is remembered, and what

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Hearing(Enum):
    """Whether somebody is heard."""

    HEARD = auto()
    TOLD = auto()  # not heard, and to be told so
    PASSED_OVER = auto()


class Restraint:
    """`per_minute`: what one person may ask in a minute, and at once after a quiet one. `clock` gives seconds."""

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._people = Buckets(Pace(per_minute, per_minute / 60), clock, MOST)
        together = per_minute * GROUP_FACTOR
        self._groups = Buckets(Pace(together, together / 60), clock, MOST)
        self._hushed: OrderedDict[str, float] = OrderedDict()
        self._heard: OrderedDict[Hashable, None] = OrderedDict()

    def hear(self, person: Person, chat: Chat, request: Hashable) -> Hearing:
        """Count a request, once: one that was heard and is tried again is heard. A group does not suffer for what one
        of its people is not heard with."""
        if request in self._heard:
            return Hearing.HEARD
        hearing = self._ask(self._people, f"{person.platform}:{person.platform_id}")
        if hearing is Hearing.HEARD and chat.is_group:
            hearing = self._ask(self._groups, f"group:{chat.platform}:{chat.platform_id}")
        if hearing is Hearing.HEARD:
            _note(self._heard, request, None)
        return hearing

    def _ask(self, buckets: Buckets, key: str) -> Hearing:
        now = self._clock()
        if now < self._hushed.get(key, 0.0):
            return Hearing.PASSED_OVER
        if not buckets.wait(key):
            return Hearing.HEARD
        _note(self._hushed, key, now + HUSH_SECONDS)
        return Hearing.TOLD


def _note(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    """What was noted longest ago is forgotten, when there is too much."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MOST:
        memory.popitem(last=False)
