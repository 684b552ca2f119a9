"""The temporary upload's form, and what counts as a picture."""

import pytest

from bot.dashscope import wire
from bot.dashscope.errors import Decision, InDoubt, NotAccepted

POLICY: dict[str, object] = {
    "policy": "cG9saWN5",
    "signature": "c2ln",
    "upload_dir": "dashscope-instant/abc",
    "upload_host": "https://oss.example",
    "expire_in_seconds": 300,
    "max_file_size_mb": 10,
    "oss_access_key_id": "LTAI",
    "x_oss_object_acl": "private",
    "x_oss_forbid_overwrite": "true",
}


def test_the_form_has_every_field_of_the_policy() -> None:
    form = wire.upload_form(POLICY, "a.jpg", 1000)
    assert (form.host, form.link) == ("https://oss.example", "oss://dashscope-instant/abc/a.jpg")
    assert form.fields == {
        "OSSAccessKeyId": "LTAI",
        "Signature": "c2ln",
        "policy": "cG9saWN5",
        "x-oss-object-acl": "private",
        "x-oss-forbid-overwrite": "true",
        "key": "dashscope-instant/abc/a.jpg",
        "success_action_status": "200",
    }
    assert "c2ln" not in repr(form)


@pytest.mark.parametrize(
    "wrong",
    [{"upload_host": "file:///x"}, {"upload_host": None}, {"upload_dir": ""}, {"policy": 7}, {"signature": "\ud800"}],
)
def test_a_policy_without_sense_is_an_error(wrong: dict[str, object]) -> None:
    with pytest.raises(InDoubt):
        wire.upload_form(POLICY | wrong, "a.jpg", 1000)


def test_a_file_over_the_policys_limit_is_not_sent() -> None:
    with pytest.raises(NotAccepted) as caught:
        wire.upload_form(POLICY, "a.jpg", 10_000_001)
    assert caught.value.decision is Decision.BAD_PHOTO


@pytest.mark.parametrize("name", ["", "../a.jpg", "a/b.jpg", "照片.jpg", "a b.jpg", ".jpg", "x" * 101])
def test_only_plain_names_are_uploaded(name: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        wire.upload_form(POLICY, name, 1000)
