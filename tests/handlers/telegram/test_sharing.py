"""Known file ids, spoilers, share buttons, mentions, invoices, migrated groups and inline messages."""

import io
import json

import pytest
from PIL import Image

from bot.messaging.platform import (
    Address,
    Button,
    Card,
    Chat,
    Document,
    Invoice,
    Mention,
    Picture,
    Refused,
    TargetGone,
    TryLater,
)
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.server import Fault, error_reply
from tests.harness.telegram_platform import ANNA, CHAT, GROUP, PlatformHarness, platform_harness

SHARE = ((Button("Share", share="#1"), Button("Open", link="https://t.me/x?start=1")),)
INLINE = Address(Chat("telegram", "inline:abc"), reply_to="77", person=ANNA)


def uploads(harness: PlatformHarness) -> list[str]:
    return [call.method for call in harness.api.succeeded if call.uploads]


async def test_a_picture_is_uploaded_once_and_then_sent_by_its_file() -> None:
    async with platform_harness() as harness:
        picture = await harness.finished_picture()
        message_id = await harness.platform.show(Address(CHAT), Card("Place 3"))
        await harness.platform.show(Address(CHAT, message_id=message_id), Card("Anime", (), picture))
        await harness.platform.show(Address(CHAT), Card("Once more", (), picture))
        assert [message.photo for message in harness.api.chats.bot_messages(5)] == [picture.jpeg, picture.jpeg]
        assert uploads(harness) == ["editMessageMedia"]


async def test_a_file_that_telegram_has_lost_is_uploaded_again() -> None:
    async with platform_harness() as harness:
        picture = await harness.finished_picture()
        await harness.platform.show(Address(CHAT), Card("Anime", (), picture))
        harness.api.chats.files.clear()
        with pytest.raises(TryLater):
            await harness.platform.show(Address(CHAT), Card("Once more", (), picture))
        await harness.platform.show(Address(CHAT), Card("Once more", (), picture))
        assert uploads(harness) == ["sendPhoto", "sendPhoto"]


async def test_replies_to_a_spoiler_inherit_it() -> None:
    async with platform_harness() as harness:
        picture = await harness.finished_picture()
        await harness.platform.writer.chat_state.mark_spoilers(CHAT, ["9"])
        message_id = await harness.platform.show(Address(CHAT, reply_to="9"), Card("Place 3"))
        await harness.platform.show(Address(CHAT, reply_to="9", message_id=message_id), Card("Anime", (), picture))
        assert harness.only_message().spoiler
        again = await harness.platform.show(Address(CHAT, reply_to=message_id), Card("Again", (), picture))
        other = await harness.platform.show(Address(CHAT, reply_to="10"), Card("Another", (), picture))
        seen = harness.api.chats.messages
        assert (seen[5, int(again)].spoiler, seen[5, int(other)].spoiler) == (True, False)


async def test_buttons_open_links_and_share_through_inline_mode() -> None:
    async with platform_harness() as harness:
        await harness.platform.show(Address(CHAT), Card("Anime", SHARE))
        assert harness.only_message().rows == ((("Share", "#1"), ("Open", "https://t.me/x?start=1")),)


async def test_a_bot_without_inline_mode_has_no_share_button() -> None:
    async with platform_harness() as harness:
        harness.platform.writer.bot_user = None
        await harness.platform.show(Address(CHAT), Card("Anime", (SHARE[0][:1], SHARE[0][1:])))
        assert harness.only_message().labels == ["Open"]


async def test_a_person_is_mentioned_by_any_words() -> None:
    async with platform_harness() as harness:
        await harness.platform.show(Address(GROUP), Card("🎨 Anna, may Ben paint this?", mention=Mention("Anna", "5")))
        [entity] = json.loads(harness.api.succeeded[-1].params["entities"])
        assert (entity["type"], entity["offset"], entity["length"]) == ("text_mention", 3, 4)  # 🎨 is two UTF-16 units
        assert entity["user"]["id"] == 5


async def test_an_invoice_asks_for_stars_and_a_document_stays_one() -> None:
    async with platform_harness() as harness:
        await harness.platform.show(
            Address(CHAT), Card("", invoice=Invoice("10 pictures", "For you", "units:10:50", 50))
        )
        await harness.platform.show(Address(CHAT), Card("All of it", document=Document(b"PK", "export.zip")))
        bill, export = harness.api.chats.bot_messages(5)
        assert bill.invoice["currency"] == "XTR"
        assert json.loads(bill.invoice["prices"]) == [{"label": "10 pictures", "amount": 50}]
        assert export.document == b"PK"


async def test_cards_continue_in_a_migrated_group() -> None:
    async with platform_harness() as harness:
        message_id = await harness.platform.show(Address(GROUP), Card("Place 3"))
        harness.api.chats.migrated[-1001] = -2002
        with pytest.raises(TryLater):
            await harness.platform.show(Address(GROUP, message_id=message_id), Card("Place 2"))
        assert harness.migrations == [("-1001", "-2002")]
        await harness.platform.show(Address(GROUP, reply_to="7", message_id=message_id), Card("Place 1"))
        assert harness.only_message(-2002).text == "Place 1"
        with pytest.raises(TargetGone):
            await harness.platform.set_rows(Address(GROUP, message_id=message_id), ())


async def test_a_repeated_refund_is_no_error() -> None:
    async with platform_harness() as harness:
        for _ in range(2):
            await harness.platform.refund_payment("5", "charge-1")
        assert harness.api.queries.refunds == ["charge-1"]


async def test_removing_a_missing_message_is_no_error_and_an_old_one_is_blanked() -> None:
    async with platform_harness() as harness:
        await harness.platform.remove(Address(GROUP, message_id="999"))
        message_id = await harness.platform.show(Address(GROUP), Card("Anime"))
        harness.api.faults.append(Fault("deleteMessage", error_reply(400, "Bad Request: message can't be deleted")))
        await harness.platform.remove(Address(GROUP, message_id=message_id))
        assert (harness.only_message(-1001).text, harness.only_message(-1001).photo is not None) == ("", True)


def inline_message(harness: PlatformHarness) -> ChatMessage:
    """The inline message as it is now."""
    return harness.api.chats.inline_messages["abc"]


async def test_an_inline_message_gets_its_picture_through_the_private_chat() -> None:
    async with platform_harness() as harness:
        harness.api.chats.inline_messages["abc"] = ChatMessage(0, 1, "One moment", inline_message_id="abc")
        picture = await harness.finished_picture()
        buttons = ((Button("Cancel", "cancel:1"), Button("As file", "file:1")),)
        assert await harness.platform.show(INLINE, Card("Place 3", buttons)) == "abc"
        assert (inline_message(harness).text, inline_message(harness).labels) == ("Place 3", ["Cancel"])
        await harness.platform.show(Address(INLINE.chat, "77", "abc", ANNA), Card("Anime", buttons, picture))
        assert (inline_message(harness).text, inline_message(harness).photo) == ("Anime", picture.jpeg)
        assert (harness.only_message().photo, harness.only_message().silent, harness.only_message().labels) == (
            picture.jpeg,
            True,
            ["Cancel", "As file"],
        )
        assert uploads(harness) == ["sendPhoto"]


async def test_without_a_private_chat_the_inline_message_links_to_the_bot() -> None:
    async with platform_harness() as harness:
        harness.api.chats.inline_messages["abc"] = ChatMessage(0, 1, "One moment", inline_message_id="abc")
        harness.api.chats.never_started.add(5)
        await harness.platform.show(INLINE, Card("🎨 Anime", (), await harness.finished_picture()))
        assert inline_message(harness).text.startswith("🎨 Anime\nThe picture is ready. To see it, send me a message")
        assert inline_message(harness).data("Open") == "https://t.me/repaint_test_bot?start=history"


async def test_an_inline_message_cannot_be_replied_to_or_deleted() -> None:
    async with platform_harness() as harness:
        for address in (Address(INLINE.chat, reply_to="abc"), Address(INLINE.chat, reply_to="")):
            with pytest.raises(Refused):
                await harness.platform.show(address, Card("Your picture is there"))
        with pytest.raises(Refused):
            await harness.platform.remove(Address(INLINE.chat, message_id="abc"))
        with pytest.raises(Refused):
            await harness.platform.show(INLINE, Card("Place 3"))  # no such message


async def test_albums_reuse_file_ids_and_upload_again_when_they_are_lost() -> None:
    async with platform_harness() as harness:
        pictures = [await harness.finished_picture(f"test:{number}") for number in (1, 2)]
        first = await harness.platform.send_album(Address(CHAT, reply_to="9"), pictures)
        assert [int(message) for message in first] == [message.id for message in harness.api.chats.bot_messages(5)]
        await harness.platform.send_album(Address(CHAT), pictures)
        assert uploads(harness) == ["sendMediaGroup"]
        harness.api.chats.files.clear()
        with pytest.raises(TryLater) as raised:
            await harness.platform.send_album(Address(CHAT), pictures)
        assert not raised.value.perhaps_sent
        await harness.platform.send_album(Address(CHAT), pictures)
        assert uploads(harness) == ["sendMediaGroup"] * 2


async def test_an_album_with_an_invalid_photo_is_sent_as_documents() -> None:
    out = io.BytesIO()
    Image.new("RGB", (2200, 100)).save(out, "JPEG")
    odd = Picture(out.getvalue(), "odd.jpg", "odd")
    async with platform_harness() as harness:
        await harness.platform.send_album(Address(GROUP), [await harness.finished_picture(), odd])
        assert [message.document is not None for message in harness.api.chats.bot_messages(-1001)] == [True, True]


async def test_no_album_is_sent_for_an_inline_message() -> None:
    async with platform_harness() as harness:
        with pytest.raises(TargetGone):
            await harness.platform.send_album(
                INLINE, [await harness.finished_picture(), await harness.finished_picture("test:2")]
            )
