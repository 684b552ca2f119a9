"""Cards that a group doesn't want to keep are removed."""

from pathlib import Path

from bot.app import Installation
from bot.delivery.expired_cards import ExpiredCardRemover
from bot.groups.settings import GroupSettingsPatch
from bot.messaging.platform import Address, Card, Chat
from storage import cards, results
from tests.harness.app import ANNA, accepted, ended, private, running_app
from tests.harness.memory_platform import MemoryPlatform
from tests.harness.requests import ManualClock, a_group, a_person, submit_request
from tests.harness.rows import NOON


def remover_of(app: Installation, platform: MemoryPlatform) -> ExpiredCardRemover:
    return ExpiredCardRemover(platform, app.services.database, app.services.clock)


async def shown(app: Installation, platform: MemoryPlatform, chat: Chat) -> int:
    """A finished job with a card in a chat; returns its id."""
    person = a_person()
    view = accepted(await submit_request(app, person, chat))
    await ended(app, person, view.id)
    message_id = await platform.show(Address(chat), Card("a picture"))
    async with app.services.database.write() as connection:
        await cards.set_message(connection, view.id, message_id)
        await results.remove_from_outbox(connection, view.id)
    return view.id


async def test_cards_stay_in_a_group_for_as_long_as_its_admins_want(tmp_path: Path) -> None:
    day, platform, tidy, other = ManualClock(NOON), MemoryPlatform(), a_group(), a_group()
    async with running_app(tmp_path, clock=day.clock()) as app:
        await app.services.groups.change(tidy, GroupSettingsPatch(delete_cards_after_hours=2), by_admin=True)
        for chat in (tidy, other, private(ANNA)):
            await shown(app, platform, chat)
        remover = remover_of(app, platform)
        day.time += 1.9 * 3600
        await remover.remove_expired()
        assert platform.removed == []
        day.time += 0.2 * 3600
        platform.messages.pop("1")  # somebody was quicker
        await shown(app, platform, tidy)
        await remover.remove_expired()
        assert platform.removed == []
        day.time += 2.1 * 3600
        await remover.remove_expired()
        assert platform.removed == ["4"]
        day.time += 3600
        await remover.remove_expired()
        assert platform.removed == ["4"]
        assert set(platform.messages) == {"2", "3"}
