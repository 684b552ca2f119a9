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

# For each part: its function and its size when N is not given.
PARTS: dict[str, tuple[Callable[[Path, int, int], Summary], int]] = {
    "kills": (kills.run, 100),
    "home": (kills.run_embedded, 50),
    "faults": (faults.run, 1000),
    "replicas": (replicas.run, 50),
    "inputs": (inputs.run, 2000),
    "soak": (soak.run, 10_000),
}
EXPLICIT_ONLY = {"soak"}  # run only when named


def main() -> int:
    """Run the named parts, or all but the soak. Returns 1 if an invariant was violated; that part's folder is then
    kept."""
    arguments = ArgumentParser(prog="chaos", description=__doc__)
    arguments.add_argument("part", nargs="*", choices=[*PARTS, []], help=", ".join(PARTS))
    arguments.add_argument("-n", type=int, help="number of kills, faults, inputs or jobs")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument(
        "--minutes", type=float, default=math.inf, help="the soak starts no new jobs after this time"
    )
    options = arguments.parse_args()
    parts = options.part or [name for name in PARTS if name not in EXPLICIT_ONLY]
    return max(run_part(part, options.n, options.seed, options.minutes) for part in parts)


def run_part(part: str, number: int | None, seed: int, minutes: float) -> int:
    """Run one part in a new temporary folder. Returns the exit status."""
    run, default_number = PARTS[part]
    if part == "soak":
        run = partial(soak.run, minutes=minutes)
    folder, start = Path(tempfile.mkdtemp(prefix=f"repaint-{part}-")), time.monotonic()
    print(f"== {part}", flush=True)
    summary = run(folder, number or default_number, seed)
    print(summary.table(time.monotonic() - start), flush=True)
    if summary.violations:
        print(f"Folder kept for inspection: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
