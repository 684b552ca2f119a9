"""What a card shows on one way, and where: the card in each form, its pictures, its address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.delivery.fallbacks import (
    Form,
    Place,
    Situation,
    Way,
    as_file,
    leads_to_history,
    was_sent_anew,
    was_sent_in_private,
)
from bot.delivery.outbox import OutboxItem
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE, by_index
from bot.i18n import texts_for
from bot.jobs.queries import JobQueries
from bot.messaging.album_card import PAINTED, album_card, shows_samples
from bot.messaging.platform import Address, Capabilities, Card, Chat, Person, Picture
from bot.messaging.style_samples import StyleSamples
from bot.saved_styles.style_options import StyleOptions, StyleOptionsService
from storage.cards import CardPlace

_KNOWN_TO_THEM = frozenset({State.CANCELED, State.DELIVERED})  # only the card is still to be changed


@dataclass(frozen=True)
class CardContent:
    """Makes the cards of one platform. `style_options`: what a draft's buttons offer a person in a chat."""

    platform: str
    capabilities: Capabilities
    queries: JobQueries
    style_options: StyleOptionsService
    style_samples: StyleSamples = field(default_factory=StyleSamples)

    async def pictures(self, item: OutboxItem) -> dict[int, Picture]:
        """The finished pictures that are owed, by job."""
        found: dict[int, Picture] = {}
        for view in item.views if item.owed else ():
            if view.state in PAINTED and (picture := await self._picture(item.place, view)) is not None:
                found[view.id] = picture
        return found

    async def card(self, item: OutboxItem, pictures: Sequence[Picture], form: Form, *, in_doubt: bool = False) -> Card:
        """The card in this form. `pictures`: those that it shows itself; `in_doubt`: others may have arrived."""
        options = await self._options(item)
        card = album_card(
            item.views,
            styles=options.styles,
            saved_styles=options.saved_styles,
            language=item.place.language,
            pictures=pictures if form is not Form.WORDS else (),
            in_doubt=in_doubt,
            capabilities=self.capabilities,
        )
        if form is Form.PICTURE and shows_samples(item.views, self.capabilities):
            return replace(card, picture=await self.style_samples.of(options.styles, item.place.language))
        if form is Form.FILE:
            return as_file(card)
        if form is Form.WORDS and pictures:
            return leads_to_history(card, len(pictures), texts_for(item.place.language), self.capabilities)
        return card

    def progress_form(self, item: OutboxItem) -> Form:
        """The form of a card without an outcome: with samples where it asks for a style, else words."""
        return Form.PICTURE if shows_samples(item.views, self.capabilities) else Form.WORDS

    async def closing_card(self, item: OutboxItem, place: Place) -> Card:
        """What the card says after its pictures were sent in another place."""
        card = await self.card(item, (), Form.WORDS)
        pictures = sum(view.state in PAINTED for view in item.views)
        if not pictures:
            return card
        texts = texts_for(item.place.language)
        say = was_sent_in_private if place is Place.PRIVATE else was_sent_anew
        return say(card, pictures, texts)

    def address(self, place: CardPlace, way: Way) -> Address:
        """Where the card is shown on this way."""
        chat = Chat(self.platform, place.chat, thread=place.thread, is_group=place.is_group)
        person = Person(self.platform, place.person, place.language)
        here = Address(chat, reply_to=place.reply_to, message_id=place.message_id, person=person)
        match way.place:
            case Place.MESSAGE:
                return here
            case Place.CHAT:
                return replace(here, message_id=None)
            case Place.INTERACTION:
                return replace(here, by_interaction=True)
            case Place.OUTSIDE:
                return Address(replace(chat, thread=None), person=person)
            case Place.PRIVATE:
                return Address(Chat(self.platform, place.person), person=person)

    def situation(self, item: OutboxItem, pictures: Mapping[int, Picture]) -> Situation:
        """What the ways of this card depend on."""
        return Situation(
            has_message=item.place.message_id is not None,
            has_pictures=bool(pictures),
            in_topic=self.capabilities.has_topics and item.place.thread is not None,
            in_private=not item.place.is_group,
            opens_private=self.capabilities.opens_private and item.place.is_group,
            has_interactions=self.capabilities.has_interactions,
            stays=all(view.state in _KNOWN_TO_THEM for view in item.views),
        )

    async def _options(self, item: OutboxItem) -> StyleOptions:
        """What the card's buttons offer; only a draft's offer styles of one's own."""
        if not item.is_draft:
            return StyleOptions(self.queries.styles())
        chat = self.address(item.place, Way(Place.CHAT, Form.WORDS)).chat
        return await self.style_options.in_chat(Person(self.platform, item.place.person), chat)

    async def _picture(self, place: CardPlace, view: JobView) -> Picture | None:
        jpeg = await self.queries.result(Person(self.platform, place.person), view.id)
        if jpeg is None or view.style is None:
            return None
        slug = "reference" if view.style == REFERENCE else by_index(view.style).slug
        name = "" if view.style == REFERENCE else by_index(view.style).name(texts_for(place.language).language)
        return Picture(jpeg, f"repaint-{slug}-{view.id}.jpg", name, job=view.id)
