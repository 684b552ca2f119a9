"""Commands for saved styles: saving (/savestyle), renaming (/renamestyle), listing (/mystyles), sharing by link, and
the group's library (/shelf)."""

from collections.abc import Callable

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import SavedStyle
from bot.i18n import error_message, mark, texts_for
from bot.messaging.callback_data import person_key
from bot.messaging.incoming import (
    ButtonPress,
    CallbackAnswer,
    IncomingMessage,
    Withholds,
    error_answer,
    not_yours,
    read_attachment,
)
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities, Card, Chat, Person, Picture
from bot.messaging.registry import (
    IN_GROUPS,
    IN_PRIVATE,
    Command,
    Feature,
    Form,
    HelpLine,
    Option,
    OptionKind,
    StartLink,
    on_press,
)
from bot.saved_styles.cards import (
    SavedStyleAction,
    SavedStylePress,
    SavedStylesPage,
    confirm_remove_rows,
    how_to_library_text,
    how_to_save_text,
    library_card,
    saved_card,
    saved_styles_card,
    shared_card,
    style_rows,
)
from bot.saved_styles.names import normalize, parse_rename
from bot.saved_styles.service import SavedStyleService

_LINK = "style_"  # prefix of the payload of a deep link to a saved style
HELP = (
    HelpLine(
        90,
        mark("/savestyle and a name, in reply to a picture: save it as a style. /mystyles: your saved styles"),
        mark("/savestyle: save a picture as a style. /mystyles: your saved styles"),
    ),
)
_PICTURE = Option("picture", mark("The picture"), OptionKind.PICTURE)
_NAME = Option("name", mark("What to call the style"))


class SavedStyleCommands:
    """The commands and buttons of saved styles.

    `link`: makes a deep link of a payload, None on platforms without them; `clock`: returns epoch seconds.
    """

    def __init__(
        self,
        saved_styles: SavedStyleService,
        withholds: Withholds,
        clock: Callable[[], float],
        link: Callable[[str], str] | None = None,
        capabilities: Capabilities = DEFAULT_CAPABILITIES,
    ) -> None:
        self._saved_styles, self._withholds, self._clock = saved_styles, withholds, clock
        self._link, self._capabilities = link, capabilities

    def feature(self) -> Feature:
        """The commands and button handlers of this feature."""
        save = Form((_PICTURE, _NAME), "{name}", mark("Save a picture as a style of your own"))
        rename = Form((Option("style", mark("What it is called")), _NAME), "{style} = {name}")
        library = Form(
            (
                Option("picture", _PICTURE.description, OptionKind.PICTURE, required=False),
                Option("name", _NAME.description, required=False),
            ),
            "{name}",
            mark("This server's styles; managers can add a picture"),
            in_groups=True,
        )
        commands = (
            Command(
                "savestyle",
                self.save,
                summary=mark("Save a picture as a style: reply to it, and give a name"),
                menus=IN_PRIVATE,
                rank=40,
                form=save,
            ),
            Command(
                "mystyles",
                self.mine,
                summary=mark("My saved styles"),
                menus=IN_PRIVATE,
                rank=41,
                form=Form(),
                is_personal=True,
            ),
            Command(
                "renamestyle",
                self.rename,
                summary=mark("Rename a saved style"),
                menus=IN_PRIVATE,
                rank=42,
                form=rename,
            ),
            Command(
                "shelf", self.group_library, summary=mark("This group's styles"), menus=IN_GROUPS, rank=50, form=library
            ),
        )
        presses = (on_press(SavedStylesPage, self.turn_page), on_press(SavedStylePress, self.pressed))
        return Feature(commands, presses, (StartLink(_LINK, self.adopt),), HELP)

    async def mine(self, message: IncomingMessage, _: str) -> Card:
        """/mystyles: the first page of the list."""
        available = await self._available(message.person, message.chat)
        return saved_styles_card(available, message.person, page=0, capabilities=self._capabilities)

    async def save(self, message: IncomingMessage, text: str) -> Card:
        """/savestyle: save a picture as the person's own style."""
        return await self._save(message, text.strip(), library=False)

    async def group_library(self, message: IncomingMessage, text: str) -> Card:
        """/shelf: show the group's library, or with a name add a style to it."""
        if not message.chat.is_group:
            texts = texts_for(message.person.language)
            return Card(
                texts.gettext(
                    "/shelf shows the styles of a group, so it only works there. Your own styles are in /mystyles."
                )
            )
        if not text.strip():
            return library_card(await self._saved_styles.of_group(message.chat), message.person, self._capabilities)
        return await self._save(message, text.strip(), library=True)

    async def adopt(self, message: IncomingMessage, token: str) -> Card:
        """Answer a start by a share link: copy the style to the person's own."""
        texts = texts_for(message.person.language)
        style = await self._saved_styles.adopt(message.person, token)
        if isinstance(style, UserError):
            return Card(error_message(style, texts, now=self._clock()))
        jpeg = await self._saved_styles.picture_by_token(token)
        text = texts.gettext("The style “{name}” is now yours. Send me a photo and choose it.", name=style.name)
        return Card(text, picture=None if jpeg is None else _picture(style, jpeg))

    async def turn_page(self, data: SavedStylesPage, press: ButtonPress) -> CallbackAnswer:
        """Show another page of the list in place of this one."""
        if data.person != person_key(press.person):
            return not_yours(press.person)
        available = await self._available(press.person, press.chat)
        return CallbackAnswer(edit=saved_styles_card(available, press.person, page=data.page))

    async def pressed(self, data: SavedStylePress, press: ButtonPress) -> CallbackAnswer:
        """Handle a button of a saved style."""
        available = await self._available(press.person, press.chat)
        style = next((one for one in available if one.id == data.saved_style), None)
        if style is None:
            return error_answer(UserError(ErrorCode.STYLE_GONE), press.person, self._clock())
        match data.action:
            case SavedStyleAction.OPEN:
                return await self._open(style, press)
            case SavedStyleAction.SHARE:
                return await self._share(style, press.person)
            case SavedStyleAction.REMOVE:
                return CallbackAnswer(rows=confirm_remove_rows(style, press.person))
            case SavedStyleAction.CONFIRM_REMOVE:
                return await self._remove(style, press)
            case SavedStyleAction.KEEP:
                return CallbackAnswer(rows=style_rows(style, press.person, has_links=self._link is not None))

    async def _available(self, person: Person, chat: Chat) -> tuple[SavedStyle, ...]:
        library = await self._saved_styles.of_group(chat) if chat.is_group else ()
        return (*await self._saved_styles.of_person(person), *library)

    async def _save(self, message: IncomingMessage, name: str, *, library: bool) -> Card:
        texts = texts_for(message.person.language)
        picture = message.attachments[0] if message.attachments else message.replied
        if picture is None or not name:
            how = how_to_library_text if library else how_to_save_text
            return Card(how(message.person, self._capabilities))
        by_admin = library and await message.is_admin()
        if library and not by_admin:
            return Card(error_message(ErrorCode.GROUP_ADMINS_ONLY, texts))
        if await self._withholds(picture, message.person):
            return Card(error_message(ErrorCode.OPTED_OUT, texts))
        data = await read_attachment(picture)
        if isinstance(data, UserError):
            return Card(error_message(data, texts, now=self._clock()))
        target = message.chat if library else None
        style = await self._saved_styles.save(message.person, name, data, library=target, by_admin=by_admin)
        if isinstance(style, UserError):
            return Card(error_message(style, texts, now=self._clock()))
        return saved_card(style, message.person, has_links=self._link is not None)

    async def rename(self, message: IncomingMessage, text: str) -> Card:
        """/renamestyle: rename the person's own style or, by an admin, one in the group's library."""
        person, chat, texts = message.person, message.chat, texts_for(message.person.language)
        available = await self._available(person, chat)
        parsed = parse_rename(text, [style.name for style in available])
        if parsed is None:
            return Card(texts.gettext("Write /renamestyle, the name of a saved style, and the new name."))
        style = next(style for style in available if normalize(style.name) == normalize(parsed[0]))
        by_admin = style.in_library and await message.is_admin()
        if style.in_library and not by_admin:
            return Card(error_message(ErrorCode.GROUP_ADMINS_ONLY, texts))
        target = chat if style.in_library else None
        named = await self._saved_styles.rename(person, style.id, parsed[1], chat=target, by_admin=by_admin)
        if isinstance(named, UserError):
            return Card(error_message(named, texts, now=self._clock()))
        return Card(texts.gettext("“{old}” is now called “{new}”.", old=style.name, new=named.name))

    async def _open(self, style: SavedStyle, press: ButtonPress) -> CallbackAnswer:
        jpeg = await self._saved_styles.picture(press.person, press.chat, style.id)
        if jpeg is None:
            return error_answer(UserError(ErrorCode.STYLE_GONE), press.person, self._clock())
        rows = style_rows(style, press.person, has_links=self._link is not None)
        return CallbackAnswer(card=Card(f"⭐ {style.name}", rows, _picture(style, jpeg)))

    async def _share(self, style: SavedStyle, person: Person) -> CallbackAnswer:
        token = await self._saved_styles.share_token(person, style.id)
        if isinstance(token, UserError) or self._link is None:
            error = token if isinstance(token, UserError) else UserError(ErrorCode.STYLE_GONE)
            return error_answer(error, person, self._clock())
        return CallbackAnswer(card=shared_card(style, self._link(f"{_LINK}{token}"), person))

    async def _remove(self, style: SavedStyle, press: ButtonPress) -> CallbackAnswer:
        by_admin = style.in_library and await press.is_admin()
        chat = press.chat if style.in_library else None
        if style.in_library and not by_admin:
            return error_answer(UserError(ErrorCode.GROUP_ADMINS_ONLY), press.person, self._clock())
        problem = await self._saved_styles.remove(press.person, style.id, chat=chat, by_admin=by_admin)
        if problem is not None:
            return error_answer(problem, press.person, self._clock())
        texts = texts_for(press.person.language)
        return CallbackAnswer(texts.gettext("I removed “{name}”.", name=style.name), remove=True)


def _picture(style: SavedStyle, jpeg: bytes) -> Picture:
    return Picture(jpeg, f"style-{style.id}.jpg", style.name)
