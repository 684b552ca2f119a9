"""The web chat's JSON API with the real job service, dispatcher and painting service."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.app import Installation
from bot.domain import quota
from bot.i18n import texts_for
from bot.runtime.clock import WallClock
from tests.conftest import SHARED_LOOP
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import running_app
from tests.harness.web_visitors import finished_job, job_events, post_job, visitor, visitors


@pytest.mark.parametrize("style", ["5", "ink", "Chinese ink painting", "国画古风"])
@SHARED_LOOP
async def test_a_style_by_number_slug_or_name_makes_a_picture(app: Installation, style: str) -> None:
    async with visitor(app) as anna:
        response = await post_job(anna, style=style)
        job = response.json()
        assert (response.status_code, job["state"], job["place"], job["style"]) == (202, "queued", 1, 5)
        assert job["eta_seconds"] > 0
        assert response.headers["location"] == f"/api/jobs/{job['id']}"
        done = (await job_events(anna, job["id"]))[-1]
        assert (done["state"], done["error"]) == ("stored", None)
        picture = await anna.get(done["result_url"])
        assert picture.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(picture.content)).info["comment"].startswith(b"look=5 reference=False")


@SHARED_LOOP
async def test_a_reference_picture_can_be_the_style(app: Installation) -> None:
    async with visitor(app) as anna:
        done = await finished_job(anna, style=None, reference=portrait_jpeg(shade=20))
        assert (done["style"], done["has_reference"]) == (-1, True)
        picture = await anna.get(done["result_url"])
        assert b"reference=True" in Image.open(io.BytesIO(picture.content)).info["comment"]


@SHARED_LOOP
async def test_the_same_key_sent_twice_is_one_job(app: Installation) -> None:
    async with visitor(app) as anna:
        first = (await post_job(anna, key="page-key-1")).json()
        second = (await post_job(anna, key="page-key-1")).json()
        assert (second["id"], second["repeated"]) == (first["id"], True)
        assert len((await anna.get("/api/jobs")).json()["jobs"]) == 1


@SHARED_LOOP
async def test_a_visitor_sees_only_their_own_jobs(app: Installation) -> None:
    async with visitors(app) as (anna, ben):
        done = await finished_job(anna)
        at = f"/api/jobs/{done['id']}"
        for method, path in [
            ("GET", at),
            ("GET", f"{at}/events"),
            ("GET", f"{at}/result"),
            ("GET", f"{at}/photo"),
            ("POST", f"{at}/again"),
            ("DELETE", at),
        ]:
            response = await ben.request(method, path)
            assert (response.status_code, response.json()["code"]) == (404, "not_found"), path
        assert (await ben.get("/api/jobs")).json() == {"jobs": []}
        assert (await anna.get(f"{at}/result")).status_code == 200


@pytest.mark.parametrize("number", ["0", "999", str(2**63), "9" * 40])
@SHARED_LOOP
async def test_an_unknown_job_is_not_found(app: Installation, number: str) -> None:
    async with visitor(app) as anna:
        for path in ("", "/events", "/result", "/photo"):
            assert (await anna.get(f"/api/jobs/{number}{path}")).status_code == 404
        assert (await anna.delete(f"/api/jobs/{number}")).status_code == 404
        assert (await anna.post(f"/api/jobs/{number}/again")).status_code == 404


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"photo": b"just some words"}, 422, "not_a_picture"),
        ({"photo": b""}, 422, "empty"),
        ({"photo": portrait_jpeg()[:900]}, 422, "damaged"),
        ({"style": "banana"}, 422, "style_invalid"),
        ({"style": None}, 422, "style_invalid"),
        ({"style": "31"}, 422, "style_invalid"),
        ({"style": "-1"}, 422, "style_invalid"),
        ({"style": "0", "reference": portrait_jpeg()}, 400, "one_look"),
        ({"style": None, "reference": b"no picture"}, 422, "not_a_picture"),
        ({"key": "short"}, 400, "bad_form"),
        ({"key": "key with spaces"}, 400, "bad_form"),
    ],
)
@SHARED_LOOP
async def test_an_invalid_request_gets_a_clear_message_and_costs_nothing(
    app: Installation, sent: dict[str, Any], status: int, code: str
) -> None:
    async with visitor(app) as anna:
        response = await post_job(anna, **sent)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert response.json()["message"].endswith(".")
        assert (await anna.get("/api/quota")).json()["left"] == 20
        assert (await anna.get("/api/jobs")).json() == {"jobs": []}


@SHARED_LOOP
async def test_errors_are_in_the_visitors_language(app: Installation) -> None:
    async with visitor(app, "zh-CN") as anna:
        assert (await post_job(anna, photo=b"words")).json()["message"].startswith("这不是图片")
        assert (await anna.get("/api/jobs/7")).json()["message"].endswith("。")


@SHARED_LOOP
async def test_a_post_without_a_form_lacks_a_photo(app: Installation) -> None:
    async with visitor(app) as anna:
        for body in ({"json": {"style": 0}}, {"content": b""}, {"data": {"style": "0"}}):
            response = await anna.post("/api/jobs", **body)
            assert (response.status_code, response.json()["code"]) == (422, "photo_missing")
        response = await anna.post("/api/jobs", data={"photo": "words", "style": "0"})
        assert (response.status_code, response.json()["code"]) == (400, "bad_form")


async def test_units_are_counted_and_refunded_when_a_job_is_cancelled(tmp_path: Path) -> None:
    hold = quick_engine(until=tmp_path / "go")
    async with running_app(tmp_path / "data", engine=hold, daily_free_images=2) as app, visitor(app) as anna:
        await post_job(anna, style="0")
        waiting = (await post_job(anna, style="2")).json()
        refused = await post_job(anna, style="5")
        assert (refused.status_code, refused.json()["code"]) == (429, "quota_used_up")
        cancelled = await anna.delete(f"/api/jobs/{waiting['id']}")
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "canceled")
        quota = (await anna.get("/api/quota")).json()
        assert (quota["limit"], quota["left"]) == (2, 1)
        assert quota["resets_at"] > cancelled.json()["created"]
        (tmp_path / "go").touch()


@SHARED_LOOP
async def test_an_ended_job_is_deleted_with_its_pictures(app: Installation) -> None:
    async with visitor(app) as anna:
        at = f"/api/jobs/{(await finished_job(anna))['id']}"
        assert (await anna.get(f"{at}/photo")).headers["content-type"] == "image/jpeg"
        assert (await anna.delete(at)).status_code == 204
        for path in ("", "/result", "/photo"):
            assert (await anna.get(at + path)).status_code == 404
        assert (await anna.get("/api/jobs")).json() == {"jobs": []}
        assert (await anna.delete(at)).status_code == 404


@SHARED_LOOP
async def test_a_photo_can_be_repeated_in_the_same_or_another_style(app: Installation) -> None:
    async with visitor(app) as anna:
        first = await finished_job(anna, style="0")
        again = await anna.post(f"/api/jobs/{first['id']}/again")
        other = await anna.post(f"/api/jobs/{first['id']}/again", data={"style": "pixel", "key": "page-key-2"})
        assert (again.status_code, again.json()["style"]) == (202, 0)
        assert (other.status_code, other.json()["style"]) == (202, 32)
        assert len({first["id"], again.json()["id"], other.json()["id"]}) == 3
        invalid = await anna.post(f"/api/jobs/{first['id']}/again", data={"style": "banana"})
        assert (invalid.status_code, invalid.json()["code"]) == (422, "style_invalid")
        history = (await anna.get("/api/jobs")).json()["jobs"]
        assert [job["id"] for job in history] == [other.json()["id"], again.json()["id"], first["id"]]


@SHARED_LOOP
async def test_a_fetched_picture_is_delivered_and_a_head_request_is_not_enough(app: Installation) -> None:
    async with visitor(app) as anna:
        done = await finished_job(anna)
        at = f"/api/jobs/{done['id']}"
        await anna.head(done["result_url"])
        assert (await anna.get(at)).json()["state"] == "stored"
        download = await anna.get(f"{done['result_url']}?download")
        assert download.headers["content-disposition"] == f'attachment; filename="repaint-comic-{done["id"]}.jpg"'
        assert (await anna.get(at)).json()["state"] == "delivered"


@SHARED_LOOP
async def test_the_styles_on_offer_have_names_and_samples(app: Installation) -> None:
    async with visitor(app, "zh") as anna:
        styles = (await anna.get("/api/styles")).json()["styles"]
        assert [style["index"] for style in styles] == [0, 2, 4, 5, 7, 9, 32]
        assert styles[3] == {"index": 5, "slug": "ink", "name": "国画古风", "sample_url": "/samples/ink.jpg"}
        for style in styles:
            assert (await anna.get(style["sample_url"])).headers["content-type"] == "image/jpeg"


async def test_the_time_until_the_quota_resets_uses_the_apps_clock(tmp_path: Path) -> None:
    evening = datetime(2031, 5, 4, 22, 30, tzinfo=UTC).timestamp()
    async with running_app(
        tmp_path, clock=WallClock(wall=lambda: evening, steady=lambda: 0.0), daily_free_images=0
    ) as app:
        async with visitor(app) as anna:
            refused = await post_job(anna)
        assert (refused.status_code, refused.json()["code"]) == (429, "quota_used_up")
        hours = (quota.resets_at(evening) - evening) / 3600
        assert 0 < hours <= 24
        assert refused.json()["message"].endswith(f"in {texts_for('en').duration(hours * 3600)}.")
