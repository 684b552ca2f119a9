"""Callback data round-trips, and foreign strings unpack to None."""

import pytest

from bot.messaging.callback_data import (
    MAX_BYTES,
    AlbumPress,
    CallbackData,
    CancelJob,
    ChooseStyle,
    DeleteJob,
    RepeatJob,
    TurnStylePage,
    kind_of,
    person_key,
)
from bot.messaging.platform import Person
from bot.privacy.chat_commands import ConfirmForget
from tests.harness.buttons import KINDS, example, unpacked

LARGEST = 10**18 - 1  # what fits a database's 64 bits for certain

# One of each kind as packed by the first release: such buttons stay in chats for years.
OLD = [
    "choose:1042:32",
    "wear:1042:7",
    "surprise:1042",
    "page:1042:1",
    "cancel:1042",
    "again:1042",
    "other:1042",
    "bring:1042",
    "file:1042",
    "beside:1042",
    "delete:1042",
    "delete:1042:1",
    "consent:1042:1",
    "open:1042",
    "album:1042:2",
    "gallery:0:1",
    "help:1",
    "looks:0",
    "selfie:4294967295",
    "history:4294967295:1",
    "lang:4294967295:-1",
    "forget:4294967295:1",
    "optout:4294967295:0",
    "closet:4294967295:2",
    "saved:7:0",
    "buy:10:50",
    "rule:5:79620",
    "look:1:1",
    "owner:6:3",
]


@pytest.mark.parametrize("data", OLD)
def test_buttons_of_earlier_releases_keep_working(data: str) -> None:
    value = unpacked(data)
    assert value is not None
    assert value.pack() == data


def test_the_old_buttons_cover_every_kind() -> None:
    assert {kind_of(data) for data in OLD} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.KIND)
@pytest.mark.parametrize("number", [1, LARGEST])
def test_packed_data_unpacks_to_the_same_value(kind: type[CallbackData], number: int) -> None:
    value = example(kind, number)
    assert kind.unpack(value.pack()) == value
    assert len(value.pack().encode()) <= MAX_BYTES


@pytest.mark.parametrize("confirmed", [None, 0, 1])
def test_the_confirmation_of_a_deletion_is_optional(confirmed: int | None) -> None:
    value = DeleteJob(7, confirmed)
    assert DeleteJob.unpack(value.pack()) == value


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (ChooseStyle, ""),
        (ChooseStyle, "choose"),
        (ChooseStyle, "choose:1"),
        (TurnStylePage, "page:1"),
        (RepeatJob, "again:1:2"),
        (CancelJob, "paint:1"),
        (ChooseStyle, "choose:1:x"),
        (ChooseStyle, "choose:-1:2"),
        (DeleteJob, "delete:1:2:3"),
        (RepeatJob, "again:１"),
        (RepeatJob, "again:9999999999999999999"),
        (ChooseStyle, "choose:1:9999999999999999999"),
        (AlbumPress, "album:1:99"),
        (ChooseStyle, "x" * 64),
    ],
)
def test_foreign_strings_unpack_to_none(kind: type[CallbackData], data: str) -> None:
    assert kind.unpack(data) is None
    assert unpacked(data) is None


def test_person_keys_differ_between_people() -> None:
    people = [Person(platform, str(number)) for platform in ("telegram", "discord") for number in range(500)]
    assert len({person_key(person) for person in people}) == len(people)
    assert person_key(Person("telegram", "7", "zh")) == person_key(Person("telegram", "7", "en"))
    assert unpacked(ConfirmForget(person_key(people[0]), 1).pack()) == ConfirmForget(person_key(people[0]), 1)
