"""At which moments a life ends: drawn by lot, each by its own way of knowing that it has come."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from chaos.call_faults import kill_after, kill_mid_response, kill_before
from chaos.crash_points import CrashPoint
from chaos.http_proxy import Action, ProxiedCall, pass_through

Phase = Literal["before", "after", "amid"]
_ACTIONS: dict[Phase, Callable[[Callable[[], None]], Action]] = {
    "before": kill_before,
    "after": kill_after,
    "amid": kill_mid_response,
}
MAX_COMMITS = 24  # of a life, at whose edges it may end
MAX_DELAY = 1.5  # from birth, for a moment that is nothing but chance


@dataclass(frozen=True)
class AtCall:
    """The `number`-th call of a kind, from 1: the bot dies before it is carried out, after, or amid the answer."""

    kind: str
    how: Phase
    number: int = 1


@dataclass(frozen=True)
class AfterDelay:
    """So many seconds after birth."""

    seconds: float


KillPoint = AtCall | CrashPoint | AfterDelay
_API_CALLS: tuple[tuple[str, Phase], ...] = (
    ("create", "before"), ("create", "after"), ("create", "after"), ("create", "amid"), ("query", "before"),
    ("query", "after"), ("result", "before"), ("result", "amid"), ("result", "after"), ("list", "after"),
)  # fmt: skip
_CHAT_CALLS: tuple[tuple[str, Phase], ...] = (
    ("sendMessage", "before"), ("sendMessage", "after"), ("editMessageMedia", "before"), ("editMessageMedia", "after"),
    ("editMessageText", "after"), ("getFile", "after"), ("file", "amid"), ("getUpdates", "after"),
    ("sendMediaGroup", "before"), ("sendMediaGroup", "after"),
    ("callback", "before"), ("callback", "after"), ("hook", "after"), ("hook", "amid"), ("post", "before"),
    ("post", "after"), ("post", "amid"), ("patch", "before"), ("patch", "after"), ("attachment", "amid"),
)  # fmt: skip


def draw_kill_point(dice: random.Random, *, at_api: bool = True) -> KillPoint:
    """The next moment: a third at the API, a quarter at the chats, a third at a transaction, the rest anywhere. Without
    an API (not `at_api`) its share goes to the others."""
    lot = dice.uniform(0 if at_api else 0.33, 1)
    if lot < 0.33:
        return _draw_from(dice, _API_CALLS)
    if lot < 0.58:
        return _draw_from(dice, _CHAT_CALLS)
    if lot < 0.91:
        return CrashPoint(dice.choice(("before commit", "after commit")), dice.randint(1, MAX_COMMITS))
    return AfterDelay(dice.uniform(0.0, MAX_DELAY))


def draw_call(dice: random.Random) -> AtCall:
    """A call to the API, or to the chats."""
    return _draw_from(dice, _API_CALLS if dice.random() < 0.57 else _CHAT_CALLS)


def _draw_from(dice: random.Random, calls: Sequence[tuple[str, Phase]]) -> AtCall:
    return AtCall(*dice.choice(calls), dice.choice((1, 1, 2)))


def label(moment: KillPoint) -> str:
    """For the table."""
    match moment:
        case AtCall(kind, how):
            return f"{how} {kind}"
        case CrashPoint(edge):
            return edge
        case AfterDelay():
            return "at random"


class KillTrigger:
    """Waits at the proxies for a call to come, and then kills whose connection begins at this port."""

    def __init__(self, moment: KillPoint, kill: Callable[[int], None]) -> None:
        self.sprung = asyncio.Event()
        self._moment = moment
        self._kill = kill
        self._seen = 0

    def choose(self, passing: ProxiedCall) -> Action:
        if not isinstance(self._moment, AtCall) or passing.kind != self._moment.kind:
            return pass_through
        self._seen += 1
        if self._seen != self._moment.number:
            return pass_through
        return _ACTIONS[self._moment.how](partial(self._spring, passing.caller))

    def _spring(self, caller: int) -> None:
        self.sprung.set()
        self._kill(caller)
