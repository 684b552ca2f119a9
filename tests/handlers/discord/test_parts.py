"""Parts of the Discord handler that need no Discord: errors, files, modals, replies, upload limits, commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import discord
import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from discord import Forbidden, HTTPException, NotFound, RateLimited
from PIL import Image
from sqlalchemy import text

from bot.domain.error_codes import ErrorCode, UserError
from bot.imaging.intake import Intake
from bot.jobs.photo_intake import PhotoIntake
from bot.messaging.callback_data import UploadReference
from bot.messaging.incoming import MAX_BYTES
from bot.messaging.interaction_tokens import InteractionTokens
from bot.messaging.platform import Card, Chat, Picture, Refusal, Refused, TryLater
from bot.runtime.clock import WallClock
from handlers.discord.command_sync import payload_matches
from handlers.discord.errors import Banned, FileTooLarge, InteractionExpired, translated_errors
from handlers.discord.files import FileDownloader, trusted_origins
from handlers.discord.identities import Channel, PrivateChat, ViaInteraction, destination_of
from handlers.discord.interaction_replies import (
    TOKEN_LIFETIME,
    USER_INSTALL_FOLLOWUPS,
    InteractionReplies,
    InteractionReply,
    token_cipher,
)
from handlers.discord.interactions_endpoint import has_valid_signature
from handlers.discord.modals import parse_reference_modal, reference_modal
from handlers.discord.upload_limits import DEFAULT_LIMIT, UploadLimits
from storage.database import Database, open_database
from tests.fakes import postgres
from tests.harness.pictures import encoded

CDN = "https://cdn.discordapp.com/attachments/1/2/me.jpg"


@pytest_asyncio.fixture
async def database(database_kind: str, tmp_path: Path) -> AsyncIterator[Database]:
    """On SQLite and on PostgreSQL."""
    async with open_database(postgres.place_of(tmp_path)) as opened:
        yield opened


def http_error(kind: type[HTTPException], status: int, code: int, *, retry_after: str = "") -> HTTPException:
    """What the library raises for such a response."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    response = SimpleNamespace(status=status, reason="", headers=headers)
    return kind(cast("Any", response), {"code": code, "message": "secret"})


@pytest.mark.parametrize(
    ("error", "translated"),
    [
        (RateLimited(40.0), TryLater(40.0)),
        (http_error(NotFound, 404, 10008), Refused(Refusal.MESSAGE)),
        (http_error(NotFound, 404, 10003), Refused(Refusal.CHAT)),
        (http_error(NotFound, 404, 10015), InteractionExpired()),
        (http_error(HTTPException, 401, 50027), InteractionExpired()),
        (http_error(Forbidden, 403, 50007), Refused(Refusal.CHAT)),
        (http_error(HTTPException, 413, 40005), FileTooLarge()),
        (http_error(HTTPException, 400, 50035), Refused(Refusal.UNKNOWN)),
        (http_error(HTTPException, 401, 0), TryLater(60.0)),
        (http_error(HTTPException, 429, 0, retry_after="600"), Banned(600.0)),
        (http_error(HTTPException, 429, 0, retry_after="86400"), Banned(3600.0)),
        (http_error(HTTPException, 429, 0, retry_after="Wed, 21 Oct 2026"), Banned(2.0)),
        (http_error(discord.DiscordServerError, 502, 0), TryLater(2.0, perhaps_sent=True)),
        (aiohttp.ServerDisconnectedError(), TryLater(2.0, perhaps_sent=True)),
        (TimeoutError(), TryLater(2.0, perhaps_sent=True)),
    ],
)
def test_every_error_translates_to_one_decision_without_its_content(error: Exception, translated: Exception) -> None:
    with pytest.raises(type(translated)) as raised, translated_errors():
        raise error
    assert vars(raised.value) == vars(translated)
    assert (str(raised.value), raised.value.__cause__) == (str(translated), None)


@asynccontextmanager
async def downloader_for(answer: httpx.Response) -> AsyncIterator[FileDownloader]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as http:
        yield FileDownloader(http, trusted_origins("https://discord.com/api"))


@pytest.mark.parametrize(
    ("url", "answer", "found"),
    [
        (CDN, httpx.Response(200, content=b"jpeg"), b"jpeg"),
        ("https://images-ext-1.discordapp.net/external/a/https/b.c/d.jpg", httpx.Response(200, content=b"j"), b"j"),
        (CDN, httpx.Response(404), UserError(ErrorCode.PHOTO_EXPIRED)),
        (CDN, httpx.Response(302, headers={"Location": "http://127.0.0.1/"}), UserError(ErrorCode.PHOTO_EXPIRED)),
        (CDN, httpx.Response(200, content=bytes(MAX_BYTES + 1)), UserError(ErrorCode.TOO_MANY_BYTES)),
        ("http://cdn.discordapp.com/1", httpx.Response(200), UserError(ErrorCode.NOT_A_PICTURE)),
        ("https://cdn.discordapp.com.evil.example/1", httpx.Response(200), UserError(ErrorCode.NOT_A_PICTURE)),
        ("https://cdn.discordapp.com@evil.example/1", httpx.Response(200), UserError(ErrorCode.NOT_A_PICTURE)),
        ("http://169.254.169.254/latest", httpx.Response(200), UserError(ErrorCode.NOT_A_PICTURE)),
    ],
)
async def test_files_are_downloaded_from_discord_only_and_up_to_a_limit(
    url: str, answer: httpx.Response, found: Any
) -> None:
    async with downloader_for(answer) as files:
        assert await files.download(url) == found


@pytest.mark.parametrize("status", [429, 500, 502])
async def test_a_temporary_download_error_asks_to_try_later(status: int) -> None:
    async with downloader_for(httpx.Response(status)) as files:
        with pytest.raises(TryLater):
            await files.download(CDN)


async def test_a_modal_names_its_job_and_needs_no_state() -> None:
    form = reference_modal(UploadReference(42), "zh-CN")
    assert (form.custom_id, form.title, form.is_finished()) == ("bring:42", "照一张图片的风格来画", True)
    file = {"url": CDN, "size": 3, "filename": "a.png", "content_type": "image/png"}
    found = parse_reference_modal({"custom_id": "bring:42", "resolved": {"attachments": {"9": file}}})
    assert found is not None
    assert (found[0], found[1].url, found[1].size) == (42, CDN, 3)


@pytest.mark.parametrize("data", [{}, {"custom_id": "bring:42"}, {"custom_id": "choose:1:2", "resolved": {}}])
def test_a_foreign_modal_is_ignored(data: dict[str, Any]) -> None:
    assert parse_reference_modal(data) is None


async def test_an_interaction_can_be_answered_once_within_fifteen_minutes(database: Database) -> None:
    now, secret = [1000.0], b"s" * 32
    clock = WallClock(wall=lambda: now[0], steady=lambda: 0.0)
    tokens = InteractionTokens(database, "discord:1", clock)
    replies, other_process = (InteractionReplies(tokens, token_cipher(secret)) for _ in range(2))
    reply = InteractionReply(
        "5",
        1,
        "a token",
        "77",
        1000.0 + TOKEN_LIFETIME,
        is_placeholder=True,
        ephemeral=True,
        followups_left=USER_INSTALL_FOLLOWUPS,
    )
    assert await replies.save(reply)
    assert not await other_process.save(reply), "another process has answered"
    assert "token" not in repr(reply)
    assert await other_process.get_pending("77") == reply
    with pytest.raises(TryLater):
        async with replies.fill(reply) as claimed:
            assert claimed
            assert await other_process.get_pending("77") is None
            async with other_process.fill(reply) as claimed_again:
                assert not claimed_again
            raise TryLater(1.0)
    assert await replies.get_pending("77") == reply
    async with replies.fill(reply):
        pass
    assert await other_process.get_pending("77") is None
    await other_process.count_followup(reply)
    kept = await replies.get("5")
    assert kept is not None
    assert kept.followups_left == USER_INSTALL_FOLLOWUPS - 1
    now[0] += TOKEN_LIFETIME
    assert await replies.get("5") is None


async def test_a_token_is_stored_encrypted_and_deleted_after_its_lifetime(database: Database) -> None:
    now = [1000.0]
    tokens = InteractionTokens(database, "discord:1", WallClock(wall=lambda: now[0], steady=lambda: 0.0))
    ours, strangers = (InteractionReplies(tokens, token_cipher(secret * 32)) for secret in (b"a", b"b"))
    await ours.save(
        InteractionReply("5", 1, "aW50ZXJhY3Rpb246", "77", 1000.0 + TOKEN_LIFETIME, is_placeholder=True, ephemeral=True)
    )
    stored = await tokens.get("5")
    assert stored is not None
    assert "aW50" not in stored.sealed
    assert "seal" not in repr(ours)
    assert await strangers.get("5") is None
    now[0] += TOKEN_LIFETIME + 1
    await ours.save(
        InteractionReply("6", 1, "another", "78", now[0] + TOKEN_LIFETIME, is_placeholder=True, ephemeral=True)
    )
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT interaction FROM reply"))).scalars().all() == ["6"]


async def test_pictures_are_shrunk_so_that_together_they_fit_the_limit() -> None:
    async with Intake() as intake:
        sizes, chat = UploadLimits(PhotoIntake(intake, cast("Any", None), keep_seconds=1)), Chat("discord", "1")
        assert sizes.limit(chat) == DEFAULT_LIMIT
        sizes.record(chat, 1_000_000)
        jpeg = encoded(Image.effect_noise((1500, 2000), 80).convert("RGB"), "JPEG", quality=95)
        card = Card("", pictures=tuple(Picture(jpeg, f"{at}.jpg", "") for at in range(2)))
        assert len(jpeg) * 2 > sizes.limit(chat)
        fitting = await sizes.fit(card, sizes.limit(chat))
        assert sum(len(picture.jpeg) for picture in fitting.pictures) <= 1_000_000
        assert await sizes.fit(card, DEFAULT_LIMIT) == card


def test_only_discords_signature_is_accepted() -> None:
    key = Ed25519PrivateKey.generate()
    public, signature = key.public_key().public_bytes_raw().hex(), key.sign(b"17{}").hex()
    assert has_valid_signature(public, signature, "17", b"{}")
    assert not has_valid_signature(public, signature, "18", b"{}")
    assert not has_valid_signature(public, "00" * 64, "17", b"{}")
    assert not has_valid_signature(public, "no signature", "17", b"{}")
    assert not has_valid_signature("no key", signature, "17", b"{}")


@pytest.mark.parametrize(
    ("theirs", "ours", "same"),
    [
        ({"name": "a", "id": "9", "version": "1"}, {"name": "a"}, True),
        ({"name": "a"}, {"name": "a", "options": [], "nsfw": False, "name_localizations": None}, True),
        ({"default_member_permissions": "32"}, {"default_member_permissions": 32}, True),
        ({"dm_permission": False}, {"dm_permission": True}, True),
        ({"options": [{"name": "b"}]}, {"options": []}, False),
        ({"options": [{"name": "b"}]}, {"options": [{"name": "c"}]}, False),
        ({"options": [{"name": "b"}]}, {"options": [{"name": "b"}, {"name": "c"}]}, False),
        ({"contexts": [0, 1]}, {"contexts": [0]}, False),
        ({}, {"name_localizations": {"zh-CN": "风格"}}, False),
    ],
)
def test_payloads_match_unless_something_of_ours_differs(theirs: Any, ours: Any, *, same: bool) -> None:
    assert payload_matches(theirs, ours) == same


@pytest.mark.parametrize(
    ("chat", "place"),
    [
        (Chat("discord", "5"), PrivateChat(5)),
        (Chat("discord", "5", thread="6", is_group=True), Channel(6)),
        (Chat("discord", "5", thread="hook:7", is_group=True), ViaInteraction("7")),
    ],
)
def test_a_chat_determines_where_its_cards_are_sent(chat: Chat, place: object) -> None:
    assert destination_of(chat) == place
