"""Where the server listens, and which address it reports."""

import socket

import httpx
import pytest
from starlette.applications import Starlette

from bot.http.server import IDLE_SECONDS, address, listen
from bot.messaging.platform import CannotStart
from stylizer.server import server_config


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # no browser can open that
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("192.168.1.5", "http://192.168.1.5:80"),
    ],
)
def test_the_reported_address_can_be_opened(host: str, shown: str) -> None:
    assert address(host, 80) == shown


def test_a_taken_port_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotStart, match="Set another HOST or PORT"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_the_server_keeps_connections_longer_than_its_callers() -> None:
    """Nobody knows whether a call that meets a closing connection was received."""
    client, nginx = httpx.Limits().keepalive_expiry or 0, 60
    assert IDLE_SECONDS > nginx > client
    assert server_config(Starlette()).timeout_keep_alive > client
