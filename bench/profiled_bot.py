"""`python -m bench.profiled_bot FOLDER run`: the bot under a sampling profiler.

Every millisecond of processor time that the process uses, the stack of the main thread is noted. SIGUSR1 begins anew;
SIGUSR2 writes the samples to `samples.json` in the folder: how often each package was at work. Time in other threads
counts as the loop's.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL = 0.001  # seconds of processor time
_samples: Counter[str] = Counter()
_STANDARD = frozenset(sys.stdlib_module_names)
_GROUPS = {"httpcore": "httpx", "h11": "httpx", "anyio": "httpx", "greenlet": "sqlalchemy", "aiosqlite": "sqlalchemy"}
_OURS = frozenset({"bot", "handlers", "storage", "common", "stylizer"})


def main() -> None:
    """Run the bot with the arguments after the folder."""
    folder = Path(sys.argv.pop(1))
    signal.signal(signal.SIGPROF, _sample)
    signal.signal(signal.SIGUSR1, lambda *_: _samples.clear())
    signal.signal(signal.SIGUSR2, lambda *_: _write(folder))
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    os.register_at_fork(after_in_child=lambda: signal.setitimer(signal.ITIMER_PROF, 0))
    from bot.__main__ import main as run  # noqa: PLC0415  # from here on it is profiled

    run()


def _sample(_: int, frame: FrameType | None) -> None:
    _samples[owner(frame)] += 1


def owner(frame: FrameType | None) -> str:
    """The innermost package at work that is not of the standard library; "event loop" if there is none. Pure."""
    while frame is not None:
        package, _, rest = frame.f_globals.get("__name__", "").partition(".")
        if package in _OURS:
            module = f"{package}.{rest.split('.')[0]}" if rest else package
            return "event loop" if module in {"bot.runtime", "bot.__main__"} else module
        if package not in _STANDARD and package not in {"bench", "__main__", "uvloop"}:
            return _GROUPS.get(package) or str(package)
        frame = frame.f_back
    return "event loop"


def _write(folder: Path) -> None:
    part = folder / "samples.part"
    part.write_text(json.dumps(_samples), "utf-8")
    part.rename(folder / "samples.json")


if __name__ == "__main__":
    main()
