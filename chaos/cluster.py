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
from chaos.kill_points import AtCall, AfterDelay, KillTrigger
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
    """`turn` counts whose turn it is; `again` and `doubtful` are cards that may be there twice, since somebody died, or
    was taken for dead, between sending and noting."""

    stage: Testbed
    server: Server
    database: str
    replicas: Sequence[Replica]
    people: Users
    guests: DiscordUsers
    dice: random.Random
    backlog: int = BACKLOG
    lanes: AccountActivity = field(default_factory=AccountActivity)
    wrong: list[str] = field(default_factory=list)
    again: Counter[int] = field(default_factory=Counter)
    doubtful: set[int] = field(default_factory=set)
    turn: int = 0
    upsetting: Replica | None = None
    is_away: bool = False  # the database
    trap: KillTrigger = field(default_factory=lambda: KillTrigger(AfterDelay(0), lambda _: None))

    @asynccontextmanager
    async def beset(self) -> AsyncIterator[None]:
        """People ask without end, and every lane is watched, until the block ends."""
        self.stage.api.choose, self.stage.chat.choose, self.stage.guild.choose = self._at_api, self._at, self._at
        self._be_peaceful(peaceful=False)
        works = (self.guests.keep_asking(), self._wishes(), self._keep_asking(), self._watch())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            self._be_peaceful(peaceful=True)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self.wrong += [repr(one) for one in ended if not isinstance(one, asyncio.CancelledError)]

    async def rest(self) -> list[str]:
        """Until nothing is left to do, nobody being harmed; what is still under way after that."""
        visiting = asyncio.create_task(self.guests.keep_asking())
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT):
                quiet = 0
                while quiet < IDLE_POLLS:
                    is_busy = self._unheard or await asyncio.to_thread(audit.unfinished, self.database)
                    quiet = 0 if is_busy else quiet + 1
                    await self._ask()
                    await asyncio.sleep(POLL_INTERVAL)
                await self.people.look(await self._somewhere())
        except TimeoutError:
            return [f"after {DRAIN_TIMEOUT:.0f} s of peace something was still under way: {self._left()}"]
        finally:
            visiting.cancel()
            await asyncio.wait([visiting])
        return []

    def _left(self) -> str:
        """What was still under way, for whoever has to find out why."""
        asked = ("SELECT job_id, tries, next_at FROM outbox", f"SELECT id, state, album_id FROM job WHERE {_UNFINISHED}")
        guests = [guest.name for guest in self.guests.waiting]
        return f"{[audit.query(self.database, one) for one in asked]} {guests} {len(self.stage.telegram.updates)}"

    async def kill_at(self, call: AtCall, cause: str) -> None:
        """Whoever makes this call dies of it; if nobody does, whose turn it is."""

        def kill(port: int) -> None:
            pid = owner_of_port(port, [one.pid for one in self.replicas if one.pid])
            for one in self.replicas:
                if one.pid == pid:
                    one.kill(cause)

        self.trap = KillTrigger(call, kill)
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                await self.trap.sprung.wait()
        except TimeoutError:
            await self.kill_next(CALL_NOT_SEEN)
        finally:
            self.trap = KillTrigger(AfterDelay(0), lambda _: None)
        self._noted()

    async def kill_next(self, cause: str) -> None:
        """SIGKILL to whose turn it is."""
        self._next().kill(cause)
        self._noted()

    async def driven(self) -> None:
        """Wait until every lane goes on, but not for ever: perhaps there is nothing to do."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RECOVERY_TIMEOUT):
                while not self.lanes.are_driven:  # noqa: ASYNC110  # other processes: nobody tells us
                    await asyncio.sleep(POLL_INTERVAL)

    async def upset(self) -> str:
        """What is worse than dying, for a while: to be frozen, cut off, unheard, wrong in one's clock, or that the
        database dies under all of them."""
        kind, one = self.dice.choice(DISTURBANCES), self._next()
        if kind == "wrong in its clock":
            one.shift.value = self.dice.choice(CLOCK_SKEWS)
            return kind
        if kind == "without a database":
            await self._lose_the_database()
            return kind
        self.upsetting = one
        self.lanes.upset(over=False)
        seconds = self.dice.uniform(SHORT, LONG)
        if kind == "frozen":
            async with one.frozen():
                await self._meanwhile(seconds)
        else:
            one.line.cut() if kind == "cut off" else one.line.hush()
            await self._meanwhile(seconds)
            one.line.mend()
        self.upsetting = None
        self.lanes.upset(over=True)
        return kind

    async def _lose_the_database(self) -> None:
        """It dies, and comes back after a while; who starts meanwhile finds none, and may end by itself."""
        self.lanes.upset(over=False)
        self.is_away = True
        await asyncio.to_thread(self.server.die)
        await asyncio.sleep(self.dice.uniform(0, MAX_DATABASE_DOWNTIME))
        for one in self.replicas:
            one.line.cut()  # until it is known what was sent and could not be noted
        await asyncio.to_thread(self.server.rise)
        self._noted()
        for one in self.replicas:
            one.line.mend()
        await self.driven()
        self.is_away = False
        self.lanes.upset(over=True)

    async def _meanwhile(self, seconds: float) -> None:
        """Sometimes another dies just then: perhaps who has taken over."""
        await asyncio.sleep(seconds / 2)
        if self.dice.random() < 0.5:
            await self.kill_next("beside one that was frozen or cut off")
        await asyncio.sleep(seconds / 2)

    def _next(self) -> Replica:
        """Whose turn it is, of those that live and to whom nothing is being done; perhaps of all."""
        for _ in self.replicas:
            self.turn += 1
            one = self.replicas[self.turn % len(self.replicas)]
            if one.address and one is not self.upsetting:
                return one
        return self.replicas[self.turn % len(self.replicas)]

    def _at(self, passing: ProxiedCall) -> Action:
        return self.trap.choose(passing)

    def _at_api(self, passing: ProxiedCall) -> Action:
        self.lanes.heard(passing)
        return self.trap.choose(passing)

    def _noted(self) -> None:
        """Somebody has just died: what was sent and is not noted may come again."""
        self.lanes.killed()
        self._note_unheard()

    def _note_unheard(self) -> None:
        if self.server.process.poll() is not None:
            return  # the database is away; it is asked when it is back
        self.doubtful |= discord_audit.unrecorded_cards(self.database, self.guests)
        audit.count_unrecorded_cards(self.database, self.stage.telegram, self.people.wishes, self.again)

    def _be_peaceful(self, *, peaceful: bool) -> None:
        for one in self.replicas:
            one.peaceful = peaceful
            if peaceful:
                one.shift.value = 0.0

    @property
    def _unheard(self) -> int:
        """Wishes of which the bot has not heard yet."""
        return len(self.people.unheard) + len(self.stage.telegram.updates) + len(self.guests.waiting)

    async def _wishes(self) -> None:
        while True:
            open_now = await asyncio.to_thread(audit.unfinished, self.database)
            if open_now + self._unheard < self.backlog:
                await submit_request(self.people, self.guests)
            await asyncio.sleep(REQUEST_INTERVAL)

    async def _keep_asking(self) -> None:
        while True:
            await self._ask()
            await asyncio.sleep(REQUEST_INTERVAL)

    async def _ask(self) -> None:
        if self.people.unheard:
            await self.people.ask(await self._somewhere())

    async def _somewhere(self) -> str:
        """The address of a replica that answers: what stands before them would know."""
        while True:
            them = [one.address for one in self.replicas if one is not self.upsetting]
            if there := [address for address in them if address is not None]:
                return self.dice.choice(there)
            await asyncio.sleep(POLL_INTERVAL)

    async def _watch(self) -> None:
        """Does every lane go on while somebody waits, and has nobody died by themselves?"""
        lives = Counter[int]()
        while True:
            [(due,)] = await asyncio.to_thread(audit.query, self.database, _DUE)
            self.lanes.look(waiting=due > SLOTS * len(self.lanes.last) > 0)
            for one in self.replicas:
                if len(one.ends) > lives[one.number]:
                    lives[one.number] = len(one.ends)
                    self._noted()
                    if one.ends[-1] == UNEXPECTED_EXIT and one is not self.upsetting and not self.is_away:
                        self.wrong.append(f"replica {one.number} has ended by itself")
            if self.upsetting is not None or time.monotonic() < self.lanes.killed_at + LATE_CALL_SECONDS:
                self._note_unheard()
            await asyncio.sleep(POLL_INTERVAL)
