"""Commands of Discord that come by HTTP: the same as by the gateway, and nothing that Discord has not signed."""

from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.discord import discord_house


async def test_commands_and_presses_come_by_http_and_private_messages_by_the_gateway(tmp_path: Path) -> None:
    async with discord_house(tmp_path, by_http=True) as town:
        anna, ben, endpoint = town.member(1), town.person(2), town.discord.endpoint
        assert endpoint is not None
        [offered, *_] = await anna.suggests("style", "style", "ani", photo=portrait_jpeg())
        await anna.types("style", photo=portrait_jpeg(), style=offered["value"])
        [card] = await anna.gets()
        await anna.presses(card, "Again")
        await anna.gets(2)
        await ben.writes("/style 5", portrait_jpeg())
        await ben.gets()
        assert endpoint.brought == [202, 202, 202]


async def test_only_what_discord_signed_is_let_in(tmp_path: Path) -> None:
    async with discord_house(tmp_path, by_http=True) as town:
        endpoint = town.discord.endpoint
        assert endpoint is not None
        assert await endpoint.knock({"type": 1}) == (200, {"type": 1})
        assert (await endpoint.knock({"type": 1}, forged=True))[0] == 401
        unsigned = await endpoint.http.post(endpoint.url, json={"type": 1})
        garbled = await endpoint.http.post(endpoint.url, json={"type": 1}, headers={"X-Signature-Ed25519": "zz"})
        long = await endpoint.http.post(endpoint.url, content=b"x" * 2_000_000)
        assert (unsigned.status_code, garbled.status_code, long.status_code) == (401, 401, 413)
