"""The /admin command: figures, pause and resume, grants, bans, broadcasts and refunds, for the bot's owners."""

from collections.abc import Callable

from bot.admin.cards import AdminAction, AdminPress, admin_card, broadcasts_card, failures_text
from bot.admin.service import AdminService
from bot.billing.credits import CreditService
from bot.billing.payments import Refunder
from bot.domain.error_codes import ErrorCode, UserError
from bot.i18n import Texts, error_message, mark, texts_for
from bot.messaging.incoming import ButtonPress, CallbackAnswer, IncomingMessage, not_yours
from bot.messaging.platform import Card, Person
from bot.messaging.registry import Command, Feature, Form, Menu, Option, on_press


class AdminCommands:
    """The /admin command, hidden from everybody who is not named in ADMINS.

    `clock`: returns epoch seconds; `refunder`: refunds payments, None on platforms without payments.
    """

    def __init__(
        self,
        admin: AdminService,
        credit_service: CreditService,
        clock: Callable[[], float],
        refunder: Refunder | None = None,
    ) -> None:
        self._admin, self._credits, self._clock, self._refunder = admin, credit_service, clock, refunder

    def feature(self) -> Feature:
        """The commands and button handlers of this feature."""
        text = Option("words", mark("What to do; leave it empty for the current status"), required=False)
        admin = Command(
            "admin",
            self.admin,
            summary=mark("For the owner: status and controls"),
            menus=frozenset({Menu.OWNER}),
            rank=0,
            form=Form((text,), "{words}", in_private=True),
            is_for=self._admin.is_admin,
        )
        return Feature((admin,), (on_press(AdminPress, self.pressed),))

    async def admin(self, message: IncomingMessage, text: str) -> Card:
        """/admin and its subcommands; an unknown one is answered with the usage."""
        texts = texts_for(message.person.language)
        if message.chat.is_group and not message.is_ephemeral:
            return Card(texts.gettext("Others can read this chat. Please send me /admin in private."))
        match text.split(maxsplit=1):
            case []:
                return admin_card(await self._admin.figures(), texts, self._clock())
            case ["grant", rest]:
                return Card(await self._grant(message, rest.split(), texts))
            case ["ban" | "unban" as what, name]:
                return Card(await self._ban(message.person, name.strip(), texts, ban=what == "ban"))
            case ["broadcast", text]:
                begun = await self._admin.broadcast(text, held=True)
                if isinstance(begun, UserError):
                    return Card(error_message(begun, texts))
                return broadcasts_card(await self._admin.broadcasts(), texts)
            case ["refund", charge]:
                return Card(await self._refund(charge.strip(), texts))
            case _:
                return Card(usage_text(texts))

    async def pressed(self, data: AdminPress, press: ButtonPress) -> CallbackAnswer:
        """Handle a button of the owner's cards."""
        texts = texts_for(press.person.language)
        if not self._admin.is_admin(press.person):
            return not_yours(press.person)
        match data.action:
            case AdminAction.FAILURES:
                return CallbackAnswer(card=Card(failures_text((await self._admin.figures()).failures, texts)))
            case AdminAction.BROADCASTS:
                return CallbackAnswer(edit=broadcasts_card(await self._admin.broadcasts(), texts))
            case AdminAction.STOP_BROADCAST | AdminAction.RESUME_BROADCAST:
                stop = data.action is AdminAction.STOP_BROADCAST
                change = self._admin.stop_broadcast if stop else self._admin.resume_broadcast
                if not await change(data.broadcast):
                    return CallbackAnswer()
                return CallbackAnswer(edit=broadcasts_card(await self._admin.broadcasts(), texts))
            case AdminAction.PAUSE:
                await self._admin.pause()
            case AdminAction.RESUME:
                await self._admin.resume()
        return CallbackAnswer(edit=admin_card(await self._admin.figures(), texts, self._clock()))

    async def _grant(self, message: IncomingMessage, args: list[str], texts: Texts) -> str:
        if len(args) != 2 or not (args[1].isascii() and args[1].isdigit()) or len(args[1]) > 9:
            return usage_text(texts)
        person = _parse_person(message.person, args[0])
        left = await self._credits.grant(person, int(args[1]), "granted", message.source)
        if isinstance(left, UserError):
            return error_message(left, texts)
        return texts.ngettext("{who} has {n} credit now.", "{who} has {n} credits now.", left, who=args[0])

    async def _ban(self, owner: Person, name: str, texts: Texts, *, ban: bool) -> str:
        person = _parse_person(owner, name)
        if self._admin.is_admin(person):
            return texts.gettext("That person is an owner.")
        await (self._admin.ban if ban else self._admin.unban)(person)
        return (
            texts.gettext("{who} is banned.", who=name)
            if ban
            else texts.gettext("{who} is no longer banned.", who=name)
        )

    async def _refund(self, charge: str, texts: Texts) -> str:
        """Withdraw the units, refund the Stars, record it; after a crash in between, the command can be repeated."""
        if self._refunder is None:
            return error_message(ErrorCode.NOT_FOR_SALE, texts)
        refund = await self._credits.begin_refund(charge)
        if isinstance(refund, UserError):
            return error_message(refund, texts)
        await self._refunder.refund_payment(refund.person.platform_id, refund.charge_id)
        await self._credits.finish_refund(charge)
        return texts.gettext(
            "{stars} ⭐ refunded to {who}, {units} unused credits taken back.",
            stars=refund.stars,
            who=refund.person.platform_id,
            units=refund.taken_back,
        )


def usage_text(texts: Texts) -> str:
    """The subcommands of /admin."""
    return "\n".join(
        [
            texts.gettext("/admin: current status"),
            texts.gettext("/admin grant ID 10: give someone ten credits"),
            texts.gettext("/admin ban ID, /admin unban ID"),
            texts.gettext("/admin broadcast TEXT: send to everyone who has ever written in private"),
            texts.gettext("/admin refund PAYMENT: refund the Stars"),
        ]
    )


def _parse_person(owner: Person, name: str) -> Person:
    """The person named by `123` (on the owner's own platform) or `discord:123`."""
    platform, colon, platform_id = name.partition(":")
    return Person(platform, platform_id) if colon else Person(owner.platform, name)
