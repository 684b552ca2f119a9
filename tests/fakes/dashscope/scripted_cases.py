"""Cases of an API that misbehaves, as data: what it does (`rules`) and how the bot must come through it (`expect`).

A call is answered by the first rule that fits it, or as documented when none does. All times are in seconds.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CASES = Path(__file__).with_name("cases.toml")  # known from the field
MORE_CASES = Path(__file__).with_name("more_cases.toml")  # of the same kinds

CallKind = Literal["submit", "query", "list", "result", "cancel", "policy", "upload"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Data):
    """Which calls it fits (all conditions that are given must hold), and what happens to them."""

    on: CallKind
    first: int | None = None  # only so many calls that fit; of queries, results and cancels: of each task
    tasks: int | None = None  # only for so many tasks, the first ones
    seconds: float | None = None  # only for so long after the first call that fitted
    young: float | None = None  # only while the task is younger
    old: float | None = None  # only once the task is older
    links: Literal["http", "data", "oss"] | None = None  # only if the photo comes like this
    over: int | None = None  # only if the body has more bytes
    uri_over: int | None = None  # only if the photo's URI has more characters
    busy: bool = False  # only while another task of the account runs
    other_key: bool | None = None  # only if the key is (or is not) another than the one that came first
    key: str | None = None  # only if the key contains this
    lacks: str | None = None  # only if this header is missing
    after: int | None = None  # only if this key has created so many tasks
    without_range: bool = False  # only if the call asks for the whole file

    make: bool = False  # the task is created, whatever is answered
    strangers: tuple[float, ...] = ()  # another program creates tasks, so many seconds from now (negative: before)
    delay: float = 0.0  # before the answer
    drop: bool = False  # the connection breaks instead of an answer

    status: int | None = None
    code: str | None = None
    message: str = ""
    html: str | None = None
    location: str | None = None
    body: str | None = None
    json_body: Any = Field(default=None, alias="json")
    cut_after: int | None = None  # the connection breaks after so many bytes of the body

    state: str | None = None  # the task's
    fail: tuple[str, str] | None = None  # the task is FAILED with this code and message
    output: Mapping[str, Any] | None = None  # of a SUCCEEDED task; "{url}" is the picture's link
    usage: Mapping[str, Any] | None = None
    picture: Literal["half", "cut", "slow", "expired", "gone", "png", "webp", "bmp", "tiff", "empty", "text"] | None = (
        None
    )


class Expect(_Data):
    """How each request must end. What holds for every case needs no key: pictures go to those who asked and are whole;
    the unit is used with the picture, given back without, reserved meanwhile; no call breaks the API's rules."""

    end: tuple[Literal["stored", "failed", "waits", "refused"], ...]
    within: float = 60.0
    waits: float | None = None  # the trouble lasts so long; none may fail, and `submits` counts, until it is mended
    submits: int | None = None  # at most
    queries: int | None = None  # at most
    paused: bool = False  # waiting people see that painting is paused
    says: Literal["face", "content", "photo", "service"] | None = None
    tells: tuple[str, ...] = ()  # the owner reads all of these: regular expressions
    waits_tells: tuple[str, ...] = ()  # … if a request still waits
    waits_paused: bool = False  # … people see it, too
    paid: int = 1  # tasks of each request, at most
    stored: int | None = None  # exactly so many pictures
    workspace: str | None = None  # the header of each submit
    metrics: tuple[str, ...] = ()


class Case(_Data):
    """One behaviour of the API."""

    right: str  # what the bot ought to do
    rules: tuple[Rule, ...] = ()
    expect: Expect
    requests: int = 1  # of as many people at once, each in a style of its own
    photo: Literal["small", "large", "huge"] = "small"
    settings: Mapping[str, Any] = {}  # of the bot
    together: str | None = None  # one bot plays all cases with this word at once
    chain: str | None = None  # one bot plays all cases with this word one after the other
    restart: Mapping[str, Any] | None = None  # the bot is restarted with these while the task runs
    base: str = "/api/v1"  # the path of the base address that the owner has set
    run_seconds: float = 1.0  # of each task
    uplink: float | None = None  # bytes a second that the network takes from the bot
    accounts: Literal["one", "each"] = "one"  # all keys are of one account, or each is an account
    list_lacks: tuple[str, ...] = ()  # fields that the list does not show


def load_cases(*paths: Path) -> Mapping[str, Case]:
    """The cases of these files (of both, if none is given), by name. Raises ValidationError for a key that nobody
    knows."""
    tables = {
        name: table for path in paths or (CASES, MORE_CASES) for name, table in tomllib.loads(path.read_text()).items()
    }
    return {name: Case.model_validate(table) for name, table in tables.items()}
