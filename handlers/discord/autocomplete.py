"""What Discord offers while a style's name is being typed."""

import structlog
from discord.app_commands import Choice

from bot.jobs.style_options import options_for, suggestions
from bot.services import Services
from handlers.discord.client import Ask
from handlers.discord.identities import asker_of, chat_of

log = structlog.get_logger(__name__)

MOST, MAX_NAME = 25, 100


class Suggesting:
    """Never raises: without suggestions a name can still be typed."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def styles(self, interaction: Ask, words: str) -> list[Choice[str]]:
        """The styles that the words may be the beginning of."""
        person = asker_of(interaction)
        try:
            language = await self._services.job_service.language(person)
            on_offer = await options_for(self._services, person, chat_of(interaction, unseen=False))
        except Exception:  # the database may fail; one suggestion is no reason to say more than that
            log.exception("no styles could be suggested")
            return []
        found = suggestions(words, on_offer, language, MOST)
        return [Choice(name=label[:MAX_NAME], value=name) for label, name in found]
