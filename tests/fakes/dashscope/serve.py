"""`python -m tests.fakes.dashscope.serve FOLDER [UNTIL]`: the service as a process, for tests that kill it.

Prints its URL once it answers. With UNTIL, pictures are finished only when that file exists.
"""

import asyncio
import sys
from pathlib import Path

from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import stand_in


async def main(folder: str, until: str | None = None) -> None:
    """Serve until killed."""
    engine = quick_engine(until=Path(until) if until else None, in_processes=True)
    async with stand_in(Path(folder), engine=engine, queries_per_second=10**6, submits_per_second=10**6) as service:
        sys.stdout.write(f"{service.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
