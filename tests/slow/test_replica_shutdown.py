"""One of two installations ends: the other receives, and cards go on."""

from pathlib import Path

import pytest

from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.replica_apps import discord_replicas, telegram_replicas


async def test_only_one_of_us_asks_for_updates_and_the_other_goes_on_when_it_ends(
    tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with telegram_replicas(tmp_path, postgres_url, by_webhook=False) as replicas:
        anna, ben = replicas.person(1), replicas.person(2)
        await anna.sends(portrait_jpeg(), caption="/style 2")
        await replicas.api.until(lambda: anna.pictures)
        await replicas.api.handled()
        await replicas.leave(await replicas.holder("receiver:telegram"))
        await ben.sends(portrait_jpeg(), caption="/style 2")
        await replicas.api.until(lambda: ben.pictures)
        await replicas.api.handled()
        assert len(ben.sees) == 1
        assert len(anna.sees) == 1, "what was dealt with is not dealt with again"
    assert "another program receives" not in capsys.readouterr().out


async def test_the_other_listens_when_one_ends_and_cards_go_on(tmp_path: Path, postgres_url: str) -> None:
    go = tmp_path / "go"
    async with discord_replicas(tmp_path, postgres_url, until=go) as replicas:
        anna, ben = replicas.town.member(1), replicas.town.person(2)
        replicas.mail.pinned = leaves = await replicas.holder("receiver:discord")
        card = await anna.wait_for_answer(
            await anna.use_command("style", photo=portrait_jpeg(), style="2", private=True)
        )
        await replicas.leave(leaves)
        replicas.mail.pinned = None
        go.touch()
        [picture] = await anna.wait_for_pictures()
        assert picture.id == card.id
        await replicas.discord.wait_until(lambda: len(replicas.discord.gateway.identify_payloads) == 2)
        await ben.send("/style 5", portrait_jpeg())
        await ben.wait_for_pictures()
