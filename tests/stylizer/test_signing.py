"""A signature is valid for what was signed and nothing else."""

from urllib.parse import parse_qs

import pytest

from stylizer.signing import account_id, is_signed, is_valid_link, signature, signed_query

SECRET, OTHER = b"s" * 32, b"t" * 32


def test_a_signed_link_is_valid_until_it_expires() -> None:
    query = {name: values[0] for name, values in parse_qs(signed_query(SECRET, "a.jpg", 1000)).items()}
    given = query["Signature"]
    assert is_valid_link(SECRET, "a.jpg", query["Expires"], given, 999.9)
    assert not is_valid_link(SECRET, "a.jpg", query["Expires"], given, 1000)


@pytest.mark.parametrize(
    ("secret", "name", "expires"),
    [(OTHER, "a.jpg", "1000"), (SECRET, "b.jpg", "1000"), (SECRET, "a.jpg", "2000"), (SECRET, "a.jpg", "never")],
)
def test_a_signed_link_is_valid_for_nothing_else(secret: bytes, name: str, expires: str) -> None:
    given = signature(SECRET, "result", "a.jpg", "1000")
    assert not is_valid_link(secret, name, expires, given, 0)


@pytest.mark.parametrize("given", ["", "x", "ключ", "\ud800"])
def test_garbage_is_not_a_valid_signature(given: str) -> None:
    assert not is_signed(SECRET, given, "part")


def test_the_boundaries_between_parts_are_signed_too() -> None:
    assert signature(SECRET, "a", "b") != signature(SECRET, "a\n1:b")
    assert signature(SECRET, "ab", "c") != signature(SECRET, "a", "bc")


def test_an_account_id_does_not_reveal_its_key() -> None:
    assert "sk-secret" not in account_id("sk-secret") and account_id("a") != account_id("b")
    assert account_id("a") == account_id("a") and len(account_id("\ud800")) == 32
