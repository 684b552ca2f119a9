"""The doctor reports what is wrong with an installation and what to do about it."""

import sqlite3
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest

from bot.admin.doctor import Finding, examine
from storage.database import open_database
from tests.fakes.http_server import Handler, Reply, as_json, loopback
from tests.fakes.s3 import bucket_server
from tests.harness.app import running_app, settings_for

EMPTY_LIST = {"total": 0, "data": [], "page_no": 1, "total_page": 0}
TOKEN = "7654321:AAH-not-a-real-token-for-tests-only"


async def findings(folder: Path, **settings: Any) -> list[Finding]:
    return [finding async for finding in examine(settings_for(folder, **settings))]


def bad(found: list[Finding]) -> list[str]:
    return [finding.text for finding in found if not finding.is_good]


def is_all_but(found: list[Finding], complaint: str | None) -> bool:
    """Whether this is the only complaint; None: no complaint."""
    texts = bad(found)
    return texts == [] if complaint is None else len(texts) == 1 and complaint in texts[0]


async def test_a_fresh_folder_is_fine_and_a_running_bot_is_detected(tmp_path: Path) -> None:
    assert bad(await findings(tmp_path)) == []
    async with running_app(tmp_path):
        found = await findings(tmp_path)
        assert "Repaint is running on this folder." in [finding.text for finding in found]


def a_list(late: float = 0.0) -> Handler:
    """A server's empty task list; its clock is `late` seconds behind."""
    return lambda _: as_json(EMPTY_LIST, Date=formatdate(time() - late, usegmt=True))


@pytest.mark.parametrize(
    ("handler", "complaint"),
    [
        (a_list(), None),
        (a_list(late=7200), "s ahead. Let NTP set it"),
        (a_list(late=-7200), "s behind. Let NTP set it"),
        (lambda _: as_json({"code": "InvalidApiKey", "message": "No."}, 401), "does not work"),
        (lambda _: Reply(raw=b""), "does not work"),
    ],
    ids=["well", "ahead", "behind", "key", "silent"],
)
async def test_api_accounts_are_checked(tmp_path: Path, handler: Handler, complaint: str | None) -> None:
    async with loopback(handler) as cloud:
        keys: dict[str, Any] = {"dashscope_api_key": ("sk-recognisable",), "dashscope_base_url": f"{cloud.url}/api/v1"}
        found = await findings(tmp_path, **keys)
    assert is_all_but(found, complaint)
    assert not any("recognisable" in finding.text for finding in found)


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (as_json({"ok": True, "result": {}}), None),
        (as_json({"ok": False}, 401), "does not accept the token"),
        (as_json({}, 502), "status 502"),
        (Reply(raw=b""), "cannot be reached"),
    ],
    ids=["well", "token", "broken", "silent"],
)
@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_platforms_are_checked(tmp_path: Path, reply: Reply, complaint: str | None, platform: str) -> None:
    async with loopback(lambda _: reply) as api:
        found = await findings(tmp_path, **{f"{platform}_bot_token": TOKEN, f"{platform}_api_url": api.url})
    assert is_all_but(found, complaint)
    assert not any("AAH" in finding.text for finding in found)


async def test_a_newer_database_is_reported(tmp_path: Path) -> None:
    async with open_database(tmp_path / "repaint.db"):
        pass
    with sqlite3.connect(tmp_path / "repaint.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    (complaint,) = bad(await findings(tmp_path))
    assert complaint.startswith("The database is newer than this version of Repaint")


async def test_the_bucket_is_checked(tmp_path: Path) -> None:
    with bucket_server() as server:
        bucket = server.bucket("mine")
        as_settings = {name.lower(): value for name, value in server.environment(bucket).items()}
        found = await findings(tmp_path, **as_settings)
        assert bad(found) == []
        assert f"Pictures can be written to {bucket.url}, read, listed and deleted." in [one.text for one in found]
        (complaint,) = bad(await findings(tmp_path, **{**as_settings, "photo_store": "s3://nowhere-at-all"}))
        assert complaint.startswith("There is no bucket for s3://nowhere-at-all.")
        assert server.raw_keys(bucket) == []


async def test_a_shared_database_is_checked_and_its_password_not_shown(tmp_path: Path, postgres_url: str) -> None:
    shared = {"secret_key": "s" * 40}
    found = await findings(tmp_path, database_url=postgres_url, **shared)
    assert bad(found) == []
    assert any("DATABASE_URL need their pictures in one place" in finding.text for finding in found)
    wrong = postgres_url.replace("@", "-mistyped@")
    (complaint,) = bad(await findings(tmp_path, database_url=wrong, **shared))
    assert "The database can't be used" in complaint
    assert wrong.split(":")[2].partition("@")[0] not in complaint
