"""Several replicas under load: the disturbances applied to them, and the users who keep sending requests meanwhile."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from chaos import audit, discord_audit
from chaos.account_activity import AccountActivity
from chaos.http_proxy import Action, ProxiedCall
from chaos.kill_points import AfterDelay, AtCall, KillTrigger
from chaos.processes import owner_of_port
from chaos.replica import UNEXPECTED_EXIT, Replica
from chaos.testbed import SLOTS, Testbed
from chaos.workload import Workload
from tests.fakes.postgres import Server

BACKLOG = 12  # requests in progress at any time
REQUEST_INTERVAL = 0.3  # seconds
CALL_TIMEOUT = 3.0  # to wait for the call that triggers a kill
SHORT, LONG = 1.0, 20.0  # seconds frozen or cut off: below and above the time after which a replica is presumed dead
CLOCK_SKEWS = (-3600.0, 0.0, 3600.0)  # seconds, of one replica's wall clock
DISTURBANCES = ("frozen", "cut off", "black-holed", "clock skewed", "database down")
MAX_DATABASE_DOWNTIME = 5.0  # seconds
RECOVERY_TIMEOUT = 20.0
DRAIN_TIMEOUT = 240.0
POLL_INTERVAL = 0.25
LATE_CALL_SECONDS = 2.0  # after a death, in which its calls may still arrive; no takeover happens before 3 s
IDLE_POLLS = 8  # in a row: a button press takes a moment to become a job
CALL_NOT_SEEN = "call not seen in time"
_UNFINISHED = "state IN ('draft', 'queued', 'submitting', 'running', 'fetching')"
_DUE = "SELECT COUNT(*) FROM job WHERE state = 'queued' AND next_at <= EXTRACT(EPOCH FROM clock_timestamp())"


@dataclass
class Cluster:
    """`turn` selects the next replica to disturb; `allowed_duplicates` and `unrecorded` are cards that may appear
    twice, because a replica died, or was presumed dead, between sending and recording them."""

    testbed: Testbed
    server: Server
    database: str
    replicas: Sequence[Replica]
    workload: Workload
    rng: random.Random
    activity: AccountActivity = field(default_factory=AccountActivity)
    violations: list[str] = field(default_factory=list)
    allowed_duplicates: Counter[int] = field(default_factory=Counter)
    unrecorded: set[int] = field(default_factory=set)
    turn: int = 0
    disturbed: Replica | None = None
    database_down: bool = False
    trigger: KillTrigger = field(default_factory=lambda: KillTrigger(AfterDelay(0), lambda _: None))

    @asynccontextmanager
    async def under_load(self) -> AsyncIterator[None]:
        """Users keep sending requests and every account is watched until the block ends."""
        self.testbed.set_policy(self._policy, api=self._api_policy)
        self._set_quiesced(quiesced=False)
        loops = (self.workload.discord_users.run_all(), self._submit_requests(), self._keep_sending(), self._watch())
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            yield
        finally:
            self._set_quiesced(quiesced=True)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self.violations += [repr(one) for one in ended if not isinstance(one, asyncio.CancelledError)]

    async def drain(self) -> list[str]:
        """Wait, without disturbances, until no work is left. Returns what is still unfinished at the timeout."""
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT), self.workload.discord_users.active():
                quiet = 0
                while quiet < IDLE_POLLS:
                    is_busy = self.workload.pending or await asyncio.to_thread(audit.unfinished, self.database)
                    quiet = 0 if is_busy else quiet + 1
                    await self._send_requests()
                    await asyncio.sleep(POLL_INTERVAL)
                await self.workload.users.verify_results(await self._any_address())
        except TimeoutError:
            return [f"after {DRAIN_TIMEOUT:.0f} s without disturbances work was unfinished: {self._unfinished_work()}"]
        return []

    def _unfinished_work(self) -> str:
        """A description of the unfinished work, for diagnosis."""
        queries = (
            "SELECT job_id, tries, next_at FROM outbox",
            f"SELECT id, state, album_id FROM job WHERE {_UNFINISHED}",
        )
        waiting = [user.name for user in self.workload.discord_users.pending]
        return f"{[audit.query(self.database, sql) for sql in queries]} {waiting} {len(self.testbed.telegram.updates)}"

    async def kill_at(self, call: AtCall, cause: str) -> None:
        """Kill the replica that makes this call; if none makes it in time, the next one in turn."""

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
        """SIGKILL the next replica in turn."""
        self._next_replica().kill(cause)
        self._record_death()

    async def wait_for_recovery(self) -> None:
        """Wait until every account is active again, up to a limit: there may be no work to do."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RECOVERY_TIMEOUT):
                while not self.activity.all_active:  # noqa: ASYNC110  # other processes: nothing signals it
                    await asyncio.sleep(POLL_INTERVAL)

    async def disturb(self) -> str:
        """Freeze, cut off or black-hole a replica, skew its clock, or stop the database, for a while. Returns the
        kind."""
        kind, one = self.rng.choice(DISTURBANCES), self._next_replica()
        if kind == "clock skewed":
            one.clock_skew.value = self.rng.choice(CLOCK_SKEWS)
            return kind
        if kind == "database down":
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
        """Stop the database and restart it after a while. A replica that starts meanwhile finds none and may exit."""
        self.activity.record_disturbance(over=False)
        self.database_down = True
        await asyncio.to_thread(self.server.kill)
        await asyncio.sleep(self.rng.uniform(0, MAX_DATABASE_DOWNTIME))
        for one in self.replicas:
            one.proxy.cut()  # until it is known what was sent but could not be recorded
        await asyncio.to_thread(self.server.restart)
        self._record_death()
        for one in self.replicas:
            one.proxy.restore()
        await self.wait_for_recovery()
        self.database_down = False
        self.activity.record_disturbance(over=True)

    async def _wait_out_disturbance(self, seconds: float) -> None:
        """Half the time, kill another replica meanwhile: possibly the one that took over."""
        await asyncio.sleep(seconds / 2)
        if self.rng.random() < 0.5:
            await self.kill_next("while another was frozen or cut off")
        await asyncio.sleep(seconds / 2)

    def _next_replica(self) -> Replica:
        """The next replica in turn that runs and is undisturbed; any of them if there is none."""
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
        """A replica has just died: what it sent but did not record may be sent again."""
        self.activity.record_kill()
        self._note_unrecorded_cards()

    def _note_unrecorded_cards(self) -> None:
        if self.server.process.poll() is not None:
            return  # the database is down; this is repeated when it is back
        self.unrecorded |= discord_audit.unrecorded_cards(self.database, self.workload.discord_users)
        audit.count_unrecorded_cards(
            self.database, self.testbed.telegram, self.workload.users.requests, self.allowed_duplicates
        )

    def _set_quiesced(self, *, quiesced: bool) -> None:
        for one in self.replicas:
            one.quiesced = quiesced
            if quiesced:
                one.clock_skew.value = 0.0

    async def _submit_requests(self) -> None:
        while True:
            unfinished = await asyncio.to_thread(audit.unfinished, self.database)
            if unfinished + self.workload.pending < self.workload.backlog:
                await self.workload.add_request()
            await asyncio.sleep(REQUEST_INTERVAL)

    async def _keep_sending(self) -> None:
        while True:
            await self._send_requests()
            await asyncio.sleep(REQUEST_INTERVAL)

    async def _send_requests(self) -> None:
        if self.workload.users.unaccepted:
            await self.workload.users.send(await self._any_address())

    async def _any_address(self) -> str:
        """The address of a serving replica: a load balancer would know one."""
        while True:
            addresses = [one.address for one in self.replicas if one is not self.disturbed]
            if available := [address for address in addresses if address is not None]:
                return self.rng.choice(available)
            await asyncio.sleep(POLL_INTERVAL)

    async def _watch(self) -> None:
        """Check that every account stays active while jobs wait, and that no replica exits by itself."""
        deaths_seen = Counter[int]()
        while True:
            [(due,)] = await asyncio.to_thread(audit.query, self.database, _DUE)
            self.activity.observe(waiting=due > SLOTS * len(self.activity.last_call) > 0)
            for one in self.replicas:
                if len(one.exits) > deaths_seen[one.number]:
                    deaths_seen[one.number] = len(one.exits)
                    self._record_death()
                    if one.exits[-1] == UNEXPECTED_EXIT and one is not self.disturbed and not self.database_down:
                        self.violations.append(f"replica {one.number} exited by itself")
            if self.disturbed is not None or time.monotonic() < self.activity.killed_at + LATE_CALL_SECONDS:
                self._note_unrecorded_cards()
            await asyncio.sleep(POLL_INTERVAL)
