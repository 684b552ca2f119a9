"""Shows each job's card on one platform: first card, place in the queue, progress, then the picture or the reason.

An outcome is owed until it was shown (its outbox row says so). Everything in between is shown when it is worth an edit
and the platform has room for it. A failed edit is never followed by a new message. Several photos of one request share
one card; where a message can't hold all their pictures, these are sent beside it, once.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.cluster.leadership import SOLE_LEADER, Leadership, LeadershipLost, fenced_write
from bot.delivery.notifications import needs_notification
from bot.delivery.outbox import OutboxItem, is_worth_an_edit, owe_again, read_outbox
from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import JobView
from bot.domain.styles import REFERENCE, by_index
from bot.jobs.service import JobService
from bot.jobs.transitions import decline_waiting
from bot.messaging.album_card import PAINTED, album_card
from bot.messaging.platform import Address, Card, Chat, Person, Picture, Platform, TargetGone, TryLater, sends_albums
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from bot.saved_styles.style_options import StyleOptions, StyleOptionsService
from storage import albums, cards, notifications, results
from storage.albums import Album
from storage.cards import CardPlace

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
REST_FACTOR = 4.0  # the pause between two looks at the rows, in multiples of what a look takes
MAX_CONCURRENT = 8  # cards that are sent at the same time
QUICK_TRIES = 3  # failures before retries slow down
GOODBYE_SECONDS = 2.0
GIVE_UP_TRIES = 300  # with growing pauses: about a day


@dataclass(frozen=True)
class ShownCard:
    """What a card shows, and since when (epoch seconds)."""

    views: tuple[JobView, ...]
    at: float


@dataclass
class CardState:
    """What the sender remembers of one card. Nothing of it is needed: losing it costs one more edit.

    `shown`: None as long as this process has not shown it; `failures`: exceptions of the platform's library so far;
    `is_muted`: the card or its chat is gone, so only the outcome is still sent.
    """

    shown: ShownCard | None = None
    is_sending: bool = False
    paused_until: float = float("-inf")
    failures: int = 0
    is_muted: bool = False


@dataclass
class CardSender:
    """Sends and edits the cards of one platform. A card's key is the id of its first job. `style_options`: what a
    draft's buttons offer a person in a chat."""

    platform: Platform
    jobs: JobService
    style_options: StyleOptionsService
    wakeups: Wakeups
    clock: Clock
    leadership: Leadership = SOLE_LEADER
    states: dict[int, CardState] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Show what is to be shown until told to stop; cards that are being sent then are finished first."""
        slots = asyncio.Semaphore(MAX_CONCURRENT)
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                wakeup, began = self.wakeups.subscribe(), self.clock.now()
                sent_meanwhile = {key for key, state in self.states.items() if state.is_sending}
                for item in await self._items_to_send():
                    # What was read of a card that was being sent at that time may be old by now.
                    if item.key not in sent_meanwhile and not self._state(item).is_sending:
                        self._state(item).is_sending = True
                        group.create_task(self._send(slots, stop, item))
                took = self.clock.now() - began  # with a thousand cards to look at, less often
                await self.clock.wait(stop, min(LOOK_SECONDS, REST_FACTOR * took))
                await self.clock.wait(wakeup, LOOK_SECONDS)

    async def _items_to_send(self) -> list[OutboxItem]:
        """Outcomes that are due, then cards whose news is worth an edit."""
        now, capacity = self.clock.now(), self.jobs.queries.capacity
        async with self.jobs.database.read() as connection:
            found = await read_outbox(connection, self.platform.name, capacity, now)
        keys = {item.key for item in found}
        for key, state in list(self.states.items()):
            if key in keys:
                continue
            if state.is_sending:
                self.states[key] = CardState(is_sending=True)
            else:
                del self.states[key]
        return [item for item in found if item.owed or self._has_news(item, now)]

    def _state(self, item: OutboxItem) -> CardState:
        return self.states.setdefault(item.key, CardState())

    def _has_news(self, item: OutboxItem, now: float) -> bool:
        state = self._state(item)
        if state.is_muted or state.paused_until > now:
            return False
        if state.shown is None:  # a draft's card keeps the page of styles that it shows
            return item.place.message_id is None or not item.is_draft or item.asks_somebody
        age = now - state.shown.at
        return is_worth_an_edit(state.shown.views, item.views, age, is_group=item.place.is_group)

    async def _send(self, slots: asyncio.Semaphore, stop: asyncio.Event, item: OutboxItem) -> None:
        try:
            async with slots:
                if not stop.is_set():  # a thousand may wait for a slot
                    await self._try_to_send(item)
        except TryLater as error:
            await self._postpone(item, error.retry_after)
        except TargetGone as error:
            await self._handle_gone(item, card_only=error.card_only)
        except LeadershipLost:
            raise
        except Exception:  # a platform's library may raise anything; one card must not stop the others
            log.exception("a card could not be shown", job=item.key)
            state = self._state(item)
            state.failures += 1
            await self._postpone(item, job_lifecycle.backoff(state.failures - QUICK_TRIES, 1.0))
        finally:
            self._state(item).is_sending = False

    async def _try_to_send(self, item: OutboxItem) -> None:
        place, album = item.place, item.album
        address, pictures = self._address(place), await self._pictures(item)
        beside = len(pictures) > 1 and sends_albums(self.platform)
        is_certain = album is None or not beside or await self._send_pictures(album, address, pictures)
        options = await self._options(item, address.chat)
        card = album_card(
            item.views,
            styles=options.styles,
            saved_styles=options.saved_styles,
            language=place.language,
            pictures=() if beside else tuple(pictures.values()),
            in_doubt=not is_certain,
            capabilities=self.platform.capabilities,
        )
        message_id = await self._show(item, address, card)
        self._state(item).shown = ShownCard(item.views, self.clock.now())
        if message_id != place.message_id:
            await self._set_message(item, message_id)
        if item.owed:
            await self._mark_delivered(item, notifies=beside)

    async def _show(self, item: OutboxItem, address: Address, card: Card) -> str:
        await self.leadership.confirm()
        try:
            message_id = await self.platform.show(address, card)
            await self.leadership.confirm()
        except asyncio.CancelledError:
            # Leadership was lost, and this may arrive after what our successor has shown since.
            with suppress(SQLAlchemyError, TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await owe_again(self.jobs.database, [view.id for view in item.views], self.clock.now())
            raise
        return message_id

    async def _send_pictures(self, album: Album, address: Address, pictures: dict[int, Picture]) -> bool:
        """Send the pictures beside their card at most once: the row is written before. Returns whether they are surely
        there."""
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            if not await albums.mark_pictures_sending(connection, album.id):
                return album.hung == "sent"
        assert sends_albums(self.platform)
        try:
            messages = await self.platform.send_album(address, tuple(pictures.values()))
        except TryLater as error:
            if not error.perhaps_sent:
                async with fenced_write(self.jobs.database, self.leadership) as connection:
                    await albums.clear_pictures_sending(connection, album.id)
            raise
        except TargetGone:  # if only these are refused, the card leads to each of them
            return False
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            await albums.mark_pictures_sent(connection, album.id, dict(zip(pictures, messages, strict=False)))
        return True

    async def _options(self, item: OutboxItem, chat: Chat) -> StyleOptions:
        """What the card's buttons offer; only a draft's offer styles of one's own."""
        if not item.is_draft:
            return StyleOptions(self.jobs.queries.styles())
        return await self.style_options.in_chat(Person(self.platform.name, item.place.person), chat)

    async def _set_message(self, item: OutboxItem, message_id: str | None) -> None:
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            if item.album is None:
                await cards.set_message(connection, item.key, message_id)
            else:
                await albums.set_message(connection, item.album.id, message_id)
        self.wakeups.notify()  # with its card, a job may be claimed

    async def _mark_delivered(self, item: OutboxItem, *, notifies: bool) -> None:
        """The outcomes were shown. Edits don't notify, so one that took long also gets a notification."""
        for view in item.views:
            await self.jobs.mark_delivered(Person(self.platform.name, item.place.person), view.id)
        now, was_edited = self.clock.now(), item.place.message_id is not None
        late = [view for view in _painted_first(item.views) if needs_notification(view, now)]
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            for view in item.views:
                await results.remove_from_outbox(connection, view.id)
            if was_edited and late and not notifies:
                await notifications.insert(connection, late[0].id, now)

    async def _pictures(self, item: OutboxItem) -> dict[int, Picture]:
        """The finished pictures that are owed, by job."""
        found: dict[int, Picture] = {}
        for view in item.views if item.owed else ():
            if view.state in PAINTED and (picture := await self._picture(item.place, view)) is not None:
                found[view.id] = picture
        return found

    async def _picture(self, place: CardPlace, view: JobView) -> Picture | None:
        jpeg = await self.jobs.queries.result(Person(self.platform.name, place.person), view.id)
        if jpeg is None or view.style is None:
            return None
        slug = "reference" if view.style == REFERENCE else by_index(view.style).slug
        name = "" if view.style == REFERENCE else by_index(view.style).name(place.language)
        return Picture(jpeg, f"repaint-{slug}-{view.id}.jpg", name, job=view.id)

    async def _postpone(self, item: OutboxItem, seconds: float) -> None:
        if not item.owed:  # the next try shows what is new by then: a card must not show what is no longer so
            self._state(item).paused_until = self.clock.now() + seconds
            return
        pause = max(seconds, job_lifecycle.backoff(item.tries - QUICK_TRIES, 1.0))
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            for outcome in item.owed:
                if item.tries >= GIVE_UP_TRIES:
                    await results.remove_from_outbox(connection, outcome.job_id)
                else:
                    await results.postpone(connection, outcome.job_id, self.clock.now() + pause)

    async def _handle_gone(self, item: OutboxItem, *, card_only: bool) -> None:
        """Without its card, the outcome comes as a new message. Without its chat, nothing is painted any more, and a
        finished picture stays in the history."""
        self._state(item).is_muted = True
        if card_only and item.place.message_id is not None:
            if item.owed:  # until then its row says that there is a card, so that it is painted
                await self._set_message(item, None)
            return
        job_ids = [view.id for view in item.views]
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            for job_id in job_ids:
                await results.remove_from_outbox(connection, job_id)
            await decline_waiting(connection, job_ids, ErrorCode.CHAT_CLOSED, self.clock.now())
        self.wakeups.notify()

    def _address(self, place: CardPlace) -> Address:
        chat = Chat(self.platform.name, place.chat, thread=place.thread, is_group=place.is_group)
        person = Person(self.platform.name, place.person, place.language)
        return Address(chat, reply_to=place.reply_to, message_id=place.message_id, person=person)


def _painted_first(views: Sequence[JobView]) -> list[JobView]:
    return sorted(views, key=lambda view: view.state not in PAINTED)
