"""Updates as the core's values: who, where, what, and the source that makes a second delivery the same job."""

from typing import Any

import pytest
from telegram import CallbackQuery, Message, User

from bot.chat import Chat, Person
from bot.incoming import Incoming
from bot.wishes import Reason, Refusal
from handlers.telegram.reading import FileRef, file_of, incoming, is_for_people, pressed

US = User(7, "Repaint", is_bot=True, username="repaint_bot")
GROUP: dict[str, Any] = {"id": -1001, "type": "supergroup", "title": "A group"}
PRIVATE: dict[str, Any] = {"id": 5, "type": "private", "first_name": "Anna"}
ANNA = {"id": 5, "is_bot": False, "first_name": "Anna", "language_code": "zh-hans"}
PHOTO = [
    {"file_id": "large", "file_unique_id": "l", "width": 800, "height": 600, "file_size": 900},
    {"file_id": "small", "file_unique_id": "s", "width": 80, "height": 60, "file_size": 90},
]


def message(**fields: Any) -> Message:
    return Message.de_json({"message_id": 3, "date": 1, "chat": PRIVATE, "from": ANNA, **fields}, None)


def read(*messages: Message) -> Incoming:
    async def nothing(_: FileRef) -> Refusal:
        return Refusal(Reason.EMPTY)

    return incoming(messages, US, nothing)


def test_a_private_message_is_addressed_and_its_person_speaks_their_language() -> None:
    heard = read(message(text="hello"))
    assert heard.person == Person("telegram", "5", "zh-hans")
    assert heard.chat == Chat("telegram", "5")
    assert heard.addressed
    assert heard.source == "telegram:7:5:3"


def test_a_group_is_a_group_and_nothing_in_it_is_addressed_by_itself() -> None:
    heard = read(message(text="hello", chat=GROUP))
    assert heard.chat == Chat("telegram", "-1001", is_group=True)
    assert not heard.addressed


@pytest.mark.parametrize(
    ("answered", "addressed"),
    [
        ({"from": US.to_dict()}, True),
        ({"from": ANNA}, False),
        ({"from": US.to_dict(), "forum_topic_created": {"name": "t", "icon_color": 1}}, False),
        ({}, False),
    ],
)
def test_only_an_answer_to_our_own_message_is_addressed(answered: dict[str, Any], addressed: bool) -> None:
    quoted = {"message_id": 2, "date": 1, "chat": GROUP, **answered}
    assert read(message(text="hi", chat=GROUP, reply_to_message=quoted)).addressed is addressed


def test_a_topic_is_kept_and_a_mere_thread_of_replies_is_none() -> None:
    assert read(message(chat=GROUP, text="x", message_thread_id=9, is_topic_message=True)).chat.thread == "9"
    assert read(message(chat=GROUP, text="x", message_thread_id=9)).chat.thread is None


def test_the_pictures_of_an_album_are_one_request_in_their_order() -> None:
    parts = [
        message(
            message_id=number, media_group_id="77", photo=PHOTO, **({"caption": "/style 2"} if number == 12 else {})
        )
        for number in (12, 11, 13)
    ]
    heard = read(*parts)
    assert [file.message_id for file in heard.own] == ["11", "12", "13"]
    assert (heard.words, heard.message_id, heard.source) == ("/style 2", "11", "telegram:7:5:album:77")
    assert read(parts[0]).source == heard.source  # one that comes late is the same request


def test_the_largest_size_of_a_photo_is_taken() -> None:
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


def test_a_photo_quoted_from_another_chat_is_what_is_answered() -> None:
    external = {"origin": {"type": "hidden_user", "date": 1, "sender_user_name": "B"}, "photo": PHOTO}
    heard = read(message(text="/style 2", external_reply=external))
    assert heard.answered is not None
    assert heard.answered.size == 900


def test_bots_and_channels_copies_are_not_people() -> None:
    bot = {"id": 9, "is_bot": True, "first_name": "B"}
    assert is_for_people(message(text="x"))
    assert not is_for_people(message(text="x", **{"from": bot}))
    assert not is_for_people(message(text="x", is_automatic_forward=True))
    assert is_for_people(message(text="x", **{"from": bot}, sender_chat=GROUP))


def test_a_press_knows_its_message_even_when_that_is_too_old_to_be_read() -> None:
    old = {"chat": GROUP, "message_id": 44, "date": 0}
    query = {"id": "q", "from": ANNA, "chat_instance": "1", "data": "again:1", "message": old}
    press = pressed(CallbackQuery.de_json(query, None), US)
    assert press is not None
    assert (press.message_id, press.chat, press.source) == (
        "44",
        Chat("telegram", "-1001", is_group=True),
        "telegram:7:press:q",
    )


def test_a_press_without_a_message_is_beyond_reach() -> None:
    query = {"id": "q", "from": ANNA, "chat_instance": "1", "data": "again:1", "inline_message_id": "i"}
    assert pressed(CallbackQuery.de_json(query, None), US) is None
