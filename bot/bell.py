"""A bell: whoever changed a row rings it, whoever waits for rows looks again. Rows are the truth, a ring is a hint."""

import asyncio


class Bell:
    """Take a ticket, look at the rows, then wait for the ticket: a ring in between is not missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    def ticket(self) -> asyncio.Event:
        """Set by the next ring."""
        return self._event
