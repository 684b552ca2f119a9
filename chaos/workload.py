"""The simulated users of a testbed as one workload, and what is reported and audited wherever there is one."""

import asyncio
import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from chaos import audit, discord_audit
from chaos.discord_users import ALBUM_RATE, DiscordUsers
from chaos.testbed import Testbed
from chaos.users import Users
from stylizer.tasks import Task

WEB_SHARE, DISCORD_SHARE = 0.33, 0.33  # of all requests
POLL_INTERVAL = 0.1


@dataclass
class WorkloadReport:
    """Figures about the workload, and all violations. `unproven_submits`: lost submits that were sent again although
    a task may have come of them; `resent_cards`: new messages that had to be sent again."""

    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    tasks: int = 0
    unproven_submits: int = 0
    resent_cards: int = 0
    discord_users: int = 0
    late_responses: int = 0
    violations: list[str] = field(default_factory=list)

    def workload_figures(self, *more: tuple[str, str]) -> list[tuple[str, str]]:
        """Names and values for the summary, with a part's own before the last ones."""
        return [
            ("requests accepted", str(self.requests)),
            ("outcomes", ", ".join(f"{count} {state}" for state, count in sorted(self.outcomes.items()))),
            ("tasks made at the API", str(self.tasks)),
            ("lost submits without proof", str(self.unproven_submits)),
            *more,
            ("Discord users", str(self.discord_users)),
            ("responses too late for Discord", str(self.late_responses)),
        ]


def counted(name: str, counts: Counter[str]) -> list[tuple[str, str]]:
    """Names and values for the summary: the total, then every kind."""
    return [(name, str(counts.total())), *((f"  {kind}", str(count)) for kind, count in sorted(counts.items()))]


@dataclass
class Workload:
    """Users on the web page, Telegram and Discord. `backlog`: requests in progress at any time; `album_rate`: the
    share of requests on Discord with several photos."""

    testbed: Testbed
    rng: random.Random
    backlog: int
    album_rate: float = ALBUM_RATE
    users: Users = field(init=False)
    discord_users: DiscordUsers = field(init=False)

    def __post_init__(self) -> None:
        self.users = Users(self.testbed, self.rng)
        self.discord_users = DiscordUsers(self.testbed.discord, self.rng, self.album_rate)

    @property
    def pending(self) -> int:
        """The number of requests that the bot has not received yet."""
        return len(self.users.unaccepted) + len(self.testbed.telegram.updates) + len(self.discord_users.pending)

    async def fill(self, unfinished: int) -> None:
        """Add requests up to the backlog, of which so many are unfinished."""
        for _ in range(self.backlog - unfinished - self.pending):
            await self.add_request()

    async def add_request(self) -> None:
        """One more request: on the web page, on Telegram or on Discord."""
        match self.rng.random():
            case draw if draw < WEB_SHARE:
                await self.users.add_web_request()
            case draw if draw < WEB_SHARE + DISCORD_SHARE:
                self.discord_users.add_user()
            case _:
                await self.users.send_telegram_request()

    async def drain(self, address: str) -> None:
        """Wait until the only bot, at this address, has no work left."""
        while self.users.unaccepted:
            await self.users.send(address)
        # Another process and its database: nothing signals a change.
        while self.pending or audit.unfinished(self.testbed.database):  # noqa: ASYNC110  # see above
            await asyncio.sleep(POLL_INTERVAL)

    def audit(
        self,
        report: WorkloadReport,
        database: Path | str,
        tasks: Collection[Task],
        allowed_duplicates: Counter[int],
        apologized: Collection[int] = (),
    ) -> None:
        """Check the invariants of every workload, and note its figures. The arguments are those of `chaos.audit`."""
        requests = self.users.requests
        report.requests, report.tasks, report.discord_users = len(requests), len(tasks), len(self.discord_users.all)
        report.unproven_submits = audit.count_unproven_submits(database)
        report.late_responses = discord_audit.late_responses(self.testbed.discord)
        report.outcomes = Counter(dict(audit.query(database, "SELECT state, COUNT(*) FROM job GROUP BY state")))
        report.violations += [
            *self.users.unexpected_responses,
            *audit.outcome_violations(database, requests, apologized),
            *audit.payment_violations(database, tasks),
            *audit.ledger_violations(database),
            *(audit.integrity_violations(database) if isinstance(database, Path) else ()),
            *audit.chat_violations(database, self.testbed.telegram, requests, allowed_duplicates),
        ]
