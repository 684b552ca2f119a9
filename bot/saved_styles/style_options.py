"""What a draft's buttons offer somebody in a chat: favourites first, saved styles, and only what the group allows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.domain.styles import REFERENCE, SHEET, SavedStyle, Style
from bot.groups.settings import GroupService
from bot.jobs.queries import JobQueries
from bot.messaging.platform import Chat, Person
from bot.saved_styles.service import SavedStyleService

FAVOURITES = 4


@dataclass(frozen=True)
class StyleOptions:
    """Styles in the order of their buttons, and saved ones."""

    styles: tuple[Style, ...]
    saved_styles: tuple[SavedStyle, ...] = ()


@dataclass(frozen=True)
class StyleOptionsService:
    """Asks queries, group and saved styles."""

    queries: JobQueries
    groups: GroupService
    saved_styles: SavedStyleService

    async def in_chat(self, person: Person, chat: Chat) -> StyleOptions:
        """What this person may choose from in this chat."""
        favourites = await self.queries.favourites(person, limit=FAVOURITES)
        rules = await self.groups.settings(chat) if chat.is_group else None
        allowed = None if rules is None else rules.styles
        shown = order_styles(self.queries.styles(), favourites, allowed)
        if allowed is not None and REFERENCE not in allowed:
            return StyleOptions(shown)
        library = await self.saved_styles.library(chat) if chat.is_group else ()
        return StyleOptions(shown, (*await self.saved_styles.of_person(person), *library))


def order_styles(
    styles: Sequence[Style], favourites: Sequence[int], allowed: Collection[int] | None
) -> tuple[Style, ...]:
    """The allowed styles, favourites first. Pure."""
    rank = {index: place for place, index in enumerate(favourites)}
    may_be_used = [style for style in styles if allowed is None or style.index in allowed]
    return tuple(sorted(may_be_used, key=lambda style: rank.get(style.index, len(rank))))


def suggestions(text: str, options: StyleOptions, language: str, most: int) -> list[tuple[str, str]]:
    """What the words may be the beginning of: how it is shown, and what to ask for. Pure."""
    styles = [(f"{style.index} · {style.name(language)}", style) for style in options.styles if style is not SHEET]
    wanted = text.strip().casefold()
    found = [(label, str(style.index)) for label, style in styles if wanted in f"{label} {style.slug}".casefold()]
    found += [(f"⭐ {saved.name}", saved.name) for saved in options.saved_styles if wanted in saved.name.casefold()]
    return found[:most]
