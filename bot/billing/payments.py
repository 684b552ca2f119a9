"""Pictures for Telegram Stars (/buy), if the owner sells any: the offer, the question before paying, the thanks, and
what a shop has to say (/terms, /support, /paysupport)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from bot.domain.error_codes import ErrorCode, UserError
from bot.i18n import Texts, error_message, texts_for
from bot.messaging.callback_data import Press, Verb
from bot.messaging.callbacks import ButtonPress, CallbackAnswer, error_answer
from bot.messaging.commands import CommandName
from bot.messaging.platform import Button, Card, Invoice, Mention, Person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.billing.credits import CreditPackage
    from bot.services import Services


class Refunder(Protocol):
    """What gives Stars back: the platform."""

    async def refund_payment(self, person_id: str, charge_id: str) -> None:
        """Give a payment back; once more is no error. Raises NotNow or Gone."""


class PaymentCommands:
    """Sells units. `clock` gives epoch seconds."""

    def __init__(self, services: "Services", clock: Callable[[], float]) -> None:
        self._credits = services.credits
        self._admin = services.admin
        self._clock = clock

    async def command(self, command: CommandName, person: Person) -> Card:
        """The answer to one of its commands."""
        texts = texts_for(person.language)
        match command:
            case CommandName.BUY:
                return offers_card(self._credits.packages, await self._credits.balance(person), person)
            case CommandName.TERMS:
                return Card(terms_text(texts))
            case _:
                bought = [purchase.charge_id for purchase in await self._credits.purchases(person)]
                return support_card(self._owner(person), person, bought if command is CommandName.PAY_SUPPORT else ())

    async def pressed(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        """A package was chosen: here is its invoice."""
        units, stars = press.about, press.number or 0
        problem = await self._credits.check_purchase(pressed.person, units, stars)
        if problem is not None:
            return error_answer(problem, pressed.person, self._clock())
        texts = texts_for(pressed.person.language)
        title = texts.ngettext("{n} picture", "{n} pictures", units)
        about = texts.gettext("They go into your purse and last until you use them.")
        return CallbackAnswer(card=Card("", invoice=Invoice(title, about, _payload(units, stars), stars)))

    async def checkout(self, person: Person, payload: str, stars: int) -> str:
        """Why it can't be sold any more, or nothing; asked just before they pay."""
        units = _units(payload, stars)
        problem = (
            UserError(ErrorCode.NOT_FOR_SALE)
            if units is None
            else await self._credits.check_purchase(person, units, stars)
        )
        return "" if problem is None else error_message(problem, texts_for(person.language), now=self._clock())

    async def paid(self, person: Person, payload: str, stars: int, charge_id: str) -> Card:
        """They have paid: once credited, however often it is told."""
        texts, units = texts_for(person.language), _units(payload, stars)
        if units is None:  # not from an invoice of ours: the owner can give it back by its id
            return support_card(self._owner(person), person, (charge_id,))
        await self._credits.add_purchase(charge_id, person, units, stars)
        return Card(bought_text(units, await self._credits.balance(person), texts))

    def _owner(self, person: Person) -> str | None:
        """The id of an owner on this person's platform."""
        mark = f"{person.platform}:"
        return next((admin.removeprefix(mark) for admin in sorted(self._admin.admins) if admin.startswith(mark)), None)


def offers_card(packages: "Sequence[CreditPackage]", left: int, person: Person) -> Card:
    """What is for sale."""
    texts = texts_for(person.language)
    if not packages:
        return Card(texts.gettext("There is nothing to buy here: every day brings new pictures for everybody."))
    lines = [
        texts.gettext("More pictures than the day brings, for Telegram Stars. They last until you use them."),
        *([texts.ngettext("{n} is in your purse now.", "{n} are in your purse now.", left)] if left else []),
        texts.gettext("/terms says what you buy, /paysupport helps with a payment."),
    ]
    rows = tuple(
        (Button(_price(package, texts), Press(Verb.BUY, package.units, package.stars).pack()),) for package in packages
    )
    return Card("\n".join(lines), rows)


def bought_text(units: int, left: int, texts: Texts) -> str:
    """After a payment."""
    bought = texts.ngettext("Thank you! {n} picture is yours.", "Thank you! {n} pictures are yours.", units)
    there = texts.ngettext("{n} is in your purse now.", "{n} are in your purse now.", left)
    return f"{bought} {there}"


def terms_text(texts: Texts) -> str:
    """What is bought, and what if not."""
    return "\n".join(
        [
            texts.gettext(
                "What you buy is pictures: each pays for one that is painted for you or, if you give it, for a group."
            ),
            texts.gettext("One that fails or is cancelled isn't counted. Bought ones don't expire."),
            texts.gettext("What you haven't used can be given back: write /paysupport."),
            texts.gettext("Send only photos that you may use, and nothing that is against the law."),
            texts.gettext("Telegram takes the payment and is not responsible for what I paint."),
        ]
    )


def support_card(owner: str | None, person: Person, charges: "Sequence[str]") -> Card:
    """Who helps; with the ids of payments, which they need."""
    texts = texts_for(person.language)
    name = texts.gettext("the owner of this bot")
    lines = [texts.gettext("For help, write to {owner}.", owner=name)]
    if charges:
        lines += [texts.gettext("Please send the id of your payment along:"), *charges[:5]]
    return Card("\n".join(lines), mention=None if owner is None else Mention(name, owner))


def _price(package: "CreditPackage", texts: Texts) -> str:
    return texts.ngettext(
        "{n} picture for {stars} ⭐", "{n} pictures for {stars} ⭐", package.units, stars=package.stars
    )


def _payload(units: int, stars: int) -> str:
    return f"units:{units}:{stars}"


def _units(payload: str, stars: int) -> int | None:
    """How many units an invoice of ours was about; None for any other."""
    match payload.split(":"):
        case ["units", units, price] if units.isascii() and units.isdigit() and price == str(stars) and len(units) < 7:
            return int(units)
    return None
