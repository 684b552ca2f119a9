"""The roles of an installation and what each of them runs."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.cluster.leadership import Leadership, Role, RoleRunner, keep_running
from bot.delivery.broadcasts import Broadcaster
from bot.delivery.card_sender import CardSender
from bot.delivery.expired_cards import ExpiredCardRemover
from bot.delivery.notifications import Notifier
from bot.jobs.retention import Retention
from bot.messaging.platform import Platform, Receiver
from bot.services import Services
from bot.worker import accounts
from bot.worker.accounts import ApiAccount
from bot.worker.context import WorkerDeps
from bot.worker.dispatcher import run_account
from bot.worker.former_accounts import run_former_account
from bot.worker.recovery import recover, refresh_account

DISPATCHER_PREFIX = "dispatcher:"


@dataclass(frozen=True)
class ProcessRoles:
    """The roles that this process can take.

    `role_runner`: knows the roles that other processes hold; `former_accounts`: the accounts whose keys are gone.
    """

    deps: WorkerDeps
    services: Services
    retention: Retention
    api_accounts: Sequence[ApiAccount]
    role_runner: RoleRunner
    former_accounts: Sequence[ApiAccount] = ()

    def roles(self, platforms: Collection[Platform]) -> list[Role]:
        """All roles of this installation; each is held by one process at a time."""
        deps = replace(self.deps, card_platforms=frozenset(platform.name for platform in platforms))
        return [
            *(
                Role(DISPATCHER_PREFIX + api_account.account_id, partial(_dispatch, api_account, deps))
                for api_account in self.api_accounts
            ),
            *(
                Role(DISPATCHER_PREFIX + former.account_id, partial(_finish, former, deps))
                for former in self.former_accounts
            ),
            *(Role(f"courier:{platform.name}", partial(self._send, platform)) for platform in platforms),
            *(Role(f"receiver:{one.name}", partial(_receive, one)) for one in platforms if isinstance(one, Receiver)),
            Role("housekeeping", self._clean_up),
        ]

    async def _send(self, platform: Platform, leadership: Leadership, stop: asyncio.Event) -> None:
        deps = self.deps
        database, wakeups, clock, services = deps.database, deps.wakeups, deps.clock, self.services
        senders = (
            CardSender(platform, services.jobs, services.style_options, wakeups, clock, leadership),
            Notifier(platform, database, services.queries.capacity, wakeups, clock, leadership),
            Broadcaster(platform, database, wakeups, clock, leadership),
            ExpiredCardRemover(platform, database, clock, leadership),
        )
        async with asyncio.TaskGroup() as group:
            for sender in senders:
                group.create_task(keep_running(partial(sender.run, stop), clock, stop))

    async def _clean_up(self, leadership: Leadership, stop: asyncio.Event) -> None:
        # During a rolling change of API keys, other processes run accounts that this one doesn't know.
        held_accounts = {
            role.removeprefix(DISPATCHER_PREFIX)
            for role in self.role_runner.held_elsewhere()
            if role.startswith(DISPATCHER_PREFIX)
        }
        capacity = self.services.queries.capacity
        former = {account.account_id for account in self.former_accounts}
        styles = capacity.styles if held_accounts <= capacity.account_ids | former else None
        account_ids = capacity.account_ids | held_accounts | former
        await recover(self.deps, account_ids, free={accounts.STAND_IN}, styles=styles, leadership=leadership)
        await replace(self.retention, leadership=leadership).run(stop)


async def _finish(former: ApiAccount, deps: WorkerDeps, leadership: Leadership, stop: asyncio.Event) -> None:
    await refresh_account(deps, former.account_id)
    await run_former_account(former, deps, stop, leadership)


async def _dispatch(api_account: ApiAccount, deps: WorkerDeps, leadership: Leadership, stop: asyncio.Event) -> None:
    await refresh_account(deps, api_account.account_id)
    await run_account(api_account, deps, stop, leadership)


async def _receive(platform: Receiver, leadership: Leadership, stop: asyncio.Event) -> None:
    await leadership.confirm()
    await platform.receive(stop)
