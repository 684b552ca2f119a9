"""`repaint move`: copy all rows from the SQLite file in DATA_DIR to the PostgreSQL at DATABASE_URL, or back. Pictures
stay where they are; after a move to PostgreSQL the file is renamed, not deleted."""

from contextlib import AsyncExitStack

from bot.cluster.bootstrap import open_shared_database
from bot.config.settings import Settings
from bot.messaging.platform import CannotStart
from bot.runtime.data_folder import exclusive_data_folder
from storage import copy_database, ledger
from storage.copy_database import NotEmpty, RowCountMismatch
from storage.database import open_database

DATABASE = "repaint.db"


class CannotMove(CannotStart):
    """Nothing was moved; the message says why, and what to do."""


async def move_rows(settings: Settings, *, back: bool) -> int:
    """Copy all rows; returns their number. `back`: from PostgreSQL to the file.

    Raises:
        CannotMove: a setting or file is missing, the target has rows, or the database is in use.
        CannotStart: the database can't be opened.
        FolderInUse: a running bot uses the data folder.
        NewerSchema: a database is of a newer version.
    """
    if settings.database_url is None:
        raise CannotMove("Set DATABASE_URL and SECRET_KEY first: they name the database to copy to, or from.")
    file = settings.data_dir / DATABASE
    if not back and not file.exists():
        raise CannotMove(f"There is no database in {settings.data_dir}.")
    async with AsyncExitStack() as stack:
        stack.enter_context(exclusive_data_folder(settings.data_dir))
        shared = await stack.enter_async_context(open_shared_database(settings))
        single = await stack.enter_async_context(open_database(file))
        there = await stack.enter_async_context(shared.write())
        here = await stack.enter_async_context(single.write())
        if await copy_database.is_in_use(there):
            raise CannotMove("Repaint is running on DATABASE_URL. Stop every process first.")
        try:
            count = await (copy_database.copy_rows(there, here) if back else copy_database.copy_rows(here, there))
        except NotEmpty:
            where = f"{file}: move it away first" if back else "DATABASE_URL: give it a database of its own"
            raise CannotMove(f"There are already rows in {where}.") from None
        except RowCountMismatch:
            raise CannotMove("Not all rows arrived. Nothing was changed.") from None
        if await ledger.audit(here) or await ledger.audit(there):
            raise CannotMove("The ledger's totals do not match. Nothing was changed.")
    if not back:
        file.rename(file.with_name(DATABASE + ".moved"))  # a bot started on it by mistake would paint and pay again
    return count
