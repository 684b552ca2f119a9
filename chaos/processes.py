"""What the kernel knows about a process: memory, open files, children. Linux only, like the rest of this package."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path


def peak_mib(pid: int) -> int:
    """Peak resident memory so far; 0 when the process is gone."""
    return _mib(pid, "VmHWM")


def current_mib(pid: int) -> int:
    """Resident memory now; 0 when the process is gone."""
    return _mib(pid, "VmRSS")


def open_file_count(pid: int) -> int:
    """The number of open files and sockets."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def cpu_seconds(pid: int) -> float:
    """CPU time used so far by all threads, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int | None = None) -> frozenset[int]:
    """The running child processes."""
    found = set()
    for path in Path(f"/proc/{pid or os.getpid()}/task").glob("*/children"):
        found |= set(map(int, path.read_text().split()))
    return frozenset(found)


def owner_of_port(port: int, pids: Iterable[int]) -> int | None:
    """Which of these processes has a loopback connection that starts at this port."""
    inodes = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if _starts_at(line, port)}
    wanted = {f"socket:[{inode}]" for inode in inodes}
    return next((pid for pid in pids if wanted & set(_open_targets(pid))), None)


def _starts_at(line: str, port: int) -> bool:
    return line.split()[1].endswith(f":{port:04X}")


def _open_targets(pid: int) -> Iterator[str]:
    """What the open file descriptors of a process refer to; nothing when it is gone."""
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield str(path.readlink())


def _mib(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(name)), 0)
