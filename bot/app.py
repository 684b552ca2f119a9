"""Composition root: opens an installation, and runs it with its platforms and its HTTP server until stopped."""

import asyncio
import importlib.util
import random
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httpx
import structlog
from pydantic import SecretStr
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bot.cluster.bootstrap import choose_clock, cluster_tasks, open_own_database, open_photo_store, open_role_runner
from bot.cluster.leadership import RoleRunner, keep_running
from bot.config.settings import Settings, stylizer_bucket
from bot.domain import quota, styles
from bot.http.completion_events import CompletionEvents
from bot.http.metrics import MetricsAccess
from bot.http.routes import HasRoutes, HttpDeps, application
from bot.http.server import listen, serve
from bot.imaging.intake import NO_FACE_DETECTION, FaceFinder, Intake, can_find_faces
from bot.jobs.admission import AdmissionRules
from bot.jobs.photo_intake import PhotoIntake
from bot.jobs.queries import JobQueries
from bot.jobs.queue_snapshot import QueueSnapshots
from bot.jobs.retention import Retention
from bot.jobs.views import AccountCapacity, Capacity
from bot.messaging.platform import CannotStart, Platform
from bot.roles import ProcessRoles
from bot.runtime.clock import Clock
from bot.runtime.data_folder import secret_of
from bot.runtime.wakeups import Wakeups
from bot.services import Services, build_services
from bot.worker import accounts
from bot.worker.accounts import ApiAccount
from bot.worker.context import WorkerDeps
from bot.worker.former_accounts import find_former_accounts
from handlers.web import web_chat
from storage.photos import PhotoStore
from stylizer.engines import Engine, find_face, real_engine
from stylizer.server import service
from stylizer.settings import StylizerSettings

log = structlog.get_logger(__name__)

IDLE_SECONDS = 600.0  # a process that reads photos ends after so long without one
FINISH_SECONDS = 5.0  # Docker kills after ten seconds
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Installation:
    """An open installation: its settings, services and what its processes run on."""

    settings: Settings
    services: Services
    api_accounts: tuple[ApiAccount, ...]
    deps: WorkerDeps
    retention: Retention
    http_deps: HttpDeps
    roles: RoleRunner
    former_accounts: tuple[ApiAccount, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether no other process works on this installation."""
        return not self.deps.database.is_shared


@asynccontextmanager
async def open_installation(
    settings: Settings, *, clock: Clock | None = None, engine: Engine | None = None
) -> AsyncIterator[Installation]:
    """Open everything without starting it; closed at the end of the block.

    `clock`: replaces the wall's or the database's in tests; `engine`: the stand-in's, used without an API key.
    Raises CannotStart, FolderInUse, NewerSchema, or CannotOpen of the stylizer.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_own_database(settings))
        secret = secret_of(settings.data_dir, settings.secret_key)
        clock = await choose_clock(database, clock)
        photos = await open_photo_store(settings, settings.data_dir / "photos", secrets.token_hex(8))
        intake = await stack.enter_async_context(Intake(find_face=_face_finder(), idle_seconds=IDLE_SECONDS))
        api_accounts = await _api_accounts(settings, stack, secret, photos, intake, engine=engine or real_engine())
        wakeups = Wakeups()
        photo_intake, capacity = _photo_intake(settings, intake, photos), _capacity(api_accounts)
        queries = JobQueries(
            database=database,
            photos=photos,
            wakeups=wakeups,
            clock=clock,
            capacity=capacity,
            rules=_rules(settings, api_accounts),
            offered=styles.offered(capacity.styles),
            snapshots=QueueSnapshots(database, wakeups, clock, capacity),
        )
        rng = random.SystemRandom()
        deps = WorkerDeps(database, photos, wakeups, clock, rng, intake.whole_picture, settings.result_days)
        metrics_access = MetricsAccess(settings.metrics_token, is_public=settings.public_url is not None)
        http_deps = HttpDeps(
            database, photos, clock, secret, capacity.account_ids, metrics_access, capacity.free_images
        )
        services = build_services(queries, photo_intake, settings, deps.rng)
        roles = await stack.enter_async_context(open_role_runner(settings, database, clock))
        retention = Retention(database, photos, clock)
        former_accounts = await find_former_accounts(database, api_accounts, clock.now())
        yield Installation(settings, services, api_accounts, deps, retention, http_deps, roles, former_accounts)


@asynccontextmanager
async def running(installation: Installation, platforms: Sequence[Platform]) -> AsyncIterator[None]:
    """Run the roles that this process gets until the end of the block; then each finishes its current step."""
    deps, stop = installation.deps, asyncio.Event()
    process_roles = ProcessRoles(
        deps,
        installation.services,
        installation.retention,
        installation.api_accounts,
        installation.roles,
        installation.former_accounts,
    )
    works: list[Callable[[], Awaitable[None]]] = [partial(installation.roles.run, process_roles.roles(platforms), stop)]
    works += cluster_tasks(deps.database, deps.wakeups, deps.clock, stop)
    tasks = [asyncio.create_task(keep_running(work, deps.clock, stop)) for work in works]
    try:
        yield
    finally:
        stop.set()
        deps.wakeups.notify()
        await _finish(tasks)


async def _finish(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait up to FINISH_SECONDS, then cancel: interrupted steps are recovered at the next start."""
    await asyncio.wait(tasks, timeout=FINISH_SECONDS)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def run(
    settings: Settings,
    stop: asyncio.Event,
    *,
    ready: Callable[[str], None],
    clock: Clock | None = None,
    engine: Engine | None = None,
) -> None:
    """Run until `stop` is set. `ready`: called with the server's address once it answers.

    `clock` and `engine`: as in `open_installation`, and the same errors.
    """
    with listen(settings.host, settings.port) as listener:
        await _run(open_installation(settings, clock=clock, engine=engine), listener, stop, ready)


async def _run(
    opening: AbstractAsyncContextManager[Installation],
    listener: socket.socket,
    stop: asyncio.Event,
    ready: Callable[[str], None],
) -> None:
    async with opening as installation, AsyncExitStack() as stack:
        platforms = [await stack.enter_async_context(platform) for platform in _platforms(installation)]
        await stack.enter_async_context(running(installation, platforms))
        await serve(web_application(installation, platforms), listener, stop, ready)


def web_application(installation: Installation, platforms: Sequence[Platform] = ()) -> ASGIApp:
    """The HTTP application: photo links, health, metrics, routes of platforms and, if it is on, the chat page."""
    settings, web = installation.settings, None
    if settings.has_web_chat:
        web = web_chat(
            installation.services.jobs,
            secret=installation.http_deps.secret,
            allowed_hosts=LOOPBACK_NAMES | {settings.host} if settings.is_loopback else None,
            secure=settings.public_url is not None and settings.public_url.scheme == "https",
        )
    mounted = [route for platform in platforms if isinstance(platform, HasRoutes) for route in platform.routes]
    return application(installation.http_deps, web, [*_callbacks(installation), *mounted])


def _callbacks(installation: Installation) -> list[BaseRoute]:
    """The route of task completion events from the API, if the owner has configured them."""
    secret, deps = installation.settings.dashscope_events_secret, installation.deps
    return [] if secret is None else [CompletionEvents(deps.database, deps.wakeups, deps.clock, secret).route]


def _capacity(api_accounts: Sequence[ApiAccount]) -> Capacity:
    return Capacity(
        account_ids=frozenset(api_account.account_id for api_account in api_accounts),
        slots=sum(api_account.slots for api_account in api_accounts),
        first_guess=api_accounts[0].first_durations.mean,
        styles=_painted_styles(api_accounts),
        free_images={one.account_id: one.free_images for one in api_accounts if one.paid},
        accounts={one.account_id: AccountCapacity(one.slots, one.speed, one.capability.styles) for one in api_accounts},
    )


def _painted_styles(api_accounts: Sequence[ApiAccount]) -> frozenset[int]:
    """The indices of the styles that at least one account paints."""
    return frozenset[int]().union(*(api_account.capability.styles for api_account in api_accounts))


def _rules(settings: Settings, api_accounts: Sequence[ApiAccount]) -> AdmissionRules:
    return AdmissionRules(
        daily_free_images=settings.daily_free_images,
        max_queued_per_person=settings.max_queued_per_person,
        monthly_budget_cny=settings.monthly_budget_cny,
        paid=any(api_account.paid for api_account in api_accounts),
        styles=_painted_styles(api_accounts),
        price_cny=max((one.price_cny for one in api_accounts if one.paid), default=quota.PRICE_CNY),
    )


async def _api_accounts(
    settings: Settings, stack: AsyncExitStack, secret: bytes, photos: PhotoStore, intake: Intake, *, engine: Engine
) -> tuple[ApiAccount, ...]:
    """The cloud's API accounts; or, without a key, the stand-in's."""
    if settings.dashscope_api_key:
        if (complaint := accounts.base_url_complaint(settings)) is not None:
            log.warning(complaint)
        http = await stack.enter_async_context(accounts.cloud_http())
        return tuple(accounts.cloud_accounts(settings, http, secret, photos, intake.request_copy))
    stand_in = await stack.enter_async_context(_stand_in(settings, engine))
    transport = httpx.ASGITransport(stand_in, raise_app_exceptions=False)  # a bug there is a 500 here, as over HTTP
    http = await stack.enter_async_context(httpx.AsyncClient(mounts=accounts.transports(transport)))
    return (accounts.stand_in_account(http, engine.styles),)


def _stand_in(settings: Settings, engine: Engine) -> AbstractAsyncContextManager[ASGIApp]:
    """The stylizer in this process. With a shared database its tasks are shared too, their pictures in the bucket."""
    shared = settings.database_url
    chosen = StylizerSettings(
        data_dir=settings.data_dir / "stylizer",
        workers=settings.stylizer_workers,
        database_url=None if shared is None else shared.get_secret_value(),
    )
    store = stylizer_bucket(settings.bucket) if shared is not None and settings.bucket is not None else None
    return service(chosen, engine=engine, store=store)


def _platforms(installation: Installation) -> list[AbstractAsyncContextManager[Platform]]:
    """Every platform whose token is set."""
    settings = installation.settings
    platforms: list[AbstractAsyncContextManager[Platform]] = []
    if settings.telegram_bot_token is not None:
        from handlers.telegram import telegram, webhook_config  # noqa: PLC0415  # 20 MB that nobody needs without a token

        webhook = None
        if settings.telegram_webhook == "on":
            webhook = webhook_config(str(settings.public_url), installation.http_deps.secret)
        api_url = str(settings.telegram_api_url).rstrip("/")
        platforms.append(
            telegram(
                installation.services,
                token=settings.telegram_bot_token,
                api_url=api_url,
                webhook=webhook,
                owners=settings.admins,
                alone=installation.alone,
            )
        )
    if settings.discord_bot_token is not None:
        platforms.append(_discord(installation, settings.discord_bot_token))
    return platforms


def _discord(installation: Installation, token: SecretStr) -> AbstractAsyncContextManager[Platform]:
    """The Discord platform. Raises CannotStart if its library is missing."""
    if not importlib.util.find_spec("discord"):
        raise CannotStart(
            "DISCORD_BOT_TOKEN is set, but discord.py is missing; in the checkout: pip install '.[discord]'"
        )
    from handlers.discord import discord  # noqa: PLC0415  # 30 MB that nobody needs without a token

    settings = installation.settings
    api_url, by_webhook = str(settings.discord_api_url).rstrip("/"), settings.discord_webhook == "on"
    return discord(
        installation.services, token=token, secret=installation.http_deps.secret, api_url=api_url, by_webhook=by_webhook
    )


def _photo_intake(settings: Settings, intake: Intake, photos: PhotoStore) -> PhotoIntake:
    keep_seconds = settings.original_hours * 3600
    return PhotoIntake(intake, photos, keep_seconds=keep_seconds, face_required=faces_required(settings))


def faces_required(settings: Settings, find_package: Callable[[str], object] = importlib.util.find_spec) -> bool:
    """Whether photos without a face are refused. Raises CannotStart if face detection is required but not installed."""
    if settings.face_required == "off":
        return False
    if not can_find_faces(find_package):
        raise CannotStart(NO_FACE_DETECTION)
    return True


def _face_finder() -> FaceFinder | None:
    """The engine's face finder if its packages are installed; without it, long pictures are cropped to the middle."""
    return find_face if can_find_faces() else None
