"""What a courier may have to show: the cards of jobs and of albums, with all that is to be known of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.job_view import JobView, State
from bot.jobs import views
from bot.jobs.views import Capacity
from storage import albums, cards, jobs, results
from storage.albums import Album
from storage.cards import CardPlace
from storage.database import Database
from storage.jobs import ENDED
from storage.results import OPEN_SECONDS, OwedOutcome

GATHERING_SECONDS = 5.0  # how long the card of an album waits for the photos that are still to come


@dataclass(frozen=True)
class OutboxItem:
    """One card: of a job, or of all jobs of an `album`. `place` is that of the first of them; `owed`: their outcomes
    are to be told."""

    place: CardPlace
    views: tuple[JobView, ...]
    owed: tuple[OwedOutcome, ...] = ()
    album: Album | None = None

    @property
    def key(self) -> int:
        """What the card is known by: its first job."""
        return self.place.job_id

    @property
    def tries(self) -> int:
        """How often it was tried in vain to tell what is owed."""
        return max((untold.tries for untold in self.owed), default=0)

    @property
    def asks_somebody(self) -> bool:
        """Whether the person whose photo it is has to say yes."""
        return any(view.consent == "asked" for view in self.views)

    @property
    def is_draft(self) -> bool:
        return any(view.state is State.DRAFT for view in self.views)


async def read_outbox(connection: AsyncConnection, platform: str, capacity: Capacity, now: float) -> list[OutboxItem]:
    """Outcomes that are due, then every card whose jobs have not ended, in the order of their turns."""
    owed = {untold.job_id: untold for untold in await results.due(connection, platform, now)}
    owed_places = [await cards.of_job(connection, job_id) for job_id in owed]
    open_places = [place for place in await cards.open_cards(connection, platform) if place.job_id not in owed]
    places = {place.job_id: place for place in (*owed_places, *open_places)}
    turns = {job_id: turn for turn, job_id in enumerate(places)}
    found = await albums.get(connection, {place.album for place in places.values() if place.album is not None})
    for album in found:
        if album.jobs[0] not in places:
            places[album.jobs[0]] = await cards.of_job(connection, album.jobs[0])
    members = {job: album for album in found for job in album.jobs}
    seen = {
        view.id: view for view in await views.views_by_id(connection, [*places.keys() | members.keys()], capacity, now)
    }
    alone = [_alone(place, seen, owed) for place in places.values() if place.album is None]
    together = [_together(places[album.jobs[0]], album, seen, owed) for album in found]
    ready = [one for one in together if one.views and one.album is not None and _is_gathered(one, one.album, now)]
    return sorted([*alone, *ready], key=lambda one: min(turns.get(view.id, len(turns)) for view in one.views))


async def owe_again(database: Database, job_ids: Collection[int], now: float) -> None:
    """Have the outcomes of those of these jobs that have one told again: something older may have come over them."""
    async with database.write() as connection:
        for job in (await jobs.many(connection, [*job_ids])).values():
            if job.state in ENDED and not job.hidden:
                await results.owe(connection, job.id, now)


def _alone(place: CardPlace, seen: Mapping[int, JobView], owed: Mapping[int, OwedOutcome]) -> OutboxItem:
    return OutboxItem(place, (seen[place.job_id],), _of(owed, (place.job_id,)))


def _together(
    place: CardPlace, album: Album, seen: Mapping[int, JobView], owed: Mapping[int, OwedOutcome]
) -> OutboxItem:
    untold = _of(owed, album.jobs)
    jobs = album.jobs if album.is_in_sight else tuple(job.job_id for job in untold)
    return OutboxItem(place, tuple(seen[job] for job in jobs), untold, album)


def _of(owed: Mapping[int, OwedOutcome], jobs: Collection[int]) -> tuple[OwedOutcome, ...]:
    return tuple(owed[job] for job in jobs if job in owed)


def _is_gathered(item: OutboxItem, album: Album, now: float) -> bool:
    """Whether the card may say how many photos there are; one that asks for the style waits for all of them."""
    if not album.is_open or album.message_id is not None:
        return True
    return now - album.created > (OPEN_SECONDS if item.is_draft else GATHERING_SECONDS)
