"""Claims a second by 1, 2, 5 and 10 replicas on one PostgreSQL: processes of their own, with fifty lanes each.

A claim is the dispatcher's whole transaction, durable at its end. Writers take turns over all replicas, so more of them
cannot be quicker than a turn is long; what this shows is that they do not get in each other's way.
"""

import asyncio
import json
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from sqlalchemy import text

from bench.harness import QueueHarness, queue_harness
from bench.queue import fill
from bench.report import ROOT, Aim, Section, Table, publish
from bot.runtime import event_loop
from bot.worker.context import AccountContext
from tests.fakes.postgres import NoServer, postgres_server

REPLICAS = (1, 2, 5, 10)
ACCOUNTS = 50
SECONDS = 5.0
WAITING = 20_000
AIM = 500
_FREE_SLOTS = """
    UPDATE job SET state = 'stored', slot = NULL
    WHERE account_id IN (SELECT id FROM account WHERE id LIKE :mine) AND slot IS NOT NULL
"""
_TOUCH = text("UPDATE queue SET vtime = vtime WHERE id = 1")


@dataclass(frozen=True)
class ThroughputRun:
    """What so many replicas did together for some seconds: how many claims, and milliseconds of each."""

    replicas: int
    seconds: float
    took: list[float]

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds


async def replica(url: str, number: int) -> None:
    """In a process of its own: hold fifty lanes; on every line `claim SECONDS` or `touch SECONDS` do so, and tell."""
    with tempfile.TemporaryDirectory() as name:
        async with queue_harness(Path(name), url) as room:
            contexts = [await room.context(f"replica-{number}-lane-{api_account}") for api_account in range(ACCOUNTS)]
            send_line({"ready": number})
            while line := (await asyncio.to_thread(sys.stdin.readline)).split():
                deed, seconds = line[0], float(line[1])
                send_line(await (_claims(room, contexts, number, seconds) if deed == "claim" else _touches(room, seconds)))


def send_line(value: object) -> None:
    """One line for whoever started us."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def _claims(room: QueueHarness, contexts: Sequence[AccountContext], number: int, seconds: float) -> list[float]:
    took, until = list[float](), perf_counter() + seconds
    while perf_counter() < until:
        for context in contexts:
            began = perf_counter()
            if await room.claim(context) is not None:
                took.append((perf_counter() - began) * 1000)
        await room.run(_FREE_SLOTS, mine=f"replica-{number}-lane-%")  # their tasks are done, all at once
    return took


async def _touches(room: QueueHarness, seconds: float) -> list[float]:
    """The peer: the least that a durable write can be, with the same lock round it."""
    took, until = list[float](), perf_counter() + seconds
    while (began := perf_counter()) < until:
        async with room.database.write() as connection:
            await connection.execute(_TOUCH)
        took.append((perf_counter() - began) * 1000)
    return took


class ReplicaPool:
    """The replicas' processes."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes

    async def spell(self, replicas: int, deed: str, seconds: float) -> ThroughputRun:
        """The first so many do it at the same time."""
        busy, began = self._processes[:replicas], perf_counter()
        for process in busy:
            assert process.stdin is not None
            process.stdin.write(f"{deed} {seconds}\n".encode())
        found = await asyncio.gather(*(read_result(process) for process in busy))
        return ThroughputRun(replicas, perf_counter() - began, [one for took in found for one in took])


async def read_result(process: Process) -> list[float]:
    """The next line of a replica."""
    assert process.stdout is not None
    said = json.loads(await process.stdout.readline())
    return said if isinstance(said, list) else []


async def start_replica(stack: AsyncExitStack, url: str, number: int) -> Process:
    """One more replica, not ready yet."""
    command = (sys.executable, "-m", "bench.replicas", url, str(number))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=2**24)
    stack.push_async_callback(_stop, process)
    return process


async def _stop(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def measure_throughput(url: str, replicas: Sequence[int], seconds: float, waiting: int) -> tuple[ThroughputRun, list[ThroughputRun]]:
    """The peer alone, then claims by ever more replicas."""
    async with AsyncExitStack() as stack:
        with tempfile.TemporaryDirectory() as name:
            async with queue_harness(Path(name), url) as room:
                await fill(room, waiting, 0)
        processes = [await start_replica(stack, url, number) for number in range(max(replicas))]
        await asyncio.gather(*map(read_result, processes))
        crew = ReplicaPool(processes)
        await crew.spell(max(replicas), "claim", seconds / 10)
        peer = await crew.spell(1, "touch", seconds)
        return peer, [await crew.spell(number, "claim", seconds) for number in replicas]


def section(peer: ThroughputRun, found: Sequence[ThroughputRun]) -> Section:
    """What is said of it."""
    head = ("replicas", "a second, in all", "of one replica", "of a bare write", "p50, ms", "p95, ms")
    rows = [_row("1, a bare durable write", peer, found[0], peer)]
    rows += [_row(str(one.replicas), one, found[0], peer) for one in found]
    most = found[-1]
    aims = [
        Aim(
            f"claims a second by {most.replicas} replicas in all",
            f"≥ {AIM}",
            f"{most.per_second:.0f}",
            most.per_second >= AIM,
        )
    ]
    how = f"""
        Each replica is a process with {LANES} lanes; it claims for one after the other, as fast as it can. A claim is
        the whole transaction of the dispatcher, on a queue of thousands, with `fsync` on. One writer at a time in all
        replicas (an advisory lock) keeps the rules exact; the bare write takes the same lock, changes one row and
        commits. Client and server share the cores.
    """
    note = f"""
        What binds is the time under the lock, not the number of replicas: six statements, a round trip each, and the
        flush to the disk; a claim takes as long as {peer.per_second / found[0].per_second:.1f} bare writes. A million
        wishes a day are 12 claims a second.
    """
    return Section("replicas", "Several replicas", how, [Table(head, rows)], aims, [" ".join(note.split())])


def _row(name: str, one: ThroughputRun, alone: ThroughputRun, peer: ThroughputRun) -> tuple[str, ...]:
    rate = one.per_second
    spread = f"{median(one.took):.1f}", f"{quantiles(one.took, n=20)[-1]:.1f}"
    return (name, f"{rate:.0f}", f"{rate / alone.per_second:.2f}", f"{rate / peer.per_second:.2f}", *spread)


async def measure(
    replicas: Sequence[int] = REPLICAS, seconds: float = SECONDS, waiting: int = WAITING
) -> Section | None:
    """On a server of its own; None where there is none."""
    try:
        with postgres_server(durable=True) as server:
            return section(*await measure_throughput(server.new_database(), replicas, seconds, waiting))
    except NoServer as error:
        print(f"Not measured: {error}.")
        return None


def main() -> None:
    """Print and write."""
    found = event_loop.run(measure())
    if found is not None:
        publish(found)


if __name__ == "__main__":
    event_loop.run(replica(sys.argv[1], int(sys.argv[2])))
