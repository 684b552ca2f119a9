"""Pictures that Telegram has already, spoilers, buttons that share, mentions, invoices, and groups that move."""

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
    TargetGone,
    TryLater,
)
from tests.fakes.telegram_api.chats import Shown
from tests.fakes.telegram_api.server import Fault, refusal
from tests.harness.telegram_platform import ANNA, CHAT, GROUP, Wall, wall

SHARE = ((Button("Share", share="#1"), Button("Open", link="https://t.me/x?start=1")),)
INLINE = Address(Chat("telegram", "inline:abc"), reply_to="77", person=ANNA)


def uploads(a_wall: Wall) -> list[str]:
    return [call.method for call in a_wall.api.done if call.uploads]


async def test_a_picture_is_uploaded_once_and_then_sent_by_its_file() -> None:
    async with wall() as a_wall:
        picture = await a_wall.picture()
        place = await a_wall.platform.show(Address(CHAT), Card("Place 3"))
        await a_wall.platform.show(Address(CHAT, message_id=place), Card("Anime", (), picture))
        await a_wall.platform.show(Address(CHAT), Card("Once more", (), picture))
        assert [shown.photo for shown in a_wall.api.chats.of_bot(5)] == [picture.jpeg, picture.jpeg]
        assert uploads(a_wall) == ["editMessageMedia"]


async def test_a_file_that_telegram_has_lost_is_uploaded_again() -> None:
    async with wall() as a_wall:
        picture = await a_wall.picture()
        await a_wall.platform.show(Address(CHAT), Card("Anime", (), picture))
        a_wall.api.chats.files.clear()
        with pytest.raises(TryLater):
            await a_wall.platform.show(Address(CHAT), Card("Once more", (), picture))
        await a_wall.platform.show(Address(CHAT), Card("Once more", (), picture))
        assert uploads(a_wall) == ["sendPhoto", "sendPhoto"]


async def test_what_answers_a_spoiler_is_one_and_so_are_answers_to_that() -> None:
    async with wall() as a_wall:
        picture = await a_wall.picture()
        await a_wall.platform.writer.chat_state.mark_spoilers(CHAT, ["9"])
        place = await a_wall.platform.show(Address(CHAT, reply_to="9"), Card("Place 3"))
        await a_wall.platform.show(Address(CHAT, reply_to="9", message_id=place), Card("Anime", (), picture))
        assert a_wall.only().spoiler
        again = await a_wall.platform.show(Address(CHAT, reply_to=place), Card("Again", (), picture))
        other = await a_wall.platform.show(Address(CHAT, reply_to="10"), Card("Another", (), picture))
        seen = a_wall.api.chats.messages
        assert (seen[5, int(again)].spoiler, seen[5, int(other)].spoiler) == (True, False)


async def test_buttons_open_links_and_share_through_inline_mode() -> None:
    async with wall() as a_wall:
        await a_wall.platform.show(Address(CHAT), Card("Anime", SHARE))
        assert a_wall.only().rows == ((("Share", "#1"), ("Open", "https://t.me/x?start=1")),)


async def test_a_bot_without_inline_mode_has_no_share_button() -> None:
    async with wall() as a_wall:
        a_wall.platform.writer.bot_user = None
        await a_wall.platform.show(Address(CHAT), Card("Anime", (SHARE[0][:1], SHARE[0][1:])))
        assert a_wall.only().labels == ["Open"]


async def test_a_person_is_mentioned_by_any_words() -> None:
    async with wall() as a_wall:
        await a_wall.platform.show(Address(GROUP), Card("🎨 Anna, may Ben paint this?", mention=Mention("Anna", "5")))
        [entity] = json.loads(a_wall.api.done[-1].params["entities"])
        assert (entity["type"], entity["offset"], entity["length"]) == ("text_mention", 3, 4)  # 🎨 counts twice
        assert entity["user"]["id"] == 5


async def test_an_invoice_asks_for_stars_and_a_document_stays_one() -> None:
    async with wall() as a_wall:
        await a_wall.platform.show(
            Address(CHAT), Card("", invoice=Invoice("10 pictures", "For you", "units:10:50", 50))
        )
        await a_wall.platform.show(Address(CHAT), Card("All of it", document=Document(b"PK", "export.zip")))
        bill, export = a_wall.api.chats.of_bot(5)
        assert bill.bill["currency"] == "XTR"
        assert json.loads(bill.bill["prices"]) == [{"label": "10 pictures", "amount": 50}]
        assert export.document == b"PK"


async def test_a_group_that_has_moved_is_followed_and_cards_go_on_there() -> None:
    async with wall() as a_wall:
        place = await a_wall.platform.show(Address(GROUP), Card("Place 3"))
        a_wall.api.chats.moved[-1001] = -2002
        with pytest.raises(TryLater):
            await a_wall.platform.show(Address(GROUP, message_id=place), Card("Place 2"))
        assert a_wall.moves == [("-1001", "-2002")]
        await a_wall.platform.show(Address(GROUP, reply_to="7", message_id=place), Card("Place 1"))
        assert a_wall.only(-2002).text == "Place 1"
        with pytest.raises(TargetGone):
            await a_wall.platform.set_rows(Address(GROUP, message_id=place), ())


async def test_a_refund_that_was_made_before_is_fine() -> None:
    async with wall() as a_wall:
        for _ in range(2):
            await a_wall.platform.refund_payment("5", "charge-1")
        assert a_wall.api.elsewhere.refunds == ["charge-1"]


async def test_a_message_that_is_gone_is_removed_and_one_too_old_is_painted_over() -> None:
    async with wall() as a_wall:
        await a_wall.platform.remove(Address(GROUP, message_id="999"))
        place = await a_wall.platform.show(Address(GROUP), Card("Anime"))
        a_wall.api.faults.append(Fault("deleteMessage", refusal(400, "Bad Request: message can't be deleted")))
        await a_wall.platform.remove(Address(GROUP, message_id=place))
        assert (a_wall.only(-1001).text, a_wall.only(-1001).photo is not None) == ("", True)


def elsewhere(a_wall: Wall) -> Shown:
    return a_wall.api.chats.inline["abc"]


async def test_a_message_in_somebody_elses_chat_becomes_the_picture_by_way_of_its_persons_own_chat() -> None:
    async with wall() as a_wall:
        a_wall.api.chats.inline["abc"] = Shown(0, 1, "One moment", inline="abc")
        picture = await a_wall.picture()
        buttons = ((Button("Cancel", "cancel:1"), Button("As file", "file:1")),)
        assert await a_wall.platform.show(INLINE, Card("Place 3", buttons)) == "abc"
        assert (elsewhere(a_wall).text, elsewhere(a_wall).labels) == ("Place 3", ["Cancel"])
        await a_wall.platform.show(Address(INLINE.chat, "77", "abc", ANNA), Card("Anime", buttons, picture))
        assert (elsewhere(a_wall).text, elsewhere(a_wall).photo) == ("Anime", picture.jpeg)
        assert (a_wall.only().photo, a_wall.only().quiet, a_wall.only().labels) == (
            picture.jpeg,
            True,
            ["Cancel", "As file"],
        )
        assert uploads(a_wall) == ["sendPhoto"]


async def test_who_never_wrote_to_the_bot_is_told_where_the_picture_is() -> None:
    async with wall() as a_wall:
        a_wall.api.chats.inline["abc"] = Shown(0, 1, "One moment", inline="abc")
        a_wall.api.chats.strangers.add(5)
        await a_wall.platform.show(INLINE, Card("🎨 Anime", (), await a_wall.picture()))
        assert elsewhere(a_wall).text.startswith("🎨 Anime\nThe picture is ready. Write to me")
        assert elsewhere(a_wall).data("Open") == "https://t.me/repaint_test_bot?start=history"


async def test_what_cannot_be_done_to_a_message_elsewhere_is_gone() -> None:
    async with wall() as a_wall:
        for address in (Address(INLINE.chat, reply_to="abc"), Address(INLINE.chat, reply_to="")):
            with pytest.raises(TargetGone):
                await a_wall.platform.show(address, Card("Your picture is there"))
        with pytest.raises(TargetGone):
            await a_wall.platform.remove(Address(INLINE.chat, message_id="abc"))
        with pytest.raises(TargetGone):
            await a_wall.platform.show(INLINE, Card("Place 3"))  # no such message


async def test_pictures_that_hang_together_are_sent_by_their_files_later_and_uploaded_when_those_are_lost() -> None:
    async with wall() as a_wall:
        pictures = [await a_wall.picture(f"test:{number}") for number in (1, 2)]
        first = await a_wall.platform.send_album(Address(CHAT, reply_to="9"), pictures)
        assert [int(message) for message in first] == [shown.id for shown in a_wall.api.chats.of_bot(5)]
        await a_wall.platform.send_album(Address(CHAT), pictures)
        assert uploads(a_wall) == ["sendMediaGroup"]
        a_wall.api.chats.files.clear()
        with pytest.raises(TryLater) as patience:
            await a_wall.platform.send_album(Address(CHAT), pictures)
        assert not patience.value.perhaps_sent
        await a_wall.platform.send_album(Address(CHAT), pictures)
        assert uploads(a_wall) == ["sendMediaGroup"] * 2


async def test_among_pictures_that_are_no_photos_for_telegram_all_come_as_files() -> None:
    out = io.BytesIO()
    Image.new("RGB", (2200, 100)).save(out, "JPEG")
    odd = Picture(out.getvalue(), "odd.jpg", "odd")
    async with wall() as a_wall:
        await a_wall.platform.send_album(Address(GROUP), [await a_wall.picture(), odd])
        assert [shown.document is not None for shown in a_wall.api.chats.of_bot(-1001)] == [True, True]


async def test_nothing_hangs_in_somebody_elses_chat() -> None:
    async with wall() as a_wall:
        with pytest.raises(TargetGone):
            await a_wall.platform.send_album(INLINE, [await a_wall.picture(), await a_wall.picture("test:2")])
