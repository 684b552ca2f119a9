"""Suggests style names while a command is being typed."""

import structlog
from discord.app_commands import Choice

from bot.i18n import texts_for
from bot.saved_styles.style_options import suggestions
from bot.services import Services
from handlers.discord.client import BotInteraction
from handlers.discord.identities import chat_of, requester_of

log = structlog.get_logger(__name__)

MAX_CHOICES, MAX_CHOICE_NAME = 25, 100


class Autocomplete:
    """Never raises: without suggestions a name can still be typed."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def styles(self, interaction: BotInteraction, typed: str) -> list[Choice[str]]:
        """The styles that match what was typed so far, at most 25."""
        person = requester_of(interaction)
        try:
            language = await self._services.queries.language(person)
            options = await self._services.style_options.in_chat(person, chat_of(interaction, ephemeral=False))
        except Exception:  # e.g. the database is down; a missing suggestion is not worth an error message
            log.exception("style suggestions failed")
            return []
        matches = suggestions(typed, options, texts_for(language).language, MAX_CHOICES)
        return [Choice(name=label[:MAX_CHOICE_NAME], value=name) for label, name in matches]
