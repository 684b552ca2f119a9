"""Shows each job's card on a platform that pushes: first card, places, progress, and at last the picture or the reason.

An outcome is owed until it was shown (the outbox row says so); everything in between is told when it is worth telling
and the platform has room for it. A failed edit is never answered by a new message.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import structlog

from bot import lifecycle, views
from bot.bell import Bell
from bot.cards import job_card
from bot.chat import Address, Chat, Gone, NotNow, Person, Picture, Platform
from bot.clock import Clock
from bot.notices import is_worth_a_notice
from bot.offering import Offer, offer
from bot.service import Service
from bot.studio import Studio
from bot.styles import REFERENCE, by_index
from bot.wishes import JobView, State
from bot.worth import is_worth_an_edit
from storage import cards, notices, results
from storage.cards import CardPlace
from storage.results import Untold

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
LEISURE = 4.0  # times as long as a look takes, until the next
AT_ONCE = 8  # cards that may be on their way at the same time
QUICK_TRIES = 3
GIVE_UP_TRIES = 300  # with growing pauses: about a day


@dataclass(frozen=True)
class Told:
    """What a card shows, and since when."""

    view: JobView
    at: float


@dataclass
class Courier:
    """One platform's courier. `told` is only a memory of what is on screen; losing it costs one edit a card."""

    platform: Platform
    service: Service
    bell: Bell
    clock: Clock
    told: dict[int, Told] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)
    patient: dict[int, float] = field(default_factory=dict)  # cards to be left alone, until when
    stumbles: Counter[int] = field(default_factory=Counter)  # how often a card broke on its way
    quiet: set[int] = field(default_factory=set)  # nobody looks at these: only the outcome is still told

    @property
    def studio(self) -> Studio:
        return self.service.studio

    async def run(self, stop: asyncio.Event) -> None:
        """Show what is to be shown until told to stop; what is on its way then is finished first."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                ticket, were_busy, began = self.bell.ticket(), set(self.busy), self.clock.now()
                for place, view, untold in await self._to_show():
                    # One that was shown while we read may have got its card since: what we read of it is old.
                    if place.job_id not in self.busy | were_busy:
                        self.busy.add(place.job_id)
                        group.create_task(self._show(room, stop, place, view, untold))
                took = self.clock.now() - began  # with a thousand cards to look at, less often
                await self.clock.wait(stop, min(LOOK_SECONDS, LEISURE * took))
                await self.clock.wait(ticket, LOOK_SECONDS)

    async def _to_show(self) -> list[tuple[CardPlace, JobView, Untold | None]]:
        """Outcomes that are due, then cards that have something new to tell."""
        now, lanes = self.clock.now(), self.studio.lanes
        async with self.studio.database.read() as connection:
            owed = {untold.job_id: untold for untold in await results.due(connection, self.platform.name, now)}
            owed_places = [await cards.of_job(connection, job_id) for job_id in owed]
            open_places = [
                place for place in await cards.open_cards(connection, self.platform.name) if place.job_id not in owed
            ]
            places = {place.job_id: place for place in (*owed_places, *open_places)}
            seen = await views.views_of(connection, list(places), lanes, now)
        self.told = {job_id: told for job_id, told in self.told.items() if job_id in places}
        self.patient = {job_id: until for job_id, until in self.patient.items() if until > now}
        self.stumbles = Counter({job_id: times for job_id, times in self.stumbles.items() if job_id in places})
        self.quiet &= places.keys()
        return [
            (places[view.id], view, owed.get(view.id))
            for view in seen
            if view.id in owed or (view.id not in self.patient and self._has_news(places[view.id], view, now))
        ]

    def _has_news(self, place: CardPlace, view: JobView, now: float) -> bool:
        if view.id in self.quiet:
            return False
        told = self.told.get(view.id)
        if told is None:  # a draft's card keeps the page of styles that it shows
            return place.message_id is None or view.state != State.DRAFT or view.consent == "asked"
        return is_worth_an_edit(told.view, view, now - told.at, is_group=place.is_group)

    async def _show(
        self, room: asyncio.Semaphore, stop: asyncio.Event, place: CardPlace, view: JobView, untold: Untold | None
    ) -> None:
        try:
            async with room:
                if not stop.is_set():  # a thousand may wait for room
                    await self._try(place, view, untold)
        except NotNow as patience:
            await self._later(view, untold, patience.retry_after)
        except Gone as gone:
            await self._gone(place, view, card_only=gone.card_only)
        except Exception:  # a platform's library may raise anything; one card must not stop the others
            log.exception("a card could not be shown", job=view.id)
            self.stumbles[view.id] += 1
            await self._later(view, untold, lifecycle.backoff(self.stumbles[view.id] - QUICK_TRIES, 1.0))
        finally:
            self.busy.discard(view.id)

    async def _try(self, place: CardPlace, view: JobView, untold: Untold | None) -> None:
        picture = None
        if untold is not None and view.state in {State.STORED, State.DELIVERED}:
            picture = await self._picture(place, view)
        address = self._address(place)
        chosen_from = await self._offer(place, view, address.chat)
        styles, closet = chosen_from.styles, chosen_from.closet
        card = job_card(view, styles=styles, closet=closet, language=place.language, picture=picture)
        message_id = await self.platform.show(address, card)
        self.told[view.id] = Told(view, self.clock.now())
        if message_id != place.message_id:
            async with self.studio.database.write() as connection:
                await cards.shown(connection, view.id, message_id)
        if untold is not None:
            await self._done(place, view)

    async def _offer(self, place: CardPlace, view: JobView, chat: Chat) -> Offer:
        """What the card's buttons offer; only a draft's do."""
        if view.state != State.DRAFT:
            return Offer(self.studio.styles())
        return await offer(self.service, Person(self.platform.name, place.person), chat)

    async def _done(self, place: CardPlace, view: JobView) -> None:
        await self.studio.seen(Person(self.platform.name, place.person), view.id)
        now, was_edited = self.clock.now(), place.message_id is not None
        async with self.studio.database.write() as connection:
            await results.told(connection, view.id)
            if was_edited and is_worth_a_notice(view, now):
                await notices.owe(connection, view.id, now)

    async def _picture(self, place: CardPlace, view: JobView) -> Picture | None:
        jpeg = await self.studio.result(Person(self.platform.name, place.person), view.id)
        if jpeg is None or view.style is None:
            return None
        slug = "reference" if view.style == REFERENCE else by_index(view.style).slug
        name = "" if view.style == REFERENCE else by_index(view.style).name(place.language)
        return Picture(jpeg, f"repaint-{slug}-{view.id}.jpg", name, job=view.id)

    async def _later(self, view: JobView, untold: Untold | None, seconds: float) -> None:
        if untold is None:  # what is new by then will be shown: a card must not keep saying what is no longer so
            self.patient[view.id] = self.clock.now() + seconds
            return
        pause = max(seconds, lifecycle.backoff(untold.tries - QUICK_TRIES, 1.0))
        async with self.studio.database.write() as connection:
            if untold.tries >= GIVE_UP_TRIES:
                await results.told(connection, view.id)
            else:
                await results.tell_later(connection, view.id, self.clock.now() + pause)

    async def _gone(self, place: CardPlace, view: JobView, *, card_only: bool) -> None:
        """Without its card, the outcome comes as a new message; without its chat, the picture waits in the history."""
        self.quiet.add(view.id)
        async with self.studio.database.write() as connection:
            if card_only and place.message_id is not None:
                await cards.shown(connection, view.id, None)
            else:
                await results.told(connection, view.id)

    def _address(self, place: CardPlace) -> Address:
        chat = Chat(self.platform.name, place.chat, thread=place.thread, is_group=place.is_group)
        person = Person(self.platform.name, place.person, place.language)
        return Address(chat, reply_to=place.reply_to, message_id=place.message_id, person=person)
