"""What an interaction lets us do for a quarter of an hour: fill its answer, write a few more, change them.

Kept in memory only. The tokens are secrets, and after a restart there is another way: the channel, or a private chat.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from bot.chat import NotNow
from handlers.discord.errors import TooBig

LIFE = 14.5 * 60  # seconds; Discord says fifteen minutes
FEW = 5  # follow-ups, where only the person has installed us
MANY = 1_000_000


@dataclass(frozen=True)
class Reply:
    """`message`: our answer, or the message whose button was pressed. `is_open`: it says only that we are thinking,
    and becomes the first card. `unseen`: only one person sees it. `left`: follow-ups that we may still write."""

    interaction: str
    application: int
    token: str = field(repr=False)
    message: str
    until: float
    is_open: bool
    unseen: bool
    left: int = MANY


class Replies:
    """The interactions of the last quarter of an hour. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, Reply] = {}

    def keep(self, reply: Reply) -> None:
        now = self._clock()
        self._kept = {name: kept for name, kept in self._kept.items() if kept.until > now}
        self._kept[reply.interaction] = reply

    def of(self, interaction: str) -> Reply | None:
        """What that interaction still lets us do."""
        reply = self._kept.get(interaction)
        return None if reply is None or reply.until <= self._clock() else reply

    def waiting(self, message: str) -> Reply | None:
        """The interaction whose answer this message is, if it still waits for its first card."""
        found = next((reply for reply in self._kept.values() if reply.is_open and reply.message == message), None)
        return None if found is None else self.of(found.interaction)

    @contextmanager
    def filling(self, reply: Reply) -> Iterator[None]:
        """Its answer becomes a card: nobody else's meanwhile, and later only if it is to be tried again."""
        self._change(reply.interaction, is_open=False)
        try:
            yield
        except (NotNow, TooBig):
            self._change(reply.interaction, is_open=True)
            raise

    def followed(self, reply: Reply) -> None:
        """One more follow-up was written."""
        self._change(reply.interaction, left=reply.left - 1)

    def _change(self, interaction: str, **changes: object) -> None:
        if (reply := self._kept.get(interaction)) is not None:
            self._kept[interaction] = replace(reply, **changes)  # type: ignore[arg-type]  # named above
