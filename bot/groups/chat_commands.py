"""Groups: what their admins set (/settings), the greeting when we are added, and gifts to the pot (/give)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.domain.error_codes import ErrorCode, UserError
from bot.groups.settings_card import looks_card, settings_card
from bot.groups.settings_commands import (
    LOOK_SHIFT,
    GroupRule,
    changes_from_press,
    changes_from_text,
    page_of,
    toggle_style,
)
from bot.i18n import error_message, texts_for
from bot.messaging.callback_data import Press, Verb
from bot.messaging.callbacks import ButtonPress, CallbackAnswer, error_answer
from bot.messaging.commands import CommandName
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Card, Chat, Person

if TYPE_CHECKING:
    from bot.groups.settings import GroupService, GroupSettings
    from bot.services import Services


async def admin_matters(groups: "GroupService", chat: Chat) -> bool:
    """Whether it matters here who is an admin: the platform is asked only then."""
    return chat.is_group and (await groups.settings(chat)).who == "admins"


class GroupCommands:
    """Answers what concerns a group as a whole. `clock` gives epoch seconds."""

    def __init__(self, services: "Services", clock: Callable[[], float]) -> None:
        self._services = services
        self._clock = clock

    async def command(self, command: CommandName, message: IncomingMessage, words: str) -> Card:
        """The answer to one of its commands."""
        return await (self._give(message, words) if command is CommandName.GIVE else self._settings(message, words))

    async def pressed(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        """A press on the settings; only admins of the group may."""
        if not pressed.chat.is_group or not await pressed.is_admin():
            return error_answer(UserError(ErrorCode.GROUP_ADMINS_ONLY), pressed.person, self._clock())
        if press.verb is Verb.LOOK:
            return await self._look_toggled(press, pressed)
        number = press.number or 0
        try:
            rule = GroupRule(press.about)
        except ValueError:
            return error_answer(UserError(ErrorCode.SETTING_INVALID), pressed.person, self._clock())
        if rule is GroupRule.PAGE:
            return CallbackAnswer(edit=await self._page(pressed, number))
        rules = await self._services.groups.change(pressed.chat, by_admin=True, **changes_from_press(rule, number))
        if isinstance(rules, UserError):
            return error_answer(rules, pressed.person, self._clock())
        return CallbackAnswer(edit=settings_card(rules, pressed.person))

    async def _settings(self, message: IncomingMessage, words: str) -> Card:
        texts = texts_for(message.person.language)
        if not message.chat.is_group:
            return Card(
                texts.gettext("These are settings of a group: write /settings there. Yours are /lang and /optout.")
            )
        if not await message.is_admin():
            return Card(error_message(ErrorCode.GROUP_ADMINS_ONLY, texts))
        rules: GroupSettings | UserError = await self._services.groups.settings(message.chat)
        if words.strip():
            changes = changes_from_text(words, self._services.job_service.styles())
            if changes is None:
                return Card(error_message(ErrorCode.SETTING_INVALID, texts))
            rules = await self._services.groups.change(message.chat, by_admin=True, **changes)
        return (
            Card(error_message(rules, texts)) if isinstance(rules, UserError) else settings_card(rules, message.person)
        )

    async def _page(self, pressed: ButtonPress, number: int) -> Card:
        """The settings (-1), or a page of the styles that may be used."""
        rules = await self._services.groups.settings(pressed.chat)
        if number < 0:
            return settings_card(rules, pressed.person)
        return looks_card(rules, self._services.job_service.styles(), pressed.person, page=number)

    async def _look_toggled(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        styles, index = self._services.job_service.styles(), press.about - LOOK_SHIFT
        rules = await self._services.groups.settings(pressed.chat)
        allowed = toggle_style(rules.styles, index, styles, on=press.number == 1)
        changed = await self._services.groups.change(pressed.chat, by_admin=True, styles=allowed)
        if isinstance(changed, UserError):
            return error_answer(changed, pressed.person, self._clock())
        return CallbackAnswer(edit=looks_card(changed, styles, pressed.person, page=page_of(index, styles)))

    async def _give(self, message: IncomingMessage, words: str) -> Card:
        texts = texts_for(message.person.language)
        units = int(words) if words.strip().isascii() and words.strip().isdigit() and len(words) < 10 else 0
        group_credits = await self._services.credits.give_to_group(message.person, message.chat, units, message.source)
        if isinstance(group_credits, UserError):
            return Card(error_message(group_credits, texts, now=self._clock()))
        return Card(thanks_text(units, group_credits, message.person))


def greeting_card(person: Person, us: str, *, hears_all: bool) -> Card:
    """What a group reads when somebody adds us."""
    texts = texts_for(person.language)
    lines = [
        texts.gettext(
            "Hello! Answer a photo here with /style@{us} 3 and I repaint it. /styles shows all styles.", us=us
        )
    ]
    if not hears_all:
        lines.append(
            texts.gettext(
                "In this group I hear only commands and answers to my messages, not plain photos or mentions. "
                "If you would like me to hear those, make me an admin."
            )
        )
    lines.append(texts.gettext("Admins: /settings says who may ask, how much and when."))
    return Card("\n".join(lines))


def thanks_text(units: int, group_credits: int, person: Person) -> str:
    """After a gift."""
    texts = texts_for(person.language)
    given = texts.ngettext("Thank you for {n} picture!", "Thank you for {n} pictures!", units)
    there = texts.ngettext(
        "{n} picture is in this group's pot, for everybody who has none left.",
        "{n} pictures are in this group's pot, for everybody who has none left.",
        group_credits,
    )
    return f"{given} {there}"
