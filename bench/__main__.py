"""`make bench`, or `make bench PART=looks`: each module beside this file is a part with a `main()`."""

import importlib
import pkgutil
import sys

import bench


def main() -> None:
    """Run the named part, or all."""
    parts = [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")]
    wanted = sys.argv[1:] or parts
    unknown = [name for name in wanted if name not in parts]
    if unknown:
        sys.exit(f"There is no part {', '.join(unknown)}. There are: {', '.join(parts) or 'none yet'}.")
    for name in wanted:
        print(f"== {name}")
        importlib.import_module(f"bench.{name}").main()


main()
