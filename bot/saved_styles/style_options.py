"""The styles offered to a person in a chat: allowed by the group, favourites first, and saved styles; and the one that
somebody's words name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.domain.styles import REFERENCE, SHEET, SavedStyle, Style
from bot.groups.settings import GroupService
from bot.jobs.queries import JobQueries
from bot.jobs.request import StyleChoice, like_saved
from bot.messaging.platform import Chat, Person
from bot.messaging.style_text import UnknownStyle, find_style, names_literally
from bot.saved_styles.service import SavedStyleService

FAVOURITES = 4


@dataclass(frozen=True)
class StyleOptions:
    """Built-in styles in the order of their buttons, and saved styles."""

    styles: tuple[Style, ...]
    saved_styles: tuple[SavedStyle, ...] = ()


@dataclass(frozen=True)
class StyleOptionsService:
    """Combines favourites, group settings and saved styles."""

    queries: JobQueries
    groups: GroupService
    saved_styles: SavedStyleService

    async def in_chat(self, person: Person, chat: Chat) -> StyleOptions:
        """The styles that this person may choose in this chat."""
        favourites = await self.queries.favourites(person, limit=FAVOURITES)
        rules = await self.groups.settings(chat) if chat.is_group else None
        allowed = None if rules is None else rules.styles
        shown = order_styles(self.queries.styles(), favourites, allowed)
        if REFERENCE not in (
            self.queries.capacity.styles if allowed is None else allowed & self.queries.capacity.styles
        ):
            return StyleOptions(shown)
        library = await self.saved_styles.of_group(chat) if chat.is_group else ()
        return StyleOptions(shown, (*await self.saved_styles.of_person(person), *library))


def order_styles(
    styles: Sequence[Style], favourites: Sequence[int], allowed: Collection[int] | None
) -> tuple[Style, ...]:
    """The allowed styles, favourites first. `favourites`, `allowed`: style indices; `allowed` None: all. Pure."""
    rank = {index: place for place, index in enumerate(favourites)}
    permitted = [style for style in styles if allowed is None or style.index in allowed]
    return tuple(sorted(permitted, key=lambda style: rank.get(style.index, len(rank))))


def suggestions(text: str, options: StyleOptions, language: str, most: int) -> list[tuple[str, str]]:
    """Up to `most` completions of `text`, as pairs of label and the value to send. Pure."""
    styles = [(f"{style.index} · {style.name(language)}", style) for style in options.styles if style is not SHEET]
    wanted = text.strip().casefold()
    found = [(label, str(style.index)) for label, style in styles if wanted in f"{label} {style.slug}".casefold()]
    found += [(f"⭐ {saved.name}", saved.name) for saved in options.saved_styles if wanted in saved.name.casefold()]
    return found[:most]


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
