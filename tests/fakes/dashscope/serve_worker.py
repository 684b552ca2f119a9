"""`python -m tests.fakes.dashscope.serve_worker FOLDER LEASE [UNTIL]`: a remote worker as a process, for tests that
kill it.

Reads the database's URL from DATABASE_URL. Prints a line once it takes tasks, and shuts down cleanly on SIGTERM. With
UNTIL, pictures are finished only when that file exists.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from stylizer.remote_workers import remote_workers
from stylizer.settings import StylizerSettings
from tests.fakes.dashscope.quick_engine import quick_engine


async def main(folder: str, lease: str, until: str | None = None) -> None:
    """Work until SIGTERM, or until killed."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = StylizerSettings(Path(folder), database_url=os.environ["DATABASE_URL"], lease=float(lease))
    async with remote_workers(settings, engine=quick_engine(until=Path(until) if until else None, in_processes=True)):
        sys.stdout.write("painting\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
