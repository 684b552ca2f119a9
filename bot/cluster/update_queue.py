"""The order in which stored updates are handled: those with one key in order, different keys side by side. No I/O."""

from bisect import insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

MAX_KEYS = 200  # being handled at a time; each holds one update, an album, or an answer that waits to be sent


@dataclass
class UpdateQueue:
    """Numbers of stored updates, by ordering key.

    A key is being handled from `next_key` until `finish`. Then it goes behind all others that wait, so that a key with
    many updates never keeps another one waiting for more than one of them.
    """

    max_keys: int = MAX_KEYS
    _waiting: dict[str, list[int]] = field(default_factory=dict)  # in order
    _keys: dict[str, None] = field(default_factory=dict)  # with waiting updates, and not being handled, in order
    _active: set[str] = field(default_factory=set)
    _known: set[int] = field(default_factory=set)

    @property
    def known(self) -> Collection[int]:
        """The updates that wait or are being handled."""
        return self._known

    def add(self, number: int, key: str | None) -> str | None:
        """Add an update and return its key; None if it is known. One without a key waits for no other."""
        if number in self._known:
            return None
        key = f"update {number}" if key is None else key
        self._known.add(number)
        insort(self._waiting.setdefault(key, []), number)
        if key not in self._active:
            self._keys.setdefault(key)
        return key

    def next_key(self) -> str | None:
        """The key that has waited longest and is now being handled; None if none waits or `max_keys` are handled."""
        if not self._keys or len(self._active) >= self.max_keys:
            return None
        key = next(iter(self._keys))
        del self._keys[key]
        self._active.add(key)
        return key

    def waiting(self, key: str, count: int) -> Sequence[int]:
        """The key's oldest waiting updates."""
        return self._waiting.get(key, [])[:count]

    def take(self, key: str, number: int) -> None:
        """This update waits no more: it is being handled."""
        self._waiting[key].remove(number)

    def forget(self, number: int) -> None:
        """This update was handled."""
        self._known.discard(number)

    def finish(self, key: str) -> None:
        """The key is no longer being handled; what waits there comes after all others."""
        self._active.discard(key)
        if self._waiting.get(key):
            self._keys.setdefault(key)
        else:
            self._waiting.pop(key, None)
