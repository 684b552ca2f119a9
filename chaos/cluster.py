"""Several replicas and the people round them: what is done to the ones, and what the others do meanwhile."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from chaos import audit, discord_audit
from chaos.account_activity import AccountActivity
from chaos.discord_users import DiscordUsers
from chaos.http_proxy import Action, ProxiedCall
from chaos.kill_points import AfterDelay, AtCall, KillTrigger
from chaos.processes import owner_of_port
from chaos.replica import UNEXPECTED_EXIT, Replica
from chaos.testbed import SLOTS, Testbed
from chaos.users import Users, submit_request
from tests.fakes.postgres import Server

BACKLOG = 12  # wishes under way at any time
REQUEST_INTERVAL = 0.3  # between two
CALL_TIMEOUT = 3.0  # that a call is waited for
SHORT, LONG = 1.0, 20.0  # frozen or cut off: less and more than after what somebody is taken for dead
CLOCK_SKEWS = (-3600.0, 0.0, 3600.0)  # of one replica's wall clock
DISTURBANCES = ("frozen", "cut off", "unheard", "wrong in its clock", "without a database")
MAX_DATABASE_DOWNTIME = 5.0  # at most, that the database is away
RECOVERY_TIMEOUT = 20.0
DRAIN_TIMEOUT = 240.0
POLL_INTERVAL = 0.25
LATE_CALL_SECONDS = 2.0  # after a death, what was sent may still arrive; nobody takes over before three
IDLE_POLLS = 8  # in a row: between somebody's press and its job there is a moment
CALL_NOT_SEEN = "at a moment that did not come in time"
_UNFINISHED = "state IN ('draft', 'queued', 'submitting', 'running', 'fetching')"
_DUE = "SELECT COUNT(*) FROM job WHERE state = 'queued' AND next_at <= EXTRACT(EPOCH FROM clock_timestamp())"


@dataclass
class Cluster:
    """`turn` counts whose turn it is; `allowed_duplicates` and `unrecorded` are cards that may be there twice, since somebody died, or
    was taken for dead, between sending and noting."""

    testbed: Testbed
    server: Server
    database: str
    replicas: Sequence[Replica]
    users: Users
    discord_users: DiscordUsers
    rng: random.Random
    backlog: int = BACKLOG
    activity: AccountActivity = field(default_factory=AccountActivity)
    violations: list[str] = field(default_factory=list)
    allowed_duplicates: Counter[int] = field(default_factory=Counter)
    unrecorded: set[int] = field(default_factory=set)
    turn: int = 0
    disturbed: Replica | None = None
    database_down: bool = False  # the database
    trigger: KillTrigger = field(default_factory=lambda: KillTrigger(AfterDelay(0), lambda _: None))

    @asynccontextmanager
    async def under_load(self) -> AsyncIterator[None]:
        """People ask without end, and every lane is watched, until the block ends."""
        self.testbed.api_proxy.policy, self.testbed.telegram_proxy.policy, self.testbed.discord_proxy.policy = (
            self._api_policy,
            self._policy,
            self._policy,
        )
        self._set_quiesced(quiesced=False)
        works = (self.discord_users.run_all(), self._submit_requests(), self._keep_sending(), self._watch())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            self._set_quiesced(quiesced=True)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self.violations += [repr(one) for one in ended if not isinstance(one, asyncio.CancelledError)]

    async def drain(self) -> list[str]:
        """Until nothing is left to do, nobody being harmed; what is still under way after that."""
        discord_task = asyncio.create_task(self.discord_users.run_all())
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                quiet = 0
                while quiet < IDLE_POLLS:
                    is_busy = self._pending or await asyncio.to_thread(audit.unfinished, self.database)
                    quiet = 0 if is_busy else quiet + 1
                    await self._send_requests()
                    await asyncio.sleep(POLL_INTERVAL)
                await self.users.verify_results(await self._any_address())
        except TimeoutError:
            return [f"after {DRAIN_TIMEOUT:.0f} s of peace something was still under way: {self._unfinished_work()}"]
        finally:
            discord_task.cancel()
            await asyncio.wait([discord_task])
        return []

    def _unfinished_work(self) -> str:
        """What was still under way, for whoever has to find out why."""
        asked = (
            "SELECT job_id, tries, next_at FROM outbox",
            f"SELECT id, state, album_id FROM job WHERE {_UNFINISHED}",
        )
        discord_users = [user.name for user in self.discord_users.pending]
        return (
            f"{[audit.query(self.database, one) for one in asked]} {discord_users} {len(self.testbed.telegram.updates)}"
        )

    async def kill_at(self, call: AtCall, cause: str) -> None:
        """Whoever makes this call dies of it; if nobody does, whose turn it is."""

        def kill(port: int) -> None:
            pid = owner_of_port(port, [one.pid for one in self.replicas if one.pid])
            for one in self.replicas:
                if one.pid == pid:
                    one.kill(cause)

        self.trigger = KillTrigger(call, kill)
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                await self.trigger.fired.wait()
        except TimeoutError:
            await self.kill_next(CALL_NOT_SEEN)
        finally:
            self.trigger = KillTrigger(AfterDelay(0), lambda _: None)
        self._record_death()

    async def kill_next(self, cause: str) -> None:
        """SIGKILL to whose turn it is."""
        self._next_replica().kill(cause)
        self._record_death()

    async def wait_for_recovery(self) -> None:
        """Wait until every lane goes on, but not for ever: perhaps there is nothing to do."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RECOVERY_TIMEOUT):
                while not self.activity.all_active:  # noqa: ASYNC110  # other processes: nobody tells us
                    await asyncio.sleep(POLL_INTERVAL)

    async def disturb(self) -> str:
        """What is worse than dying, for a while: to be frozen, cut off, unheard, wrong in one's clock, or that the
        database dies under all of them."""
        kind, one = self.rng.choice(DISTURBANCES), self._next_replica()
        if kind == "wrong in its clock":
            one.clock_skew.value = self.rng.choice(CLOCK_SKEWS)
            return kind
        if kind == "without a database":
            await self._take_database_down()
            return kind
        self.disturbed = one
        self.activity.record_disturbance(over=False)
        seconds = self.rng.uniform(SHORT, LONG)
        if kind == "frozen":
            async with one.frozen():
                await self._wait_out_disturbance(seconds)
        else:
            one.proxy.cut() if kind == "cut off" else one.proxy.blackhole()
            await self._wait_out_disturbance(seconds)
            one.proxy.restore()
        self.disturbed = None
        self.activity.record_disturbance(over=True)
        return kind

    async def _take_database_down(self) -> None:
        """It dies, and comes back after a while; who starts meanwhile finds none, and may end by itself."""
        self.activity.record_disturbance(over=False)
        self.database_down = True
        await asyncio.to_thread(self.server.die)
        await asyncio.sleep(self.rng.uniform(0, MAX_DATABASE_DOWNTIME))
        for one in self.replicas:
            one.proxy.cut()  # until it is known what was sent and could not be noted
        await asyncio.to_thread(self.server.rise)
        self._record_death()
        for one in self.replicas:
            one.proxy.restore()
        await self.wait_for_recovery()
        self.database_down = False
        self.activity.record_disturbance(over=True)

    async def _wait_out_disturbance(self, seconds: float) -> None:
        """Sometimes another dies just then: perhaps who has taken over."""
        await asyncio.sleep(seconds / 2)
        if self.rng.random() < 0.5:
            await self.kill_next("beside one that was frozen or cut off")
        await asyncio.sleep(seconds / 2)

    def _next_replica(self) -> Replica:
        """Whose turn it is, of those that live and to whom nothing is being done; perhaps of all."""
        for _ in self.replicas:
            self.turn += 1
            one = self.replicas[self.turn % len(self.replicas)]
            if one.address and one is not self.disturbed:
                return one
        return self.replicas[self.turn % len(self.replicas)]

    def _policy(self, call: ProxiedCall) -> Action:
        return self.trigger.policy(call)

    def _api_policy(self, call: ProxiedCall) -> Action:
        self.activity.record_call(call)
        return self.trigger.policy(call)

    def _record_death(self) -> None:
        """Somebody has just died: what was sent and is not noted may come again."""
        self.activity.record_kill()
        self._note_unrecorded_cards()

    def _note_unrecorded_cards(self) -> None:
        if self.server.process.poll() is not None:
            return  # the database is away; it is asked when it is back
        self.unrecorded |= discord_audit.unrecorded_cards(self.database, self.discord_users)
        audit.count_unrecorded_cards(self.database, self.testbed.telegram, self.users.requests, self.allowed_duplicates)

    def _set_quiesced(self, *, quiesced: bool) -> None:
        for one in self.replicas:
            one.quiesced = quiesced
            if quiesced:
                one.clock_skew.value = 0.0

    @property
    def _pending(self) -> int:
        """Wishes of which the bot has not heard yet."""
        return len(self.users.unaccepted) + len(self.testbed.telegram.updates) + len(self.discord_users.pending)

    async def _submit_requests(self) -> None:
        while True:
            open_now = await asyncio.to_thread(audit.unfinished, self.database)
            if open_now + self._pending < self.backlog:
                await submit_request(self.users, self.discord_users)
            await asyncio.sleep(REQUEST_INTERVAL)

    async def _keep_sending(self) -> None:
        while True:
            await self._send_requests()
            await asyncio.sleep(REQUEST_INTERVAL)

    async def _send_requests(self) -> None:
        if self.users.unaccepted:
            await self.users.send(await self._any_address())

    async def _any_address(self) -> str:
        """The address of a replica that answers: what stands before them would know."""
        while True:
            them = [one.address for one in self.replicas if one is not self.disturbed]
            if there := [address for address in them if address is not None]:
                return self.rng.choice(there)
            await asyncio.sleep(POLL_INTERVAL)

    async def _watch(self) -> None:
        """Does every lane go on while somebody waits, and has nobody died by themselves?"""
        deaths_seen = Counter[int]()
        while True:
            [(due,)] = await asyncio.to_thread(audit.query, self.database, _DUE)
            self.activity.observe(waiting=due > SLOTS * len(self.activity.last_call) > 0)
            for one in self.replicas:
                if len(one.exits) > deaths_seen[one.number]:
                    deaths_seen[one.number] = len(one.exits)
                    self._record_death()
                    if one.exits[-1] == UNEXPECTED_EXIT and one is not self.disturbed and not self.database_down:
                        self.violations.append(f"replica {one.number} has ended by itself")
            if self.disturbed is not None or time.monotonic() < self.activity.killed_at + LATE_CALL_SECONDS:
                self._note_unrecorded_cards()
            await asyncio.sleep(POLL_INTERVAL)
