"""The `repaint` command."""

import os
import time
from collections.abc import Awaitable, Callable, Iterable
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import httpx
import typer

from bot.admin.backup import BackupError, restore_backup, write_backup
from bot.admin.backup import settle as settle_rows
from bot.config import settings as config
from bot.config.settings import StandInSettings
from bot.messaging.platform import CannotStart
from bot.runtime import event_loop
from bot.runtime.logging import log_uncaught_exceptions, set_up_logging
from common.lock_file import FolderInUse
from common.signals import stop_on_signals
from storage.database import Database, NewerSchema
from stylizer.database import CannotOpen

T = TypeVar("T")
DISTRIBUTION = "repaint-bot"  # the name in pyproject.toml; the command and the packages have other names
_PG_DUMP = "The database is PostgreSQL: use pg_dump and pg_restore, as docs/owners.md says."
THUMB = 512  # px, short side of each picture on the contact sheet

command = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

admin = typer.Typer(help="Commands for the owner; they work while the bot runs.", no_args_is_help=True)
command.add_typer(admin, name="admin")

stylizer = typer.Typer(invoke_without_command=True)
command.add_typer(stylizer, name="stylizer")
STAND_IN_DIR = Path("data/stylizer-service")
DataDir = Annotated[Path, typer.Option(help="For photos, and for the task table unless it is shared.")]


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # typer passes the flag as the only argument
    if wanted:
        typer.echo(f"repaint {version_of(DISTRIBUTION)}")
        raise typer.Exit


@command.callback()
def options(
    *,
    version: Annotated[  # read by its callback
        bool, typer.Option("--version", help="Show the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """A chat bot that repaints portraits."""


@command.command()
def run() -> None:
    """Start the bot with the settings in .env; without any token, only the chat page."""
    from bot import app  # noqa: PLC0415  # `repaint --help` should not load everything

    settings = _settings()

    async def until_signalled() -> None:
        await app.run(settings, stop_on_signals(), ready=lambda address: typer.echo(_greeting(settings, address)))

    _run_or_fail(lambda: event_loop.run(until_signalled()))


@stylizer.callback()
def serve_stand_in(  # noqa: PLR0917  # typer reads the command's options from its parameters
    context: typer.Context,
    host: str = "127.0.0.1",
    port: int = 8090,
    data_dir: DataDir = STAND_IN_DIR,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes here; 0: remote workers only.")] = 1,
    max_running: Annotated[int, typer.Option(min=1, help="Tasks of one key at once, over all workers.")] = 1,
    keys: Annotated[str, typer.Option(help="Comma-separated API keys to accept; unset: any key.")] = "",
) -> None:
    """Serve our own painting service, which speaks the cloud's API, for this or other programs.

    With STYLIZER_DATABASE_URL (or DATABASE_URL) and PHOTO_STORE, several servers and many workers share the work.
    """
    if context.invoked_subcommand is not None:
        return
    from stylizer.server import serve  # noqa: PLC0415  # heavy
    from stylizer.settings import StylizerSettings  # noqa: PLC0415  # heavy

    allowed_keys = frozenset(key.strip() for key in keys.split(",") if key.strip())
    shared = _stand_in_settings(allowed_keys)
    settings = StylizerSettings(
        data_dir=data_dir,
        database_url=shared.task_database,
        workers=workers,
        max_running=max_running,
        keys=allowed_keys,
        testing_faults=shared.stylizer_faults == "on",
    )
    ready = f"The painting service is ready at http://{host}:{port}/api/v1"
    _run_or_fail(
        lambda: event_loop.run(serve(settings, host, port, store=shared.store, ready=lambda: typer.echo(ready)))
    )


@stylizer.command()
def worker(
    data_dir: DataDir = STAND_IN_DIR,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes, about 700 MB each.")] = 1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of each process; unset: all cores, shared equally.")
    ] = None,
) -> None:
    """Run workers for painting services that share a task table; set STYLIZER_DATABASE_URL and PHOTO_STORE as there."""
    from stylizer.remote_workers import serve_as_worker  # noqa: PLC0415  # heavy
    from stylizer.settings import StylizerSettings  # noqa: PLC0415  # heavy

    shared = _stand_in_settings()
    each = threads or max(1, (os.cpu_count() or 1) // workers)
    settings = StylizerSettings(data_dir=data_dir, database_url=shared.task_database, workers=workers, threads=each)
    ready = f"{workers} worker process(es) started, {each} thread(s) each."
    _run_or_fail(lambda: event_loop.run(serve_as_worker(settings, store=shared.store, ready=lambda: typer.echo(ready))))


@command.command()
def styles(
    sheet: Annotated[
        tuple[Path, Path] | None, typer.Option(help="PORTRAIT OUT: paint a portrait in every style, as one JPEG.")
    ] = None,
) -> None:
    """List the styles, or show a portrait in all those that our own engine paints."""
    from bot.domain.styles import STYLES  # noqa: PLC0415  # `repaint --help` should not load everything

    if sheet is None:
        typer.echo("\n".join(f"{style.index:3}  {style.slug:12}{style.english}  {style.chinese}" for style in STYLES))
        return
    from stylizer.engine import UnusableImage, contact_sheet  # noqa: PLC0415  # heavy

    portrait, out = sheet
    try:
        out.write_bytes(contact_sheet(portrait.read_bytes(), thumb=THUMB))
    except (OSError, UnusableImage) as error:
        _fail(f"Could not make the sheet: {error}")
    typer.echo(f"Written: {out}")


@command.command()
def backup(
    file: Path,
    *,
    results: Annotated[
        bool, typer.Option("--results", help="Include finished pictures as well as saved styles.")
    ] = False,
) -> None:
    """Write a backup while the bot runs: database, signing key, saved styles; never the photos that people sent."""
    settings = _settings()
    if settings.database_url is not None:
        _fail(_PG_DUMP)
    size = _run_or_fail(lambda: write_backup(settings.data_dir, file, with_results=results))
    typer.echo(f"Written: {file}, {size // 1000} kB. Keep it as safe as the data folder itself.")
    if settings.bucket is not None:
        typer.echo(f"Saved styles and pictures are in {settings.bucket.url}, not in this file; back them up there.")


@command.command()
def restore(file: Path) -> None:
    """Restore a backup into an empty data folder. Jobs that were unfinished in it end, and are not charged."""
    settings = _settings()
    if settings.database_url is not None:
        _fail(_PG_DUMP)
    data_dir = settings.data_dir
    ended = _run_or_fail(lambda: restore_backup(data_dir, file, time.time()))
    typer.echo(f"Restored into {data_dir}; {ended} unfinished job(s) ended. Start with: repaint run")


@command.command()
def settle() -> None:
    """After pg_restore: end the jobs that were unfinished in the dump, without charge and without new messages."""
    settings = _settings()
    if settings.database_url is None:
        _fail("This is for PostgreSQL only; repaint restore does it by itself.")
    ended = _in_database(settings, lambda database: settle_rows(database, time.time()))
    typer.echo(f"{ended} unfinished job(s) ended. Start with: repaint run")


@command.command()
def move(
    *, back: Annotated[bool, typer.Option("--back", help="Copy from DATABASE_URL into a new file in DATA_DIR.")] = False
) -> None:
    """Copy all rows from the file in DATA_DIR into an empty PostgreSQL at DATABASE_URL, while the bot is stopped."""
    from bot.admin.move_database import move_rows  # noqa: PLC0415  # heavy

    settings = _settings()
    count = _run_or_fail(lambda: event_loop.run(move_rows(settings, back=back)))
    typer.echo(f"{count} rows copied and counted. " + ("Unset DATABASE_URL, then: " if back else "") + "repaint run")


@command.command()
def doctor() -> None:
    """Check this installation: what is wrong, and how to fix it."""
    from bot.admin.doctor import examine  # noqa: PLC0415  # heavy

    async def report() -> bool:
        findings = [finding async for finding in examine(_settings())]
        for finding in findings:
            typer.echo(f"{'ok ' if finding.is_good else 'BAD'}  {finding.text}")
        return all(finding.is_good for finding in findings)

    raise typer.Exit(code=0 if event_loop.run(report()) else 1)


@command.command()
def healthcheck() -> None:
    """Check that the running bot is ready; for containers."""
    settings = _settings()
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104  # compared, not bound
    try:
        answer = httpx.get(f"http://{host}:{settings.port}/readyz", timeout=4)
    except httpx.HTTPError as error:
        _fail(f"No answer: {type(error).__name__}")
    raise typer.Exit(code=0 if answer.status_code == 200 else 1)


@admin.command()
def status() -> None:
    """Show API accounts, queue and this month's cost."""
    from bot.admin.service import status_lines  # noqa: PLC0415  # heavy
    from bot.worker.accounts import free_images_of  # noqa: PLC0415  # heavy

    settings = _settings()
    budget, free = settings.monthly_budget_cny, free_images_of(settings)
    lines = _in_database(settings, lambda database: status_lines(database, budget, time.time(), free))
    typer.echo("\n".join(lines))


@admin.command()
def pause() -> None:
    """Stop submitting jobs; waiting ones keep their place."""
    from storage.accounts import PAUSED_BY_OWNER  # noqa: PLC0415  # heavy

    typer.echo(f"{_set_pause(PAUSED_BY_OWNER)} API account(s) paused. To continue: repaint admin resume")


@admin.command()
def resume() -> None:
    """Resume all API accounts."""
    typer.echo(f"{_set_pause(None)} API account(s) resumed.")


def _set_pause(reason: str | None) -> int:
    """Pause or (None) resume every API account; returns their number."""
    from bot.admin.service import set_pause  # noqa: PLC0415  # heavy

    return _in_database(_settings(), lambda database: set_pause(database, reason))


def _in_database(settings: config.Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """The result of `work` on the installation's database, which may be in use by a running bot."""
    from bot.cluster.bootstrap import open_shared_database  # noqa: PLC0415  # heavy

    async def run_work() -> T:
        async with open_shared_database(settings) as database:
            return await work(database)

    return _run_or_fail(lambda: event_loop.run(run_work()))


def _run_or_fail(work: Callable[[], T]) -> T:
    """The result of `work`; an expected error is printed, and ends the command with status 1."""
    try:
        return work()
    except (FolderInUse, NewerSchema, CannotStart, BackupError, CannotOpen) as error:
        _fail(str(error))


def _settings() -> config.Settings:
    try:
        settings = config.load()
    except config.InvalidSettings as error:
        _fail(str(error))
    set_up_logging(settings.log_level, secrets=settings.secrets())
    log_uncaught_exceptions()
    return settings


def _stand_in_settings(keys: Iterable[str] = ()) -> StandInSettings:
    try:
        settings = config.read(StandInSettings)
    except config.InvalidSettings as error:
        _fail(str(error))
    set_up_logging("info", secrets=(*keys, *settings.secrets()))
    log_uncaught_exceptions()
    return settings


def _greeting(settings: config.Settings, address: str) -> str:
    engine = "the cloud" if settings.dashscope_api_key else "the built-in engine on this machine"
    if settings.has_web_chat:
        return f"Repaint is ready, painting with {engine}. Open {address}"
    return f"Repaint is ready, painting with {engine}. Health: {address}/healthz"


def _fail(message: str) -> NoReturn:
    """Print the message to stderr and exit with status 1."""
    typer.echo(message, err=True)
    raise typer.Exit(code=1)


def main() -> None:
    """Run the command; the entry point in pyproject.toml."""
    command()


if __name__ == "__main__":
    main()
