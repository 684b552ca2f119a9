"""Payment commands: credits for Telegram Stars (/buy) if the owner sells any, the /terms, /support and /paysupport
that Telegram requires of sellers, and gifts to a group (/give)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.billing.credits import CreditPackage, CreditService
from bot.domain.error_codes import ErrorCode, UserError
from bot.i18n import Texts, error_message, mark, texts_for
from bot.messaging.callback_data import CallbackData
from bot.messaging.incoming import ButtonPress, CallbackAnswer, IncomingMessage, error_answer
from bot.messaging.platform import Button, Card, Invoice, Mention, Person
from bot.messaging.registry import IN_GROUPS, IN_PRIVATE, Command, Feature, Form, Option, OptionKind, on_press


class Refunder(Protocol):
    """Refunds Telegram Stars."""

    async def refund_payment(self, person_id: str, charge_id: str) -> None:
        """Refund a payment; repeating it is no error. Raises TryLater or Refused."""


@dataclass(frozen=True)
class BuyCredits(CallbackData, kind="buy"):
    """The button of a credit package: its units and its price in Stars."""

    units: int
    stars: int


class PaymentCommands:
    """The payment commands. `owners`: "platform:id" of each; `clock`: returns epoch seconds."""

    def __init__(self, credit_service: CreditService, owners: Collection[str], clock: Callable[[], float]) -> None:
        self._credits, self._owners, self._clock = credit_service, owners, clock

    def feature(self) -> Feature:
        """The commands and button handlers of this feature. /buy is in the menu only if something is sold."""
        for_sale = mark("Buy credits with Telegram Stars") if self._credits.packages else ""
        give = Form(
            options=(Option("pictures", mark("How many pictures to give"), OptionKind.NUMBER),),
            template="{pictures}",
            description=mark("Give some of my quota to this server"),
            in_groups=True,
            is_private=False,
        )
        commands = (
            Command("buy", self.buy, summary=for_sale, menus=IN_PRIVATE, rank=60),
            Command("terms", self.terms),
            Command("support", self.support),
            Command("paysupport", self.payment_support),
            Command(
                "give",
                self.give,
                summary=mark("Give some of my quota to this group"),
                menus=IN_GROUPS,
                rank=51,
                form=give,
            ),
        )
        return Feature(commands, (on_press(BuyCredits, self.pressed),))

    async def buy(self, message: IncomingMessage, _: str) -> Card:
        """/buy: the packages for sale."""
        person = message.person
        return offers_card(self._credits.packages, await self._credits.balance(person), person)

    async def terms(self, message: IncomingMessage, _: str) -> Card:
        """/terms: the terms of sale."""
        return Card(terms_text(texts_for(message.person.language)))

    async def support(self, message: IncomingMessage, _: str) -> Card:
        """/support: whom to write to for help."""
        return support_card(self._owner(message.person), message.person, ())

    async def payment_support(self, message: IncomingMessage, _: str) -> Card:
        """/paysupport: the support card with the ids of the person's payments."""
        bought = [purchase.charge_id for purchase in await self._credits.purchases(message.person)]
        return support_card(self._owner(message.person), message.person, bought)

    async def give(self, message: IncomingMessage, text: str) -> Card:
        """/give: give units to the group in which it is written."""
        texts, text = texts_for(message.person.language), text.strip()
        units = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        balance = await self._credits.give_to_group(message.person, message.chat, units, message.source)
        if isinstance(balance, UserError):
            return Card(error_message(balance, texts, now=self._clock()))
        return Card(thanks_text(units, balance, message.person))

    async def pressed(self, data: BuyCredits, press: ButtonPress) -> CallbackAnswer:
        """Answer the choice of a package with its invoice."""
        units, stars = data.units, data.stars
        problem = await self._credits.check_purchase(press.person, units, stars)
        if problem is not None:
            return error_answer(problem, press.person, self._clock())
        texts = texts_for(press.person.language)
        title = texts.ngettext("{n} credit", "{n} credits", units)
        about = texts.gettext("One credit is one picture. Credits never expire.")
        return CallbackAnswer(card=Card("", invoice=Invoice(title, about, _payload(units, stars), stars)))

    async def checkout(self, person: Person, payload: str, stars: int) -> str:
        """The translated reason why it can't be sold, or "". Called just before payment; `stars`: the price."""
        units = _units(payload, stars)
        problem = (
            UserError(ErrorCode.NOT_FOR_SALE)
            if units is None
            else await self._credits.check_purchase(person, units, stars)
        )
        return "" if problem is None else error_message(problem, texts_for(person.language), now=self._clock())

    async def paid(self, person: Person, payload: str, stars: int, charge_id: str) -> Card:
        """Credit a completed payment, once for each `charge_id`, and return the thank-you card."""
        texts, units = texts_for(person.language), _units(payload, stars)
        if units is None:  # not one of our invoices: the owner can refund it by its id
            return support_card(self._owner(person), person, (charge_id,))
        await self._credits.add_purchase(charge_id, person, units, stars)
        return Card(bought_text(units, await self._credits.balance(person), texts))

    def _owner(self, person: Person) -> str | None:
        """The id of an owner on this person's platform."""
        prefix = f"{person.platform}:"
        return next((owner.removeprefix(prefix) for owner in sorted(self._owners) if owner.startswith(prefix)), None)


def offers_card(packages: Sequence[CreditPackage], left: int, person: Person) -> Card:
    """The packages with a button each. `left`: the person's credits, in units."""
    texts = texts_for(person.language)
    if not packages:
        return Card(texts.gettext("There is nothing to buy here: everyone gets new pictures every day."))
    lines = [
        texts.gettext(
            "Want more pictures than you get each day? Buy credits with Telegram Stars. One credit is one picture, "
            "and credits never expire."
        ),
        *([texts.ngettext("You have {n} credit now.", "You have {n} credits now.", left)] if left else []),
        texts.gettext("/terms explains what you buy, /paysupport helps with payments."),
    ]
    rows = tuple(
        (Button(_price(package, texts), BuyCredits(package.units, package.stars).pack()),) for package in packages
    )
    return Card("\n".join(lines), rows)


def bought_text(units: int, left: int, texts: Texts) -> str:
    """The thanks after a payment. `units`: just bought; `left`: the new balance."""
    bought = texts.ngettext("Thank you! {n} credit is yours.", "Thank you! {n} credits are yours.", units)
    there = texts.ngettext("You have {n} credit now.", "You have {n} credits now.", left)
    return f"{bought}\n{there}"


def thanks_text(units: int, group_credits: int, person: Person) -> str:
    """The thanks after a gift of `units`. `group_credits`: the group's new balance."""
    texts = texts_for(person.language)
    given = texts.ngettext("Thank you for {n} picture!", "Thank you for {n} pictures!", units)
    there = texts.ngettext(
        "This group now has {n} credit, for anyone who has no pictures left.",
        "This group now has {n} credits, for anyone who has no pictures left.",
        group_credits,
    )
    return f"{given}\n{there}"


def terms_text(texts: Texts) -> str:
    """The terms of sale."""
    return "\n".join(
        [
            texts.gettext(
                "You buy credits. Each pays for one picture, painted for you or, if you give the credit away, for a "
                "group."
            ),
            texts.gettext("Pictures that fail or are cancelled cost nothing. Credits don't expire."),
            texts.gettext("Unused credits can be refunded: use /paysupport."),
            texts.gettext("Only send photos you are allowed to use, and nothing illegal."),
            texts.gettext("Telegram handles the payment and is not responsible for what I paint."),
        ]
    )


def support_card(owner: str | None, person: Person, charges: Sequence[str]) -> Card:
    """Whom to write to for help, with up to five payment ids. `owner`: their platform id, if known."""
    texts = texts_for(person.language)
    name = texts.gettext("the owner of this bot")
    lines = [texts.gettext("For help, write to {owner}.", owner=name)]
    if charges:
        lines += [texts.gettext("Please include the ID of your payment:"), *charges[:5]]
    return Card("\n".join(lines), mention=None if owner is None else Mention(name, owner))


def _price(package: CreditPackage, texts: Texts) -> str:
    return texts.ngettext("{n} credit for {stars} ⭐", "{n} credits for {stars} ⭐", package.units, stars=package.stars)


def _payload(units: int, stars: int) -> str:
    return f"units:{units}:{stars}"


def _units(payload: str, stars: int) -> int | None:
    """The units in the payload of one of our invoices; None for any other payload or a wrong price."""
    match payload.split(":"):
        case ["units", units, price] if units.isascii() and units.isdigit() and price == str(stars) and len(units) < 7:
            return int(units)
    return None
