"""Our own routes: photos by signed link, health, metrics."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot.dashscope.photo_links import SignedLinks
from bot.http.metrics import MetricsAccess
from bot.http.routes import MAX_USES, HttpDeps, application
from bot.runtime.clock import WallClock
from storage import accounts, results
from storage.bucket import Bucket, open_bucket
from storage.database import open_database
from storage.jobs import State
from storage.photos import Kind, open_photos
from tests.harness.rows import NOON, insert_job

SECRET = b"a secret of thirty-two bytes ..."
SITE = "https://bot.example"
JPEG = b"\xff\xd8\xff a face"


@dataclass
class RoutesClient:
    """A client of the application over ASGI; the clock is moved by assignment."""

    deps: HttpDeps
    http: httpx.AsyncClient
    links: SignedLinks
    time: list[float] = field(default_factory=lambda: [NOON])

    async def link(self, *, expires: float = NOON + 3600, now: float = NOON, owner: int = 1) -> str:
        """The path of a link to a stored photo."""
        key = await self.deps.photos.put(Kind.ORIGINAL, owner, JPEG, expires=expires)
        return (await self.links.expose(key, JPEG, now)).removeprefix(SITE)

    async def status(self, path: str) -> int:
        return (await self.http.get(path)).status_code


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[RoutesClient]:
    time = [NOON]
    async with open_database(tmp_path / "repaint.db") as database:
        clock = WallClock(wall=lambda: time[0], steady=lambda: 0.0)
        deps = HttpDeps(database, open_photos(tmp_path / "photos"), clock, SECRET, frozenset({"key-a"}))
        transport = httpx.ASGITransport(application(deps, None))
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as http:
            yield RoutesClient(deps, http, SignedLinks(SITE, SECRET), time)


async def test_a_signed_link_serves_the_photo_without_caching(client: RoutesClient) -> None:
    answer = await client.http.get(await client.link())
    assert (answer.status_code, answer.content) == (200, JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_link_expires(client: RoutesClient) -> None:
    path = await client.link()
    client.time[0] = NOON + 15 * 60 + 1
    assert await client.status(path) == 404


async def test_while_the_store_is_down_a_link_answers_503_and_counts_no_use(client: RoutesClient) -> None:
    path = await client.link()
    away = open_bucket(Bucket("faces", "", "http://127.0.0.1:9", "us-east-1", "an-id", "a-key"))
    transport = httpx.ASGITransport(application(replace(client.deps, photos=away), None))
    async with httpx.AsyncClient(transport=transport, base_url=SITE) as http:
        assert [(await http.get(path)).status_code for _ in range(2)] == [503, 503]
    assert [await client.status(path) for _ in range(MAX_USES)] == [200] * MAX_USES


async def test_a_forged_link_is_refused_and_not_counted(client: RoutesClient) -> None:
    path = await client.link()
    key = await client.deps.photos.put(Kind.ORIGINAL, 2, JPEG, expires=NOON + 3600)
    stranger = (await SignedLinks(SITE, bytes(32)).expose(key, JPEG, NOON)).removeprefix(SITE)
    forged = [
        stranger,
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        "/photos/" + key.replace("/", "%2F"),
        "/photos/x",
    ]
    for attempt in (*forged, "/photos/..%2F..%2Fsecret.key", "/photos/" + "A" * 5000):
        assert await client.status(attempt) == 404, attempt
    async with client.deps.database.read() as connection:
        assert (await connection.execute(text("SELECT COUNT(*) FROM link_use"))).scalar_one() == 0


async def test_all_refused_links_have_the_same_answer(client: RoutesClient) -> None:
    gone, expired = await client.link(owner=3), await client.link(now=NOON - 9999)
    await client.deps.photos.purge(NOON + 10**6)
    answers = [await client.http.get(path) for path in (gone, expired, "/photos/forged")]
    assert len({(answer.status_code, answer.content, str(answer.headers)) for answer in answers}) == 1


async def test_a_link_ends_after_a_number_of_uses(client: RoutesClient) -> None:
    path = await client.link()
    assert [await client.status(path) for _ in range(MAX_USES + 2)] == [200] * MAX_USES + [404, 404]


async def test_the_same_photo_may_be_painted_often(client: RoutesClient) -> None:
    """Each job has its own link with its own number of uses."""
    for minute in range(MAX_USES + 5):
        client.time[0] = NOON + 60 * minute
        assert await client.status(await client.link(now=client.time[0])) == 200


async def test_the_count_of_uses_does_not_reveal_the_link(client: RoutesClient) -> None:
    path = await client.link()
    await client.http.get(path)
    async with client.deps.database.read() as connection:
        (key,) = (await connection.execute(text("SELECT key FROM link_use"))).scalars()
    assert len(key) == 64
    assert key not in path
    assert path.rpartition("/")[2] not in key


async def test_it_is_healthy_and_ready(client: RoutesClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await client.http.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_without_its_database_it_is_healthy_but_not_ready(client: RoutesClient, tmp_path: Path) -> None:
    async with open_database(tmp_path / "gone.db") as database:
        pass
    _replace_by_a_folder(tmp_path / "gone.db")
    deps = replace(client.deps, database=database)
    transport = httpx.ASGITransport(application(deps, None))
    async with httpx.AsyncClient(transport=transport, base_url=SITE) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503


def _replace_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


async def test_metrics_show_jobs_failures_accounts_and_money(client: RoutesClient) -> None:
    async with client.deps.database.write() as connection:
        for api_account in ("key-a", "key-of-old"):
            await accounts.take_over(connection, api_account, mean=15.0, deviation=3.0)
        await accounts.set_pause(connection, "key-a", "Arrearage")
        await insert_job(connection, "test:1", state=State.QUEUED)
        await insert_job(connection, "test:2", state=State.QUEUED)
        failed = await insert_job(connection, "test:3", state=State.FAILED, error="no_face")
        await results.add_to_outbox(connection, failed.id, NOON)
    answer = await client.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'repaint_jobs{state="queued"} 2.0' in lines
    assert 'repaint_failures{reason="no_face"} 1.0' in lines
    assert "repaint_outcomes_owed 1.0" in lines
    assert 'repaint_lane_paused{account="key-a",reason="Arrearage"} 1.0' in lines
    assert 'repaint_task_seconds{account="key-a"} 15.0' in lines
    assert 'repaint_month_images{kind="used"} 0.0' in lines
    assert "key-of-old" not in answer.text


def test_without_a_token_only_programs_on_this_machine_may_read_the_metrics() -> None:
    nobody, here = MetricsAccess(), "127.0.0.1"
    assert nobody.allows(here, {})
    assert nobody.allows("::1", {"authorization": "Bearer whatever"})
    for peer in ("192.0.2.7", "172.17.0.1", "::ffff:192.0.2.7", "localhost", "", None):
        assert not nobody.allows(peer, {}), peer
    for name in ("x-forwarded-for", "forwarded", "x-real-ip", "via"):
        assert not nobody.allows(here, {name: here}), name
    assert not MetricsAccess(is_public=True).allows(here, {})


def test_with_a_token_only_its_bearer_may_read_the_metrics() -> None:
    watchers = MetricsAccess(SecretStr("sixteen-signs-or-more"), is_public=True)
    assert watchers.allows(
        "192.0.2.7", {"authorization": "Bearer sixteen-signs-or-more", "x-forwarded-for": "192.0.2.9"}
    )
    for shown in ("", "Bearer ", "Bearer sixteen-signs-or-mor", "bearer", "Basic sixteen-signs-or-more", "Bearer \xff"):
        assert not watchers.allows("127.0.0.1", {"authorization": shown}), shown
    assert not watchers.allows("127.0.0.1", {})
    assert "sixteen" not in repr(watchers)


async def test_refused_metrics_say_why_and_show_no_numbers(client: RoutesClient) -> None:
    refused = await client.http.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert (refused.status_code, refused.text) == (403, "Metrics need METRICS_TOKEN.\n")
    deps = replace(client.deps, metrics_access=MetricsAccess(SecretStr("sixteen-signs-or-more")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application(deps, None)), base_url=SITE) as http:
        asked = await http.get("/metrics")
        assert (asked.status_code, asked.headers["www-authenticate"]) == (401, "Bearer")
        answer = await http.get("/metrics", headers={"Authorization": "Bearer sixteen-signs-or-more"})
        assert (answer.status_code, "repaint_jobs" in answer.text) == (200, True)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/photos/forged"])
async def test_nothing_of_ours_can_be_framed_sniffed_or_cached(client: RoutesClient, path: str) -> None:
    headers = (await client.http.get(path)).headers
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/photos/", "/nothing", "/photos/a/b"])
async def test_unknown_paths_are_not_found(client: RoutesClient, path: str) -> None:
    assert await client.status(path) == 404
