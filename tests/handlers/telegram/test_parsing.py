"""Updates as the core's values: who, where, what, and the source id that makes a second delivery the same job."""

from dataclasses import dataclass
from typing import Any

import pytest
from telegram import CallbackQuery, Message, User

from bot.domain.error_codes import UserError
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Chat, Person
from handlers.telegram.albums import Separated
from handlers.telegram.parsing import FileRef, file_of, parse_callback_query, parse_messages
from handlers.telegram.update_kinds import is_from_person

BOT = User(7, "Repaint", is_bot=True, username="repaint_bot")
GROUP: dict[str, Any] = {"id": -1001, "type": "supergroup", "title": "A group"}
PRIVATE: dict[str, Any] = {"id": 5, "type": "private", "first_name": "Anna"}
ANNA = {"id": 5, "is_bot": False, "first_name": "Anna", "language_code": "zh-hans"}
PHOTO = [
    {"file_id": "large", "file_unique_id": "l", "width": 800, "height": 600, "file_size": 900},
    {"file_id": "small", "file_unique_id": "s", "width": 80, "height": 60, "file_size": 90},
]


def message(**fields: Any) -> Message:
    return Message.de_json({"message_id": 3, "date": 1, "chat": PRIVATE, "from": ANNA, **fields}, None)


@dataclass
class FakeLookups:
    """Answers without Telegram. `admins` are admins of every group; a profile photo is its person's id as bytes."""

    bot_user: User = BOT
    admins: frozenset[int] = frozenset()

    async def file(self, file: FileRef) -> bytes | UserError:
        return file.file_id.encode()

    async def has_profile_photo(self, user_id: int) -> bool:
        return isinstance(await self.profile_photo(user_id), bytes)

    async def profile_photo(self, user_id: int) -> bytes | UserError:
        return f"{user_id}".encode()

    async def is_admin(self, chat_id: int, user_id: int) -> bool:
        return user_id in self.admins


def read(*messages: Message, admins: frozenset[int] = frozenset()) -> IncomingMessage:
    return parse_messages(messages, FakeLookups(admins=admins))


def test_a_private_message_is_addressed_and_has_its_senders_language() -> None:
    parsed = read(message(text="hello"))
    assert parsed.person == Person("telegram", "5", "zh-hans")
    assert parsed.chat == Chat("telegram", "5")
    assert parsed.addressed
    assert parsed.source == "telegram:7:5:3"


def test_a_group_message_is_not_addressed_by_default() -> None:
    parsed = read(message(text="hello", chat=GROUP))
    assert parsed.chat == Chat("telegram", "-1001", is_group=True)
    assert not parsed.addressed


@pytest.mark.parametrize(
    ("replied", "addressed"),
    [
        ({"from": BOT.to_dict()}, True),
        ({"from": ANNA}, False),
        ({"from": BOT.to_dict(), "forum_topic_created": {"name": "t", "icon_color": 1}}, False),
        ({}, False),
    ],
)
def test_only_a_reply_to_the_bot_is_addressed(replied: dict[str, Any], addressed: bool) -> None:
    quoted = {"message_id": 2, "date": 1, "chat": GROUP, **replied}
    assert read(message(text="hi", chat=GROUP, reply_to_message=quoted)).addressed is addressed


def test_a_topic_is_kept_and_a_reply_thread_is_not_a_topic() -> None:
    assert read(message(chat=GROUP, text="x", message_thread_id=9, is_topic_message=True)).chat.thread == "9"
    assert read(message(chat=GROUP, text="x", message_thread_id=9)).chat.thread is None


def test_an_album_is_one_request_with_its_photos_in_order() -> None:
    parts = [
        message(
            message_id=number, media_group_id="77", photo=PHOTO, **({"caption": "/style 2"} if number == 12 else {})
        )
        for number in (12, 11, 13)
    ]
    parsed = read(*parts)
    assert [file.message_id for file in parsed.attachments] == ["11", "12", "13"]
    assert (parsed.text, parsed.message_id, parsed.source) == ("/style 2", "11", "telegram:7:5:album:77")
    assert read(parts[0]).source == parsed.source  # a photo delivered alone is the same request


def test_a_late_photo_is_its_own_request_with_the_albums_caption() -> None:
    late = message(message_id=13, media_group_id="77", photo=PHOTO)
    parsed = parse_messages([late], FakeLookups(), separated=Separated("/style 2"))
    assert (parsed.text, parsed.message_id, parsed.source) == ("/style 2", "13", "telegram:7:5:13")


def test_the_largest_size_of_a_photo_is_used() -> None:
    assert file_of(message(photo=PHOTO)) == FileRef("large", 900, is_picture=True)


@pytest.mark.parametrize(
    ("name", "mime", "is_picture"),
    [
        ("me.png", "image/png", True),
        ("me.HEIC", "application/octet-stream", True),
        ("me", "image/heic", True),
        ("me.pdf", "application/pdf", False),
        (None, None, False),
    ],
)
def test_a_file_is_a_picture_by_its_type_or_its_name(name: str | None, mime: str | None, is_picture: bool) -> None:
    file = {"file_id": "f", "file_unique_id": "u", "file_name": name, "mime_type": mime}
    assert file_of(message(document=file)) == FileRef("f", None, is_picture=is_picture)


@pytest.mark.parametrize(("animated", "is_picture"), [(False, True), (True, False)])
def test_a_still_sticker_is_a_picture(animated: bool, is_picture: bool) -> None:
    sticker = {"file_id": "f", "file_unique_id": "u", "type": "regular", "width": 1, "height": 1}
    found = file_of(message(sticker={**sticker, "is_animated": animated, "is_video": False}))
    assert found == FileRef("f", None, is_picture=is_picture)


def test_a_photo_quoted_from_another_chat_is_the_replied_attachment() -> None:
    external = {"origin": {"type": "hidden_user", "date": 1, "sender_user_name": "B"}, "photo": PHOTO}
    parsed = read(message(text="/style 2", external_reply=external))
    assert parsed.replied is not None
    assert parsed.replied.size == 900


def test_bots_and_channel_forwards_are_not_people() -> None:
    bot = {"id": 9, "is_bot": True, "first_name": "B"}
    assert is_from_person(message(text="x"))
    assert not is_from_person(message(text="x", **{"from": bot}))
    assert not is_from_person(message(text="x", is_automatic_forward=True))
    assert is_from_person(message(text="x", **{"from": bot}, sender_chat=GROUP))


def test_a_button_press_on_an_inaccessible_message_has_its_id() -> None:
    old = {"chat": GROUP, "message_id": 44, "date": 0}
    query = {"id": "q", "from": ANNA, "chat_instance": "1", "data": "again:1", "message": old}
    press = parse_callback_query(CallbackQuery.de_json(query, None), FakeLookups())
    assert press is not None
    assert (press.message_id, press.chat, press.source) == (
        "44",
        Chat("telegram", "-1001", is_group=True),
        "telegram:7:press:q",
    )


def test_a_button_press_on_an_inline_message_has_its_id() -> None:
    query = {"id": "q", "from": ANNA, "chat_instance": "1", "data": "cancel:1", "inline_message_id": "i"}
    press = parse_callback_query(CallbackQuery.de_json(query, None), FakeLookups())
    assert press is not None
    assert (press.chat, press.message_id) == (Chat("telegram", "inline:i"), "")


def test_a_button_press_without_a_message_is_ignored() -> None:
    query = {"id": "q", "from": ANNA, "chat_instance": "1", "data": "again:1"}
    assert parse_callback_query(CallbackQuery.de_json(query, None), FakeLookups()) is None


BEN = {"id": 6, "is_bot": False, "first_name": "Ben"}
REPLIED = {"message_id": 2, "date": 1, "chat": GROUP, "from": BEN}
BY_BEN = {"type": "user", "date": 1, "sender_user": BEN}
HIDDEN = {"type": "hidden_user", "date": 1, "sender_user_name": "B"}


@pytest.mark.parametrize(
    ("fields", "owner"),
    [
        ({"reply_to_message": {**REPLIED, "photo": PHOTO}}, "6"),
        ({"reply_to_message": {**REPLIED, "from": BOT.to_dict(), "photo": PHOTO}}, None),
        ({"reply_to_message": {**REPLIED, "from": ANNA, "photo": PHOTO, "forward_origin": BY_BEN}}, "6"),
        ({"reply_to_message": {**REPLIED, "photo": PHOTO, "forward_origin": HIDDEN}}, None),
        ({"reply_to_message": {**REPLIED, "sender_chat": GROUP, "photo": PHOTO}}, None),
        ({"external_reply": {"origin": BY_BEN, "photo": PHOTO}}, "6"),
        ({"external_reply": {"origin": HIDDEN, "photo": PHOTO}}, None),
    ],
    ids=["replied", "bots", "forwarded", "forwarded-hidden", "by-the-group", "external", "external-hidden"],
)
def test_the_owner_of_a_replied_photo_is_known_if_telegram_says_so(fields: dict[str, Any], owner: str | None) -> None:
    replied = read(message(text="/style 2", chat=GROUP, **fields)).replied
    assert replied is not None
    assert (replied.owner.platform_id if replied.owner else None) == owner


@pytest.mark.parametrize(
    ("fields", "owner"),
    [({}, "5"), ({"forward_origin": BY_BEN}, "6"), ({"forward_origin": HIDDEN}, None), ({"sender_chat": GROUP}, None)],
    ids=["own", "forwarded", "forwarded-hidden", "by-the-group"],
)
def test_a_photo_belongs_to_its_sender_or_original_author(fields: dict[str, Any], owner: str | None) -> None:
    [own] = read(message(photo=PHOTO, **fields)).attachments
    assert (own.owner.platform_id if own.owner else None) == owner


async def test_profile_photos_are_fetched_on_demand() -> None:
    parsed = read(message(text="/style 2 me", chat=GROUP, reply_to_message={**REPLIED, "text": "hi"}))
    assert parsed.profile_photo is not None
    assert parsed.replied_profile_photo is not None
    assert (await parsed.profile_photo.read(), await parsed.replied_profile_photo.read()) == (b"5", b"6")
    assert parsed.replied_profile_photo.owner == Person("telegram", "6")


def test_a_reply_to_a_photo_means_that_photo_and_no_profile_photo() -> None:
    assert read(message(text="/style 2", reply_to_message={**REPLIED, "photo": PHOTO})).replied_profile_photo is None


async def test_admins_are_looked_up_only_in_groups() -> None:
    admins = frozenset({5})
    assert await read(message(text="x", chat=GROUP), admins=admins).is_admin()
    assert not await read(message(text="x", chat=GROUP)).is_admin()
    assert not await read(message(text="x"), admins=admins).is_admin()
    anonymous = message(text="x", chat=GROUP, sender_chat=GROUP)
    assert await read(anonymous).is_admin(), "only admins may write as the group"


def test_a_guest_messages_source_is_its_query() -> None:
    assert read(message(text="x", guest_query_id="g9")).source == "telegram:7:guest:g9"
