"""New SQLite databases for tests. A copy of a migrated one takes a hundredth of the time that the migrations take; the
migrations have tests of their own, and PostgreSQL's databases are copies too (`tests.fakes.postgres`)."""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine

from storage.database import migrate
from tests.fakes.postgres import place_of


def add_database(folder: Path) -> Path | str:
    """Where the database of the installation in this folder is; a new SQLite file has the newest schema already."""
    place = place_of(folder)
    if isinstance(place, Path) and not place.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.write_bytes(_newest_schema())
    return place


@cache
def _newest_schema() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "newest.db"
        engine = create_engine(f"sqlite:///{file}")
        with engine.begin() as connection:
            migrate(connection)
        engine.dispose()
        return file.read_bytes()
