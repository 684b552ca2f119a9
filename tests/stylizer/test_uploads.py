"""Temporary uploads: policy, form, and who may use the files."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.dashscope.api_calls import MODEL, Caller, open_api, refused
from tests.fakes.dashscope.service import portrait_jpeg

MAX = 10 * 1024 * 1024


async def policy(caller: Caller) -> dict[str, Any]:
    answer = await caller.get("/uploads", action="getPolicy", model=MODEL)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


def fields(data: dict[str, Any], **changed: str | None) -> dict[str, str]:
    """The form's fields as the official client sets them; `None` omits one."""
    filled: dict[str, str | None] = {
        "OSSAccessKeyId": data["oss_access_key_id"],
        "Signature": data["signature"],
        "policy": data["policy"],
        "key": f"{data['upload_dir']}/me.jpg",
        "x-oss-object-acl": data["x_oss_object_acl"],
        "x-oss-forbid-overwrite": data["x_oss_forbid_overwrite"],
        "success_action_status": "200",
    }
    return {name: value for name, value in (filled | changed).items() if value is not None}


async def send(caller: Caller, data: dict[str, Any], picture: bytes, **changed: str | None) -> httpx.Response:
    form = fields(data, **changed)
    return await caller.http.post(data["upload_host"], data=form, files={"file": ("me.jpg", picture)})


async def test_the_policy_contains_everything_the_form_needs(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        data = await policy(caller)
    assert data["upload_dir"].startswith("dashscope-instant/") and data["upload_host"] == f"{service.url}/oss"
    assert (data["expire_in_seconds"], data["x_oss_object_acl"], data["x_oss_forbid_overwrite"]) == (
        300,
        "private",
        "true",
    )
    assert set(data) == {
        "policy",
        "signature",
        "upload_dir",
        "upload_host",
        "expire_in_seconds",
        "max_file_size_mb",
        "capacity_limit_mb",
        "oss_access_key_id",
        "x_oss_object_acl",
        "x_oss_forbid_overwrite",
    }


async def test_a_policy_needs_the_action_and_this_model(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        assert refused(await caller.get("/uploads", action="getPolicy", model="x"))[1] == "ModelNotFound"
        assert refused(await caller.get("/uploads", action="getPolicy"))[1] == "InvalidParameter"
        assert refused(await caller.get("/uploads", model=MODEL))[1] == "InvalidParameter"


async def test_an_uploaded_photo_is_rendered(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        data = await policy(caller)
        answer = await send(caller, data, portrait_jpeg())
        assert (answer.status_code, answer.content) == (200, b"")
        task_id = await caller.task(f"oss://{data['upload_dir']}/me.jpg")
        assert (await caller.picture(task_id))[:2] == b"\xff\xd8"


async def test_an_oss_url_needs_the_header_that_resolves_it(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        data = await policy(caller)
        await send(caller, data, portrait_jpeg())
        fields = {"image_url": f"oss://{data['upload_dir']}/me.jpg", "style_index": 0}
        answer = await caller.post({"model": MODEL, "input": fields})
    assert refused(answer)[:2] == (400, "InvalidURL")


async def test_an_upload_belongs_to_its_account(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        data = await policy(caller)
        await send(caller, data, portrait_jpeg())
        stranger = Caller(caller.http, "sk-two")
        link = f"oss://{data['upload_dir']}/me.jpg"
        foreign = await stranger.until(await stranger.task(link))
        missing = await caller.until(await caller.task(f"{link}2"))
    assert foreign["output"]["code"] == missing["output"]["code"] == "InvalidURL"


async def test_no_existing_file_is_overwritten(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        data = await policy(caller)
        await send(caller, data, portrait_jpeg())
        again = await send(caller, data, b"something else")
        task_id = await caller.task(f"oss://{data['upload_dir']}/me.jpg")
        assert (await caller.until(task_id))["output"]["task_status"] == "SUCCEEDED"
    assert again.status_code == 409 and b"<Code>FileAlreadyExists</Code>" in again.content
    assert len(list((tmp_path / "shelf" / "uploads").iterdir())) == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"OSSAccessKeyId": "LTAI"}, b"InvalidAccessKeyId"),
        ({"Signature": "AAAA"}, b"SignatureDoesNotMatch"),
        ({"Signature": None}, b"SignatureDoesNotMatch"),
        ({"policy": "e30="}, b"SignatureDoesNotMatch"),
        ({"policy": None}, b"SignatureDoesNotMatch"),
        ({"key": "dashscope-instant/elsewhere/me.jpg"}, b"AccessDenied"),
        ({"key": None}, b"AccessDenied"),
        ({"x-oss-object-acl": "public-read"}, b"AccessDenied"),
        ({"x-oss-forbid-overwrite": "false"}, b"AccessDenied"),
    ],
)
async def test_a_form_that_does_not_fit_its_policy_is_denied(
    tmp_path: Path, changed: dict[str, str | None], code: bytes
) -> None:
    async with open_api(tmp_path) as (_, caller):
        answer = await send(caller, await policy(caller), portrait_jpeg(), **changed)
    assert answer.status_code == 403 and b"<Code>" + code + b"</Code>" in answer.content
    assert not (tmp_path / "shelf" / "uploads").exists()


async def test_a_key_with_dots_does_not_leave_its_folder(tmp_path: Path) -> None:
    async with open_api(tmp_path / "data") as (_, caller):
        data = await policy(caller)
        key = f"{data['upload_dir']}/../../../../outside.jpg"
        assert (await send(caller, data, portrait_jpeg(), key=key)).status_code == 200
        assert await caller.picture(await caller.task(f"oss://{key}"))
    assert not (tmp_path / "outside.jpg").exists() and not (tmp_path / "data" / "outside.jpg").exists()


async def test_a_policy_expires_after_five_minutes_and_an_upload_after_two_days(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    async with open_api(tmp_path, clock=lambda: now[0]) as (_, caller):
        data = await policy(caller)
        now[0] += 299
        assert (await send(caller, data, portrait_jpeg())).status_code == 200
        now[0] += 1
        late = await send(caller, data, portrait_jpeg(), key=f"{data['upload_dir']}/other.jpg")
        now[0] += 47 * 3600
        link = f"oss://{data['upload_dir']}/me.jpg"
        assert (await caller.until(await caller.task(link)))["output"]["task_status"] == "SUCCEEDED"
        now[0] += 3600
        assert (await caller.until(await caller.task(link)))["output"]["code"] == "InvalidURL"
    assert late.status_code == 403 and b"Policy expired." in late.content


async def test_a_file_of_ten_megabytes_fits_and_larger_ones_do_not(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        data = await policy(caller)
        fits = await send(caller, data, bytes(MAX))
        larger = await send(caller, data, bytes(MAX + 1), key=f"{data['upload_dir']}/larger")
        huge = await send(caller, data, bytes(2 * MAX), key=f"{data['upload_dir']}/huge")
    assert fits.status_code == 200
    assert larger.status_code == huge.status_code == 400
    assert b"<Code>EntityTooLarge</Code>" in larger.content and larger.content == huge.content


async def test_the_storage_has_a_limit(tmp_path: Path) -> None:
    async with open_api(tmp_path, upload_space=1500) as (_, caller):
        data = await policy(caller)
        first = await send(caller, data, bytes(1000))
        second = await send(caller, data, bytes(1000), key=f"{data['upload_dir']}/second")
    assert first.status_code == 200
    assert second.status_code == 403 and b"<Code>QuotaExceeded</Code>" in second.content
    assert len(list((tmp_path / "shelf" / "uploads").iterdir())) == 1


async def test_a_form_without_a_file_and_a_malformed_form_are_refused(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        data = await policy(caller)
        bare = await caller.http.post(data["upload_host"], data=fields(data))
        broken = await caller.http.post(
            data["upload_host"], content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        text = await caller.http.post(data["upload_host"], content=b"text", headers={"Content-Type": "text/plain"})
    assert (bare.status_code, broken.status_code, text.status_code) == (400, 400, 400)
    assert b"<Code>InvalidArgument</Code>" in bare.content


async def test_fields_after_the_file_are_ignored(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (_, caller):
        data = await policy(caller)
        parts = [(name, (None, value)) for name, value in fields(data, key=None).items()]
        parts += [("file", ("me.jpg", portrait_jpeg())), ("key", (None, f"{data['upload_dir']}/me.jpg"))]  # type: ignore[list-item]  # a field has no file's name
        answer = await caller.http.post(data["upload_host"], files=parts)
    assert answer.status_code == 403
