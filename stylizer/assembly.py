"""Puts the parts together. Nothing here decides anything; read it as a table of contents."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.types import ASGIApp

from stylizer.addresses import anywhere, is_public
from stylizer.api import Api
from stylizer.database import Database
from stylizer.dated import dated
from stylizer.drop_off import DropOff
from stylizer.engines import Engine
from stylizer.failures import EXCEPTION_HANDLERS
from stylizer.fetch import Fetcher, Resolve
from stylizer.gate import Gate
from stylizer.housekeeping import Housekeeping
from stylizer.inputs import Inputs
from stylizer.lane import Lane
from stylizer.pool import Pool
from stylizer.results import Results
from stylizer.settings import StylizerSettings
from stylizer.shelf import Shelf
from stylizer.tasks import TaskTable
from stylizer.uploads import Uploads


@dataclass(frozen=True)
class Circumstances:
    """What the service can't know by itself: who paints, what time it is, new ids, addresses, and its own secret."""

    engine: Engine
    clock: Callable[[], float]
    new_id: Callable[[], str]
    resolve: Resolve
    secret: bytes

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.clock() * 1000)


@dataclass(frozen=True)
class Parts:
    """The application, and what moves on its own beside it."""

    app: ASGIApp
    table: TaskTable
    pool: Pool
    lane: Lane
    housekeeping: Housekeeping


def assembled(settings: StylizerSettings, database: Database, given: Circumstances) -> Parts:
    """Every part, connected; none of them moves yet."""
    now, new_id = given.now, given.new_id
    shelf = Shelf(settings.data_dir / "shelf")
    table = TaskTable(database, life=settings.task_life)
    uploads = Uploads(database, shelf, given.secret, settings, now, new_id)
    is_allowed = anywhere if settings.allow_private_addresses else is_public
    fetcher = Fetcher(resolve=given.resolve, is_allowed=is_allowed)
    inputs = Inputs(shelf, uploads, fetcher)
    results = Results(settings, shelf, given.secret, now)
    housekeeping = Housekeeping(settings, table, uploads, inputs, shelf, now)
    pool = Pool(given.engine, workers=settings.workers, seconds=settings.seconds_per_task)
    seats = asyncio.Semaphore(settings.workers + 1)
    lane = Lane(table, inputs, shelf, pool, now, settings.max_running, seats)
    gate = Gate(settings, given.clock)
    api = Api(settings, given.engine.styles, gate, database, table, inputs, results, now, new_id, lane.wake)
    routes = [*api.routes(), *DropOff(uploads, gate).routes(), *results.routes()]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    return Parts(dated(app, given.clock), table, pool, lane, housekeeping)
