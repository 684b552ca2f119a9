"""The curve of a soak: what is looked at after every so many jobs, and what must not have grown by the end."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_MEMORY_GROWTH, MAX_FILE_GROWTH, MAX_SLOWDOWN = 0.15, 16, 2.0  # how much the end may differ from the first quarter
MIN_SAMPLES = 8  # looks that make a curve


@dataclass(frozen=True)
class Sample:
    """What was seen after so many jobs: sizes in MiB (`log_mib`: of the write-ahead log), latencies in seconds and the
    processor's milliseconds a job, of the jobs since the look before."""

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
    """What is more at the end than after the first quarter, and should not be. Pure."""
    if len(samples) < MIN_SAMPLES:
        return ["it did not come far enough to show a curve"]
    early, late = samples[len(samples) // 4], samples[-1]
    violations = []
    if late.bot_mib > early.bot_mib * (1 + MAX_MEMORY_GROWTH):
        violations.append(f"the bot's memory grew from {early.bot_mib} to {late.bot_mib} MiB")
    if late.files > early.files + MAX_FILE_GROWTH:
        violations.append(f"open files grew from {early.files} to {late.files}")
    if late.median > early.median * MAX_SLOWDOWN:
        violations.append(f"a wish took {early.median:.2f} s and takes {late.median:.2f} s now")
    return violations
