"""`python -m bench.bare_script API TOKEN BASE_URL [FOLDER]`: the bot's peers, scripts that make the same calls.

For each update: getFile, download, the intake's decoding (in a worker process, as in the bot), create. No database,
no queue, no card, one update at a time; a crash loses the request.

With a folder it is as durable as the bot, and as polite: it flushes the update, the photo and two rows to the disk, and
sends a first card before it submits. Still no limits, no turns, and nothing that goes on after a crash.
"""

import asyncio
import sqlite3
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from bot.dashscope.client import DashScope
from bot.dashscope.wire import TaskRequest
from bot.imaging.intake import Intake
from bot.imaging.results import Portrait
from storage.durable_files import make_durable

KEY = SecretStr("sk-plainly")


class Rows:
    """What the durable script keeps: a table of text in WAL mode, each row flushed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._connection = sqlite3.connect(folder / "rows.db", isolation_level=None)
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE kept (row TEXT)"):
            self._connection.execute(statement)

    async def keep(self, row: str) -> None:
        """Store a row; it is on the disk when this returns."""
        self._connection.execute("INSERT INTO kept VALUES (?)", (row,))

    async def keep_photo(self, name: str, jpeg: bytes) -> None:
        """Store a photo in a file of its own, likewise."""
        (self.folder / name).write_bytes(jpeg)
        await asyncio.to_thread(make_durable, self.folder, name)


async def main(api: str, token: str, base_url: str, folder: str | None = None) -> None:
    """Run until killed."""
    offset, limits = 0, httpx.Limits(keepalive_expiry=60)
    rows = None if folder is None else Rows(Path(folder))
    async with Intake() as intake, httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as http:
        client = DashScope(http, base_url=base_url, api_key=KEY)

        async def call(method: str, **data: str) -> Any:
            return (await http.post(f"{api}/bot{token}/{method}", data=data)).json()["result"]

        await client.list_tasks(page_size=1)  # opens the connection, as the bot does
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            query = {"offset": str(offset), "timeout": "25", "allowed_updates": '["message"]'}
            for update in await call("getUpdates", **query):
                offset, message = update["update_id"] + 1, update["message"]
                if rows is not None:
                    await rows.keep(str(update))
                found = await call("getFile", file_id=message["photo"][-1]["file_id"])
                data = await http.get(f"{api}/file/bot{token}/{found['file_path']}")
                portrait = await intake.accept(data.content)
                assert isinstance(portrait, Portrait)
                if rows is not None:
                    await rows.keep_photo(f"{offset}.jpg", portrait.jpeg)
                    await rows.keep(f"job {offset}")
                    await call("sendMessage", chat_id=str(message["chat"]["id"]), text="Your photo is on its way.")
                    await rows.keep(f"attempt {offset}")
                link = "data:image/jpeg;base64," + b64encode(portrait.jpeg).decode()
                await client.create_task(TaskRequest(image_url=link, style_index=0))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
