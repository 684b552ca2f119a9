"""What has arrived and is not dealt with yet: decides what to ask Telegram for next, so that nothing is lost. Pure.

Asking from an update on tells Telegram to forget all before it. So we ask from the oldest update that is not dealt
with: those after it come again and are known, and a crash at any moment loses none.
"""

from collections import deque
from dataclasses import dataclass, field

REMEMBERED = 1000  # updates dealt with


@dataclass
class Inbox:
    """Update ids: `open` are being dealt with, `done` were lately."""

    open: set[int] = field(default_factory=set)
    _done: set[int] = field(default_factory=set)
    _order: deque[int] = field(default_factory=deque)
    _next: int | None = None

    def offset(self) -> int | None:
        """From which update on to ask; None at the start: from the oldest that Telegram keeps."""
        return min(self.open) if self.open else self._next

    def take(self, update_id: int) -> bool:
        """Note an update; False when it was taken before."""
        if update_id in self.open or update_id in self._done:
            return False
        self.open.add(update_id)
        self._next = update_id + 1  # not the highest so far: after a quiet week Telegram starts anew anywhere
        return True

    def finish(self, update_id: int) -> None:
        """An update is dealt with."""
        self.open.discard(update_id)
        self._done.add(update_id)
        self._order.append(update_id)
        if len(self._order) > REMEMBERED:
            self._done.discard(self._order.popleft())
