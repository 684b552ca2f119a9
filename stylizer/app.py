"""Puts the parts together. Nothing here decides anything; read it as a table of contents."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.types import ASGIApp

from stylizer.api import Api
from stylizer.auth_and_limits import Gate
from stylizer.database import Database
from stylizer.date_header import dated
from stylizer.engines import Engine
from stylizer.failures import EXCEPTION_HANDLERS
from stylizer.fetch import Fetcher, Resolve
from stylizer.file_store import Shelf
from stylizer.housekeeping import Housekeeping
from stylizer.input_images import Inputs
from stylizer.lease import Leases
from stylizer.pool import Pool
from stylizer.results import Results
from stylizer.scheduler import Lane
from stylizer.settings import StylizerSettings
from stylizer.task_repository import TaskTable
from stylizer.upload_api import DropOff
from stylizer.uploads import Uploads
from stylizer.url_guard import anywhere, is_public


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
class Painting:
    """All that paints, and what it works with; a painter on another machine is no more than this."""

    database: Database
    shelf: Shelf
    table: TaskTable
    uploads: Uploads
    inputs: Inputs
    pool: Pool
    lane: Lane


@dataclass(frozen=True)
class Serving:
    """The application, and what sweeps behind it."""

    app: ASGIApp
    housekeeping: Housekeeping


def painting(settings: StylizerSettings, database: Database, shelf: Shelf, given: Circumstances) -> Painting:
    """Connected; nothing moves yet."""
    table = TaskTable(database, life=settings.task_life)
    uploads = Uploads(database, shelf, given.secret, settings, given.now, given.new_id)
    is_allowed = anywhere if settings.allow_private_addresses else is_public
    inputs = Inputs(shelf, uploads, Fetcher(resolve=given.resolve, is_allowed=is_allowed))
    pool = Pool(given.engine, workers=settings.workers, seconds=settings.seconds_per_task, threads=settings.threads)
    if database.is_shared:
        leases, hands, seats = Leases(table, settings.lease), settings.workers, settings.workers
    else:
        leases, hands, seats = None, settings.max_pending, settings.workers + 1
    lane = Lane(table, inputs, shelf, pool, asyncio.Semaphore(hands), asyncio.Semaphore(seats), leases)
    return Painting(database, shelf, table, uploads, inputs, pool, lane)


def serving(settings: StylizerSettings, parts: Painting, given: Circumstances) -> Serving:
    """The API before it; nothing moves yet."""
    now, new_id = given.now, given.new_id
    table, inputs, shelf, uploads = parts.table, parts.inputs, parts.shelf, parts.uploads
    results = Results(settings, shelf, given.secret, now)
    gate = Gate(settings, given.clock)
    api = Api(settings, given.engine.styles, gate, parts.database, table, inputs, results, now, new_id, parts.lane.wake)
    routes = [*api.routes(), *DropOff(uploads, gate).routes(), *results.routes()]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    return Serving(dated(app, given.clock), Housekeeping(settings, table, uploads, inputs, shelf, now))
