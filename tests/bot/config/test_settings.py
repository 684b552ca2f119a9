"""Settings from the environment: all errors at once, and no secret in any of them."""

from pathlib import Path

import pytest

from bot.config.settings import InvalidSettings, Settings, load
from storage.bucket import Bucket

NAMES = [name.upper() for name in Settings.model_fields]
TOKEN = "123456789:AAH-a-token-that-nobody-may-see-1234"
KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def read(tmp_path: Path, **settings: str) -> Settings:
    """The settings of a `.env` file with these lines."""
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    return load(file)


def errors(tmp_path: Path, **settings: str) -> str:
    with pytest.raises(InvalidSettings) as wrong:
        read(tmp_path, **settings)
    assert wrong.value.__cause__ is None  # pydantic's own error shows more
    assert wrong.value.__suppress_context__
    return str(wrong.value)


def test_without_settings_the_chat_page_is_served_and_the_stand_in_paints(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.has_web_chat
    assert (settings.dashscope_api_key, settings.telegram_bot_token, settings.link_kind) == ((), None, "inline")
    assert load(None).port == 8080


def test_empty_values_are_ignored(tmp_path: Path) -> None:
    settings = read(tmp_path, PORT="", MONTHLY_BUDGET_CNY="", WEB_CHAT="", PUBLIC_URL="", DASHSCOPE_API_KEY="")
    assert (settings.port, settings.monthly_budget_cny, settings.dashscope_api_key) == (8080, None, ())


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9999")
    assert read(tmp_path, PORT="7777").port == 9999


def test_several_keys_and_admins_are_separated_by_commas(tmp_path: Path) -> None:
    settings = read(tmp_path, DASHSCOPE_API_KEY="sk-one, sk-two ,", ADMINS="telegram:123, discord:456")
    assert [one.key.get_secret_value() for one in settings.dashscope_api_key] == ["sk-one", "sk-two"]
    assert settings.admins == ("telegram:123", "discord:456")


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    wrong = {
        "PORT": "70000",
        "DASHSCOPE_MAX_RUNNING": "none",
        "DASHSCOPE_SUBMITS_PER_SECOND": "0",
        "MONTHLY_BUDGET_CNY": "-1",
        "ORIGINAL_HOURS": "inf",
        "RESULT_DAYS": "nan",
        "WEB_CHAT": "perhaps",
        "LOG_LEVEL": "loud",
        "PHOTO_LINKS": "signed",  # without PUBLIC_URL or a bucket
        "AWS_ACCESS_KEY_ID": "half of a pair",
        "AWS_SERVER_SIDE_ENCRYPTION": "rot13",
        "DASHSCOPE_EVENTS_SECRET": "with/a/slash/in/it",
        "TELEGRAM_WEBHOOK": "on",  # the same
        "TELEGRAM_API_URL": "not an address",
        "METRICS_TOKEN": "too short",
        "DASHSCOPE_API_KEY": "“sk-copied-with-quotes”",
    }
    lines = errors(tmp_path, **wrong).splitlines()
    assert "wrong" in lines[0]
    assert sorted(line.split(":")[0].strip() for line in lines[1:]) == sorted(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_no_error_shows_a_value(tmp_path: Path, name: str) -> None:
    for secret in (TOKEN, KEY, "пароль-" + KEY):
        try:
            shown = repr(read(tmp_path, **{name: secret}))
        except InvalidSettings as wrong:
            shown = str(wrong) + repr(wrong)
        if name in {"TELEGRAM_BOT_TOKEN", "DASHSCOPE_API_KEY", "METRICS_TOKEN"} or "wrong" in shown:
            assert secret not in shown


def test_secrets_are_in_no_repr(tmp_path: Path) -> None:
    settings = read(tmp_path, TELEGRAM_BOT_TOKEN=TOKEN, DASHSCOPE_API_KEY=KEY)
    assert TOKEN not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"
    assert KEY not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("host", "web_chat", "shown"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("localhost", None, True),
        ("0.0.0.0", None, False),
        ("192.168.1.5", None, False),
        ("0.0.0.0", "on", True),
        ("127.0.0.1", "off", False),
    ],
)
def test_strangers_see_the_page_only_if_the_owner_allows_it(
    tmp_path: Path, host: str, web_chat: str | None, shown: bool
) -> None:
    settings = read(tmp_path, HOST=host, **({} if web_chat is None else {"WEB_CHAT": web_chat}))
    assert settings.has_web_chat == shown


@pytest.mark.parametrize(
    ("photo_links", "public_url", "kind"),
    [
        ("auto", "", "inline"),
        ("auto", "https://bot.example", "signed"),
        ("inline", "https://bot.example", "inline"),
        ("upload", "", "upload"),
    ],
)
def test_how_photos_are_exposed_to_the_api(tmp_path: Path, photo_links: str, public_url: str, kind: str) -> None:
    assert read(tmp_path, PHOTO_LINKS=photo_links, PUBLIC_URL=public_url).link_kind == kind


@pytest.mark.parametrize(
    ("photo_links", "public_url", "endpoint", "kind"),
    [
        ("auto", "", "", "bucket"),
        ("auto", "https://bot.example", "https://store.example", "bucket"),
        ("auto", "", "http://minio:9000", "inline"),  # nobody outside can reach it
        ("auto", "https://bot.example", "http://minio:9000", "signed"),
        ("signed", "", "http://minio:9000", "bucket"),
        ("signed", "https://bot.example", "", "signed"),
        ("bucket", "https://bot.example", "http://minio:9000", "bucket"),
        ("inline", "https://bot.example", "", "inline"),
    ],
)
def test_how_photos_in_a_bucket_are_exposed_to_the_api(
    tmp_path: Path, photo_links: str, public_url: str, endpoint: str, kind: str
) -> None:
    where = {"PHOTO_STORE": "s3://faces", "AWS_ENDPOINT_URL": endpoint}
    assert read(tmp_path, PHOTO_LINKS=photo_links, PUBLIC_URL=public_url, **where).link_kind == kind


def test_a_bucket_is_as_the_settings_say(tmp_path: Path) -> None:
    assert read(tmp_path).bucket is None
    who = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": TOKEN, "AWS_SESSION_TOKEN": KEY + TOKEN}
    where = {"PHOTO_STORE": "s3://faces.of-many/a/b/", "AWS_ENDPOINT_URL": "https://store.example/", "AWS_REGION": "x"}
    how = {"AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true", "AWS_SERVER_SIDE_ENCRYPTION": "AES256"}
    settings = read(tmp_path, **who, **where, **how)
    assert settings.bucket == Bucket(
        *("faces.of-many", "a/b", "https://store.example", "x", KEY, TOKEN, KEY + TOKEN),
        in_host=True,
        encryption="AES256",
    )
    assert {KEY, TOKEN, KEY + TOKEN} <= set(settings.secrets())
    assert KEY not in f"{settings!r}{settings.bucket!r}"


@pytest.mark.parametrize(
    "store",
    [
        "faces",
        "/var/photos",
        "s3://",
        "s3:///prefix",
        "s3://Faces",
        "s3://faces/../other",
        "s3://faces//x",
        "gs://faces",
    ],
)
def test_an_invalid_bucket_is_reported(tmp_path: Path, store: str) -> None:
    assert "PHOTO_STORE: Value error, write it as s3://bucket" in errors(tmp_path, PHOTO_STORE=store)


@pytest.mark.parametrize("half", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_half_of_an_access_key_is_refused(tmp_path: Path, half: str) -> None:
    said = errors(tmp_path, PHOTO_STORE="s3://faces", **{half: KEY})
    assert "AWS_ACCESS_KEY_ID: Value error, needs AWS_SECRET_ACCESS_KEY beside it" in said
    assert KEY not in said


def test_links_to_a_bucket_need_one(tmp_path: Path) -> None:
    assert "PHOTO_LINKS: Value error, 'bucket' needs" in errors(tmp_path, PHOTO_LINKS="bucket")


def test_settings_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    settings = read(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]  # that is what is tried


def test_a_shared_database_needs_the_key_that_all_sign_with_and_shows_neither(tmp_path: Path) -> None:
    url, key = "postgresql://repaint:a-password@host/name", "k" * 32
    said = errors(tmp_path, DATABASE_URL=url)
    assert "SECRET_KEY: " in said
    assert "secrets.token_urlsafe" in said
    assert "a-password" not in said
    assert "SECRET_KEY" in errors(tmp_path, DATABASE_URL=url, SECRET_KEY="short")
    settings = read(tmp_path, DATABASE_URL=url, SECRET_KEY=key)
    assert settings.database == url
    assert set(settings.secrets()) >= {url, key, "a-password"}
    assert "a-password" not in repr(settings)
    assert read(tmp_path).database == Path("data/repaint.db")


@pytest.mark.parametrize("url", ["mysql://host/name", "host", "sqlite:///x"])
def test_a_database_that_is_no_postgresql_is_refused(tmp_path: Path, url: str) -> None:
    assert "DATABASE_URL: Value error, write it as postgresql://" in errors(tmp_path, DATABASE_URL=url)
