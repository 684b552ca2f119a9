"""The samples of a soak, and what must not have grown by its end."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_MEMORY_GROWTH, MAX_FILE_GROWTH, MAX_SLOWDOWN = 0.15, 16, 2.0  # limits between the first quarter and the end
MIN_SAMPLES = 8  # for a meaningful comparison


@dataclass(frozen=True)
class Sample:
    """The state after so many jobs: sizes in MiB (`log_mib`: the write-ahead log), latencies in seconds and CPU
    milliseconds per job, of the jobs since the previous sample."""

    jobs: int
    per_second: float
    cpu_ms: float
    bot_mib: int
    intake_mib: int
    files: int
    rows_mib: float
    log_mib: float
    median: float
    p95: float

    def line(self) -> str:
        return (
            f"{self.jobs:8} {self.per_second:7.1f} {self.cpu_ms:7.1f} {self.bot_mib:8} {self.intake_mib:7} "
            f"{self.files:6} {self.rows_mib:9.1f} {self.log_mib:8.1f} {self.median:9.2f} {self.p95:6.2f}"
        )


HEADER = (
    f"{'jobs':>8} {'jobs/s':>7} {'cpu ms':>7} {'bot MiB':>8} {'intake':>7} "
    f"{'files':>6} {'rows MiB':>9} {'log MiB':>8} {'median s':>9} {'p95':>6}"
)


def regressions(samples: Sequence[Sample]) -> list[str]:
    """What is higher at the end than after the first quarter and should not be. Pure."""
    if len(samples) < MIN_SAMPLES:
        return ["too few samples for a comparison"]
    early, late = samples[len(samples) // 4], samples[-1]
    violations = []
    if late.bot_mib > early.bot_mib * (1 + MAX_MEMORY_GROWTH):
        violations.append(f"the bot's memory grew from {early.bot_mib} to {late.bot_mib} MiB")
    if late.files > early.files + MAX_FILE_GROWTH:
        violations.append(f"open files grew from {early.files} to {late.files}")
    if late.median > early.median * MAX_SLOWDOWN:
        violations.append(f"the median latency grew from {early.median:.2f} to {late.median:.2f} s")
    return violations
