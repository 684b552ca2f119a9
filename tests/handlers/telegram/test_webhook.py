"""The webhook: each update is stored before it is acknowledged, and processed once."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.app import open_installation
from bot.config.settings import InvalidSettings, load
from bot.runtime.clock import WallClock
from handlers.telegram import WebhookConfig, WebhookRefused, telegram, webhook_config
from handlers.telegram.webhook import MAX_BYTES, PATH, SECRET_HEADER
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.server import TOKEN, WAIT_SECONDS, BotApi, Fault, bad_gateway, bot_api, error_reply
from tests.harness.app import settings_for
from tests.harness.telegram import SPEEDUP, telegram_harness


async def post(api: BotApi, body: bytes | str, secret: bytes | None = None) -> int:
    """Post this body to the webhook, with the secret token if given; returns the status."""
    headers = {} if secret is None else {SECRET_HEADER.encode(): secret}
    async with httpx.AsyncClient(timeout=WAIT_SECONDS) as http:
        return (await http.post(api.webhook.url, content=body, headers=headers)).status_code


async def test_a_photo_delivered_by_webhook_becomes_a_picture(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, by_webhook=True) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        await harness.api.handled()
        assert harness.api.count("getUpdates") == 0
        assert harness.api.webhook.url.endswith(PATH)
        [params] = [call.params for call in harness.api.calls if call.method == "setWebhook"]
        assert params["drop_pending_updates"] == "false"
        assert set(json.loads(params["allowed_updates"])) == {
            *("message", "edited_message", "callback_query", "inline_query"),
            *("pre_checkout_query", "my_chat_member", "guest_message"),
        }


class ClockAfterDeliveries(WallClock):
    """A fast clock whose waits begin only after that many deliveries: on a busy machine the next one may be late."""

    def __init__(self, api: BotApi, deliveries: int) -> None:
        super().__init__(SPEEDUP)
        self._api = api
        self._deliveries = deliveries

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        await self._api.until(lambda: len(self._api.webhook.attempts) >= self._deliveries)
        return await super().wait(event, seconds)


async def test_an_album_delivered_one_by_one_is_one_request(tmp_path: Path) -> None:
    async with bot_api() as api:
        clock = ClockAfterDeliveries(api, 3)
        async with telegram_harness(tmp_path, api=api, by_webhook=True, handler_clock=clock) as harness:
            anna = harness.person(1)
            await anna.says("/quota")
            await api.until(lambda: anna.sees)  # the bot has started: updates are no longer only stored
            await anna.sends_album([portrait_jpeg(), portrait_jpeg(500, 500, shade=9)], caption="/style ref")
            await api.until(lambda: anna.pictures)
            assert await harness.units(anna) == (1, 0)


async def test_an_update_delivered_twice_is_processed_once(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, by_webhook=True) as harness:
        harness.api.webhook.duplicate = True
        anna = harness.person(1)
        await anna.says("/quota")
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await harness.api.until(lambda: anna.pictures)
        await harness.api.handled()
        assert len(harness.api.webhook.attempts) == 4
        assert len(anna.sees) == 2


async def test_stored_unfinished_updates_are_resumed_at_the_next_start(tmp_path: Path) -> None:
    async with bot_api() as api:
        async with telegram_harness(tmp_path, api=api, by_webhook=True) as harness:
            anna = harness.person(1)
            api.faults.append(bad_gateway("getFile", times=1000))
            await anna.sends(portrait_jpeg(), caption="/style 2")
            await api.until(lambda: api.count("getFile"))
            await api.acknowledged()
        api.faults.clear()
        assert not anna.pictures
        async with telegram_harness(tmp_path, api=api, by_webhook=True) as harness:
            await api.until(lambda: anna.pictures)
            assert await harness.units(anna) == (1, 0)
            assert len(api.webhook.attempts) == 1, "nobody had to bring it again"


async def test_requests_without_the_secret_token_are_rejected(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path, by_webhook=True) as harness:
        anna, api = harness.person(1), harness.api
        update = json.dumps({"update_id": 5, "message": {"message_id": 1}})
        secret = api.webhook.secret
        wrong = [None, b"", b"x" * len(secret), secret[:-1].encode(), "ü".encode() * 8]
        assert [await post(api, update, secret) for secret in wrong] == [403] * 5
        assert len(secret) == 64
        assert not anna.sees


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"[1, 2]", 200),
        (b'{"update_id": "five"}', 200),
        (b"\xff\xfe", 200),
        (b'{"update_id": 7, "message": {"nonsense": true}}', 200),
        (b'{"update_id": 8}', 200),
        (b"x" * (MAX_BYTES + 1), 413),
    ],
    ids=["nothing", "a list", "no number", "no text", "no message", "no kind", "too long"],
)
async def test_invalid_bodies_with_the_secret_token_do_no_harm(tmp_path: Path, body: bytes, status: int) -> None:
    async with telegram_harness(tmp_path, by_webhook=True) as harness:
        assert await post(harness.api, body, harness.api.webhook.secret.encode()) == status
        anna = harness.person(1)
        await anna.says("/quota")
        await harness.api.until(lambda: anna.sees)


async def test_long_polling_deletes_the_webhook_and_drops_no_updates(tmp_path: Path) -> None:
    async with bot_api() as api:
        api.webhook.configure("http://127.0.0.1:9/elsewhere", "word")
        async with telegram_harness(tmp_path, api=api) as harness:
            assert api.webhook.url == ""
            await harness.person(1).says("/quota")
            await api.until(lambda: harness.person(1).sees)
        assert [call.params for call in api.calls if call.method == "deleteWebhook"] == [
            {"drop_pending_updates": "false"}
        ]


async def test_a_rejected_webhook_url_is_reported_at_the_start(tmp_path: Path) -> None:
    async with (
        bot_api() as api,
        open_installation(settings_for(tmp_path), clock=WallClock(), engine=quick_engine()) as app,
    ):
        api.faults.append(Fault("setWebhook", error_reply(400, "Bad Request: bad webhook: HTTPS url must be provided")))
        with pytest.raises(WebhookRefused, match="PUBLIC_URL"):
            async with telegram(
                app.services,
                token=SecretStr(TOKEN),
                api_url=api.url,
                webhook=WebhookConfig("http://example.org/x", "word"),
            ):
                raise AssertionError("the bot must not start")


def test_the_secret_token_is_stable_and_differs_between_installations() -> None:
    here, again, elsewhere = (
        webhook_config("https://example.org/", secret) for secret in (b"a" * 32, b"a" * 32, b"b" * 32)
    )
    assert here == again
    assert here.secret != elsewhere.secret
    assert here.url == "https://example.org/telegram/webhook"
    assert here.secret not in repr(here)


def test_a_webhook_needs_a_public_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_WEBHOOK", "on")
    with pytest.raises(InvalidSettings, match="PUBLIC_URL"):
        load(tmp_path / "none.env")
    monkeypatch.setenv("PUBLIC_URL", "https://example.org")
    settings: Any = load(tmp_path / "none.env")
    assert settings.telegram_webhook == "on"
