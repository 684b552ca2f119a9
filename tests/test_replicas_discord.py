"""Discord before two installations on one PostgreSQL: interactions come to either, cards are shown by one of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.postgres import Server
from tests.replica_towns import DiscordTowns, discord_towns
from tests.stand_in import portrait_jpeg

TOGETHER = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def towns(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DiscordTowns]:
    """Both are brought interactions, in turn unless a test says otherwise; each test comes with people of its own."""
    async with discord_towns(tmp_path_factory.mktemp("towns"), postgres.new_database()) as opened:
        yield opened


@TOGETHER
@pytest.mark.parametrize("number", [0, 1])
async def test_a_card_that_only_one_person_sees_is_changed_by_whoever_shows_cards(
    towns: DiscordTowns, number: int
) -> None:
    """By right of an interaction that was brought to this one or the other."""
    towns.mail.pinned = number
    anna = towns.town.member(1 + number)
    await anna.types("style", photo=portrait_jpeg(), style="2", private=True)
    [card] = await anna.gets()
    assert card.is_ephemeral
    towns.mail.pinned = 1 - number
    await anna.presses(card, "Again")
    assert len(await anna.gets(2)) == 2
    assert anna.dms.sees == []
    towns.mail.pinned = None


@TOGETHER
async def test_an_interaction_that_two_are_handed_is_answered_once(towns: DiscordTowns) -> None:
    towns.mail.everywhere = True
    anna = towns.town.person(5)
    await anna.types("quota")
    await anna.types("style", photo=portrait_jpeg(), style="2")
    await anna.gets()
    towns.mail.everywhere = False
    assert len(anna.sees) == 2
    quota = await towns.parts[0].studio.quota(anna.person)
    assert (quota.used, quota.reserved) == (1, 0)


@TOGETHER
async def test_one_of_us_is_connected_and_both_are_heard(towns: DiscordTowns) -> None:
    """Private messages come by the gateway, where one of us listens."""
    anna = towns.town.person(6)
    await anna.writes("/style 5", portrait_jpeg())
    await anna.gets()
    assert len(towns.discord.gateway.identified) == 1


@TOGETHER
async def test_what_an_interaction_allows_is_kept_sealed(towns: DiscordTowns) -> None:
    anna = towns.town.member(7)
    await anna.types("quota")
    tokens = [asked.token for asked in towns.discord.asks.all.values()]
    async with towns.parts[0].studio.database.read() as connection:
        kept = (await connection.execute(text("SELECT sealed FROM reply"))).scalars().all()
    assert tokens
    assert kept
    assert not any(token in sealed for token in tokens for sealed in kept)


async def test_the_other_listens_when_one_ends_and_cards_go_on(tmp_path: Path, postgres_url: str) -> None:
    go = tmp_path / "go"
    async with discord_towns(tmp_path, postgres_url, until=go) as towns:
        anna, ben = towns.town.member(1), towns.town.person(2)
        towns.mail.pinned = 0
        card = await anna.reads(await anna.types("style", photo=portrait_jpeg(), style="2", private=True))
        await towns.leave(0)
        towns.mail.pinned = None
        go.touch()
        [picture] = await anna.gets()
        assert picture.id == card.id
        await towns.discord.until(lambda: len(towns.discord.gateway.identified) == 2)
        await ben.writes("/style 5", portrait_jpeg())
        await ben.gets()
