"""Composition: which parts the service consists of. Nothing is decided here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.types import ASGIApp

from stylizer.api import Api
from stylizer.auth_and_limits import AuthAndLimits
from stylizer.database import Database
from stylizer.date_header import with_date_header
from stylizer.engines import Engine
from stylizer.failures import EXCEPTION_HANDLERS
from stylizer.fetch import Fetcher, Resolve
from stylizer.file_store import FileStore
from stylizer.housekeeping import Housekeeping
from stylizer.input_images import InputImages
from stylizer.lease import Leases
from stylizer.pool import Pool
from stylizer.results import Results
from stylizer.scheduler import Scheduler
from stylizer.settings import StylizerSettings
from stylizer.task_repository import TaskRepository
from stylizer.upload_api import UploadApi
from stylizer.uploads import Uploads
from stylizer.url_guard import allow_any, is_public


@dataclass(frozen=True)
class Context:
    """What comes from outside: engine, clock (seconds since the epoch), new ids, host names, the signing secret."""

    engine: Engine
    clock: Callable[[], float]
    new_id: Callable[[], str]
    resolve: Resolve
    secret: bytes

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.clock() * 1000)


@dataclass(frozen=True)
class Components:
    """What carries out tasks; a remote worker consists of nothing else."""

    database: Database
    files: FileStore
    tasks: TaskRepository
    uploads: Uploads
    inputs: InputImages
    pool: Pool
    scheduler: Scheduler


@dataclass(frozen=True)
class ApiComponents:
    """The HTTP application, and the housekeeping that goes with it."""

    app: ASGIApp
    housekeeping: Housekeeping


def build_components(settings: StylizerSettings, database: Database, files: FileStore, context: Context) -> Components:
    """Connected, but not running yet."""
    tasks = TaskRepository(database, life=settings.task_life)
    uploads = Uploads(database, files, context.secret, settings, context.now, context.new_id)
    is_allowed = allow_any if settings.allow_private_addresses else is_public
    inputs = InputImages(files, uploads, Fetcher(resolve=context.resolve, is_allowed=is_allowed))
    pool = Pool(context.engine, workers=settings.workers, seconds=settings.seconds_per_task, threads=settings.threads)
    if database.is_shared:
        leases, starts, in_memory = Leases(tasks, settings.lease), settings.workers, settings.workers
    else:
        leases, starts, in_memory = None, settings.max_pending, settings.workers + 1
    scheduler = Scheduler(tasks, inputs, files, pool, asyncio.Semaphore(starts), asyncio.Semaphore(in_memory), leases)
    return Components(database, files, tasks, uploads, inputs, pool, scheduler)


def build_api(settings: StylizerSettings, components: Components, context: Context) -> ApiComponents:
    """The API on top of the components; not running yet."""
    now, new_id = context.now, context.new_id
    tasks, inputs, files, uploads = components.tasks, components.inputs, components.files, components.uploads
    results = Results(settings, files, context.secret, now)
    auth = AuthAndLimits(settings, context.clock)
    wake, styles = components.scheduler.wake, context.engine.styles
    api = Api(settings, styles, auth, components.database, tasks, inputs, results, now, new_id, wake)
    routes = [*api.routes(), *UploadApi(uploads, auth).routes(), *results.routes()]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    housekeeping = Housekeeping(settings, tasks, uploads, inputs, files, now)
    return ApiComponents(with_date_header(app, context.clock), housekeeping)
