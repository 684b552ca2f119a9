"""`make bench`, or `make bench PART=looks`: every part is a module of this folder with a `main()`."""

import importlib
import sys
import time
from importlib.util import find_spec

from bench.report import ORDER


def main() -> None:
    """Run the named parts, or all, one after the other."""
    parts = [name for name in ORDER if find_spec(f"bench.{name}")]
    wanted = sys.argv[1:] or parts
    unknown = [name for name in wanted if name not in parts]
    if unknown:
        sys.exit(f"Unknown part: {', '.join(unknown)}. Parts: {', '.join(parts)}.")
    for name in wanted:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        importlib.import_module(f"bench.{name}").main()
        print(f"({time.monotonic() - start:.0f} s)\n", flush=True)


if __name__ == "__main__":  # worker processes import this file too
    main()
