"""/settings for the admins of a group, and the greeting when the bot is added to a group."""

from collections.abc import Callable, Sequence

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import Style
from bot.groups.settings import GroupService, GroupSettings, GroupSettingsPatch
from bot.groups.settings_commands import (
    ChangeSetting,
    SettingField,
    SwitchStyle,
    page_of,
    patch_of_press,
    patch_of_text,
    settings_card,
    styles_card,
    toggle_style,
)
from bot.i18n import error_message, mark, texts_for
from bot.messaging.incoming import ButtonPress, CallbackAnswer, IncomingMessage, error_answer
from bot.messaging.platform import Card, Person
from bot.messaging.registry import Command, Feature, Form, HelpLine, Menu, Option, on_press

HELP = (
    HelpLine(
        110,
        mark("In groups: /shelf, /give 3, and /settings for admins"),
        mark("In servers: /shelf, /give, and /settings for managers"),
    ),
)


class GroupCommands:
    """The /settings command and its buttons. `styles`: the styles on offer; `clock`: returns epoch seconds."""

    def __init__(self, groups: GroupService, styles: Sequence[Style], clock: Callable[[], float]) -> None:
        self._groups, self._styles, self._clock = groups, styles, clock

    def feature(self) -> Feature:
        """The command and the button handlers of this feature."""
        form = Form(
            options=(Option("change", mark("Such as: limit 35, quiet 22:30-06:45, styles 0,2,ref"), required=False),),
            template="{change}",
            in_groups=True,
            for_managers=True,
        )
        settings = Command(
            "settings",
            self.settings,
            summary=mark("Who can use me here, how much and when"),
            menus=frozenset({Menu.GROUP_ADMIN}),
            rank=1,
            form=form,
        )
        presses = (on_press(ChangeSetting, self.change_setting), on_press(SwitchStyle, self.switch_style))
        return Feature((settings,), presses, help=HELP)

    async def settings(self, message: IncomingMessage, text: str) -> Card:
        """/settings: show the group's settings, after applying the change in `text`, if any."""
        texts = texts_for(message.person.language)
        if not message.chat.is_group:
            return Card(
                texts.gettext("/settings is for groups: send it there. For your own settings, use /lang and /optout.")
            )
        if not await message.is_admin():
            return Card(error_message(ErrorCode.GROUP_ADMINS_ONLY, texts))
        settings: GroupSettings | UserError = await self._groups.settings(message.chat)
        if text.strip():
            patch = patch_of_text(text, self._styles)
            if patch is None:
                return Card(error_message(ErrorCode.SETTING_INVALID, texts))
            settings = await self._groups.change(message.chat, patch, by_admin=True)
        return (
            Card(error_message(settings, texts))
            if isinstance(settings, UserError)
            else settings_card(settings, message.person)
        )

    async def change_setting(self, data: ChangeSetting, press: ButtonPress) -> CallbackAnswer:
        """Store another value of a setting, or show another page of the styles."""
        if (denied := await self._denied(press)) is not None:
            return denied
        if data.field is SettingField.PAGE:
            return CallbackAnswer(edit=await self._page(press, data.value))
        settings = await self._groups.change(press.chat, patch_of_press(data), by_admin=True)
        if isinstance(settings, UserError):
            return error_answer(settings, press.person, self._clock())
        return CallbackAnswer(edit=settings_card(settings, press.person))

    async def switch_style(self, data: SwitchStyle, press: ButtonPress) -> CallbackAnswer:
        """Allow a style in the group, or disallow it."""
        if (denied := await self._denied(press)) is not None:
            return denied
        settings = await self._groups.settings(press.chat)
        allowed = toggle_style(settings.styles, data.style, self._styles, on=data.on == 1)
        changed = await self._groups.change(press.chat, GroupSettingsPatch(styles=allowed), by_admin=True)
        if isinstance(changed, UserError):
            return error_answer(changed, press.person, self._clock())
        page = page_of(data.style, self._styles)
        return CallbackAnswer(edit=styles_card(changed, self._styles, press.person, page=page))

    async def _denied(self, press: ButtonPress) -> CallbackAnswer | None:
        """The error answer for anyone who is not an admin of this group; None for admins."""
        if press.chat.is_group and await press.is_admin():
            return None
        return error_answer(UserError(ErrorCode.GROUP_ADMINS_ONLY), press.person, self._clock())

    async def _page(self, press: ButtonPress, number: int) -> Card:
        """The settings card for -1, else that page of the style switches (from 0)."""
        settings = await self._groups.settings(press.chat)
        if number < 0:
            return settings_card(settings, press.person)
        return styles_card(settings, self._styles, press.person, page=number)


def greeting_card(person: Person, bot_name: str, *, hears_all: bool) -> Card:
    """The greeting when the bot is added to a group. `hears_all`: the platform delivers every message there to it."""
    texts = texts_for(person.language)
    lines = [
        texts.gettext(
            "Hello! Reply to a photo here with /style@{us} 3 and I'll repaint it. /styles shows all styles.",
            us=bot_name,
        )
    ]
    if not hears_all:
        lines.append(
            texts.gettext(
                "In this group I only see commands and replies to my messages, not plain photos or mentions. If "
                "you'd like me to see those, make me an admin."
            )
        )
    lines.append(texts.gettext("Admins: /settings sets who can use me, how much and when."))
    return Card("\n".join(lines))
