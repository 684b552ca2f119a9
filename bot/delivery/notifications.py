"""A short new message for outcomes that took long: an edit of the card doesn't notify, and the person has looked away.

It is sent at most once: its row is deleted before. What was surely not sent is sent later.
"""

import asyncio
from dataclasses import dataclass

import structlog

from bot.cluster.leadership import SOLE_LEADER, Leadership, fenced_write
from bot.domain.job_view import JobView, State
from bot.i18n import texts_for
from bot.jobs import views
from bot.jobs.views import Capacity
from bot.messaging.platform import Address, Card, Chat, Platform, Refused, TryLater
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from storage import cards, notifications
from storage.cards import CardPlace
from storage.database import Database

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
LONG_SECONDS = 120.0

_PICTURE = frozenset({State.STORED, State.DELIVERED})


def needs_notification(view: JobView, now: float) -> bool:
    """Whether an outcome that was shown by an edit also gets a message that notifies."""
    if view.asked is None or view.state not in _PICTURE | {State.FAILED}:
        return False
    return now - view.asked > LONG_SECONDS


def notification_card(view: JobView, language: str, *, many: bool = False) -> Card:
    """The message, sent as a reply to the job's card. `many`: that card shows several photos, of which `view` is
    one."""
    texts = texts_for(language)
    if view.state in _PICTURE and many:
        return Card(texts.gettext("Your pictures are ready: here they are."))
    if view.state in _PICTURE:
        return Card(texts.gettext("Your picture is ready: here it is."))
    return Card(texts.gettext("This one didn't work out. My message above says why."))


@dataclass
class Notifier:
    """Sends the notifications that are owed on one platform."""

    platform: Platform
    database: Database
    capacity: Capacity
    wakeups: Wakeups
    clock: Clock
    leadership: Leadership = SOLE_LEADER

    async def run(self, stop: asyncio.Event) -> None:
        """Send notifications as they become due until told to stop."""
        while not stop.is_set():
            await self.send_due()
            await self.clock.wait(stop, LOOK_SECONDS)

    async def send_due(self) -> None:
        """Send every notification that is due now."""
        async with self.database.read() as connection:
            due = await notifications.list_due(connection, self.platform.name, self.clock.now())
        for job_id in due:
            await self._send(job_id)

    async def _send(self, job_id: int) -> None:
        async with fenced_write(self.database, self.leadership) as connection:
            if not await notifications.take(connection, job_id):
                return
            place = await cards.get_of_job(connection, job_id)
            found = await views.views_by_id(connection, [job_id], self.capacity, self.clock.now())
        if not found or place.message_id is None:  # deleted meanwhile, card and all
            return
        card = notification_card(found[0], place.language, many=place.album is not None)
        try:
            await self.platform.show(_reply_to_card(self.platform.name, place), card)
        except TryLater as error:
            if not error.perhaps_sent:
                async with fenced_write(self.database, self.leadership) as connection:
                    await notifications.insert(connection, job_id, self.clock.now() + error.retry_after)
        except Refused:
            return
        except Exception:  # a platform's library may raise anything; one notification must not stop the others
            log.exception("a notification could not be sent", job=job_id)


def _reply_to_card(platform: str, place: CardPlace) -> Address:
    chat = Chat(platform, place.chat, thread=place.thread, is_group=place.is_group)
    return Address(chat, reply_to=place.message_id)
