"""What a draft's buttons offer somebody in a chat: favourites first, saved styles, and only what the group allows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.domain.styles import REFERENCE, SHEET, Style
from bot.messaging.platform import Chat, Person

if TYPE_CHECKING:
    from bot.saved_styles.service import SavedStyle
    from bot.services import Services

FAVOURITES = 4


@dataclass(frozen=True)
class StyleOptions:
    """Styles in the order of their buttons, and saved ones."""

    styles: tuple[Style, ...]
    saved_styles: tuple["SavedStyle", ...] = ()


async def options_for(services: "Services", person: Person, chat: Chat) -> StyleOptions:
    """What this person may choose from in this chat."""
    favourites = await services.job_service.favourites(person, limit=FAVOURITES)
    rules = await services.groups.settings(chat) if chat.is_group else None
    allowed = None if rules is None else rules.styles
    shown = ordered(services.job_service.styles(), favourites, allowed)
    if allowed is not None and REFERENCE not in allowed:
        return StyleOptions(shown)
    library = await services.saved_styles.library(chat) if chat.is_group else ()
    return StyleOptions(shown, (*await services.saved_styles.of_person(person), *library))


def ordered(styles: Sequence[Style], favourites: Sequence[int], allowed: Collection[int] | None) -> tuple[Style, ...]:
    """The allowed styles, favourites first. Pure."""
    rank = {index: place for place, index in enumerate(favourites)}
    may_be_used = [style for style in styles if allowed is None or style.index in allowed]
    return tuple(sorted(may_be_used, key=lambda style: rank.get(style.index, len(rank))))


def suggestions(words: str, on_offer: StyleOptions, language: str, most: int) -> list[tuple[str, str]]:
    """What the words may be the beginning of: how it is shown, and what to ask for. Pure."""
    looks = [(f"{style.index} · {style.name(language)}", style) for style in on_offer.styles if style is not SHEET]
    wanted = words.strip().casefold()
    found = [(label, str(style.index)) for label, style in looks if wanted in f"{label} {style.slug}".casefold()]
    found += [(f"⭐ {saved.name}", saved.name) for saved in on_offer.saved_styles if wanted in saved.name.casefold()]
    return found[:most]
