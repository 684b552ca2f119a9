"""What the system knows of a process: memory, open files, children. Linux only, as the rest of this package."""

import os
from pathlib import Path


def peak_mib(pid: int) -> int:
    """The most memory that a process has had so far; 0 when it is gone."""
    return _mib(pid, "VmHWM")


def now_mib(pid: int) -> int:
    """The memory that a process has now; 0 when it is gone."""
    return _mib(pid, "VmRSS")


def open_files(pid: int) -> int:
    """How many files and sockets a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def children(pid: int | None = None) -> frozenset[int]:
    """The processes that a process has started and that still are."""
    found = set()
    for path in Path(f"/proc/{pid or os.getpid()}/task").glob("*/children"):
        found |= set(map(int, path.read_text().split()))
    return frozenset(found)


def _mib(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(name)), 0)
