"""Stores what Telegram delivers, by polling or webhook, before it is acknowledged.

An update that can't be read is logged and left out; so is one that nobody would answer. Only their numbers are stored.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import Update

from bot.cluster.update_inbox import OpenUpdate, StoredUpdate, UpdateInbox
from handlers.telegram.bot_client import Bot
from handlers.telegram.update_kinds import can_be_dropped, kind_of, ordering_key, sender_of_update

log = structlog.get_logger(__name__)

Json = Any
Handle = Callable[[Sequence[OpenUpdate]], None]

MAX_CHARACTERS = 256 * 1024  # of an update; they have a few thousand


def _leave(_: Sequence[OpenUpdate]) -> None:
    """Until updates are handled, they are only stored."""


@dataclass
class UpdateIntake:
    """Stores updates in `inbox`, and tells `handle` which of them are ours to handle."""

    bot: Bot
    inbox: UpdateInbox
    handle: Handle = _leave

    async def store(self, updates: Sequence[Json]) -> None:
        """Store updates in one transaction. Those without a valid id are ignored.

        Raises:
            InboxFull, SQLAlchemyError: none is stored, so they must not be acknowledged.
        """
        readable = [self._read(update, number) for update in updates if (number := update_id(update)) is not None]
        if readable:
            ours = await self.inbox.accept(readable)
            self.handle(ours)  # whatever it is by now: the first look may have been before this was stored

    def _read(self, raw: Json, number: int) -> StoredUpdate:
        update = parse(raw, self.bot, number)
        if update is None or kind_of(update) is None:
            return StoredUpdate(number, None)
        body = json.dumps(raw)  # ASCII: both databases can store it, whatever it contains
        if len(body) > MAX_CHARACTERS:
            log.error("an update is too large", update=number, characters=len(body))
            return StoredUpdate(number, None)
        key = ordering_key(update)
        return StoredUpdate(
            number, body, None if key is None else str(key), sender_of_update(update), can_be_dropped(update)
        )


def parse(raw: Json, bot: Bot, number: int) -> Update | None:
    """The update as the library's object; None if it can't be parsed, which is logged without its content."""
    try:
        return Update.de_json(raw, bot)
    except Exception as error:  # noqa: BLE001  # the library may raise anything for unexpected JSON
        log.error("an update could not be parsed", update=number, error=type(error).__name__)  # noqa: TRY400  # the traceback quotes it
        return None


def update_id(update: Json) -> int | None:
    """The update's id; None if it isn't a valid update."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and abs(number) < 2**62 else None
