"""One process a folder, and a secret that is whole."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.runtime.data_folder import exclusive_data_folder, secret_of
from common.lock_file import FolderInUse


def test_a_folder_is_held_by_one_and_free_again_afterwards(tmp_path: Path) -> None:
    refused = pytest.raises(FolderInUse, match="give this one its own DATA_DIR")
    with exclusive_data_folder(tmp_path / "data"), refused, exclusive_data_folder(tmp_path / "data"):
        pytest.fail("two would pay twice")
    with exclusive_data_folder(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    secret = secret_of(tmp_path)
    assert len(secret) == 32
    assert secret_of(tmp_path) == secret
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]


def test_a_first_start_that_was_cut_off_leaves_no_half_secret(tmp_path: Path) -> None:
    (tmp_path / "secret.key.new").write_bytes(b"")  # killed between opening and writing
    secret = secret_of(tmp_path)
    assert len(secret) == 32
    assert secret_of(tmp_path) == secret


def test_with_a_key_of_the_owners_all_processes_have_the_same_secret_and_none_keeps_it(tmp_path: Path) -> None:
    key = SecretStr("k" * 32)
    secret = secret_of(tmp_path / "one", key)
    assert len(secret) == 32
    assert secret_of(tmp_path / "two", key) == secret != secret_of(tmp_path / "two", SecretStr("l" * 32))
    assert list(tmp_path.iterdir()) == []
