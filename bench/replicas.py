"""Claims and admissions per second by 1, 2, 5 and 10 replicas on one PostgreSQL, each a process with fifty accounts.

A claim is the dispatcher's whole transaction, an admission that of a new person's request; both are durable. Writers
are serialized across all replicas, so more of them cannot be faster than one transaction allows; this shows that they
do not slow each other down.
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
AIM, ADMISSIONS_AIM = 1000, 500
_FREE_SLOTS = """
    UPDATE job SET state = 'stored', slot = NULL
    WHERE account_id IN (SELECT id FROM account WHERE id LIKE :mine) AND slot IS NOT NULL
"""
_TOUCH = text("UPDATE queue SET last_turn = last_turn WHERE id = 1")


@dataclass(frozen=True)
class ThroughputRun:
    """What so many replicas did together: the duration in seconds, and the milliseconds of each operation."""

    replicas: int
    seconds: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


async def replica(url: str, number: int) -> None:
    """The main function of a replica process: hold fifty accounts, and for every input line `claim SECONDS`,
    `admit SECONDS` or `touch SECONDS` run that and print the latencies."""
    with tempfile.TemporaryDirectory() as name:
        async with queue_harness(Path(name), url) as harness:
            contexts = [await harness.context(f"replica-{number}-account-{account}") for account in range(ACCOUNTS)]
            send_line({"ready": number})
            while line := (await asyncio.to_thread(sys.stdin.readline)).split():
                operation, seconds = line[0], float(line[1])
                if operation == "claim":
                    send_line(await _claims(harness, contexts, number, seconds))
                elif operation == "admit":
                    send_line(await _admissions(harness, number, seconds))
                else:
                    send_line(await _touches(harness, seconds))


def send_line(value: object) -> None:
    """Send one line of JSON to the parent process."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def _claims(
    harness: QueueHarness, contexts: Sequence[AccountContext], number: int, seconds: float
) -> list[float]:
    latencies, until = list[float](), perf_counter() + seconds
    while perf_counter() < until:
        for context in contexts:
            start = perf_counter()
            if await harness.claim(context) is not None:
                latencies.append((perf_counter() - start) * 1000)
        await harness.run(_FREE_SLOTS, mine=f"replica-{number}-account-%")  # all their tasks are done
    return latencies


async def _admissions(harness: QueueHarness, number: int, seconds: float) -> list[float]:
    latencies, until = list[float](), perf_counter() + seconds
    while (start := perf_counter()) < until:
        await harness.request(f"newcomer {number}/{harness.request_count}")
        latencies.append((perf_counter() - start) * 1000)
    return latencies


async def _touches(harness: QueueHarness, seconds: float) -> list[float]:
    """The peer: the smallest possible durable write under the same lock."""
    latencies, until = list[float](), perf_counter() + seconds
    while (start := perf_counter()) < until:
        async with harness.database.write() as connection:
            await connection.execute(_TOUCH)
        latencies.append((perf_counter() - start) * 1000)
    return latencies


class ReplicaPool:
    """The replica processes."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes

    async def run(self, replicas: int, operation: str, seconds: float) -> ThroughputRun:
        """The first so many replicas run this operation at the same time."""
        busy, start = self._processes[:replicas], perf_counter()
        for process in busy:
            assert process.stdin is not None
            process.stdin.write(f"{operation} {seconds}\n".encode())
        found = await asyncio.gather(*(read_result(process) for process in busy))
        return ThroughputRun(replicas, perf_counter() - start, [one for latencies in found for one in latencies])


async def read_result(process: Process) -> list[float]:
    """The next line from a replica."""
    assert process.stdout is not None
    line = json.loads(await process.stdout.readline())
    return line if isinstance(line, list) else []


async def start_replica(stack: AsyncExitStack, url: str, number: int) -> Process:
    """Start one more replica; it is not ready yet."""
    command = (sys.executable, "-m", "bench.replicas", url, str(number))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=2**24)
    stack.push_async_callback(_stop, process)
    return process


async def _stop(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def measure_throughput(
    url: str, replicas: Sequence[int], seconds: float, waiting: int
) -> tuple[ThroughputRun, list[ThroughputRun], ThroughputRun]:
    """The peer alone, then claims by growing numbers of replicas, then admissions by all."""
    async with AsyncExitStack() as stack:
        with tempfile.TemporaryDirectory() as name:
            async with queue_harness(Path(name), url) as harness:
                await fill(harness, waiting, 0)
        processes = [await start_replica(stack, url, number) for number in range(max(replicas))]
        await asyncio.gather(*map(read_result, processes))
        pool = ReplicaPool(processes)
        await pool.run(max(replicas), "claim", seconds / 10)
        peer = await pool.run(1, "touch", seconds)
        claims = [await pool.run(number, "claim", seconds) for number in replicas]
        return peer, claims, await pool.run(max(replicas), "admit", seconds)


def section(peer: ThroughputRun, found: Sequence[ThroughputRun], admitted: ThroughputRun) -> Section:
    """The section of the report."""
    head = ("replicas", "a second, in all", "of one replica's claims", "of a bare write", "p50, ms", "p95, ms")
    rows = [_row("1, a bare durable write", peer, found[0], peer)]
    rows += [_row(f"{one.replicas}, claims", one, found[0], peer) for one in found]
    rows.append(_row(f"{admitted.replicas}, admissions", admitted, found[0], peer))
    most = found[-1]
    aims = [
        Aim(
            f"claims a second by {most.replicas} replicas in all",
            f"≥ {AIM}",
            f"{most.per_second:.0f}",
            most.per_second >= AIM,
        ),
        Aim(
            f"admissions a second by {admitted.replicas} replicas in all",
            f"≥ {ADMISSIONS_AIM}",
            f"{admitted.per_second:.0f}",
            admitted.per_second >= ADMISSIONS_AIM,
        ),
    ]
    how = f"""
        Each replica is a process with {ACCOUNTS} accounts and claims for one after the other, as fast as it can. A
        claim is the dispatcher's whole transaction, on a queue of thousands, with `fsync` on. An advisory lock admits
        one writer at a time across all replicas, which keeps the limits exact; the bare write takes the same lock,
        changes one row and commits. Client and server share the cores.
    """
    note = f"""
        The bottleneck is the time under the lock, not the number of replicas: six statements, a round trip each, and
        the flush to disk; a claim takes as long as {peer.per_second / found[0].per_second:.1f} bare writes. A million
        requests a day are 12 claims a second.
    """
    return Section("replicas", "Several replicas", how, [Table(head, rows)], aims, [" ".join(note.split())])


def _row(name: str, one: ThroughputRun, alone: ThroughputRun, peer: ThroughputRun) -> tuple[str, ...]:
    rate = one.per_second
    spread = f"{median(one.latencies):.1f}", f"{quantiles(one.latencies, n=20)[-1]:.1f}"
    return (name, f"{rate:.0f}", f"{rate / alone.per_second:.2f}", f"{rate / peer.per_second:.2f}", *spread)


async def measure(
    replicas: Sequence[int] = REPLICAS, seconds: float = SECONDS, waiting: int = WAITING
) -> Section | None:
    """On a server of its own; None where PostgreSQL is not installed."""
    try:
        with postgres_server(durable=True) as server:
            return section(*await measure_throughput(server.new_database(), replicas, seconds, waiting))
    except NoServer as error:
        print(f"Not measured: {error}.")
        return None


def main() -> None:
    """Print the results and write them to the page."""
    found = event_loop.run(measure())
    if found is not None:
        publish(found)


if __name__ == "__main__":
    event_loop.run(replica(sys.argv[1], int(sys.argv[2])))
