"""The photo store in a bucket: uploads, signed links compared with another signer, and errors of missing or forbidden
buckets."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from botocore.auth import S3SigV4QueryAuth  # type: ignore[import-untyped]  # it has no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # it has no types
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # it has no types

from storage.bucket import Bucket, BucketUnusable, open_bucket
from storage.photos import Kind, StoreDown
from tests.fakes.http_server import Received, Reply, hang, loopback
from tests.fakes.s3 import KEY, KEY_ID, BucketServer, bucket_server
from tests.harness.rows import NOON

PICTURE = b"\xff\xd8\xff a face"
FORBIDDEN = f"""<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId>
<Key>original/7/whose-it-is.jpg</Key></Error>""".encode()


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


async def test_a_picture_can_be_read_by_its_link_only(server: BucketServer) -> None:
    bucket = server.bucket("a/prefix")
    photos = open_bucket(bucket)
    key = await photos.put(Kind.ORIGINAL, 7, PICTURE, expires=NOON)
    link = await photos.link(key, 900)
    async with httpx.AsyncClient() as http:
        answer = await http.get(link)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PICTURE, "image/jpeg")
        assert (await http.get(link.partition("?")[0])).status_code == 403
    assert server.raw_keys(bucket) == [f"a/prefix/{key}"]


async def test_a_link_has_the_signature_and_expiry_that_botocore_computes(server: BucketServer) -> None:
    """The test server checks neither, so they are compared with those of another signer."""
    photos = open_bucket(server.bucket())
    link = urlsplit(await photos.link("original/7/2026112213/" + "a" * 64 + ".jpg", 900))
    said = {name: value for name, (value,) in parse_qs(link.query).items()}
    assert (said["X-Amz-Expires"], said["X-Amz-SignedHeaders"]) == ("900", "host")
    signed_at = datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - signed_at).total_seconds()) < 120
    other = _AsIfThen(Credentials(KEY_ID, KEY), "s3", "us-east-1", expires=900)
    request = AWSRequest("GET", link._replace(query="").geturl())
    request.context["timestamp"] = said["X-Amz-Date"]
    other.add_auth(request)
    assert parse_qs(urlsplit(request.url).query)["X-Amz-Signature"] == [said["X-Amz-Signature"]]


class _AsIfThen(S3SigV4QueryAuth):  # type: ignore[misc]  # as above
    """Signs for the time in the request instead of now."""

    def add_auth(self, request: AWSRequest) -> None:
        self._modify_request_before_signing(request)
        words = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(words, request))


@pytest.mark.parametrize(
    ("endpoint", "in_host", "start"),
    [
        (None, False, "https://s3.eu-central-1.amazonaws.com/faces/mine/style/"),
        (None, True, "https://faces.s3.eu-central-1.amazonaws.com/mine/style/"),
        ("https://oss-cn-beijing.example", True, "https://faces.oss-cn-beijing.example/mine/style/"),
        ("https://store.example:9000", False, "https://store.example:9000/faces/mine/style/"),
    ],
)
async def test_a_link_uses_the_address_of_the_store(endpoint: str | None, in_host: bool, start: str) -> None:
    bucket = Bucket("faces", "mine", endpoint, "eu-central-1", KEY_ID, KEY, in_host=in_host)
    link = await open_bucket(bucket).link("style/7/9999123123/" + "a" * 64 + ".jpg", 60)
    assert link.startswith(start)
    assert KEY not in link


async def test_checking_a_usable_bucket_leaves_nothing_in_it(server: BucketServer) -> None:
    bucket = server.bucket("a/prefix")
    await open_bucket(bucket).check_access("here")
    assert server.raw_keys(bucket) == []


async def test_a_missing_bucket_is_named_in_the_message(server: BucketServer) -> None:
    with pytest.raises(BucketUnusable, match="There is no bucket for s3://nowhere-at-all/mine"):
        await open_bucket(server.named("nowhere-at-all", "mine")).check_access("here")


@pytest.mark.parametrize(
    ("method", "query", "may_not"),
    [("PUT", "", "write to"), ("GET", "", "read from"), ("GET", "list-type", "list"), ("DELETE", "", "delete from")],
)
async def test_a_forbidden_action_is_named_without_quoting_the_bucket(method: str, query: str, may_not: str) -> None:
    def answer(request: Received) -> Reply:
        if request.method == method and ("list-type" in request.target) == bool(query):
            return Reply(403, FORBIDDEN)
        if "list-type" in request.target:
            return Reply(200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        return Reply(200, b"x", (("ETag", '"e"'), ("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")))

    async with loopback(answer) as store:
        with pytest.raises(BucketUnusable, match=f"We may not {may_not} s3://faces") as error:
            await open_bucket(Bucket("faces", "", store.url, "us-east-1", KEY_ID, KEY)).check_access("here")
    assert quotes(error.value) == []


async def test_an_unreachable_store_is_reported() -> None:
    nobody = Bucket("faces", "", "http://127.0.0.1:9", "us-east-1", KEY_ID, KEY)
    with pytest.raises(BucketUnusable, match="Could not write to s3://faces") as error:
        await open_bucket(nobody).check_access("here")
    assert quotes(error.value) == []


def quotes(error: BaseException | None) -> list[str]:
    """The keys and credentials that an error and its causes contain."""
    shown = ""
    while error is not None:
        shown += f"{error!r} {error}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return [word for word in (KEY_ID, KEY, "whose-it-is", "Signature") if word in shown]


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_every_error_is_store_down_and_contains_no_keys(status: int) -> None:
    async with loopback(lambda _: Reply(status, FORBIDDEN)) as store:
        photos = open_bucket(Bucket("faces", "", store.url, "us-east-1", KEY_ID, KEY))
        key = "original/7/2026112213/" + "a" * 64 + ".jpg"
        steps = [photos.put(Kind.ORIGINAL, 7, PICTURE, expires=NOON), photos.get(key), photos.has(key)]
        for step in (*steps, photos.delete(key), photos.purge(NOON), photos.delete_all(Kind.ORIGINAL, 7)):
            with pytest.raises(StoreDown) as error:
                await step
            assert quotes(error.value) == []


async def test_a_missing_bucket_is_not_taken_for_a_missing_picture(server: BucketServer) -> None:
    photos = open_bucket(server.named("nowhere-at-all"))
    key = "original/7/2026112213/" + "a" * 64 + ".jpg"
    for step in (photos.get(key), photos.has(key), photos.delete(key), photos.put(Kind.STYLE, 1, b"", expires=NOON)):
        with pytest.raises(StoreDown):
            await step


async def test_pictures_are_still_there_after_the_store_was_down(server: BucketServer) -> None:
    photos = open_bucket(server.bucket())
    key = await photos.put(Kind.RESULT, 7, PICTURE, expires=NOON)
    server.stop()
    try:
        with pytest.raises(StoreDown):
            await photos.get(key)
        with pytest.raises(StoreDown):
            await photos.put(Kind.RESULT, 8, PICTURE, expires=NOON)
    finally:
        server.start()
    assert await photos.get(key) == PICTURE
    assert await photos.keys() == (key,)


async def test_a_bucket_is_listed_once_an_hour(server: BucketServer) -> None:
    """Listing costs money, and pictures expire on the hour."""
    photos = open_bucket(server.bucket())
    assert await photos.purge(NOON) == 0
    await photos.put(Kind.RESULT, 7, PICTURE, expires=NOON)
    assert [await photos.purge(NOON + seconds) for seconds in (300, 3599, 3600)] == [0, 0, 1]


async def test_a_request_to_a_store_that_hangs_times_out() -> None:
    async with loopback(hang) as store:
        photos = open_bucket(Bucket("faces", "", store.url, "us-east-1", KEY_ID, KEY), answer_seconds=0.2)
        with pytest.raises(StoreDown):
            await photos.get("original/7/2026112213/" + "a" * 64 + ".jpg")


async def test_encryption_and_a_session_token_are_sent() -> None:
    async with loopback(lambda _: Reply(200, b"", (("ETag", '"e"'),))) as store:
        plain = Bucket("faces", "", store.url, "us-east-1", KEY_ID, KEY)
        sealed = replace(plain, session_token="for an hour", encryption="aws:kms", encryption_key="my-key")
        await open_bucket(sealed).put(Kind.RESULT, 7, PICTURE, expires=NOON)
    headers = store.received[0].headers
    assert (headers["x-amz-server-side-encryption"], headers["x-amz-server-side-encryption-aws-kms-key-id"]) == (
        "aws:kms",
        "my-key",
    )
    assert (headers["x-amz-security-token"], headers["content-type"]) == ("for an hour", "image/jpeg")


def test_a_repr_contains_no_credentials() -> None:
    bucket = Bucket("faces", "", None, None, KEY_ID, KEY, session_token="for-an-hour")
    shown = f"{bucket!r}{open_bucket(bucket)!r}"
    assert [word for word in (KEY_ID, KEY, "for-an-hour") if word in shown] == []
