"""`repaint doctor`: checks of the installation. Each reports what it found and, if it is bad, what to do."""

import importlib.util
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.admin.cures import advice, cure
from bot.admin.service import FINDING_SECONDS, finding_text
from bot.cluster.bootstrap import open_shared_database
from bot.config.settings import Settings
from bot.dashscope.errors import DashScopeError, Decision
from bot.imaging.intake import NO_FACE_DETECTION, can_find_faces
from bot.messaging.platform import CannotStart
from bot.runtime.data_folder import exclusive_data_folder
from bot.worker.accounts import account_id, base_url_complaint, cloud_clients
from bot.worker.identity import display_names, key_name
from common.lock_file import FolderInUse
from storage import accounts, findings
from storage.bucket import Bucket, BucketUnusable, open_bucket
from storage.database import NewerSchema

MIN_FREE_BYTES = 1_000_000_000
REQUEST_TIMEOUT_SECONDS = 10.0
MAX_CLOCK_OFFSET_SECONDS = 60.0


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    is_good: bool
    text: str


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Check folder, database, bucket, engine or API accounts, face detection and platforms, in this order."""
    yield _folder(settings.data_dir)
    if settings.database_url is None:
        yield _running(settings.data_dir)
    async for finding in _database(settings):
        yield finding
    if settings.bucket is not None:
        yield await _bucket(settings.bucket)
    if settings.dashscope_api_key:
        async for finding in _accounts(settings):
            yield finding
    else:
        yield _engine()
    if settings.face_required == "on":
        yield _faces()
    yield await _telegram(settings)
    yield await _discord(settings)
    yield _web(settings)


def _folder(folder: Path) -> Finding:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.access(folder, os.W_OK):
        return Finding(is_good=False, text=f"The data folder {folder} is not writable. Change its owner.")
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        return Finding(is_good=False, text=f"Only {free // 1_000_000} MB are free for {folder}. Free some space soon.")
    return Finding(is_good=True, text=f"The data folder {folder} is fine, {free // 1_000_000_000} GB free.")


def _running(folder: Path) -> Finding:
    try:
        with exclusive_data_folder(folder):
            return Finding(is_good=True, text="Repaint is not running on this folder.")
    except FolderInUse:
        return Finding(is_good=True, text="Repaint is running on this folder.")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with open_shared_database(settings) as database:
            async with database.read() as connection:
                known = await accounts.list_all(connection)
                found = await findings.list_since(connection, time.time() - FINDING_SECONDS)
            off = time.time() - await database.now()
    except (NewerSchema, CannotStart) as error:
        yield Finding(is_good=False, text=str(error))
        return
    yield Finding(is_good=True, text="The database is up to date.")
    if settings.database_url is not None:
        yield _shared_installation(settings, off)
    ours, names = {account_id(one.key) for one in settings.dashscope_api_key}, display_names(known)
    for account in known:
        same = [other.id for other in known if account.main_id is not None and other.main_id == account.main_id]
        if same[1:] and same[0] == account.id and ours.issuperset(same):
            text = f"{', '.join(names[name] for name in same)} are keys of one account, so one is used at a time."
            yield Finding(is_good=True, text=text)
        if account.paused_reason is not None and account.id in ours:
            reason = account.paused_reason
            text = f"The API account {names[account.id]} is paused: {reason}. {advice(reason)}"
            yield Finding(is_good=False, text=text)
    for finding in found:
        if finding.account_id in ours:
            yield Finding(is_good=False, text=f"The API account {names[finding.account_id]}: {finding_text(finding)}")


async def _bucket(bucket: Bucket) -> Finding:
    try:
        await open_bucket(bucket).check_access(f"doctor-{secrets.token_hex(8)}")
    except BucketUnusable as error:
        return Finding(is_good=False, text=str(error))
    return Finding(is_good=True, text=f"Pictures can be written to {bucket.url}, read, listed and deleted.")


def _shared_installation(settings: Settings, off: float) -> Finding:
    """What processes with a shared database must have in common. `off`: our clock minus the database's, seconds."""
    if settings.bucket is None:
        text = (
            "Processes that share DATABASE_URL need their pictures in one place. On several machines: set PHOTO_STORE."
        )
        return Finding(is_good=True, text=text)
    if abs(off) > MAX_CLOCK_OFFSET_SECONDS:  # our clock signs requests to the bucket
        return Finding(
            is_good=False, text=f"This machine's clock is {abs(off):.0f} s off the database's. Let NTP set it."
        )
    return Finding(is_good=True, text="Several processes may work on DATABASE_URL and PHOTO_STORE.")


async def _accounts(settings: Settings) -> AsyncIterator[Finding]:
    if (complaint := base_url_complaint(settings)) is not None:
        yield Finding(is_good=False, text=complaint)
    shown = {account_id(one.key): key_name(one.key.get_secret_value()) for one in settings.dashscope_api_key}
    async with httpx.AsyncClient() as http:
        for key, client in cloud_clients(settings, http).items():
            name = shown[key] or key
            try:
                await client.list_tasks(page_size=1)
            except DashScopeError as error:
                yield Finding(is_good=False, text=f"The API account {name} does not work: {error}{_cure_of(error)}")
            else:
                yield Finding(is_good=True, text=f"The API account {name} works.")
                yield _clock(client.server_clock.now(), time.time())


def _cure_of(error: DashScopeError) -> str:
    match error.decision:
        case Decision.PAUSE_ACCOUNT:
            return f" {cure(error.code)}"
        case Decision.NOT_THE_API:
            return " Something else answers in the API's place: a proxy, a firewall, a login page, or a wrong address."
    return ""


def _clock(theirs: float | None, ours: float) -> Finding:
    off = 0.0 if theirs is None else ours - theirs
    if abs(off) > MAX_CLOCK_OFFSET_SECONDS:
        text = f"This machine's clock is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}. Let NTP set it."
        return Finding(is_good=False, text=text)
    return Finding(is_good=True, text="This machine's clock is right.")


def _engine() -> Finding:
    if importlib.util.find_spec("cv2") and importlib.util.find_spec("onnxruntime"):
        return Finding(is_good=True, text="No API key is set: the built-in engine paints on this machine.")
    text = (
        "No API key is set, and the built-in engine's packages are missing; in the checkout: pip install '.[stylizer]'"
    )
    return Finding(is_good=False, text=text)


def _faces() -> Finding:
    if can_find_faces():
        return Finding(is_good=True, text="Photos without a face are refused.")
    return Finding(is_good=False, text=NO_FACE_DETECTION)


async def _telegram(settings: Settings) -> Finding:
    if settings.telegram_bot_token is None:
        return Finding(is_good=True, text="Telegram is off: TELEGRAM_BOT_TOKEN is not set.")
    url = f"{str(settings.telegram_api_url).rstrip('/')}/bot{settings.telegram_bot_token.get_secret_value()}/getMe"
    try:
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_SECONDS) as http:
            answer = await http.get(url)
    except httpx.HTTPError as error:  # its text may contain the URL, and with it the token
        return Finding(is_good=False, text=f"Telegram cannot be reached ({type(error).__name__}).")
    if answer.status_code == 401:
        return Finding(is_good=False, text="Telegram does not accept the token. Get it from @BotFather again.")
    if answer.status_code != 200:
        return Finding(is_good=False, text=f"Telegram responds with status {answer.status_code}.")
    return Finding(is_good=True, text="Telegram accepts the token.")


async def _discord(settings: Settings) -> Finding:
    if settings.discord_bot_token is None:
        return Finding(is_good=True, text="Discord is off: DISCORD_BOT_TOKEN is not set.")
    if not importlib.util.find_spec("discord"):
        return Finding(is_good=False, text="Discord's library is missing; in the checkout: pip install '.[discord]'")
    url = f"{str(settings.discord_api_url).rstrip('/')}/v10/users/@me"
    headers = {"Authorization": f"Bot {settings.discord_bot_token.get_secret_value()}"}
    try:
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_SECONDS) as http:
            answer = await http.get(url, headers=headers)
    except httpx.HTTPError as error:
        return Finding(is_good=False, text=f"Discord cannot be reached ({type(error).__name__}).")
    if answer.status_code == 401:
        return Finding(is_good=False, text="Discord does not accept the token. Reset it in the developer portal.")
    if answer.status_code != 200:
        return Finding(is_good=False, text=f"Discord responds with status {answer.status_code}.")
    return Finding(is_good=True, text="Discord accepts the token.")


def _web(settings: Settings) -> Finding:
    if not settings.has_web_chat:
        return Finding(is_good=True, text="The chat page is off.")
    if settings.is_loopback:
        return Finding(is_good=True, text="The chat page is on, for this machine only.")
    if settings.public_url is None or settings.public_url.scheme != "https":
        text = (
            "The chat page is on for everyone who can reach this machine. Put HTTPS in front of it, and set PUBLIC_URL."
        )
        return Finding(is_good=True, text=text)
    return Finding(is_good=True, text="The chat page is on for everyone who can reach this machine.")
