"""What the card sender may have to show, with all that is to be known of it; and when a card is worth an edit.

Telegram takes about one message a second in a chat and twenty a minute in a group, edits included, so only changes
that matter to the person are worth one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.fallbacks import Place
from bot.domain import eta
from bot.domain.job_view import JobView, State
from bot.jobs import views
from bot.jobs.views import Capacity
from bot.messaging.album_card import count_ended, last_to_finish, next_place
from storage import albums, cards, jobs, results
from storage.albums import Album
from storage.cards import CardPlace
from storage.database import Database
from storage.jobs import ENDED
from storage.results import ALBUM_OPEN_SECONDS, OwedOutcome

GATHERING_SECONDS = 5.0  # how long the card of an album waits for the photos that are still to come
REFRESH_SECONDS = 15.0
PROGRESS_SECONDS = 3.0
PROGRESS_SECONDS_IN_GROUPS = 10.0
PROGRESS_STEP = 0.1


@dataclass(frozen=True)
class OutboxItem:
    """One card: of a job, or of all jobs of an `album`. `place` is that of the first of them; `owed`: the outcomes that
    the person has not been shown."""

    place: CardPlace
    views: tuple[JobView, ...]
    owed: tuple[OwedOutcome, ...] = ()
    album: Album | None = None

    @property
    def key(self) -> int:
        """What identifies the card: the id of its first job."""
        return self.place.job_id

    @property
    def tries(self) -> int:
        """How often it was tried in vain to show what is owed."""
        return max((outcome.tries for outcome in self.owed), default=0)

    @property
    def asked_somebody(self) -> bool:
        """Whether the person in the photo had to agree first: then a draft's card has changed since it was sent."""
        return any(view.consent is not None for view in self.views)

    @property
    def is_draft(self) -> bool:
        return any(view.state is State.DRAFT for view in self.views)


@dataclass(frozen=True)
class ShownCard:
    """What a card shows, and since when (epoch seconds)."""

    views: tuple[JobView, ...]
    at: float


@dataclass
class CardState:
    """What the sender remembers of one card. Nothing of it is needed: losing it costs one more edit.

    `shown`: None as long as this process has not shown it; `failures`: exceptions and unknown answers so far;
    `is_muted`: the card or its chat is gone, so only the outcome is still sent; `moved`: where its pictures were sent
    instead, until when that is remembered.
    """

    shown: ShownCard | None = None
    is_sending: bool = False
    paused_until: float = float("-inf")
    failures: int = 0
    is_muted: bool = False
    moved: tuple[Place, float] | None = None


async def read_outbox(connection: AsyncConnection, platform: str, capacity: Capacity, now: float) -> list[OutboxItem]:
    """Outcomes that are due, then every card whose jobs have not ended, in the order of their turns."""
    owed = {outcome.job_id: outcome for outcome in await results.list_due(connection, platform, now)}
    owed_places = [await cards.get_of_job(connection, job_id) for job_id in owed]
    open_places = [place for place in await cards.list_open(connection, platform) if place.job_id not in owed]
    places = {place.job_id: place for place in (*owed_places, *open_places)}
    turns = {job_id: turn for turn, job_id in enumerate(places)}
    found = await albums.get_many(connection, {place.album for place in places.values() if place.album is not None})
    for album in found:
        if album.jobs[0] not in places:
            places[album.jobs[0]] = await cards.get_of_job(connection, album.jobs[0])
    members = {job: album for album in found for job in album.jobs}
    by_id = {
        view.id: view for view in await views.views_by_id(connection, [*places.keys() | members.keys()], capacity, now)
    }
    singles = [_job_item(place, by_id, owed) for place in places.values() if place.album is None]
    together = [_album_item(places[album.jobs[0]], album, by_id, owed) for album in found]
    ready = [item for item in together if item.views and item.album is not None and _is_gathered(item, item.album, now)]
    return sorted([*singles, *ready], key=lambda item: min(turns.get(view.id, len(turns)) for view in item.views))


async def owe_again(database: Database, job_ids: Collection[int], now: float) -> None:
    """Owe the outcomes of these jobs anew, where there are any: an older card may have replaced them on screen."""
    async with database.write() as connection:
        for job in (await jobs.get_many(connection, [*job_ids])).values():
            if job.state in ENDED and not job.hidden:
                await results.add_to_outbox(connection, job.id, now)


def is_worth_an_edit(shown: Sequence[JobView], now: Sequence[JobView], age: float, *, is_group: bool) -> bool:
    """Whether a card that has shown these views for `age` seconds should show `now`. With several jobs it says how many
    are done, at which place the next one is, and how the last of them is doing."""
    if (len(shown), count_ended(shown)) != (len(now), count_ended(now)):
        return True
    place = next_place(now)
    if place is not None and place != next_place(shown) and eta.is_worth_showing(place):
        return True
    return is_worth_an_edit_of_one(last_to_finish(shown), last_to_finish(now), age, is_group=is_group)


def is_worth_an_edit_of_one(shown: JobView, now: JobView, age: float, *, is_group: bool) -> bool:
    """The same for the card of one job."""
    if _headline(shown) != _headline(now):
        return True
    if now.state == State.QUEUED and shown.place != now.place and now.place is not None:
        return eta.is_worth_showing(now.place)
    if now.progress is not None:
        interval = PROGRESS_SECONDS_IN_GROUPS if is_group else PROGRESS_SECONDS
        return age >= interval and now.progress - (shown.progress or 0.0) >= PROGRESS_STEP
    return age >= REFRESH_SECONDS and eta.eta_differs(shown.eta_seconds, now.eta_seconds)


def _headline(view: JobView) -> tuple[object, ...]:
    """What is always worth an edit when it changes."""
    return view.state, view.paused, view.away, view.style, view.consent


def _job_item(place: CardPlace, by_id: Mapping[int, JobView], owed: Mapping[int, OwedOutcome]) -> OutboxItem:
    return OutboxItem(place, (by_id[place.job_id],), _owed_of(owed, (place.job_id,)))


def _album_item(
    place: CardPlace, album: Album, by_id: Mapping[int, JobView], owed: Mapping[int, OwedOutcome]
) -> OutboxItem:
    outcomes = _owed_of(owed, album.jobs)
    job_ids = album.jobs if album.is_in_sight else tuple(outcome.job_id for outcome in outcomes)
    return OutboxItem(place, tuple(by_id[job_id] for job_id in job_ids), outcomes, album)


def _owed_of(owed: Mapping[int, OwedOutcome], job_ids: Collection[int]) -> tuple[OwedOutcome, ...]:
    return tuple(owed[job_id] for job_id in job_ids if job_id in owed)


def _is_gathered(item: OutboxItem, album: Album, now: float) -> bool:
    """Whether the card may say how many photos there are; one that asks for the style waits for all of them."""
    if not album.is_open or album.message_id is not None:
        return True
    return now - album.created > (ALBUM_OPEN_SECONDS if item.is_draft else GATHERING_SECONDS)
