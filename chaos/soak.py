"""Soak: many jobs through the whole bot, from upload to fetched picture, against a service that answers at once.
Memory, open files, database size and latency are sampled throughout. `make soak N=100000`, or `make soak N=100000
MINUTES=60`, which starts no new jobs after an hour."""

import asyncio
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from statistics import median, quantiles
from time import monotonic

from chaos import audit
from chaos.bot_process import BotConfig, bot_process
from chaos.fast_clock import start_time_scale
from chaos.instant_service import InstantService, instant_service
from chaos.processes import children, cpu_seconds, current_mib, open_file_count
from chaos.soak_clients import SoakClients
from chaos.soak_curve import HEADER, Sample, regressions
from chaos.summary import Summary
from stylizer.settings import BASE_PATH

SPEED = 1.0  # scaled time would distort the cost of page updates, which are sent at a fixed rate
ACCOUNTS, SLOTS = 2, 20
CLIENTS = 24  # each watches its job, and every change of the queue is sent to all of them
MAX_SAMPLES, SAMPLE_INTERVAL = 20, 1000  # the number of samples is limited by both


def run(folder: Path, number: int, seed: int, minutes: float = inf) -> Summary:  # noqa: ARG001  # nothing is random
    """The part's entry point."""
    print(HEADER, flush=True)
    samples, violations = asyncio.run(run_soak(folder, number, minutes, log=lambda line: print(line, flush=True)))
    if not samples:
        return Summary([("jobs", "0")], violations)
    jobs, rows = samples[-1].jobs, samples[-1].rows_mib * 1024 / samples[-1].jobs
    done = str(jobs) if jobs == number else f"{jobs} of {number}, then the time was up"
    return Summary([("jobs", done), ("rows, KiB per job", f"{rows:.2f}")], violations)


async def run_soak(
    folder: Path, number: int, minutes: float = inf, log: Callable[[str], None] = print
) -> tuple[list[Sample], list[str]]:
    """So many jobs, or as many as fit into the time. Returns the samples and all violations."""
    time_scale = start_time_scale(SPEED)
    async with instant_service(time_scale.now) as service:
        settings = {
            "data_dir": folder / "data",
            "port": 0,
            "web_chat": "on",
            "dashscope_api_key": ",".join(f"sk-chaos-account-{number}" for number in range(ACCOUNTS)),
            "dashscope_base_url": service.url + BASE_PATH,
            "dashscope_max_running": SLOTS,
            "dashscope_submits_per_second": 100,
            "daily_free_images": 10**7,
        }
        clock_skew = multiprocessing.get_context("forkserver").RawValue("d", 0.0)
        async with bot_process(BotConfig(settings, time_scale, folder / "bot.log", clock_skew)) as bot:
            address = await bot.address
            assert address is not None
            monitor = Monitor(
                bot.pid, folder / "data" / "repaint.db", max(1, min(SAMPLE_INTERVAL, number // MAX_SAMPLES)), log
            )
            clients = SoakClients(address, number, monotonic() + minutes * 60, monitor.record)
            await clients.run(CLIENTS)
            monitor.finish(clients.done)
        return monitor.samples, [
            *clients.violations,
            *regressions(monitor.samples),
            *_audit(monitor.database, service),
        ]


@dataclass
class Monitor:
    """Samples the bot process from outside, once per `every` jobs."""

    pid: int
    database: Path
    every: int
    log: Callable[[str], None]
    samples: list[Sample] = field(default_factory=list)
    _durations: list[float] = field(default_factory=list)
    _window_start: float = field(default_factory=monotonic)
    _cpu: float = 0.0

    def record(self, done: int, seconds: float) -> None:
        """One more job has ended."""
        self._durations.append(seconds)
        if done % self.every == 0:
            self._take_sample(done)

    def finish(self, done: int) -> None:
        """All jobs have ended; the rest is sampled if there are enough of them to mean something."""
        if len(self._durations) > self.every // 2:
            self._take_sample(done)

    def _take_sample(self, done: int) -> None:
        self.samples.append(self._measure(done))
        self.log(self.samples[-1].line())
        self._durations, self._window_start, self._cpu = [], monotonic(), cpu_seconds(self.pid)

    def _measure(self, done: int) -> Sample:
        workers = [current_mib(pid) for pid in children(self.pid)]
        durations = self._durations if len(self._durations) > 1 else self._durations * 2
        return Sample(
            jobs=done,
            per_second=len(self._durations) / (monotonic() - self._window_start),
            cpu_ms=(cpu_seconds(self.pid) - self._cpu) / len(self._durations) * 1000,
            bot_mib=current_mib(self.pid),
            intake_mib=max(workers, default=0),
            files=open_file_count(self.pid),
            rows_mib=_mib(self.database),
            log_mib=_mib(self.database.with_name(self.database.name + "-wal")),
            median=median(durations),
            p95=quantiles(durations, n=20)[-1],
        )


def _mib(file: Path) -> float:
    return file.stat().st_size / 1024**2 if file.exists() else 0.0


def _audit(database: Path, service: InstantService) -> list[str]:
    violations = [*audit.ledger_violations(database), *audit.integrity_violations(database)]
    [(stored,)] = audit.query(database, "SELECT COUNT(*) FROM job WHERE state IN ('stored', 'delivered')")
    if stored != service.task_count:
        violations.append(f"{service.task_count} tasks were created for {stored} pictures")
    return violations
