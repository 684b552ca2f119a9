"""At which moments a life ends: drawn by lot, each by its own way of knowing that it has come."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from chaos.call_faults import kill_after, kill_before, kill_mid_response
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
    phase: Phase
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


def draw_kill_point(rng: random.Random, *, at_api: bool = True) -> KillPoint:
    """The next moment: a third at the API, a quarter at the chats, a third at a transaction, the rest anywhere. Without
    an API (not `at_api`) its share goes to the others."""
    lot = rng.uniform(0 if at_api else 0.33, 1)
    if lot < 0.33:
        return _draw_from(rng, _API_CALLS)
    if lot < 0.58:
        return _draw_from(rng, _CHAT_CALLS)
    if lot < 0.91:
        return CrashPoint(rng.choice(("before commit", "after commit")), rng.randint(1, MAX_COMMITS))
    return AfterDelay(rng.uniform(0.0, MAX_DELAY))


def draw_call(rng: random.Random) -> AtCall:
    """A call to the API, or to the chats."""
    return _draw_from(rng, _API_CALLS if rng.random() < 0.57 else _CHAT_CALLS)


def _draw_from(rng: random.Random, calls: Sequence[tuple[str, Phase]]) -> AtCall:
    return AtCall(*rng.choice(calls), rng.choice((1, 1, 2)))


def label(kill_point: KillPoint) -> str:
    """For the table."""
    match kill_point:
        case AtCall(kind, phase):
            return f"{phase} {kind}"
        case CrashPoint(edge):
            return edge
        case AfterDelay():
            return "at random"


class KillTrigger:
    """Waits at the proxies for a call to come, and then kills whose connection begins at this port."""

    def __init__(self, kill_point: KillPoint, kill: Callable[[int], None]) -> None:
        self.fired = asyncio.Event()
        self._kill_point = kill_point
        self._kill = kill
        self._seen = 0

    def policy(self, call: ProxiedCall) -> Action:
        if not isinstance(self._kill_point, AtCall) or call.kind != self._kill_point.kind:
            return pass_through
        self._seen += 1
        if self._seen != self._kill_point.number:
            return pass_through
        return _ACTIONS[self._kill_point.phase](partial(self._fire, call.caller))

    def _fire(self, caller: int) -> None:
        self.fired.set()
        self._kill(caller)
