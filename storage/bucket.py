"""The photo store in a bucket of any S3-compatible service, which several machines can share.

Keys are as in a folder, below a prefix. A picture is one object, uploaded in one request: atomic, and durable once the
service has responded.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from storage.photos import PhotoStore

if TYPE_CHECKING:  # the library has these for the type checker only
    from obstore.store import ClientConfig, RetryConfig, S3Config

CONNECT_SECONDS = 5
ANSWER_SECONDS = 20  # for 10 MB over a slow connection
MAX_RETRIES = 2
PROBE = b"Repaint was here, to see whether it may write. This can be deleted."


class BucketUnusable(Exception):
    """The bucket can't be used as configured; the message says what to do."""


@dataclass(frozen=True)
class Bucket:
    """Location and credentials of a bucket. What is None is taken from the usual sources: environment variables, the
    role of the machine.

    `in_host`: the bucket's name is part of the host name ("virtual-hosted style"), as Alibaba Cloud OSS requires.
    `encryption`: AES256, aws:kms or aws:kms:dsse, with the id of a customer key as `encryption_key`.
    """

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    in_host: bool = False
    encryption: str | None = None
    encryption_key: str | None = None

    @property
    def url(self) -> str:
        """The bucket and prefix, for messages."""
        return f"s3://{self.name}/{self.prefix}".rstrip("/")


class BucketStore(PhotoStore):
    """Pictures in a bucket. All methods raise StoreDown, as those of every store."""

    def __init__(self, bucket: Bucket, store: S3Store) -> None:
        super().__init__(store)
        self.bucket = bucket
        self._s3 = store

    async def link(self, key: str, seconds: int) -> str:
        """Return a URL at which anybody can read the picture for `seconds`, by this machine's clock. It is a secret."""
        with self._store_errors("sign"):
            return await obstore.sign_async(self._s3, "GET", key, timedelta(seconds=seconds))

    async def check_access(self, name: str) -> None:
        """Write, read, list and delete a probe object with this name.

        Raises:
            BucketUnusable: one of them is not possible.
        """
        key = f"probe/{name}"
        await self._may("write to", obstore.put_async(self._s3, key, PROBE, use_multipart=False))
        await self._may("read from", obstore.get_async(self._s3, key))
        await self._may("delete from", obstore.delete_async(self._s3, key))
        # obstore reports a forbidden listing as a generic error; but everything else has worked by now.
        await self._may("list", obstore.list(self._s3, "probe", chunk_size=1).collect_async(), refusal=BaseError)

    async def _may(
        self, doing: str, step: Awaitable[object], *, refusal: type[BaseError] = PermissionDeniedError
    ) -> None:
        where = self.bucket.url
        try:
            await step
        except FileNotFoundError:
            why = f"There is no bucket for {where}. Make it, or correct PHOTO_STORE and AWS_ENDPOINT_URL."
        except (refusal, UnauthenticatedError):
            why = (
                f"We may not {doing} {where}. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                "and that they are allowed what docs/owners.md lists."
            )
        except BaseError as error:
            why = (
                f"Could not {doing} {where} ({type(error).__name__}). "
                "Check AWS_ENDPOINT_URL and AWS_REGION, and that the store can be reached from here."
            )
        else:
            return
        raise BucketUnusable(why)


def open_bucket(bucket: Bucket, *, answer_seconds: float = ANSWER_SECONDS) -> BucketStore:
    """Open the store without contacting it. A request times out after `answer_seconds`, and retries take at most as
    long again."""
    return BucketStore(bucket, open_objects(bucket, answer_seconds=answer_seconds))


def open_objects(bucket: Bucket, *, answer_seconds: float = ANSWER_SECONDS) -> S3Store:
    """Open the bucket below its prefix for objects of other kinds, by plain names."""
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=_config(bucket),
        client_options=_client(bucket, answer_seconds),
        retry_config=_retries(answer_seconds),
    )


def _config(bucket: Bucket) -> "S3Config":
    config: S3Config = {
        "disable_bulk_delete": True,  # not supported by every S3-compatible service
        "virtual_hosted_style_request": bucket.in_host,
    }
    if (endpoint := _endpoint(bucket)) is not None:
        config["endpoint"] = endpoint
    if bucket.region is not None:
        config["region"] = bucket.region
    if bucket.access_key_id is not None and bucket.secret_access_key is not None:
        config["access_key_id"], config["secret_access_key"] = bucket.access_key_id, bucket.secret_access_key
    if bucket.session_token is not None:
        config["session_token"] = bucket.session_token
    if bucket.encryption is not None:
        config["server_side_encryption"] = bucket.encryption
    if bucket.encryption_key is not None:
        config["sse_kms_key_id"] = bucket.encryption_key
    return config


def _endpoint(bucket: Bucket) -> str | None:
    """obstore expects the bucket's name in the endpoint in virtual-hosted style; other tools do not."""
    if bucket.endpoint is None or not bucket.in_host:
        return bucket.endpoint
    url = urlsplit(bucket.endpoint)
    return url._replace(netloc=f"{bucket.name}.{url.netloc}").geturl()


def _client(bucket: Bucket, answer_seconds: float) -> "ClientConfig":
    return {
        "allow_http": bucket.endpoint is not None and bucket.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "timeout": timedelta(seconds=answer_seconds),
        "default_content_type": "image/jpeg",
    }


def _retries(answer_seconds: float) -> "RetryConfig":
    return {
        "max_retries": MAX_RETRIES,
        "retry_timeout": timedelta(seconds=answer_seconds),
        "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=2), "base": 2},
    }
