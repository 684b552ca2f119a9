"""Removes the cards of finished jobs from groups whose admins want them deleted after some hours."""

import asyncio
from dataclasses import dataclass

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership, fenced_write
from bot.i18n import texts_for
from bot.messaging.platform import Address, Chat, Platform, Refused, TryLater
from bot.runtime.clock import Clock
from storage import albums, cards, notifications
from storage.cards import CardPlace
from storage.database import Database
from storage.notifications import ExpiredCard

log = structlog.get_logger(__name__)

LOOK_SECONDS = 60.0


@dataclass
class ExpiredCardRemover:
    """Works on one platform. A removal that the platform postpones is tried again at the next look."""

    platform: Platform
    database: Database
    clock: Clock
    leadership: Leadership = SOLE_LEADER

    async def run(self, stop: asyncio.Event) -> None:
        """Look once a minute until told to stop."""
        while not stop.is_set():
            await self.remove_expired()
            await self.clock.wait(stop, LOOK_SECONDS)

    async def remove_expired(self) -> None:
        """Remove the cards that have expired by now."""
        async with self.database.read() as connection:
            expired = await notifications.list_expired_cards(connection, self.platform.name, self.clock.now())
            places = [await cards.get_of_job(connection, card.job_id) for card in expired]
        for place, card in zip(places, expired, strict=True):
            if not await self._remove(place, card):
                return

    async def _remove(self, place: CardPlace, card: ExpiredCard) -> bool:
        """False when the platform asks us to wait."""
        chat = Chat(self.platform.name, place.chat, thread=place.thread, is_group=place.is_group)
        instead = texts_for(place.language).gettext("Pictures in this group are deleted after a while.")
        try:
            await self.leadership.confirm()
            await self.platform.remove(Address(chat, message_id=card.message_id), instead)
        except TryLater:
            return False
        except Refused:
            pass
        except Exception:  # a platform's library may raise anything; the others are still to be removed
            log.exception("a card could not be removed", job=place.job_id)
        async with fenced_write(self.database, self.leadership) as connection:
            if card.album_id is None:
                await cards.set_message(connection, card.job_id, None)
            else:
                await albums.set_message(connection, card.album_id, None)
        return True
