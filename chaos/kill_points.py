"""At which moments a life ends: drawn by lot, each by its own way of knowing that it has come."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from chaos.call_faults import killed_after, killed_amid, killed_before
from chaos.crash_points import Point
from chaos.http_proxy import Deed, Passing, passes

How = Literal["before", "after", "amid"]
_DEEDS: dict[How, Callable[[Callable[[], None]], Deed]] = {
    "before": killed_before,
    "after": killed_after,
    "amid": killed_amid,
}
MOST_COMMITS = 24  # of a life, at whose edges it may end
ANY_SECONDS = 1.5  # from birth, for a moment that is nothing but chance


@dataclass(frozen=True)
class Call:
    """The `number`-th call of a kind, from 1: the bot dies before it is carried out, after, or amid the answer."""

    kind: str
    how: How
    number: int = 1


@dataclass(frozen=True)
class Chance:
    """So many seconds after birth."""

    seconds: float


Moment = Call | Point | Chance
_API: tuple[tuple[str, How], ...] = (
    ("create", "before"), ("create", "after"), ("create", "after"), ("create", "amid"), ("query", "before"),
    ("query", "after"), ("result", "before"), ("result", "amid"), ("result", "after"), ("list", "after"),
)  # fmt: skip
_CHAT: tuple[tuple[str, How], ...] = (
    ("sendMessage", "before"), ("sendMessage", "after"), ("editMessageMedia", "before"), ("editMessageMedia", "after"),
    ("editMessageText", "after"), ("getFile", "after"), ("file", "amid"), ("getUpdates", "after"),
    ("sendMediaGroup", "before"), ("sendMediaGroup", "after"),
    ("callback", "before"), ("callback", "after"), ("hook", "after"), ("hook", "amid"), ("post", "before"),
    ("post", "after"), ("post", "amid"), ("patch", "before"), ("patch", "after"), ("attachment", "amid"),
)  # fmt: skip


def draw(dice: random.Random, *, at_api: bool = True) -> Moment:
    """The next moment: a third at the API, a quarter at the chats, a third at a transaction, the rest anywhere. Without
    an API (not `at_api`) its share goes to the others."""
    lot = dice.uniform(0 if at_api else 0.33, 1)
    if lot < 0.33:
        return at_call(dice, _API)
    if lot < 0.58:
        return at_call(dice, _CHAT)
    if lot < 0.91:
        return Point(dice.choice(("before commit", "after commit")), dice.randint(1, MOST_COMMITS))
    return Chance(dice.uniform(0.0, ANY_SECONDS))


def draw_call(dice: random.Random) -> Call:
    """A call to the API, or to the chats."""
    return at_call(dice, _API if dice.random() < 0.57 else _CHAT)


def at_call(dice: random.Random, calls: Sequence[tuple[str, How]]) -> Call:
    return Call(*dice.choice(calls), dice.choice((1, 1, 2)))


def name(moment: Moment) -> str:
    """For the table."""
    match moment:
        case Call(kind, how):
            return f"{how} {kind}"
        case Point(edge):
            return edge
        case Chance():
            return "at random"


class Trap:
    """Waits at the proxies for a call to come, and then kills whose connection begins at this port."""

    def __init__(self, moment: Moment, kill: Callable[[int], None]) -> None:
        self.sprung = asyncio.Event()
        self._moment = moment
        self._kill = kill
        self._seen = 0

    def choose(self, passing: Passing) -> Deed:
        if not isinstance(self._moment, Call) or passing.kind != self._moment.kind:
            return passes
        self._seen += 1
        if self._seen != self._moment.number:
            return passes
        return _DEEDS[self._moment.how](partial(self._spring, passing.caller))

    def _spring(self, caller: int) -> None:
        self.sprung.set()
        self._kill(caller)
