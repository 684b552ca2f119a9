"""The clients of a soak: each submits a photo, watches the job, fetches the picture, and starts again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import httpx

from chaos.users import unique_photo

RATE_LIMIT_WAIT = 0.3  # seconds; a visitor may submit four times a second


@dataclass
class SoakClients:
    """`number`: requests in total; `deadline`: monotonic time after which no more are started; `on_done` is called
    with the number of finished requests and the duration of the last one in seconds."""

    address: str
    number: int
    deadline: float
    on_done: Callable[[int, float], None]
    violations: list[str] = field(default_factory=list)
    started: int = 0
    done: int = 0

    async def run(self, count: int) -> None:
        """Run so many clients at once, until all requests are done or the deadline has passed."""
        async with asyncio.TaskGroup() as group:
            for _ in range(min(count, self.number)):
                group.create_task(self._client())

    async def _client(self) -> None:
        async with httpx.AsyncClient(base_url=self.address, timeout=120, trust_env=False) as http:
            await http.get("/api/quota")
            while self.started < self.number and monotonic() < self.deadline and not self.violations:
                self.started += 1
                start = monotonic()
                try:
                    await self._submit(http, self.started)
                except (httpx.HTTPError, KeyError) as error:
                    self.violations.append(f"after {self.done} jobs: {error!r}")
                self.done += 1
                self.on_done(self.done, monotonic() - start)

    async def _submit(self, http: httpx.AsyncClient, number: int) -> None:
        data = {"style": "2", "key": f"soak-{number:010}"}
        answer = await http.post("/api/jobs", data=data, files={"photo": ("me.jpg", unique_photo(number))})
        if answer.status_code == 429:
            await asyncio.sleep(RATE_LIMIT_WAIT)
            return await self._submit(http, number)
        job = answer.json()
        async with http.stream("GET", job["events_url"]) as events:
            async for _ in events.aiter_lines():
                pass  # the stream ends when the job has
        picture = await http.get(f"/api/jobs/{job['id']}/result")
        if picture.status_code != 200:
            self.violations.append(f"job {job['id']}: {picture.status_code} {picture.text[:200]}")
        return None
