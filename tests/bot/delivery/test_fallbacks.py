"""Which way a card takes after a refusal: as a file, in words, by the interaction, in private."""

import itertools

import pytest

from bot.delivery.fallbacks import (
    Form,
    Place,
    Refusals,
    Situation,
    Way,
    can_still_edit,
    may_be_edited_later,
    next_way,
)
from bot.messaging.platform import Refusal

MESSAGE, CHAT, OUTSIDE, INTERACTION, PRIVATE = (
    Place.MESSAGE,
    Place.CHAT,
    Place.OUTSIDE,
    Place.INTERACTION,
    Place.PRIVATE,
)
PICTURE, FILE, WORDS = Form.PICTURE, Form.FILE, Form.WORDS
TELEGRAM_GROUP = Situation(has_message=True, has_pictures=True, opens_private=True)
TELEGRAM_TOPIC = Situation(has_message=True, has_pictures=True, opens_private=True, in_topic=True)
TELEGRAM_PRIVATE = Situation(has_message=True, has_pictures=True, in_private=True)
DISCORD_CHANNEL = Situation(has_message=True, has_pictures=True, has_interactions=True)
ALL = (TELEGRAM_GROUP, TELEGRAM_TOPIC, TELEGRAM_PRIVATE, DISCORD_CHANNEL, Situation(), Situation(stays=True))


def taken(situation: Situation, refuses: dict[Way | Place, Refusal]) -> tuple[list[Way], Way | None]:
    """The ways that are tried in vain against a platform that refuses these ways or places, and the one that works."""
    refused: list[Refusals] = []
    while (way := next_way(situation, refused)) is not None:
        refusal = refuses.get(way) or refuses.get(way.place)
        if refusal is None:
            break
        refused.append(Refusals(way, refusal))
    return [past.way for past in refused], way


@pytest.mark.parametrize(
    ("situation", "refuses", "works"),
    [
        (TELEGRAM_GROUP, {}, Way(MESSAGE, PICTURE)),
        (TELEGRAM_GROUP, {Way(MESSAGE, PICTURE): Refusal.PHOTO}, Way(MESSAGE, FILE)),
        (TELEGRAM_PRIVATE, {Way(MESSAGE, PICTURE): Refusal.PHOTO}, Way(MESSAGE, FILE)),
        (
            TELEGRAM_GROUP,
            {Way(MESSAGE, PICTURE): Refusal.PHOTO, Way(MESSAGE, FILE): Refusal.FILES},
            Way(MESSAGE, WORDS),
        ),
        (TELEGRAM_GROUP, {Way(MESSAGE, PICTURE): Refusal.FILES}, Way(MESSAGE, WORDS)),
        (TELEGRAM_GROUP, {MESSAGE: Refusal.MESSAGE}, Way(CHAT, PICTURE)),
        (TELEGRAM_GROUP, {MESSAGE: Refusal.CHAT}, Way(PRIVATE, PICTURE)),
        (TELEGRAM_GROUP, {MESSAGE: Refusal.CHAT, PRIVATE: Refusal.CHAT}, None),
        (TELEGRAM_PRIVATE, {MESSAGE: Refusal.CHAT}, None),
        (TELEGRAM_TOPIC, {MESSAGE: Refusal.MESSAGE, CHAT: Refusal.TOPIC}, Way(PRIVATE, PICTURE)),
        (
            TELEGRAM_TOPIC,
            {MESSAGE: Refusal.MESSAGE, CHAT: Refusal.TOPIC, PRIVATE: Refusal.CHAT},
            Way(OUTSIDE, PICTURE),
        ),
        (
            TELEGRAM_TOPIC,
            {MESSAGE: Refusal.TOPIC, PRIVATE: Refusal.CHAT, Way(OUTSIDE, PICTURE): Refusal.PHOTO},
            Way(OUTSIDE, FILE),
        ),
        (DISCORD_CHANNEL, {Way(MESSAGE, PICTURE): Refusal.FILES}, Way(INTERACTION, PICTURE)),
        (DISCORD_CHANNEL, {MESSAGE: Refusal.CHAT}, Way(INTERACTION, PICTURE)),
        (DISCORD_CHANNEL, {MESSAGE: Refusal.CHAT, INTERACTION: Refusal.CHAT}, Way(PRIVATE, PICTURE)),
        (DISCORD_CHANNEL, {MESSAGE: Refusal.MESSAGE}, Way(CHAT, PICTURE)),
        (DISCORD_CHANNEL, {MESSAGE: Refusal.MESSAGE, CHAT: Refusal.MESSAGE}, Way(INTERACTION, PICTURE)),
        (
            DISCORD_CHANNEL,
            {Way(MESSAGE, PICTURE): Refusal.FILES, INTERACTION: Refusal.CHAT, PRIVATE: Refusal.CHAT},
            Way(MESSAGE, WORDS),
        ),
        (Situation(), {CHAT: Refusal.CHAT}, Way(PRIVATE, WORDS)),
        (Situation(has_message=True, stays=True), {MESSAGE: Refusal.CHAT}, None),
    ],
)
def test_the_next_best_way(situation: Situation, refuses: dict[Way | Place, Refusal], works: Way | None) -> None:
    assert taken(situation, refuses)[1] == works


@pytest.mark.parametrize("situation", ALL)
def test_whatever_is_refused_it_ends_and_no_way_is_tried_twice(situation: Situation) -> None:
    for combination in itertools.product(Refusal, repeat=len(Place)):
        tried, works = taken(situation, dict(zip(Place, combination, strict=True)))
        assert works is None
        assert len(tried) == len(set(tried)) <= len(Place) * len(Form)


def test_only_what_concerns_its_person_leaves_the_chat() -> None:
    canceled = Situation(has_message=True, stays=True, has_interactions=True, in_topic=True)
    assert {way.place for way in taken(canceled, dict.fromkeys(Place, Refusal.UNKNOWN))[0]} <= {MESSAGE, CHAT}


def test_a_card_that_its_picture_passed_by_is_edited_now_or_after_our_return() -> None:
    no_files = [Refusals(Way(MESSAGE, PICTURE), Refusal.FILES)]
    kicked = [Refusals(Way(MESSAGE, PICTURE), Refusal.CHAT)]
    gone = [Refusals(Way(MESSAGE, PICTURE), Refusal.MESSAGE)]
    assert [can_still_edit(DISCORD_CHANNEL, past) for past in (no_files, kicked, gone)] == [True, False, False]
    assert [may_be_edited_later(DISCORD_CHANNEL, past) for past in (kicked, gone)] == [True, False]
