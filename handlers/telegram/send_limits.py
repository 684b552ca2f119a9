"""Limits how fast each chat is written to. No I/O.

Telegram's FAQ: about one message a second in a chat, and at most 20 a minute in a group. Progress updates leave room
for what people wait for: answers and pictures.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_CHATS = 1000  # remembered, before idle ones are forgotten


@dataclass(frozen=True)
class Limit:
    """At most `messages` in any `window_seconds`, of which at most `progress` may be progress updates."""

    messages: int
    progress: int
    window_seconds: float


PRIVATE = (Limit(1, 1, 1.0),)
GROUP = (Limit(1, 1, 1.0), Limit(20, 12, 60.0))


@dataclass
class SendLimits:
    """When each chat (an int) and each inline message (a str) was last written to. `clock` returns seconds."""

    clock: Callable[[], float]
    private: tuple[Limit, ...] = PRIVATE
    group: tuple[Limit, ...] = GROUP
    _sent_at: dict[int | str, deque[float]] = field(default_factory=dict)
    _blocked_until: dict[int | str, float] = field(default_factory=dict)

    def block(self, chat_id: int | str, seconds: float) -> None:
        """Flood control: don't write to this chat for `seconds`."""
        self._blocked_until[chat_id] = self.clock() + seconds

    def reserve(self, chat_id: int | str, *, progress: bool = False, messages: int = 1) -> float:
        """Seconds until the chat may be written to; 0 means now, and counts the messages as sent.

        `messages`: how many one call sends (each photo of an album counts).
        """
        is_group = isinstance(chat_id, int) and chat_id < 0
        now, limits = self.clock(), self.group if is_group else self.private
        if (blocked := self._blocked_until.get(chat_id, now) - now) > 0:
            return blocked
        self._blocked_until.pop(chat_id, None)
        sent = self._sent_at.setdefault(chat_id, deque())
        while sent and sent[0] <= now - max((limit.window_seconds for limit in limits), default=0.0):
            sent.popleft()
        wait = max(
            (_seconds_until_free(sent, limit, now, messages, progress=progress) for limit in limits), default=0.0
        )
        if wait <= 0:
            sent.extend([now] * messages)
            self._forget_idle_chats(now)
        return max(0.0, wait)

    def _forget_idle_chats(self, now: float) -> None:
        if len(self._sent_at) > MAX_CHATS:
            longest = max((limit.window_seconds for limit in self.group), default=0.0)
            self._sent_at = {chat: sent for chat, sent in self._sent_at.items() if sent and sent[-1] > now - longest}


def _seconds_until_free(sent: deque[float], limit: Limit, now: float, messages: int, *, progress: bool) -> float:
    """Seconds until that many messages fit into the limit. If they never do, wait until one does."""
    maximum = max(1, (limit.progress if progress else limit.messages) - messages + 1)
    if len(sent) < maximum:
        return 0.0
    return sent[-maximum] + limit.window_seconds - now
