"""Computes the `offset` of the next getUpdates call, so that no update is lost. No I/O.

An offset acknowledges all updates before it. So we ask from the oldest unfinished update on: later ones are sent again
and recognised, and a crash at any moment loses none.
"""

from collections import deque
from dataclasses import dataclass, field

MAX_DONE = 1000  # processed updates remembered


@dataclass
class Offsets:
    """Update ids: `pending` ones are being processed; the latest processed ones are remembered."""

    pending: set[int] = field(default_factory=set)
    _done: set[int] = field(default_factory=set)
    _order: deque[int] = field(default_factory=deque)
    _next: int | None = None

    def offset(self) -> int | None:
        """The id to ask from; None at the start: from the oldest that Telegram keeps."""
        return min(self.pending) if self.pending else self._next

    def add(self, update_id: int) -> bool:
        """Add a received update. False if it is already known."""
        if update_id in self.pending or update_id in self._done:
            return False
        self.pending.add(update_id)
        self._next = update_id + 1  # not the maximum: after a quiet week Telegram continues from a random id
        return True

    def mark_done(self, update_id: int) -> None:
        """The update has been processed."""
        self.pending.discard(update_id)
        self._done.add(update_id)
        self._order.append(update_id)
        if len(self._order) > MAX_DONE:
            self._done.discard(self._order.popleft())
