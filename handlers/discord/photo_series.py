"""Photos that somebody sends one after another without a word: together they are one request."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bot.conversation.concurrency import given_away
from bot.jobs.albums import MAX_PHOTOS
from bot.jobs.request import photo_source
from bot.messaging.incoming import Attachment, IncomingMessage
from bot.runtime.clock import Clock

QUIET_SECONDS = 0.7  # without another photo, after which a series is complete


@dataclass
class PhotoSeries:
    """The messages of a series as they arrive. `changed`: one has arrived, or nothing more belongs to it."""

    messages: list[IncomingMessage]
    is_complete: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self) -> IncomingMessage:
        """All its photos as one message."""
        attachments = tuple(one for message in self.messages for one in _with_sources(message))
        return replace(self.messages[0], attachments=attachments)


class PhotoSeriesCollector:
    """Collects the series of each person."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, PhotoSeries] = {}  # by the person's id

    def add(self, message: IncomingMessage) -> PhotoSeries | None:
        """Add a message of photos; returns the series that it begins, or None if it joins one."""
        person = message.person.platform_id
        if (series := self._open.get(person)) is not None and _photos(series, message) <= MAX_PHOTOS:
            series.messages.append(message)
            series.changed.set()
            return None
        self.end(person)
        self._open[person] = PhotoSeries([message])
        return self._open[person]

    def end(self, person: str) -> None:
        """Something else came from this person: what follows is no longer the same series."""
        if (series := self._open.pop(person, None)) is not None:
            series.is_complete = True
            series.changed.set()

    async def complete(self, series: PhotoSeries) -> IncomingMessage:
        """Its request, once no photo has arrived for `QUIET_SECONDS` or nothing more belongs to it."""
        person = series.messages[0].person.platform_id
        async with given_away():
            while not series.is_complete and await self._clock.wait(series.changed, QUIET_SECONDS):
                series.changed.clear()
        if self._open.get(person) is series:
            del self._open[person]
        return series.request()


def _photos(series: PhotoSeries, more: IncomingMessage) -> int:
    return sum(len(message.attachments) for message in (*series.messages, more))


def _with_sources(message: IncomingMessage) -> Iterator[Attachment]:
    """The photos with the sources that they have if the message comes alone."""
    for number, attachment in enumerate(message.attachments):
        yield replace(attachment, source=photo_source(message.source, number))
