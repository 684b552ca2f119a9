"""Simulated users who request pictures, on the web page and in chats, and retry when there is no response."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from chaos.testbed import Testbed
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import ME

STYLES = (0, 2, 4, 5, 7, 9, 32)
VISITORS = 4
ALBUM_RATE = 0.2  # of the requests on Telegram
CANCEL_RATE = 0.1  # of the requests on the page


@dataclass
class PhotoRequest:
    """One photo to be stylized. `source` names it in the bot's database; `job`: its id, once the page has accepted
    it (202). Photos of one album share their chat. `canceled`: its visitor has cancelled it."""

    number: int
    source: str
    visitor: int | None = None  # on the web page
    chat: int | None = None  # or in a private chat
    job: int | None = None
    canceled: bool = False


@dataclass
class Users:
    """`requests` are all that were ever made. Those on the web page are sent again until they are accepted."""

    testbed: Testbed
    rng: random.Random
    requests: list[PhotoRequest] = field(default_factory=list)
    unexpected_responses: list[str] = field(default_factory=list)  # of the web page
    _cookies: dict[int, dict[str, str]] = field(default_factory=dict)

    @property
    def unaccepted(self) -> list[PhotoRequest]:
        """Requests on the web page that were not accepted yet."""
        return [request for request in self.requests if request.visitor is not None and request.job is None]

    async def add_web_request(self) -> None:
        """A new request by one of the visitors; `send` sends it."""
        visitor = self.rng.randrange(VISITORS)
        number = len(self.requests)
        self.requests.append(PhotoRequest(number, f"key-{number:08}", visitor=visitor))

    async def send_telegram_request(self) -> None:
        """A request by a new user in their private chat, of one photo or an album. Telegram redelivers it until it
        is acknowledged."""
        number, caption = len(self.requests), f"/style {self.rng.choice(STYLES)}"
        user = ChatUser(self.testbed.telegram, 10_000 + number, 10_000 + number)
        source = f"telegram:{ME['id']}:{user.chat}:"
        if self.rng.random() < ALBUM_RATE:
            photos = [unique_photo(number + n) for n in range(self.rng.randint(2, 4))]
            updates = await user.sends_album(photos, caption=caption)
            names = [source + str(update["message"]["message_id"]) for update in updates]
        else:
            await user.sends(unique_photo(number), caption=caption)
            names = [source + str(user.last.id)]
        self.requests += [PhotoRequest(number + n, name, chat=user.chat) for n, name in enumerate(names)]

    async def send(self, address: str) -> None:
        """Send the requests that were not accepted yet. After no response one is sent again to the next process,
        with the same key."""
        async with httpx.AsyncClient(base_url=address, timeout=20, trust_env=False) as http:
            await asyncio.gather(*(self._send(http, request) for request in self.unaccepted))

    async def verify_results(self, address: str) -> None:
        """Every visitor fetches each of their finished pictures."""
        async with httpx.AsyncClient(base_url=address, timeout=20, trust_env=False) as http:
            for request in self.requests:
                if request.job is not None and request.visitor is not None:
                    await self._verify_result(http, request)

    async def _send(self, http: httpx.AsyncClient, request: PhotoRequest) -> None:
        assert request.visitor is not None
        try:
            cookies = await self._cookie(http, request.visitor)
            answer = await http.post(
                "/api/jobs",
                data={"style": str(STYLES[request.number % len(STYLES)]), "key": request.source},
                files={"photo": ("me.jpg", unique_photo(request.number))},
                headers={"Cookie": cookies},
            )
        except (httpx.HTTPError, OSError):
            return
        if answer.status_code == 202:
            request.job = int(answer.json()["id"])
            if self.rng.random() < CANCEL_RATE:
                await self._cancel(http, request, cookies)
        elif answer.status_code < 500:
            self.unexpected_responses.append(f"{answer.status_code} {answer.text[:200]}")

    async def _cancel(self, http: httpx.AsyncClient, request: PhotoRequest, cookie: str) -> None:
        """Cancel it. Without a response the outcome is unknown, and either is right."""
        request.canceled = True
        with suppress(httpx.HTTPError, OSError):
            await http.delete(f"/api/jobs/{request.job}", headers={"Cookie": cookie})

    async def _verify_result(self, http: httpx.AsyncClient, request: PhotoRequest) -> None:
        assert request.visitor is not None
        headers = {"Cookie": await self._cookie(http, request.visitor)}
        if request.canceled:
            return
        view = (await http.get(f"/api/jobs/{request.job}", headers=headers)).json()
        if view["state"] not in {"stored", "delivered"}:
            return
        picture = (await http.get(f"/api/jobs/{request.job}/result", headers=headers)).content
        if (picture[:3], picture[-2:]) != (b"\xff\xd8\xff", b"\xff\xd9"):
            self.unexpected_responses.append(f"job {request.job} is {view['state']} and has no picture")

    async def _cookie(self, http: httpx.AsyncClient, visitor: int) -> str:
        """The visitor's cookie; the page issues one the first time."""
        if visitor not in self._cookies:
            answer = await http.get("/api/quota")
            self._cookies.setdefault(visitor, {"visitor": answer.cookies["visitor"]})
        return f"visitor={self._cookies[visitor]['visitor']}"


def unique_photo(number: int) -> bytes:
    """A photo that no other request uses."""
    return portrait_jpeg(256 + number % 240, 300 + number // 240 % 180, shade=number * 41 % 256)
