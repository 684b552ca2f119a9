"""Links to photos: valid for a while, and signed by us only."""

import base64
import string

import pytest
from itsdangerous import URLSafeSerializer

from bot.dashscope.errors import Decision, NotAccepted
from bot.dashscope.photo_links import LINK_SECONDS, BucketLinks, InlineLinks, SignedLinks, UploadLinks, read_token
from storage.bucket import Bucket, open_bucket

SECRET = b"sixteen bytes or more"
KEY = "portraits/3f/3fa9c1"
NOW = 1_800_000_000.7


async def token_of(key: str = KEY, seconds: int = 900) -> str:
    url = await SignedLinks("https://me.example/bot/", SECRET, seconds=seconds).expose(key, b"", NOW)
    assert url.startswith("https://me.example/bot/photos/")
    return url.removeprefix("https://me.example/bot/photos/")


async def test_a_fresh_link_leads_to_its_photo() -> None:
    token = await token_of()
    assert read_token(SECRET, token, NOW) == KEY
    assert set(token) <= set(string.ascii_letters + string.digits + "-_.")


@pytest.mark.parametrize(("age", "readable"), [(899, True), (900, False), (90_000, False), (-3600, True)])
async def test_a_link_expires(age: float, readable: bool) -> None:
    assert (read_token(SECRET, await token_of(), NOW + age) is not None) is readable


async def test_a_link_with_another_secret_or_purpose_is_refused() -> None:
    assert read_token(b"another sixteen bytes", await token_of(), NOW) is None
    other = URLSafeSerializer(SECRET, salt="session").dumps([KEY, NOW + 900])
    assert read_token(SECRET, str(other), NOW) is None


async def test_no_character_of_a_link_can_be_changed() -> None:
    token = await token_of()
    for at, character in enumerate(token):
        for other in set(string.ascii_letters + string.digits + "-_.=") - {character}:
            assert read_token(SECRET, token[:at] + other + token[at + 1 :], NOW) is None


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "照片", "../../etc/passwd", "\0", "\ud800", "x" * 100_000])
def test_rubbish_is_refused(token: str) -> None:
    assert read_token(SECRET, token, NOW) is None


async def test_any_photo_key_survives_the_link() -> None:
    for key in ("", "ü/照片", "a" * 300):
        assert read_token(SECRET, await token_of(key), NOW) == key


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        SignedLinks("https://me.example", b"short")


async def test_a_bucket_link_is_valid_for_as_long_as_one_of_ours() -> None:
    photos = open_bucket(Bucket("faces", "", "https://store.example", "eu-central-1", "an-id", "a-key"))
    link = await BucketLinks(photos).expose("original/7/2026112213/" + "a" * 64 + ".jpg", b"", NOW)
    assert link.startswith("https://store.example/faces/original/7/2026112213/aaa")
    assert f"X-Amz-Expires={LINK_SECONDS}" in link


async def test_an_inline_link_is_the_photo_itself() -> None:
    link = await InlineLinks().expose(KEY, b"\xff\xd8\xff picture", NOW)
    kind, _, data = link.partition(",")
    assert kind == "data:image/jpeg;base64"
    assert base64.b64decode(data) == b"\xff\xd8\xff picture"


async def test_what_carries_the_photo_itself_carries_a_smaller_one() -> None:
    sent = []

    async def upload(_: str, data: bytes) -> str:
        sent.append(data)
        return "oss://instant/1"

    async def shrink(jpeg: bytes) -> bytes:
        return jpeg[:3]

    inline = await InlineLinks(shrink).expose(KEY, b"large photo", NOW)
    await UploadLinks(upload, shrink).expose(KEY, b"large photo", NOW)
    assert (base64.b64decode(inline.partition(",")[2]), sent) == (b"lar", [b"lar"])


@pytest.mark.parametrize(("size", "fits"), [(7_864_302, True), (7_864_303, False), (9_900_000, False)])
async def test_no_data_url_is_longer_than_the_api_takes(size: int, fits: bool) -> None:
    if fits:
        assert len(await InlineLinks().expose(KEY, bytes(size), NOW)) <= 10_485_760
        return
    with pytest.raises(NotAccepted) as caught:
        await InlineLinks().expose(KEY, bytes(size), NOW)
    assert caught.value.decision is Decision.BAD_PHOTO


async def test_an_upload_gets_a_plain_name_and_gives_the_apis_link() -> None:
    names = []

    async def upload(name: str, data: bytes) -> str:
        names.append(name)
        return f"oss://instant/{len(data)}"

    links = UploadLinks(upload)
    assert await links.expose("ü/照片", b"12345", NOW) == "oss://instant/5"
    assert names[0].isascii()
    assert names[0].endswith(".jpg")
