"""Shows each job's card on one platform: first card, place in the queue, progress, then the picture or the reason.

An outcome is owed until it was shown (its outbox row says so). Everything in between is shown when it is worth an edit
and the platform has room for it. An edit that fails for now is never followed by a new message; a picture that is
refused for good goes the next best way (see `fallbacks`). Several photos of one request share one card; where a message
can't hold all their pictures, these are sent beside it, once.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.cluster.leadership import SOLE_LEADER, Leadership, LeadershipLost, fenced_write
from bot.delivery.card_content import CardContent
from bot.delivery.fallbacks import Form, Place, Refusals, Way, can_still_edit, may_be_edited_later, next_way
from bot.delivery.notifications import needs_notification
from bot.delivery.outbox import CardState, OutboxItem, ShownCard, is_worth_an_edit, owe_again, read_outbox
from bot.domain import job_lifecycle
from bot.domain.error_codes import ErrorCode
from bot.domain.job_view import JobView
from bot.jobs.service import JobService
from bot.jobs.transitions import decline_waiting, mark_delivered
from bot.messaging.album_card import PAINTED
from bot.messaging.platform import Address, Card, Picture, Platform, Refusal, Refused, TryLater, sends_albums
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Topic, Wakeups
from bot.saved_styles.style_options import StyleOptionsService
from storage import albums, cards, notifications, results, undelivered
from storage.albums import Album

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
REST_SECONDS = 0.05  # the shortest pause between two looks: what changes together is seen together
REST_FACTOR = 4.0  # the pause between two looks at the rows, in multiples of what a look takes
MAX_CONCURRENT = 8  # cards that are sent at the same time
QUICK_TRIES = 3  # failures before retries slow down
GOODBYE_SECONDS = 2.0
GIVE_UP_TRIES = 300  # with growing pauses: about a day
UNKNOWN_TRIES, UNKNOWN_SECONDS = 3, 2.0  # before an answer that nobody knows counts as a refusal
MORE_TRIES_SECONDS = (5.0, 300.0, 3600.0)  # between tries of what could be shown nowhere
MOVED_SECONDS = 3600.0  # how long a card is kept in mind whose pictures went elsewhere, until it could say so


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

    def __post_init__(self) -> None:
        self._content = CardContent(
            self.platform.name, self.platform.capabilities, self.jobs.queries, self.style_options
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Show what is to be shown until told to stop; cards that are being sent then are finished first."""
        slots = asyncio.Semaphore(MAX_CONCURRENT)
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                wakeup, began = self.wakeups.subscribe(Topic.CARDS), self.clock.now()
                sent_meanwhile = {key for key, state in self.states.items() if state.is_sending}
                for item in await self._items_to_send():
                    # What was read of a card that was being sent at that time may be old by now.
                    if item.key not in sent_meanwhile and not self._state(item).is_sending:
                        self._state(item).is_sending = True
                        group.create_task(self._send(slots, stop, item))
                took = self.clock.now() - began  # with a thousand cards to look at, less often
                await self.clock.wait(stop, min(LOOK_SECONDS, max(REST_SECONDS, REST_FACTOR * took)))
                await self.clock.wait(wakeup, LOOK_SECONDS)

    async def _items_to_send(self) -> list[OutboxItem]:
        """Outcomes that are due, then cards whose news is worth an edit."""
        now, capacity = self.clock.now(), self.jobs.queries.capacity
        async with self.jobs.database.read() as connection:
            found = await read_outbox(connection, self.platform.name, capacity, now)
        keys = {item.key for item in found}
        for key, state in list(self.states.items()):
            if key in keys or (state.moved is not None and state.moved[1] > now):
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
        if item.place.message_id is None:  # also after its group was moved to another chat
            return True
        if state.shown is None:  # a draft's card keeps the page of styles that it shows
            return not item.is_draft or item.asked_somebody
        age = now - state.shown.at
        return is_worth_an_edit(state.shown.views, item.views, age, is_group=item.place.is_group)

    async def _send(self, slots: asyncio.Semaphore, stop: asyncio.Event, item: OutboxItem) -> None:
        try:
            async with slots:
                if not stop.is_set():  # a thousand may wait for a slot
                    await (self._send_outcome(item) if item.owed else self._send_progress(item))
        except TryLater as error:
            await self._postpone(item, error.retry_after)
        except LeadershipLost:
            raise
        except Exception:  # a platform's library may raise anything; one card must not stop the others
            log.exception("a card could not be shown", job=item.key)
            state = self._state(item)
            state.failures += 1
            await self._postpone(item, job_lifecycle.backoff(state.failures - QUICK_TRIES, 1.0))
        finally:
            self._state(item).is_sending = False

    async def _send_progress(self, item: OutboxItem) -> None:
        """Show where the jobs are. A card that is refused for good ends those that nobody has begun to paint: they
        could not be shown. Without its message only, a card says no more until the outcome comes as a new one."""
        state = self._state(item)
        place = Place.CHAT if item.place.message_id is None else Place.MESSAGE
        try:
            await self._show_in_words_at_least(item, place)
        except Refused as error:
            if error.refusal is Refusal.UNKNOWN and state.failures < UNKNOWN_TRIES:
                state.failures += 1
                raise TryLater(UNKNOWN_SECONDS * state.failures) from None
            state.is_muted = True
            is_only_this = error.refusal in {Refusal.MESSAGE, Refusal.UNKNOWN} and place is Place.MESSAGE
            if not is_only_this:
                await self._decline(item)

    async def _show_in_words_at_least(self, item: OutboxItem, place: Place) -> None:
        """Show a card without an outcome; without its samples where pictures are refused. Raises TryLater or
        Refused."""
        form = self._content.progress_form(item)
        try:
            await self._show_by(item, Way(place, form), {})
        except Refused as error:
            if form is Form.WORDS or error.refusal not in {Refusal.PHOTO, Refusal.FILES}:
                raise
            await self._show_by(item, Way(place, Form.WORDS), {})

    async def _decline(self, item: OutboxItem) -> None:
        job_ids = [view.id for view in item.views]
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            await decline_waiting(connection, job_ids, ErrorCode.CHAT_CLOSED, self.clock.now())
        self.wakeups.notify()

    async def _send_outcome(self, item: OutboxItem) -> None:
        """Show the outcome on the first way that the platform doesn't refuse."""
        state, pictures = self._state(item), await self._content.pictures(item)
        if state.moved is not None:
            await self._close(item, state.moved[0])
            return
        situation, refused = self._content.situation(item, pictures), list[Refusals]()
        while (way := next_way(situation, refused)) is not None:
            try:
                message_id = await self._show_by(item, way, pictures)
            except Refused as error:
                if error.refusal is Refusal.UNKNOWN and item.tries < UNKNOWN_TRIES:
                    raise TryLater(UNKNOWN_SECONDS) from None
                refused.append(Refusals(way, error.refusal))
                continue
            if way.place in {Place.MESSAGE, Place.CHAT} or message_id == item.place.message_id:
                await self._mark_delivered(item, is_new=way.place is Place.CHAT or self._goes_beside(pictures))
            elif can_still_edit(situation, refused):
                state.moved = way.place, self.clock.now() + MOVED_SECONDS
                await self._close(item, way.place)
            else:  # what the card says is not true any more: it is edited as soon as that is possible
                await self._mark_delivered(item, is_new=True, waits=may_be_edited_later(situation, refused))
            return
        log.info("an outcome could be shown nowhere", job=item.key, refusals=[past.refusal for past in refused])
        await self._give_up(item)

    async def _close(self, item: OutboxItem, place: Place) -> None:
        """Let the card say where its pictures were sent."""
        card = await self._content.closing_card(item, place)
        with suppress(Refused):
            await self._show(item, self._content.address(item.place, Way(Place.MESSAGE, Form.WORDS)), card)
        self._state(item).moved = None
        await self._mark_delivered(item, is_new=True)

    async def _show_by(self, item: OutboxItem, way: Way, pictures: dict[int, Picture]) -> str:
        """Show the card on this way; returns the id of its message. Raises TryLater or Refused."""
        address, album = self._content.address(item.place, way), item.album
        beside = self._goes_beside(pictures) and way.form is not Form.WORDS
        is_certain = album is None or not beside or await self._send_pictures(album, way, address, pictures)
        inside = () if beside else tuple(pictures.values())
        card = await self._content.card(item, inside, way.form, in_doubt=not is_certain)
        message_id = await self._show(item, address, card)
        self._state(item).shown = ShownCard(item.views, self.clock.now())
        if way.place is not Place.PRIVATE and message_id != item.place.message_id:
            await self._set_message(item, message_id)
        return message_id

    def _goes_beside(self, pictures: dict[int, Picture]) -> bool:
        return len(pictures) > 1 and sends_albums(self.platform)

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

    async def _send_pictures(self, album: Album, way: Way, address: Address, pictures: dict[int, Picture]) -> bool:
        """Send the pictures beside their card at most once: the row is written before. Returns whether they are surely
        there. Raises TryLater or Refused."""
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            if not await albums.mark_pictures_sending(connection, album.id):
                return [found.hung for found in await albums.get_many(connection, {album.id})] == ["sent"]
        assert sends_albums(self.platform)
        try:
            as_files = way.form is Form.FILE
            messages = await self.platform.send_album(address, tuple(pictures.values()), as_files=as_files)
        except (TryLater, Refused) as error:
            if not isinstance(error, TryLater) or not error.perhaps_sent:
                async with fenced_write(self.jobs.database, self.leadership) as connection:
                    await albums.clear_pictures_sending(connection, album.id)
            raise
        of_jobs = {} if way.place is Place.PRIVATE else dict(zip(pictures, messages, strict=False))
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            await albums.mark_pictures_sent(connection, album.id, of_jobs)
        return True

    async def _set_message(self, item: OutboxItem, message_id: str | None) -> None:
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            if item.album is None:
                await cards.set_message(connection, item.key, message_id)
            else:
                await albums.set_message(connection, item.album.id, message_id)
        self.wakeups.notify(Topic.QUEUE)  # with its card, a job may be claimed

    async def _mark_delivered(self, item: OutboxItem, *, is_new: bool, waits: bool = False) -> None:
        """The outcomes were shown. Edits don't notify, so one that took long also gets a notification, unless it came
        in a new message. `waits`: its card is still to be edited, once that is possible."""
        now, was_edited = self.clock.now(), item.place.message_id is not None
        late = [view for view in _painted_first(item.views) if needs_notification(view, now)]
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            await mark_delivered(connection, [view.id for view in item.views], now)
            for view in item.views:
                if waits:
                    await results.add_to_outbox(connection, view.id, now)
                    await undelivered.give_up(connection, view.id, now, next_at=now + MORE_TRIES_SECONDS[0])
            if was_edited and late and not is_new:
                await notifications.insert(connection, late[0].id, now)
        self.wakeups.notify(Topic.PAGES)

    async def _give_up(self, item: OutboxItem) -> None:
        """The picture waits in the history, and the outcome for the person's next contact or our return; in case nobody
        tells us of that, it is tried a few times more."""
        now = self.clock.now()
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            for outcome in item.owed:
                pause = MORE_TRIES_SECONDS[min(outcome.tries, len(MORE_TRIES_SECONDS) - 1)]
                await undelivered.give_up(connection, outcome.job_id, now, next_at=now + pause)

    async def _postpone(self, item: OutboxItem, seconds: float) -> None:
        if not item.owed:  # the next try shows what is new by then: a card must not show what is no longer so
            self._state(item).paused_until = self.clock.now() + seconds
            return
        if item.tries >= GIVE_UP_TRIES:
            await self._give_up(item)
            return
        pause = max(seconds, job_lifecycle.backoff(item.tries - QUICK_TRIES, 1.0))
        async with fenced_write(self.jobs.database, self.leadership) as connection:
            for outcome in item.owed:
                await results.postpone(connection, outcome.job_id, self.clock.now() + pause)


def _painted_first(views: Sequence[JobView]) -> list[JobView]:
    return sorted(views, key=lambda view: view.state not in PAINTED)
