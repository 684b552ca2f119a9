"""Saved styles: kept by name (/savestyle), listed (/mystyles), shared by a link, and on a group's shelf (/shelf)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import find, sample
from bot.i18n import error_message, texts_for
from bot.messaging.callback_data import Press, Verb, whose
from bot.messaging.callbacks import ButtonPress, CallbackAnswer, error_answer, not_yours
from bot.messaging.commands import CommandName
from bot.messaging.incoming import IncomingMessage, is_withheld, read_attachment
from bot.messaging.job_card import ButtonRows
from bot.messaging.pagination import clamp_page, page_buttons
from bot.messaging.platform import DEFAULT_CAPABILITIES, Button, Capabilities, Card, Chat, Person, Picture
from bot.saved_styles.names import normalize, parse_rename

if TYPE_CHECKING:
    from bot.saved_styles.service import SavedStyle
    from bot.services import Services

ON_A_PAGE = 10
_COLUMNS = 2
_OPEN, _SHARE, _REMOVE, _REALLY, _KEEP = range(5)  # what a press on a saved style asks for
_STYLE, _LOOK = "style_", "look_"  # what deep links begin with


class SavedStyleCommands:
    """Answers what concerns saved styles. `link` turns the payload of a deep link into one, where there are any;
    `room` is what the platform has room for."""

    def __init__(
        self,
        services: "Services",
        clock: Callable[[], float],
        link: Callable[[str], str] | None = None,
        room: Capabilities = DEFAULT_CAPABILITIES,
    ) -> None:
        self._job_service = services.job_service
        self._saved_styles = services.saved_styles
        self._privacy = services.privacy
        self._clock = clock
        self._link = link
        self._room = room

    async def command(self, command: CommandName, message: IncomingMessage, words: str) -> Card:
        """The answer to one of its commands."""
        texts = texts_for(message.person.language)
        match command:
            case CommandName.MY_STYLES:
                at_hand = await self._at_hand(message.person, message.chat)
                return saved_styles_card(at_hand, message.person, page=0, room=self._room)
            case CommandName.RENAME_STYLE:
                return await self._rename(message, words)
            case CommandName.SHELF if not message.chat.is_group:
                return Card(texts.gettext("A shelf belongs to a group. Your own styles are in /mystyles."))
            case CommandName.SHELF if not words.strip():
                return library_card(await self._saved_styles.library(message.chat), message.person, self._room)
            case _:
                return await self._save(message, words.strip(), library=command is CommandName.SHELF)

    async def arrived(self, message: IncomingMessage, payload: str) -> Card | None:
        """What somebody finds who came by a link; None when the link says nothing."""
        person, texts = message.person, texts_for(message.person.language)
        if payload.startswith(_LOOK):
            return self._look(person, payload.removeprefix(_LOOK))
        if not payload.startswith(_STYLE):
            return None
        token = payload.removeprefix(_STYLE)
        style = await self._saved_styles.adopt(person, token)
        if isinstance(style, UserError):
            return Card(error_message(style, texts, now=self._clock()))
        jpeg = await self._saved_styles.picture_by_token(token)
        words = texts.gettext("The style “{name}” is yours now. Send me a photo and choose it.", name=style.name)
        return Card(words, picture=None if jpeg is None else _picture(style, jpeg))

    async def pressed(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        """A press on the list, or on one of its styles."""
        person, chat = pressed.person, pressed.chat
        if press.verb is Verb.CLOSET:
            if press.about != whose(person):
                return not_yours(person)
            return CallbackAnswer(
                edit=saved_styles_card(await self._at_hand(person, chat), person, page=press.number or 0)
            )
        style = next((one for one in await self._at_hand(person, chat) if one.id == press.about), None)
        if style is None:
            return error_answer(UserError(ErrorCode.STYLE_GONE), person, self._clock())
        match press.number:
            case number if number == _OPEN:
                return await self._opened(style, pressed)
            case number if number == _SHARE:
                return await self._shared(style, person)
            case number if number == _REMOVE:
                return CallbackAnswer(rows=_really(style, person))
            case number if number == _REALLY:
                return await self._removed(style, pressed)
            case _:
                return CallbackAnswer(rows=style_rows(style, person, has_links=self._link is not None))

    async def _at_hand(self, person: Person, chat: Chat) -> tuple["SavedStyle", ...]:
        library = await self._saved_styles.library(chat) if chat.is_group else ()
        return (*await self._saved_styles.of_person(person), *library)

    async def _save(self, message: IncomingMessage, name: str, *, library: bool) -> Card:
        texts = texts_for(message.person.language)
        picture = message.attachments[0] if message.attachments else message.replied
        if picture is None or not name:
            how = how_to_library_text if library else how_to_save_text
            return Card(how(message.person, self._room))
        by_admin = library and await message.is_admin()
        if library and not by_admin:
            return Card(error_message(ErrorCode.GROUP_ADMINS_ONLY, texts))
        if await is_withheld(self._privacy, picture, message.person):
            return Card(error_message(ErrorCode.OPTED_OUT, texts))
        data = await read_attachment(picture)
        if isinstance(data, UserError):
            return Card(error_message(data, texts, now=self._clock()))
        where = message.chat if library else None
        style = await self._saved_styles.save(message.person, name, data, library=where, by_admin=by_admin)
        if isinstance(style, UserError):
            return Card(error_message(style, texts, now=self._clock()))
        return saved_card(style, message.person, has_links=self._link is not None)

    async def _rename(self, message: IncomingMessage, words: str) -> Card:
        """Another name for a style of theirs; for one of the shelf, by an admin."""
        person, chat, texts = message.person, message.chat, texts_for(message.person.language)
        at_hand = await self._at_hand(person, chat)
        meant = parse_rename(words, [style.name for style in at_hand])
        if meant is None:
            return Card(texts.gettext("Write /renamestyle, the name of a saved style, and its new name."))
        style = next(style for style in at_hand if normalize(style.name) == normalize(meant[0]))
        by_admin = style.in_library and await message.is_admin()
        if style.in_library and not by_admin:
            return Card(error_message(ErrorCode.GROUP_ADMINS_ONLY, texts))
        where = chat if style.in_library else None
        named = await self._saved_styles.rename(person, style.id, meant[1], chat=where, by_admin=by_admin)
        if isinstance(named, UserError):
            return Card(error_message(named, texts, now=self._clock()))
        return Card(texts.gettext("“{old}” is called “{new}” now.", old=style.name, new=named.name))

    async def _opened(self, style: "SavedStyle", pressed: ButtonPress) -> CallbackAnswer:
        jpeg = await self._saved_styles.picture(pressed.person, pressed.chat, style.id)
        if jpeg is None:
            return error_answer(UserError(ErrorCode.STYLE_GONE), pressed.person, self._clock())
        rows = style_rows(style, pressed.person, has_links=self._link is not None)
        return CallbackAnswer(card=Card(f"⭐ {style.name}", rows, _picture(style, jpeg)))

    async def _shared(self, style: "SavedStyle", person: Person) -> CallbackAnswer:
        token = await self._saved_styles.share_token(person, style.id)
        if isinstance(token, UserError) or self._link is None:
            why = token if isinstance(token, UserError) else UserError(ErrorCode.STYLE_GONE)
            return error_answer(why, person, self._clock())
        return CallbackAnswer(card=shared_card(style, self._link(f"{_STYLE}{token}"), person))

    async def _removed(self, style: "SavedStyle", pressed: ButtonPress) -> CallbackAnswer:
        by_admin = style.in_library and await pressed.is_admin()
        chat = pressed.chat if style.in_library else None
        if style.in_library and not by_admin:
            return error_answer(UserError(ErrorCode.GROUP_ADMINS_ONLY), pressed.person, self._clock())
        problem = await self._saved_styles.remove(pressed.person, style.id, chat=chat, by_admin=by_admin)
        if problem is not None:
            return error_answer(problem, pressed.person, self._clock())
        texts = texts_for(pressed.person.language)
        return CallbackAnswer(texts.gettext("“{name}” is removed.", name=style.name), remove=True)

    def _look(self, person: Person, slug: str) -> Card | None:
        style = find(slug, self._job_service.styles())
        if style is None:
            return None
        texts, jpeg = texts_for(person.language), sample(style.slug)
        name = style.name(texts.language)
        words = texts.gettext("{style}: send me a photo with {number} as its caption.", style=name, number=style.index)
        return Card(words, picture=None if jpeg is None else Picture(jpeg, f"{style.slug}.jpg", name))


def saved_styles_card(
    styles: Sequence["SavedStyle"], person: Person, *, page: int, room: Capabilities = DEFAULT_CAPABILITIES
) -> Card:
    """One page of what somebody has at hand: their own, and the group's."""
    texts = texts_for(person.language)
    if not styles:
        return Card("\n".join([texts.gettext("You have no saved styles yet."), how_to_save_text(person, room)]))
    pages = -(-len(styles) // ON_A_PAGE)
    page = clamp_page(page, pages)
    title = texts.ngettext("You have {n} saved style at hand.", "You have {n} saved styles at hand.", len(styles))
    how = texts.gettext("/style and its name paints with it, /renamestyle gives it another. 👥 belongs to this group.")
    turn = partial(Press, Verb.CLOSET, whose(person))
    buttons = _buttons(styles[page * ON_A_PAGE : (page + 1) * ON_A_PAGE])
    return Card(f"{title}\n{how}", (*buttons, *page_buttons(turn, page, pages)))


def library_card(styles: Sequence["SavedStyle"], person: Person, room: Capabilities = DEFAULT_CAPABILITIES) -> Card:
    """What everybody in a group has at hand."""
    texts = texts_for(person.language)
    if not styles:
        return Card("\n".join([texts.gettext("This group's shelf is empty."), how_to_library_text(person, room)]))
    title = texts.ngettext("{n} style is on this group's shelf.", "{n} styles are on this group's shelf.", len(styles))
    return Card(f"{title}\n{how_to_library_text(person, room)}", _buttons(styles))


def saved_card(style: "SavedStyle", person: Person, *, has_links: bool) -> Card:
    """A style was kept."""
    texts = texts_for(person.language)
    if style.in_library:
        return Card(
            texts.gettext("“{name}” is on this group's shelf: /style {name} works for everybody here.", name=style.name)
        )
    words = texts.gettext(
        "Kept as “{name}”. /style {name} paints with it, /mystyles shows all of yours.", name=style.name
    )
    return Card(words, style_rows(style, person, has_links=has_links))


def shared_card(style: "SavedStyle", link: str, person: Person) -> Card:
    """The link, to be passed on."""
    texts = texts_for(person.language)
    words = texts.gettext("Whoever opens this link gets a copy of “{name}”:", name=style.name)
    return Card(f"{words}\n{link}")


def style_rows(style: "SavedStyle", person: Person, *, has_links: bool) -> ButtonRows:
    """What can be done with a saved style."""
    texts = texts_for(person.language)
    share = Button(texts.gettext("🔗 Link to share"), Press(Verb.SAVED, style.id, _SHARE).pack())
    remove = Button(texts.gettext("🗑 Remove"), Press(Verb.SAVED, style.id, _REMOVE).pack())
    return ((share, remove),) if has_links and not style.in_library else ((remove,),)


def how_to_save_text(person: Person, room: Capabilities = DEFAULT_CAPABILITIES) -> str:
    if room.has_forms:
        return texts_for(person.language).gettext("/savestyle takes a picture and a name: it is kept as a style.")
    return texts_for(person.language).gettext(
        "Answer any picture with /savestyle and a name, or send one with that as its caption: it is kept as a style."
    )


def how_to_library_text(person: Person, room: Capabilities = DEFAULT_CAPABILITIES) -> str:
    if room.has_forms:
        return texts_for(person.language).gettext("Managers put a picture there: /shelf takes it and a name.")
    return texts_for(person.language).gettext("Admins put a picture there by answering it with /shelf and a name.")


def _really(style: "SavedStyle", person: Person) -> ButtonRows:
    texts = texts_for(person.language)
    yes = Button(texts.gettext("🗑 Yes, remove it"), Press(Verb.SAVED, style.id, _REALLY).pack())
    return ((yes, Button(texts.gettext("Keep it"), Press(Verb.SAVED, style.id, _KEEP).pack())),)


def _buttons(styles: Sequence["SavedStyle"]) -> ButtonRows:
    buttons = [
        Button(f"{'👥' if style.in_library else '⭐'} {style.name}", Press(Verb.SAVED, style.id, _OPEN).pack())
        for style in styles
    ]
    return tuple(tuple(buttons[start : start + _COLUMNS]) for start in range(0, len(buttons), _COLUMNS))


def _picture(style: "SavedStyle", jpeg: bytes) -> Picture:
    return Picture(jpeg, f"style-{style.id}.jpg", style.name)
