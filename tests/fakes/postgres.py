"""A real PostgreSQL server for tests, in a temporary folder, with a fresh database for each test.

    with postgres_server() as server:          # raises NoServer when none is installed
        url = server.new_database()            # migrated; a copy of a template, or a used one that was emptied
        ...
        server.release(url)                    # or `drop`

It runs as an unprivileged user, listens on loopback only, and ends with the process that started it. `durable=True`
keeps `fsync` on, for tests of durability.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import create_engine

from storage.database import migrate
from tests.fakes.postgres_reset import SchemaChanged, Template, read_template, reset

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # where Debian keeps them, off PATH
START_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
QUICK = ("fsync=off", "full_page_writes=off")
SETTINGS = (
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "shared_buffers=32MB",
    "autovacuum=off",
    "unix_socket_directories=",
    "log_min_messages=fatal",
)
URL_FILE = "database-url"  # in a test's folder: the URL of its PostgreSQL database


class NoServer(Exception):
    """PostgreSQL can't be started here; the message says why."""


@dataclass
class Server:
    """A running server. `port` is on 127.0.0.1; `password` is that of the superuser."""

    port: int
    password: str
    folder: Path
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    template: Template | None = None
    emptied: list[str] = field(default_factory=list)
    kept: psycopg.Connection | None = None

    def url(self, name: str) -> str:
        """Return the URL of the database with this name."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def new_database(self, *, migrated: bool = True) -> str:
        """Create an empty database, with the newest schema or with none, and return its URL."""
        name = f"test_{next(self.numbers)}"
        if migrated and self.emptied:  # under a new name: who still has the old one must not find it
            self.execute(f"ALTER DATABASE {self.emptied.pop()} RENAME TO {name}")
        else:
            self.execute(f"CREATE DATABASE {name} TEMPLATE {'migrated' if migrated else 'template0'}")
        return self.url(name)

    def release(self, url: str) -> None:
        """Give back a migrated database, which is emptied for the next test, or dropped where that isn't possible."""
        if self.template is None:
            self.template = read_template(self.url("migrated"))
        try:
            reset(url, self.template)
        except (SchemaChanged, psycopg.Error):
            self.drop(url)
        else:
            self.emptied.append(url.rsplit("/", 1)[1])

    def drop(self, url: str) -> None:
        """Drop a database, even with open connections."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")

    @contextmanager
    def use_in(self, folder: Path) -> Iterator[str]:
        """Let the installation in this folder use a new database until the end of the block; yield its URL."""
        url = self.new_database()
        (folder / URL_FILE).write_text(url)
        try:
            yield url
        finally:
            self.release(url)

    def kill(self) -> None:
        """Kill the server at once; committed transactions are in its log."""
        self.close()
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def restart(self) -> None:
        """Start again at the same address, and recover."""
        self.process = self.start()
        _wait_for(self)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Execute a statement as superuser."""
        if database != "postgres":
            with self._connected(database) as connection:
                connection.execute(statement.encode())
            return
        if self.kept is None or self.kept.closed:
            self.kept = self._connected(database)
        self.kept.execute(statement.encode())

    def _connected(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def close(self) -> None:
        """Disconnect."""
        if self.kept is not None:
            self.kept.close()

    def make_template(self) -> None:
        """Create the migrated template that new databases are copied from."""
        self.execute("CREATE DATABASE migrated TEMPLATE template0")
        engine = create_engine(self.url("migrated").replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            migrate(connection)
        engine.dispose()


@contextmanager
def postgres_server(*, durable: bool = False, settings: Sequence[str] = ()) -> Iterator[Server]:
    """Run a server until the end of the block. Raises NoServer."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="repaint-postgres-"))
    try:
        password = secrets.token_hex(16)
        _make_cluster(binaries, folder, password)
        server = _started(binaries, folder, password, [*SETTINGS, *(() if durable else QUICK), *settings])
        try:
            _wait_for(server)
            server.make_template()
            yield server
        finally:
            server.close()
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGINT)  # "fast": disconnects clients
            server.process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = shutil.which("postgres")
    for folder in [*([Path(found).resolve().parent] if found else []), *BINARIES]:
        if all((folder / name).exists() for name in ("postgres", "initdb")):
            return folder
    raise NoServer("no PostgreSQL server is installed (Debian: apt install postgresql)")


def _server_uid() -> int | None:
    """Return the user id to run the server as, None for our own: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise NoServer("PostgreSQL does not run as root, and there is no other user")


def _make_cluster(binaries: Path, folder: Path, password: str) -> None:
    """MD5, because SCRAM's thousands of rounds would be half of what the tests' many connections cost."""
    (folder / "password").write_text(password)
    who = _server_uid()
    if who is not None:
        for path in (folder, folder / "password"):
            os.chown(path, who, -1)
    to_make = [
        *(binaries / "initdb", "--pgdata", folder / "data", "--username", "postgres", "--no-sync"),
        *("--auth", "md5", "--pwfile", folder / "password", "--encoding", "UTF8", "--locale", "C.UTF-8"),
    ]
    made = subprocess.run(list(map(str, to_make)), capture_output=True, text=True, cwd="/", check=False, user=who)
    if made.returncode != 0:
        raise NoServer(f"PostgreSQL could not be set up: {made.stderr.strip()[-300:]}")


def _started(binaries: Path, folder: Path, password: str, settings: Sequence[str]) -> Server:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    options = [part for setting in (*settings, f"port={port}") for part in ("-c", setting)]
    start = partial(_start, [str(binaries / "postgres"), "-D", str(folder / "data"), *options], folder / "log")
    return Server(port, password, folder, start, start())


def _start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as writing:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            cwd="/",
            preexec_fn=_die_with_us,  # noqa: PLW1509  # it makes one system call only
            user=_server_uid(),
        )


def _die_with_us() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)  # "immediate"


def _wait_for(server: Server) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        if server.process.poll() is not None:
            raise NoServer(f"PostgreSQL ended at once: {(server.folder / 'log').read_text()[-300:]}")
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)  # another process, which gives no signal when it is ready
        else:
            return


def place_of(folder: Path) -> Path | str:
    """Return the database of a test's installation: a file in its folder, or the PostgreSQL URL stored there."""
    url = folder / URL_FILE
    return url.read_text() if url.exists() else folder / "repaint.db"
