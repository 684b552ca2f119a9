"""Fair queueing between people: the tags that order the queue. Pure.

The order is that of start-time fair queueing (Goyal, Vin, Cheng: Start-time Fair Queuing, 1996) with one round of
credit: a person's next job comes one round after their last one, but never earlier than one round before the tag that
is served now. So ten people with one photo each come before the second photo of somebody with a hundred.
"""

from storage.queue import Turn

ROUND = 1000


def next_tag(turn: Turn) -> int:
    """The tag of a person's next job: max(vtime - K, last_tag + K / weight)."""
    return max(turn.vtime - ROUND, turn.last_tag + ROUND // max(1, turn.weight))
