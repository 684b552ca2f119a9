"""All that has to be done, role by role."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.cluster.leadership import Leadership, Role, RoleRunner, keep_running
from bot.delivery.broadcasts import Broadcaster
from bot.delivery.card_sender import CardSender
from bot.jobs.retention import Retention
from bot.messaging.platform import Platform, Receiver
from bot.services import Services
from bot.worker import accounts
from bot.worker.account import ApiAccount
from bot.worker.context import WorkerDeps
from bot.worker.dispatcher import run_account
from bot.worker.recovery import recover, refresh_account

DRIVING = "dispatcher:"


@dataclass(frozen=True)
class ProcessRoles:
    """What the roles of an installation work with."""

    house: WorkerDeps
    service: Services
    housekeeping: Retention
    lanes: Sequence[ApiAccount]
    who: RoleRunner

    def roles(self, platforms: Collection[Platform]) -> list[Role]:
        """Every role there is, with its work."""
        return [
            *(Role(DRIVING + lane.account_id, partial(self._drive, lane)) for lane in self.lanes),
            *(Role(f"courier:{platform.name}", partial(self._write, platform)) for platform in platforms),
            *(Role(f"receiver:{one.name}", partial(_receive, one)) for one in platforms if isinstance(one, Receiver)),
            Role("housekeeping", self._keep_house),
        ]

    async def _drive(self, lane: ApiAccount, term: Leadership, stop: asyncio.Event) -> None:
        await refresh_account(self.house, lane.account_id)
        await run_account(lane, self.house, stop, term)

    async def _write(self, platform: Platform, term: Leadership, stop: asyncio.Event) -> None:
        house = self.house
        courier = CardSender(platform, self.service, house.wakeups, house.clock, term)
        herald = Broadcaster(
            platform, house.database, self.service.job_service.capacity, house.wakeups, house.clock, term
        )
        async with asyncio.TaskGroup() as group:
            for work in (courier.run, herald.run):
                group.create_task(keep_running(partial(work, stop), house.clock, stop))

    async def _keep_house(self, term: Leadership, stop: asyncio.Event) -> None:
        # While keys are exchanged, one process after the other, some drive accounts that we don't know.
        driven = {role.removeprefix(DRIVING) for role in self.who.elsewhere() if role.startswith(DRIVING)}
        account_ids = self.service.job_service.capacity.account_ids | driven
        await recover(self.house, account_ids, free={accounts.STAND_IN}, term=term)
        await replace(self.housekeeping, term=term).run(stop)


async def _receive(platform: Receiver, term: Leadership, stop: asyncio.Event) -> None:
    await term.sure()
    await platform.receive(stop)
