"""An S3-compatible server (moto) on loopback.

    with bucket_server() as server:
        photos = open_bucket(server.bucket())
        server.raw_keys(photos.bucket)      # everything that is really in it
        server.stop(); server.start()       # down for a while, at the same address

It does not check signatures or the expiry of links.
"""

import contextlib
import itertools
import logging
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from moto.server import ThreadedMotoServer

from storage.bucket import Bucket

KEY_ID, KEY = "AKIARECOGNISABLEKEYS", "recognisable/secret+key/of/the/bucket"
SECONDS = 60.0  # the first response takes long on a busy machine
_NAMES = map("pictures-{}".format, itertools.count(1))


@dataclass
class BucketServer:
    """`url`: its endpoint, which a restart keeps."""

    url: str = ""
    _server: ThreadedMotoServer | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start, or start again at the same address."""
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        self._server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        self._server.start()
        self.url = "http://{}:{}".format(*self._server.get_host_and_port())

    def stop(self) -> None:
        """Stop; what is stored is kept."""
        if self._server is not None:
            self._server.stop()
        self._server = None

    def bucket(self, prefix: str = "") -> Bucket:
        """Create an empty bucket."""
        name = next(_NAMES)
        httpx.put(f"{self.url}/{name}", timeout=SECONDS).raise_for_status()
        return self.named(name, prefix)

    def named(self, name: str, prefix: str = "") -> Bucket:
        """Return a bucket by name, whether it exists or not."""
        return Bucket(name, prefix, self.url, "us-east-1", KEY_ID, KEY)

    def raw_keys(self, bucket: Bucket) -> list[str]:
        """List all keys with their prefix, without our own code."""
        answer = httpx.get(f"{self.url}/{bucket.name}", params={"list-type": "2"}, timeout=SECONDS).raise_for_status()
        return [str(key.text) for key in ET.fromstring(answer.content).findall(".//{*}Key")]

    def environment(self, bucket: Bucket) -> dict[str, str]:
        """Return settings of a bot that stores its pictures there."""
        return {
            "PHOTO_STORE": bucket.url,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": KEY,
        }


@contextmanager
def bucket_server() -> Iterator[BucketServer]:
    """Serve until the block ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = BucketServer()
    server.start()
    try:
        yield server
    finally:
        with contextlib.suppress(RuntimeError):
            server.stop()
