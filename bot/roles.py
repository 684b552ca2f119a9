"""All that has to be done, role by role."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.cluster.leadership import Role, Roles, Term, kept_up
from bot.delivery.broadcasts import Herald
from bot.delivery.card_sender import Courier
from bot.jobs.retention import Housekeeping
from bot.messaging.platform import Platform, Receives
from bot.services import Service
from bot.worker import accounts
from bot.worker.account import Lane
from bot.worker.context import House
from bot.worker.dispatcher import drive
from bot.worker.recovery import wake, wake_lane

DRIVING = "dispatcher:"


@dataclass(frozen=True)
class Duties:
    """What the roles of an installation work with."""

    house: House
    service: Service
    housekeeping: Housekeeping
    lanes: Sequence[Lane]
    who: Roles

    def roles(self, platforms: Collection[Platform]) -> list[Role]:
        """Every role there is, with its work."""
        return [
            *(Role(DRIVING + lane.account_id, partial(self._drive, lane)) for lane in self.lanes),
            *(Role(f"courier:{platform.name}", partial(self._write, platform)) for platform in platforms),
            *(Role(f"receiver:{one.name}", partial(_receive, one)) for one in platforms if isinstance(one, Receives)),
            Role("housekeeping", self._keep_house),
        ]

    async def _drive(self, lane: Lane, term: Term, stop: asyncio.Event) -> None:
        await wake_lane(self.house, lane.account_id)
        await drive(lane, self.house, stop, term)

    async def _write(self, platform: Platform, term: Term, stop: asyncio.Event) -> None:
        house = self.house
        courier = Courier(platform, self.service, house.bell, house.clock, term)
        herald = Herald(platform, house.database, self.service.studio.lanes, house.bell, house.clock, term)
        async with asyncio.TaskGroup() as group:
            for work in (courier.run, herald.run):
                group.create_task(kept_up(partial(work, stop), house.clock, stop))

    async def _keep_house(self, term: Term, stop: asyncio.Event) -> None:
        # While keys are exchanged, one process after the other, some drive accounts that we don't know.
        driven = {role.removeprefix(DRIVING) for role in self.who.elsewhere() if role.startswith(DRIVING)}
        account_ids = self.service.studio.lanes.account_ids | driven
        await wake(self.house, account_ids, free={accounts.STAND_IN}, term=term)
        await replace(self.housekeeping, term=term).run(stop)


async def _receive(platform: Receives, term: Term, stop: asyncio.Event) -> None:
    await term.sure()
    await platform.receive(stop)
