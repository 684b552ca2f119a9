"""Interactions over HTTP: handled as over the gateway, and accepted only with Discord's signature."""

from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.discord import discord_app


async def test_interactions_arrive_over_http_and_private_messages_over_the_gateway(tmp_path: Path) -> None:
    async with discord_app(tmp_path, by_http=True) as app:
        anna, ben, endpoint = app.member(1), app.person(2), app.discord.endpoint
        assert endpoint is not None
        [offered, *_] = await anna.autocomplete("style", "style", "ani", photo=portrait_jpeg())
        await anna.use_command("style", photo=portrait_jpeg(), style=offered["value"])
        [card] = await anna.wait_for_pictures()
        await anna.press(card, "Again")
        await anna.wait_for_pictures(2)
        await ben.send("/style 5", portrait_jpeg())
        await ben.wait_for_pictures()
        assert endpoint.statuses == [202, 202, 202]


async def test_only_signed_interactions_are_accepted(tmp_path: Path) -> None:
    async with discord_app(tmp_path, by_http=True) as app:
        endpoint = app.discord.endpoint
        assert endpoint is not None
        assert await endpoint.post({"type": 1}) == (200, {"type": 1})
        assert (await endpoint.post({"type": 1}, forged=True))[0] == 401
        unsigned = await endpoint.http.post(endpoint.url, json={"type": 1})
        garbled = await endpoint.http.post(endpoint.url, json={"type": 1}, headers={"X-Signature-Ed25519": "zz"})
        long = await endpoint.http.post(endpoint.url, content=b"x" * 2_000_000)
        assert (unsigned.status_code, garbled.status_code, long.status_code) == (401, 401, 413)
