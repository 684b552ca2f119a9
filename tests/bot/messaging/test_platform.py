"""What platforms say they can do, and what they have methods for."""

import pytest

from handlers.discord.platform import DiscordPlatform
from handlers.telegram.platform import TelegramPlatform


@pytest.mark.parametrize("platform", [DiscordPlatform, TelegramPlatform])
def test_platforms_that_send_albums_have_the_method_for_it(
    platform: type[DiscordPlatform] | type[TelegramPlatform],
) -> None:
    assert hasattr(platform, "send_album") == platform.capabilities.sends_albums
