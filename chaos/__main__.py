"""`make chaos`, or `make chaos PART=kills N=1000 SEED=7`; `make soak N=100000 MINUTES=60`."""

import math
import shutil
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path

from chaos import faults, inputs, kills, replicas, soak
from chaos.summary import Summary

# Of each part: what runs it, and how much of it without N.
PARTS: dict[str, tuple[Callable[[Path, int, int], Summary], int]] = {
    "kills": (kills.run, 100),
    "home": (kills.run_embedded, 50),
    "faults": (faults.run, 1000),
    "replicas": (replicas.run, 50),
    "inputs": (inputs.run, 2000),
    "soak": (soak.run, 10_000),
}
EXPLICIT_ONLY = {"soak"}  # only when asked for


def main() -> int:
    """Run the named part, or all; 1 when something was wrong, and then the folder stays to be looked at."""
    arguments = ArgumentParser(prog="chaos", description=__doc__)
    arguments.add_argument("part", nargs="*", choices=[*PARTS, []], help=", ".join(PARTS))
    arguments.add_argument("-n", type=int, help="how many kills, faults, inputs or jobs")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--minutes", type=float, default=math.inf, help="the soak begins no more jobs after that")
    asked = arguments.parse_args()
    parts = asked.part or [name for name in PARTS if name not in EXPLICIT_ONLY]
    return max(run_part(part, asked.n, asked.seed, asked.minutes) for part in parts)


def run_part(part: str, number: int | None, seed: int, minutes: float) -> int:
    """One part, on a fresh folder."""
    run, usual = PARTS[part]
    if part == "soak":
        run = partial(soak.run, minutes=minutes)
    folder, began = Path(tempfile.mkdtemp(prefix=f"repaint-{part}-")), time.monotonic()
    print(f"== {part}", flush=True)
    outcome = run(folder, number or usual, seed)
    print(outcome.table(time.monotonic() - began), flush=True)
    if outcome.violations:
        print(f"The folder is kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
