"""Kill points: when a process is killed, drawn at random, and the trigger that watches for one."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from chaos.call_faults import kill_after, kill_before, kill_mid_response
from chaos.crash_points import CrashPoint
from chaos.http_proxy import Action, ProxiedCall, pass_through

Phase = Literal["before", "after", "during"]
_ACTIONS: dict[Phase, Callable[[Callable[[], None]], Action]] = {
    "before": kill_before,
    "after": kill_after,
    "during": kill_mid_response,
}
MAX_COMMITS = 24  # of a process, at which it may be killed
MAX_DELAY = 1.5  # from the start of the process, for a random kill


@dataclass(frozen=True)
class AtCall:
    """The `number`-th call of a kind, from 1: the bot is killed before it is forwarded, after it was carried out, or
    during the response."""

    kind: str
    phase: Phase
    number: int = 1


@dataclass(frozen=True)
class AfterDelay:
    """So many seconds after the process was started."""

    seconds: float


KillPoint = AtCall | CrashPoint | AfterDelay
_API_CALLS: tuple[tuple[str, Phase], ...] = (
    ("create", "before"), ("create", "after"), ("create", "after"), ("create", "during"), ("query", "before"),
    ("query", "after"), ("result", "before"), ("result", "during"), ("result", "after"), ("list", "after"),
)  # fmt: skip
_CHAT_CALLS: tuple[tuple[str, Phase], ...] = (
    ("sendMessage", "before"), ("sendMessage", "after"), ("editMessageMedia", "before"), ("editMessageMedia", "after"),
    ("editMessageText", "after"), ("getFile", "after"), ("file", "during"), ("getUpdates", "after"),
    ("sendMediaGroup", "before"), ("sendMediaGroup", "after"),
    ("callback", "before"), ("callback", "after"), ("hook", "after"), ("hook", "during"), ("post", "before"),
    ("post", "after"), ("post", "during"), ("patch", "before"), ("patch", "after"), ("attachment", "during"),
)  # fmt: skip


def draw_kill_point(rng: random.Random, *, at_api: bool = True) -> KillPoint:
    """The next kill point: a third at calls to the API, a quarter at calls to the chat platforms, a third at
    transactions, the rest at any time. Without an API (`at_api` False) its share goes to the others."""
    draw = rng.uniform(0 if at_api else 0.33, 1)
    if draw < 0.33:
        return _draw_from(rng, _API_CALLS)
    if draw < 0.58:
        return _draw_from(rng, _CHAT_CALLS)
    if draw < 0.91:
        return CrashPoint(rng.choice(("before commit", "after commit")), rng.randint(1, MAX_COMMITS))
    return AfterDelay(rng.uniform(0.0, MAX_DELAY))


def draw_call(rng: random.Random) -> AtCall:
    """A call to the API or to a chat platform."""
    return _draw_from(rng, _API_CALLS if rng.random() < 0.57 else _CHAT_CALLS)


def _draw_from(rng: random.Random, calls: Sequence[tuple[str, Phase]]) -> AtCall:
    return AtCall(*rng.choice(calls), rng.choice((1, 1, 2)))


def label(kill_point: KillPoint) -> str:
    """The name used in the summary."""
    match kill_point:
        case AtCall(kind, phase):
            return f"{phase} {kind}"
        case CrashPoint(edge):
            return edge
        case AfterDelay():
            return "at random"


class KillTrigger:
    """Watches the proxies for a call, then kills the process whose connection starts at the caller's port."""

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
