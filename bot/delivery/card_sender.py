"""Shows each job's card on a platform that pushes: first card, places, progress, and at last the picture or the reason.

An outcome is owed until it was shown (the outbox row says so); everything in between is told when it is worth telling
and the platform has room for it. A failed edit is never answered by a new message. Several photos of one request have
one card; where that can't hold all their pictures, these hang beside it, once.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.cluster.leadership import SOLE_LEADER, Leadership, LeadershipLost, fenced_write
from bot.delivery.edit_policy import is_worth_an_edit_of_many
from bot.delivery.notifications import is_worth_a_notice
from bot.delivery.outbox import OutboxItem, owe_again, read_outbox
from bot.domain import job_lifecycle
from bot.domain.job_view import JobView
from bot.domain.styles import REFERENCE, by_index
from bot.jobs.service import JobService
from bot.jobs.style_options import StyleOptions, options_for
from bot.messaging.album_card import PAINTED, album_card
from bot.messaging.capabilities import DEFAULT_CAPABILITIES, HasCapabilities
from bot.messaging.platform import Address, Card, Chat, Person, Picture, Platform, SendsAlbums, TargetGone, TryLater
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from bot.services import Services
from storage import albums, cards, notifications, results
from storage.albums import Album
from storage.cards import CardPlace

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
LEISURE = 4.0  # times as long as a look takes, until the next
AT_ONCE = 8  # cards that may be on their way at the same time
QUICK_TRIES = 3
GOODBYE_SECONDS = 2.0
GIVE_UP_TRIES = 300  # with growing pauses: about a day


@dataclass(frozen=True)
class ShownCard:
    """What a card shows, and since when."""

    views: tuple[JobView, ...]
    at: float


@dataclass
class CardSender:
    """One platform's courier; cards are known by their first job. `told` is only a memory of what is on screen; losing
    it costs one edit a card."""

    platform: Platform
    services: Services
    wakeups: Wakeups
    clock: Clock
    leadership: Leadership = SOLE_LEADER
    shown: dict[int, ShownCard] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    paused_until: dict[int, float] = field(default_factory=dict)  # cards to be left alone, until when
    failures: Counter[int] = field(default_factory=Counter)  # how often a card broke on its way
    quiet: set[int] = field(default_factory=set)  # nobody looks at these: only the outcome is still told

    @property
    def job_service(self) -> JobService:
        return self.services.job_service

    async def run(self, stop: asyncio.Event) -> None:
        """Show what is to be shown until told to stop; what is on its way then is finished first."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                wakeup, were_busy, began = self.wakeups.subscribe(), set(self.busy), self.clock.now()
                for item in await self._to_show():
                    # One that was shown while we read may have got its card since: what we read of it is old.
                    if item.key not in self.busy | were_busy:
                        self.busy.add(item.key)
                        group.create_task(self._show(room, stop, item))
                took = self.clock.now() - began  # with a thousand cards to look at, less often
                await self.clock.wait(stop, min(LOOK_SECONDS, LEISURE * took))
                await self.clock.wait(wakeup, LOOK_SECONDS)

    async def _to_show(self) -> list[OutboxItem]:
        """Outcomes that are due, then cards that have something new to tell."""
        now, capacity = self.clock.now(), self.job_service.capacity
        async with self.job_service.database.read() as connection:
            found = await read_outbox(connection, self.platform.name, capacity, now)
        keys = {item.key for item in found}
        self.told = {key: told for key, told in self.shown.items() if key in keys}
        self.patient = {key: until for key, until in self.paused_until.items() if until > now}
        self.stumbles = Counter({key: times for key, times in self.failures.items() if key in keys})
        self.quiet &= keys
        return [item for item in found if item.owed or (item.key not in self.patient and self._has_news(item, now))]

    def _has_news(self, item: OutboxItem, now: float) -> bool:
        if item.key in self.quiet:
            return False
        told = self.told.get(item.key)
        if told is None:  # a draft's card keeps the page of styles that it shows
            return item.place.message_id is None or not item.is_draft or item.asks_somebody
        return is_worth_an_edit_of_many(told.views, item.views, now - told.at, is_group=item.place.is_group)

    async def _show(self, room: asyncio.Semaphore, stop: asyncio.Event, item: OutboxItem) -> None:
        try:
            async with room:
                if not stop.is_set():  # a thousand may wait for room
                    await self._try(item)
        except TryLater as patience:
            await self._later(item, patience.retry_after)
        except TargetGone as gone:
            await self._gone(item, card_only=gone.card_only)
        except LeadershipLost:
            raise
        except Exception:  # a platform's library may raise anything; one card must not stop the others
            log.exception("a card could not be shown", job=item.key)
            self.stumbles[item.key] += 1
            await self._later(item, job_lifecycle.backoff(self.stumbles[item.key] - QUICK_TRIES, 1.0))
        finally:
            self.busy.discard(item.key)

    async def _try(self, item: OutboxItem) -> None:
        place, album = item.place, item.album
        address, pictures = self._address(place), await self._pictures(item)
        beside = len(pictures) > 1 and isinstance(self.platform, SendsAlbums)
        is_certain = album is None or not beside or await self._hang(album, address, pictures)
        chosen_from = await self._offer(item, address.chat)
        card = album_card(
            item.views,
            styles=chosen_from.styles,
            saved_styles=chosen_from.saved_styles,
            language=place.language,
            pictures=() if beside else tuple(pictures.values()),
            in_doubt=not is_certain,
            room=self.platform.capabilities if isinstance(self.platform, HasCapabilities) else DEFAULT_CAPABILITIES,
        )
        message_id = await self._shown(item, address, card)
        self.told[item.key] = ShownCard(item.views, self.clock.now())
        if message_id != place.message_id:
            await self._card_is(item, message_id)
        if item.owed:
            await self._done(item, notifies=beside)

    async def _shown(self, item: OutboxItem, address: Address, card: Card) -> str:
        await self.leadership.sure()
        try:
            message_id = await self.platform.show(address, card)
            await self.leadership.sure()
        except asyncio.CancelledError:  # deposed, and it may arrive after what our successor has shown since
            with suppress(SQLAlchemyError, TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await owe_again(self.job_service.database, [view.id for view in item.views], self.clock.now())
            raise
        return message_id

    async def _hang(self, album: Album, address: Address, pictures: dict[int, Picture]) -> bool:
        """Send the pictures beside their card, at most once: the row says so before. Whether they surely are there."""
        async with fenced_write(self.job_service.database, self.leadership) as connection:
            if not await albums.begin_pictures(connection, album.id):
                return album.hung == "sent"
        assert isinstance(self.platform, SendsAlbums)
        try:
            messages = await self.platform.send_album(address, tuple(pictures.values()))
        except TryLater as patience:
            if not patience.perhaps_sent:
                async with fenced_write(self.job_service.database, self.leadership) as connection:
                    await albums.undo_pictures(connection, album.id)
            raise
        except TargetGone:  # if only these are not taken, the card leads to each of them
            return False
        async with fenced_write(self.job_service.database, self.leadership) as connection:
            await albums.pictures_sent(connection, album.id, dict(zip(pictures, messages, strict=False)))
        return True

    async def _offer(self, item: OutboxItem, chat: Chat) -> StyleOptions:
        """What the card's buttons offer; only a draft's do."""
        if not item.is_draft:
            return StyleOptions(self.job_service.styles())
        return await options_for(self.services, Person(self.platform.name, item.place.person), chat)

    async def _card_is(self, item: OutboxItem, message_id: str | None) -> None:
        async with fenced_write(self.job_service.database, self.leadership) as connection:
            if item.album is None:
                await cards.set_message(connection, item.key, message_id)
            else:
                await albums.set_message(connection, item.album.id, message_id)

    async def _done(self, item: OutboxItem, *, notifies: bool) -> None:
        """The outcomes were seen; one that came by an edit, after a long wait, is told once more."""
        for view in item.views:
            await self.job_service.mark_delivered(Person(self.platform.name, item.place.person), view.id)
        now, was_edited = self.clock.now(), item.place.message_id is not None
        worth = [view for view in _pictures_first(item.views) if is_worth_a_notice(view, now)]
        async with fenced_write(self.job_service.database, self.leadership) as connection:
            for view in item.views:
                await results.mark_told(connection, view.id)
            if was_edited and worth and not notifies:
                await notifications.owe(connection, worth[0].id, now)

    async def _pictures(self, item: OutboxItem) -> dict[int, Picture]:
        """By job: what is to be shown of an outcome."""
        found: dict[int, Picture] = {}
        for view in item.views if item.owed else ():
            if view.state in PAINTED and (picture := await self._picture(item.place, view)) is not None:
                found[view.id] = picture
        return found

    async def _picture(self, place: CardPlace, view: JobView) -> Picture | None:
        jpeg = await self.job_service.result(Person(self.platform.name, place.person), view.id)
        if jpeg is None or view.style is None:
            return None
        slug = "reference" if view.style == REFERENCE else by_index(view.style).slug
        name = "" if view.style == REFERENCE else by_index(view.style).name(place.language)
        return Picture(jpeg, f"repaint-{slug}-{view.id}.jpg", name, job=view.id)

    async def _later(self, item: OutboxItem, seconds: float) -> None:
        if not item.owed:  # what is new by then will be shown: a card must not keep saying what is no longer so
            self.patient[item.key] = self.clock.now() + seconds
            return
        pause = max(seconds, job_lifecycle.backoff(item.tries - QUICK_TRIES, 1.0))
        async with fenced_write(self.job_service.database, self.leadership) as connection:
            for untold in item.owed:
                if item.tries >= GIVE_UP_TRIES:
                    await results.mark_told(connection, untold.job_id)
                else:
                    await results.postpone(connection, untold.job_id, self.clock.now() + pause)

    async def _gone(self, item: OutboxItem, *, card_only: bool) -> None:
        """Without its card, the outcome comes as a new message; without its chat, the picture waits in the history."""
        self.quiet.add(item.key)
        if card_only and item.place.message_id is not None:
            await self._card_is(item, None)
            return
        async with fenced_write(self.job_service.database, self.leadership) as connection:
            for view in item.views:
                await results.mark_told(connection, view.id)

    def _address(self, place: CardPlace) -> Address:
        chat = Chat(self.platform.name, place.chat, thread=place.thread, is_group=place.is_group)
        person = Person(self.platform.name, place.person, place.language)
        return Address(chat, reply_to=place.reply_to, message_id=place.message_id, person=person)


def _pictures_first(views: Sequence[JobView]) -> list[JobView]:
    return sorted(views, key=lambda view: view.state not in PAINTED)
