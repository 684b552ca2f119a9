"""The lanes of an installation: one for each key, or the stand-in when there is none."""

import hashlib
import socket
from collections.abc import Mapping
from urllib.request import getproxies

import httpx
from pydantic import SecretStr

from bot.config.settings import Settings
from bot.dashscope.client import DashScope
from bot.dashscope.photo_links import BucketLinks, InlineLinks, PhotoLinks, SignedLinks, UploadLinks
from bot.domain.poll_schedule import TaskDurations
from bot.worker import reconcile
from bot.worker.account import ApiAccount
from storage.bucket import BucketStore
from storage.photos import PhotoStore

STAND_IN = "stand-in"
STAND_IN_URL = "http://stylizer.invalid"  # never looked up: the transport leads into our own process
STAND_IN_DURATIONS = TaskDurations(mean=5.0, deviation=1.5)
QUERIES_PER_SECOND = 18.0  # of the 20 that are allowed


def account_id(key: SecretStr) -> str:
    """A name for an account that says nothing about its key, and stays the same for it."""
    return "key-" + hashlib.sha256(key.get_secret_value().encode()).hexdigest()[:12]


def cloud_http() -> httpx.AsyncClient:
    """The client for the cloud. What the system has in hand for us and nobody confirms, it gives up as soon as we do:
    else a submit could arrive a minute late, when the network is back, and nobody would look for its task any more.
    Through a proxy, that is the proxy's business."""
    if getproxies() or not hasattr(socket, "TCP_USER_TIMEOUT"):
        return httpx.AsyncClient()
    given_up = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(reconcile.SUBMIT_SECONDS * 1000))
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(socket_options=[given_up]))


def cloud_clients(settings: Settings, http: httpx.AsyncClient) -> dict[str, DashScope]:
    """A client for each account; a key that is given twice is one account all the same."""
    url, keys = str(settings.dashscope_base_url), settings.dashscope_api_key
    return {account_id(key): DashScope(http, base_url=url, api_key=key) for key in keys}


def cloud_accounts(settings: Settings, http: httpx.AsyncClient, secret: bytes, photos: PhotoStore) -> list[ApiAccount]:
    """One lane for each account."""
    return [
        ApiAccount(
            account_id=name,
            client=client,
            links=_links(settings, client, secret, photos),
            slots=settings.dashscope_max_running,
            prefetch=settings.dashscope_prefetch,
            submits_per_second=settings.dashscope_submits_per_second,
            queries_per_second=QUERIES_PER_SECOND,
            paid=True,
            free_images=settings.dashscope_free_images,
            gets_events=settings.dashscope_events_secret is not None,
        )
        for name, client in cloud_clients(settings, http).items()
    ]


def stand_in_account(http: httpx.AsyncClient) -> ApiAccount:
    """The lane that leads into our own process."""
    client = DashScope(http, base_url=f"{STAND_IN_URL}/api/v1", api_key=SecretStr("stand-in"))
    return ApiAccount(
        account_id=STAND_IN,
        client=client,
        links=InlineLinks(),
        queries_per_second=QUERIES_PER_SECOND,
        extended=True,
        first_durations=STAND_IN_DURATIONS,
    )


def transports(stand_in: httpx.AsyncBaseTransport | None) -> Mapping[str, httpx.AsyncBaseTransport | None]:
    """Where the shared client leads requests for the stand-in."""
    return {} if stand_in is None else {STAND_IN_URL: stand_in}


def _links(settings: Settings, client: DashScope, secret: bytes, photos: PhotoStore) -> PhotoLinks:
    match settings.link_kind:
        case "bucket":
            assert isinstance(photos, BucketStore)
            return BucketLinks(photos)
        case "signed":
            return SignedLinks(str(settings.public_url), secret)
        case "upload":
            return UploadLinks(client.upload)
        case "inline":
            return InlineLinks()
