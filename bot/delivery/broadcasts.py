"""Says on one platform what has to be said anew: notices of outcomes, and the owner's broadcasts; and takes down the
cards that a group does not want to keep.

Everything here happens at most once: the row says so before the message is sent. What surely was not sent comes later.
"""

import asyncio
from dataclasses import dataclass

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership, fenced_write
from bot.delivery.notifications import notice_card
from bot.i18n import texts_for
from bot.jobs import views
from bot.jobs.views import Capacity
from bot.messaging.platform import Address, Card, Chat, Platform, TargetGone, TryLater
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import albums, broadcasts, cards, notifications
from storage.broadcasts import BroadcastMessage
from storage.cards import CardPlace
from storage.database import Database
from storage.notifications import ExpiredCard

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
CARDS_SECONDS = 60.0
MESSAGE_SECONDS = 0.1  # ten a second: a third of what Telegram allows, the rest is for those who wait for pictures


@dataclass
class Broadcaster:
    """One platform's herald. `silent_until`: the platform has asked for patience."""

    platform: Platform
    database: Database
    capacity: Capacity
    wakeups: Wakeups
    clock: Clock
    leadership: Leadership = SOLE_LEADER
    silent_until: float = 0.0
    cards_at: float = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Say what is to be said until told to stop."""
        while not stop.is_set():
            wakeup = self.wakeups.subscribe()
            await self.notifications()
            await self.old_cards()
            if await self.next_message():
                await self.clock.wait(stop, MESSAGE_SECONDS)
            else:
                await self.clock.wait(wakeup, LOOK_SECONDS)

    async def notifications(self) -> None:
        """Tell those who waited long that it is there."""
        async with self.database.read() as connection:
            due = await notifications.due(connection, self.platform.name, self.clock.now())
        for job_id in due:
            await self._notice(job_id)

    async def next_message(self) -> bool:
        """Send one letter of a broadcast; False when there is none to send now."""
        if self.clock.now() < self.silent_until:
            return False
        async with fenced_write(self.database, self.leadership) as connection:
            message = await broadcasts.next_message(connection, self.platform.name, self.clock.now())
        if message is None:
            return False
        try:
            await self.platform.show(Address(Chat(self.platform.name, message.chat)), Card(message.text))
        except TryLater as patience:
            await self._not_now(message, patience)
        except TargetGone:
            await self._ended(message, "gone")
        except Exception:  # a platform's library may raise anything; one letter must not stop the others
            log.exception("a letter could not be sent", broadcast=message.broadcast_id)
            await self._ended(message, "unsure")
        else:
            await self._ended(message, "told")
        return True

    async def old_cards(self) -> None:
        """Take down, once a minute, the cards that have hung in their groups for long enough."""
        now = self.clock.now()
        if now < self.cards_at:
            return
        self.cards_at = now + CARDS_SECONDS
        async with self.database.read() as connection:
            found = await notifications.expired_cards(connection, self.platform.name, now)
            places = [await cards.of_job(connection, old.job_id) for old in found]
        for place, old in zip(places, found, strict=True):
            if not await self._taken_down(place, old):
                return

    async def _notice(self, job_id: int) -> None:
        async with fenced_write(self.database, self.leadership) as connection:
            if not await notifications.take(connection, job_id):
                return
            place = await cards.of_job(connection, job_id)
            seen = await views.views_by_id(connection, [job_id], self.capacity, self.clock.now())
        if not seen or place.message_id is None:  # deleted meanwhile, card and all
            return
        address = Address(self._chat(place), reply_to=place.message_id)
        try:
            await self.platform.show(address, notice_card(seen[0], place.language, many=place.album is not None))
        except TryLater as patience:
            if not patience.perhaps_sent:
                async with fenced_write(self.database, self.leadership) as connection:
                    await notifications.owe(connection, job_id, self.clock.now() + patience.retry_after)
        except TargetGone:
            return
        except Exception:  # a platform's library may raise anything; a notice is no reason to stop
            log.exception("a notice could not be sent", job=job_id)

    async def _taken_down(self, place: CardPlace, old: ExpiredCard) -> bool:
        """False when the platform asks for patience."""
        instead = texts_for(place.language).gettext("This group removes pictures after a while.")
        try:
            await self.leadership.sure()
            await self.platform.remove(Address(self._chat(place), message_id=old.message_id), instead)
        except TryLater:
            return False
        except TargetGone:
            pass
        except Exception:  # a platform's library may raise anything; the others are still to be taken down
            log.exception("a card could not be removed", job=place.job_id)
        async with fenced_write(self.database, self.leadership) as connection:
            if old.album_id is None:
                await cards.set_message(connection, old.job_id, None)
            else:
                await albums.set_message(connection, old.album_id, None)
        return True

    async def _not_now(self, message: BroadcastMessage, patience: TryLater) -> None:
        self.silent_until = self.clock.now() + patience.retry_after
        if patience.perhaps_sent:
            await self._ended(message, "unsure")
            return
        async with fenced_write(self.database, self.leadership) as connection:
            await broadcasts.postpone(connection, message, self.silent_until)

    async def _ended(self, message: BroadcastMessage, outcome: broadcasts.Outcome) -> None:
        async with fenced_write(self.database, self.leadership) as connection:
            await broadcasts.finish(connection, message, outcome)

    def _chat(self, place: CardPlace) -> Chat:
        return Chat(self.platform.name, place.chat, thread=place.thread, is_group=place.is_group)
