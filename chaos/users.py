"""People who wish for pictures, on the page and in chats, and who do not give up when nobody answers."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from chaos.discord_users import DiscordUsers
from chaos.testbed import Testbed
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.people import Someone
from tests.fakes.telegram_api.server import ME

STYLES = (0, 2, 4, 5, 7, 9, 32)
VISITORS = 4
WEB_SHARE, DISCORD_SHARE = 0.33, 0.33  # of all wishes
ALBUM_RATE = 0.2  # of the wishes in chats
CANCEL_RATE = 0.1  # of the wishes on the page


@dataclass
class PhotoRequest:
    """One photo to be painted. `source` is its name in the bot's rows; `job`: its number, once the page was told
    (202). Photos of one album have the chat in common. `canceled`: its visitor has cancelled it."""

    number: int
    source: str
    visitor: int | None = None  # on the page
    chat: int | None = None  # or in a private chat
    job: int | None = None
    canceled: bool = False


@dataclass
class Users:
    """`requests` are all that were ever made. Those of the page are asked for again until they are accepted."""

    testbed: Testbed
    rng: random.Random
    requests: list[PhotoRequest] = field(default_factory=list)
    unexpected_responses: list[str] = field(default_factory=list)  # what the page said that it should not have said
    _cookies: dict[int, dict[str, str]] = field(default_factory=dict)

    @property
    def unaccepted(self) -> list[PhotoRequest]:
        """Wishes of the page that were not accepted yet."""
        return [request for request in self.requests if request.visitor is not None and request.job is None]

    async def add_web_request(self) -> None:
        """A new wish of some visitor; it is sent by `send`."""
        visitor = self.rng.randrange(VISITORS)
        number = len(self.requests)
        self.requests.append(PhotoRequest(number, f"key-{number:08}", visitor=visitor))

    async def send_telegram_request(self) -> None:
        """A wish of somebody new in their private chat, of one photo or an album of some: Telegram brings it until it
        is acknowledged."""
        number, words = len(self.requests), f"/style {self.rng.choice(STYLES)}"
        someone = Someone(self.testbed.telegram, 10_000 + number, 10_000 + number)
        source = f"telegram:{ME['id']}:{someone.chat}:"
        if self.rng.random() < ALBUM_RATE:
            photos = [unique_photo(number + n) for n in range(self.rng.randint(2, 4))]
            parts = await someone.sends_album(photos, caption=words)
            names = [source + str(part["message"]["message_id"]) for part in parts]
        else:
            await someone.sends(unique_photo(number), caption=words)
            names = [source + str(someone.last.id)]
        self.requests += [PhotoRequest(number + n, name, chat=someone.chat) for n, name in enumerate(names)]

    async def send(self, address: str) -> None:
        """Send what was not accepted yet. Whoever gets no answer asks again in the next life, with the same key."""
        async with httpx.AsyncClient(base_url=address, timeout=20, trust_env=False) as http:
            await asyncio.gather(*(self._send(http, request) for request in self.unaccepted))

    async def verify_results(self, address: str) -> None:
        """Every visitor looks at every picture of theirs that is there."""
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
        """Cancel it. Without an answer nobody knows, and either outcome is right."""
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
        """The visitor's cookie; the page is asked for one the first time."""
        if visitor not in self._cookies:
            answer = await http.get("/api/quota")
            self._cookies.setdefault(visitor, {"visitor": answer.cookies["visitor"]})
        return f"visitor={self._cookies[visitor]['visitor']}"


async def submit_request(users: Users, discord_users: DiscordUsers) -> None:
    """One more wish: on the page, on Telegram or on Discord."""
    match users.rng.random():
        case lot if lot < WEB_SHARE:
            await users.add_web_request()
        case lot if lot < WEB_SHARE + DISCORD_SHARE:
            discord_users.add_user()
        case _:
            await users.send_telegram_request()


def unique_photo(number: int) -> bytes:
    """A photo that nobody else has."""
    return portrait_jpeg(256 + number % 240, 300 + number // 240 % 180, shade=number * 41 % 256)
