"""The API accounts of an installation: one for each key, or our own stylizer when no key is set."""

import hashlib
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from urllib.request import getproxies

import httpx
from pydantic import SecretStr

from bot.config.api_keys import API_DEFAULTS, ApiKey
from bot.config.settings import Settings
from bot.dashscope import models
from bot.dashscope.client import DashScope, Timeouts
from bot.dashscope.models import Capability
from bot.dashscope.photo_links import BucketLinks, InlineLinks, PhotoLinks, Shrink, SignedLinks, UploadLinks
from bot.domain import quota
from bot.domain.eta import Speed
from bot.domain.poll_schedule import TaskDurations
from bot.imaging.results import REQUEST_BYTES
from bot.worker import identity
from storage.bucket import BucketStore
from storage.photos import PhotoStore

SPACING_MARGIN = 1.1  # claims are a tenth slower than allowed, so that the submit limiter rarely has to wait
FIRST_DURATIONS = TaskDurations(mean=15.0, deviation=3.75)

API_PATH = "/api/v1"
STAND_IN = "stand-in"
STAND_IN_URL = "http://stylizer.invalid"  # never resolved: its transport calls our own process
STAND_IN_DURATIONS = TaskDurations(mean=5.0, deviation=1.5)
# Seconds that a task holds a slot before any was measured. The cloud's hardly depend on the style; those of the
# stand-in's looks are the engine's, on two cores (`bench/looks.py`), with a second for all else.
CLOUD_SPEED = Speed(guess=16.0)
# fmt: off
STAND_IN_SPEED = Speed(guess=4.5, guesses={
    0: 4.0, 1: 2.7, 2: 4.0, 3: 4.6, 4: 4.3, 5: 4.5, 6: 3.1, 7: 4.3, 8: 5.0, 9: 4.8, 14: 4.4, 15: 4.7,
    30: 3.8, 31: 3.6, 32: 1.8, 33: 4.2, 34: 4.2, 35: 3.2, 36: 5.1, 37: 4.3, 38: 4.1, 39: 4.6, 40: 5.1,
})
# fmt: on


@dataclass(frozen=True)
class ApiAccount:
    """One key of an account at the API, with the limits that hold for it.

    `slots` tasks run at once and `prefetch` more may wait at the API. `paid`: images count against the owner's budget,
    at `price_cny` each; `gets_events`: the API reports when a task is finished; `free_images`: how many images of this
    account cost nothing; `speed`: what is assumed until tasks were measured; `name`: what its owner knows the key by,
    None for a key that is too short to show any of it; `peers`: the clients of all keys that we have, by account id, in
    the order of the settings (empty: there is only this one).
    """

    account_id: str
    client: DashScope
    links: PhotoLinks
    inline_links: PhotoLinks = field(default_factory=InlineLinks)  # when the API can't load photos from `links`
    slots: int = 1
    prefetch: int = 0
    submits_per_second: float = 2.0
    queries_per_second: float = API_DEFAULTS.queries_per_second
    paid: bool = False
    gets_events: bool = False
    free_images: int = 0
    price_cny: Decimal = quota.PRICE_CNY
    first_durations: TaskDurations = FIRST_DURATIONS
    speed: Speed = CLOUD_SPEED
    name: str | None = None
    peers: Mapping[str, DashScope] = field(default_factory=dict, repr=False)

    @property
    def clients(self) -> Mapping[str, DashScope]:
        """The clients of the keys that could take this one's place, its own among them, by account id: they create
        tasks of the same model, by which the API's task list is asked."""
        return {name: one for name, one in self.peers.items() if one.model == self.client.model} or {
            self.account_id: self.client
        }

    @property
    def cost(self) -> int:
        """What a picture costs the owner, in units of the budget."""
        return quota.to_units(self.price_cny) if self.paid else 0

    @property
    def usual_submit(self) -> float:
        """Seconds after which a submit is given up that carries what this account's submits usually carry at most."""
        carries_photo = isinstance(self.links, InlineLinks)
        return self.client.submit_seconds_of(REQUEST_BYTES * 4 // 3 + 10_000 if carries_photo else 0)  # base64

    @property
    def capability(self) -> Capability:
        """What this account can paint."""
        return self.client.model.capability

    @property
    def spacing(self) -> float:
        """Seconds between two claims."""
        return SPACING_MARGIN / self.submits_per_second


def account_id(key: SecretStr) -> str:
    """A stable id for the account of a key that does not reveal the key."""
    return "key-" + hashlib.sha256(key.get_secret_value().encode()).hexdigest()[:12]


def cloud_http() -> httpx.AsyncClient:
    """The HTTP client for the cloud. When we give up a submit, or die, the system drops at once what it has not sent;
    otherwise that could still arrive a minute later, when the network is back and nobody looks for its task any more.
    While we live but don't run, it gives up a dead line as well. Behind a proxy there is nothing to set: the proxy owns
    that connection. Connections are not counted, since each account makes only so many calls at once."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    if getproxies():
        return httpx.AsyncClient(limits=limits)
    at_once = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(socket_options=[at_once, *_dead_line()], limits=limits))


def _dead_line() -> list[tuple[int, int, int]]:
    """After how long without a sign from the other side a line is dead: not before any call is over, and before
    requests that were given up are no longer looked for (`reconcile.LINGER_SECONDS`). Not every system can do it."""
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return []
    seconds = Timeouts().with_bytes(Timeouts().submit, 2 * REQUEST_BYTES * 4 // 3)
    return [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))]


def _by_account_id(settings: Settings) -> dict[str, ApiKey]:
    return {account_id(one.key): one for one in settings.dashscope_api_key}


def free_images_of(settings: Settings) -> dict[str, int]:
    """How many images came free with each account, by account id."""
    return {name: one.free_images for name, one in _by_account_id(settings).items()}


def _client(one: ApiKey, http: httpx.AsyncClient) -> DashScope:
    return DashScope(
        http, base_url=str(one.base_url), api_key=one.key, workspace=one.workspace, model=models.named(one.model)
    )


def base_url_complaint(settings: Settings) -> str | None:
    """What is wrong with the base address of any key, as far as it shows; None: nothing."""
    if all(str(one.base_url).rstrip("/").endswith(API_PATH) for one in settings.dashscope_api_key):
        return None
    return (
        f"DASHSCOPE_BASE_URL does not end in {API_PATH}, so it is probably not this API's address: other programs need"
        f" …/compatible-mode/v1, this one needs https://dashscope.aliyuncs.com{API_PATH}."
    )


def cloud_clients(settings: Settings, http: httpx.AsyncClient) -> dict[str, DashScope]:
    """A client for each account, by account id; a key that is given twice is one account."""
    return {name: _client(one, http) for name, one in _by_account_id(settings).items()}


def cloud_accounts(
    settings: Settings, http: httpx.AsyncClient, secret: bytes, photos: PhotoStore, shrink: Shrink
) -> list[ApiAccount]:
    """One API account for each key."""
    clients = cloud_clients(settings, http)
    return [
        ApiAccount(
            account_id=name,
            name=identity.key_name(one.key.get_secret_value()),
            peers=clients,
            client=clients[name],
            links=_links(settings, clients[name], secret, photos, shrink),
            inline_links=InlineLinks(shrink),
            slots=one.max_running,
            prefetch=one.prefetch,
            submits_per_second=one.submits_per_second,
            queries_per_second=one.queries_per_second,
            paid=True,
            free_images=one.free_images,
            price_cny=one.price_cny,
            gets_events=settings.dashscope_events_secret is not None,
        )
        for name, one in _by_account_id(settings).items()
    ]


def stand_in_account(http: httpx.AsyncClient, styles: frozenset[int]) -> ApiAccount:
    """The account that is served by the stylizer in our own process; `styles`: the indices that its engine offers. It
    takes a seed, too."""
    model = replace(models.DEFAULT, capability=Capability(styles, parameters=frozenset({"seed"})))
    client = DashScope(http, base_url=f"{STAND_IN_URL}{API_PATH}", api_key=SecretStr("stand-in"), model=model)
    return ApiAccount(
        account_id=STAND_IN,
        client=client,
        links=InlineLinks(),
        first_durations=STAND_IN_DURATIONS,
        speed=STAND_IN_SPEED,
    )


def transports(stand_in: httpx.AsyncBaseTransport | None) -> Mapping[str, httpx.AsyncBaseTransport | None]:
    """Mounts of the shared HTTP client: requests for the stand-in go to this transport."""
    return {} if stand_in is None else {STAND_IN_URL: stand_in}


def _links(settings: Settings, client: DashScope, secret: bytes, photos: PhotoStore, shrink: Shrink) -> PhotoLinks:
    match settings.link_kind:
        case "bucket":
            assert isinstance(photos, BucketStore)
            return BucketLinks(photos)
        case "signed":
            return SignedLinks(str(settings.public_url), secret)
        case "upload":
            return UploadLinks(client.upload, shrink)
        case "inline":
            return InlineLinks(shrink)
