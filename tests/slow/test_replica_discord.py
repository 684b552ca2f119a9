"""Discord before two installations on one PostgreSQL: interactions come to either, cards are shown by one of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.postgres import Server
from tests.harness.replica_apps import DiscordReplicas, discord_replicas

TOGETHER = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replicas(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DiscordReplicas]:
    """Both are brought interactions, in turn unless a test says otherwise; each test comes with people of its own."""
    async with discord_replicas(tmp_path_factory.mktemp("towns"), postgres.new_database()) as opened:
        yield opened


@TOGETHER
@pytest.mark.parametrize("number", [0, 1])
async def test_a_card_that_only_one_person_sees_is_changed_by_whoever_shows_cards(
    replicas: DiscordReplicas, number: int
) -> None:
    """By right of an interaction that was brought to this one or the other."""
    replicas.mail.pinned = number
    anna = replicas.town.member(1 + number)
    await anna.use_command("style", photo=portrait_jpeg(), style="2", private=True)
    [card] = await anna.wait_for_pictures()
    assert card.is_ephemeral
    replicas.mail.pinned = 1 - number
    await anna.press(card, "Again")
    assert len(await anna.wait_for_pictures(2)) == 2
    assert anna.in_dm.messages == []
    replicas.mail.pinned = None


@TOGETHER
async def test_an_interaction_that_two_are_handed_is_answered_once(replicas: DiscordReplicas) -> None:
    replicas.mail.everywhere = True
    anna = replicas.town.person(5)
    await anna.use_command("quota")
    await anna.use_command("style", photo=portrait_jpeg(), style="2")
    await anna.wait_for_pictures()
    replicas.mail.everywhere = False
    assert len(anna.messages) == 2
    quota = await replicas.apps[0].services.queries.quota(anna.person)
    assert (quota.used, quota.reserved) == (1, 0)
    # Both said at once that they think, for there are three seconds; Discord takes that from one of them.
    assert all("answered twice" in breach for breach in replicas.discord.violations)
    replicas.discord.violations.clear()


@TOGETHER
async def test_one_of_us_is_connected_and_both_are_heard(replicas: DiscordReplicas) -> None:
    """Private messages come by the gateway, where one of us listens."""
    anna = replicas.town.person(6)
    await anna.send("/style 5", portrait_jpeg())
    await anna.wait_for_pictures()
    assert len(replicas.discord.gateway.identify_payloads) == 1


@TOGETHER
async def test_a_message_that_both_hear_is_answered_once(replicas: DiscordReplicas) -> None:
    """As when one of us has not noticed yet that it is not its turn any more."""
    anna, gateway = replicas.town.person(8), replicas.discord.gateway
    idle = 1 - await replicas.holder("receiver:discord")
    for times in (1, 2):  # whose turn it was may have its turn again
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(replicas.platforms[idle].receive(stop))
            await replicas.discord.wait_until(
                lambda: len([one for one in gateway.sessions.values() if one.connection]) == 2
            )
            await anna.send("/quota")
            await anna.send("/style 5", portrait_jpeg(shade=times))
            await anna.wait_for_pictures(times)
            stop.set()
        await replicas.discord.wait_until(
            lambda: len([one for one in gateway.sessions.values() if one.connection]) == 1
        )
        assert len(anna.messages) == 2 * times


@TOGETHER
async def test_what_an_interaction_allows_is_kept_sealed(replicas: DiscordReplicas) -> None:
    anna = replicas.town.member(7)
    await anna.use_command("quota")
    tokens = [asked.token for asked in replicas.discord.interactions.all.values()]
    async with replicas.apps[0].services.database.read() as connection:
        kept = (await connection.execute(text("SELECT sealed FROM reply"))).scalars().all()
    assert tokens
    assert kept
    assert not any(token in sealed for token in tokens for sealed in kept)
