"""`python -m bench.bare_script API TOKEN BASE_URL`: the bot's peer, a script that makes the same calls and nothing
else.

For each update: getFile, download, the intake's decoding (in a worker process, as in the bot), create. No database,
no queue, no card, one update at a time; a crash loses the request.
"""

import asyncio
import sys
from base64 import b64encode

import httpx
from pydantic import SecretStr

from bot.dashscope.client import DashScope
from bot.dashscope.wire import TaskRequest
from bot.imaging.intake import Intake
from bot.imaging.results import Portrait

KEY = SecretStr("sk-plainly")


async def main(api: str, token: str, base_url: str) -> None:
    """Run until killed."""
    offset, limits = 0, httpx.Limits(keepalive_expiry=60)
    async with Intake() as intake, httpx.AsyncClient(trust_env=False, timeout=60, limits=limits) as http:
        client = DashScope(http, base_url=base_url, api_key=KEY)
        await client.list_tasks(page_size=1)  # opens the connection, as the bot does
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            query = {"offset": str(offset), "timeout": "25", "allowed_updates": '["message"]'}
            answer = await http.post(f"{api}/bot{token}/getUpdates", data=query)
            for update in answer.json()["result"]:
                offset = update["update_id"] + 1
                photo = update["message"]["photo"][-1]["file_id"]
                found = await http.post(f"{api}/bot{token}/getFile", data={"file_id": photo})
                data = await http.get(f"{api}/file/bot{token}/{found.json()['result']['file_path']}")
                portrait = await intake.accept(data.content)
                assert isinstance(portrait, Portrait)
                link = "data:image/jpeg;base64," + b64encode(portrait.jpeg).decode()
                await client.create_task(TaskRequest(image_url=link, style_index=0))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
