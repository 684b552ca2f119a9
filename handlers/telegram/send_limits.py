"""How fast a chat may be written to: Telegram allows about 1 message/s per chat and 20/min per group. Pure.

Edits that only tell progress leave room for what people wait for: answers and pictures.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

FORGET_AFTER = 1000  # chats remembered


@dataclass(frozen=True)
class Limit:
    """`most` messages in any `seconds`; only `edits` of them may be mere progress."""

    most: int
    edits: int
    seconds: float


PRIVATE = (Limit(1, 1, 1.0),)
GROUP = (Limit(1, 1, 1.0), Limit(20, 12, 60.0))


@dataclass
class Pace:
    """Remembers when each chat (a number) and each message in somebody else's chat (a name) was written to. `clock`
    gives seconds."""

    clock: Callable[[], float]
    private: tuple[Limit, ...] = PRIVATE
    group: tuple[Limit, ...] = GROUP
    _sent: dict[int | str, deque[float]] = field(default_factory=dict)
    _held: dict[int | str, float] = field(default_factory=dict)

    def hold(self, chat_id: int | str, seconds: float) -> None:
        """Telegram asked for patience in this chat."""
        self._held[chat_id] = self.clock() + seconds

    def wait(self, chat_id: int | str, *, progress: bool = False, messages: int = 1) -> float:
        """Seconds until this chat may be written to. 0: now, and it is noted as done. `messages`: that go out as one
        call and count each."""
        is_group = isinstance(chat_id, int) and chat_id < 0
        now, limits = self.clock(), self.group if is_group else self.private
        if (held := self._held.get(chat_id, now) - now) > 0:
            return held
        self._held.pop(chat_id, None)
        sent = self._sent.setdefault(chat_id, deque())
        while sent and sent[0] <= now - max((limit.seconds for limit in limits), default=0.0):
            sent.popleft()
        wait = max((_wait(sent, limit, now, messages, progress=progress) for limit in limits), default=0.0)
        if wait <= 0:
            sent.extend([now] * messages)
            self._forget(now)
        return max(0.0, wait)

    def _forget(self, now: float) -> None:
        if len(self._sent) > FORGET_AFTER:
            longest = max((limit.seconds for limit in self.group), default=0.0)
            self._sent = {chat: sent for chat, sent in self._sent.items() if sent and sent[-1] > now - longest}


def _wait(sent: deque[float], limit: Limit, now: float, messages: int, *, progress: bool) -> float:
    """Seconds until so many more fit into the window that ends then; what never would, as far as one more does."""
    most = max(1, (limit.edits if progress else limit.most) - messages + 1)
    if len(sent) < most:
        return 0.0
    return sent[-most] + limit.seconds - now
