"""Reads the style that somebody's words name: one of the catalogue or a saved one."""

from dataclasses import dataclass

from bot.domain.styles import Style
from bot.jobs.queries import JobQueries
from bot.jobs.request import StyleChoice, like_saved
from bot.messaging.platform import Chat, Person
from bot.messaging.style_text import UnknownStyle, find_style, names_literally
from bot.saved_styles.service import SavedStyleService


@dataclass(frozen=True)
class StyleReader:
    """Knows the styles on offer and the saved ones."""

    queries: JobQueries
    saved_styles: SavedStyleService

    async def read(self, person: Person, chat: Chat, text: str) -> StyleChoice | UnknownStyle | None:
        """The style that the text names; None for an empty text.

        A saved style's own name goes before a guess: who has named a style "三" means that one, not number 3.
        """
        style = find_style(text, self.queries.styles())
        if style is None:
            return None
        if isinstance(style, Style) and names_literally(text, style):
            return StyleChoice(style.index)
        saved = await self.saved_styles.find(person, chat, text)
        if saved is not None:
            return like_saved(saved.id)
        return StyleChoice(style.index) if isinstance(style, Style) else style
