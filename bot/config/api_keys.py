"""`DASHSCOPE_API_KEY`: the API keys of an installation, each with the settings that hold for its account.

    DASHSCOPE_API_KEY=sk-one, sk-two max_running=2 workspace=ws-1

What follows a key holds for that key alone; what it doesn't name is as the `DASHSCOPE_` setting of the same name says.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, ValidationError

BaseUrl = AnyHttpUrl
Workspace = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]  # it travels in a header
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,100}$")]
PriceCny = Annotated[Decimal, Field(ge=0, le=1000, decimal_places=4)]  # of one picture
MaxRunning = Annotated[int, Field(ge=1, le=100)]
SubmitsPerSecond = Annotated[float, Field(gt=0, le=100)]
QueriesPerSecond = Annotated[float, Field(gt=0, le=1000)]
Prefetch = Annotated[int, Field(ge=0, le=10)]
FreeImages = Annotated[int, Field(ge=0, le=1_000_000_000)]


class AccountSettings(BaseModel):
    """What holds for one API account. The names, in capitals and after `DASHSCOPE_`, are those of the settings that
    hold for all of them; the defaults are those of the API."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: BaseUrl = AnyHttpUrl("https://dashscope.aliyuncs.com/api/v1")
    workspace: Workspace | None = None
    model: ModelName = "wanx-style-repaint-v1"
    price_cny: PriceCny = Decimal("0.12")
    max_running: MaxRunning = 1
    submits_per_second: SubmitsPerSecond = 2.0
    queries_per_second: QueriesPerSecond = 18.0  # of the 20 that are allowed
    prefetch: Prefetch = 0
    free_images: FreeImages = 500


class ApiKey(AccountSettings):
    """An API key and what holds for its account."""

    key: SecretStr


API_DEFAULTS = AccountSettings()
_OF_A_KEY = tuple(AccountSettings.model_fields)
_SYNTAX = "after a key, write settings as name=value, such as max_running=2; separate keys by commas"


def parse_keys(text: str, defaults: Mapping[str, object]) -> tuple[ApiKey, ...]:
    """The keys in the value of `DASHSCOPE_API_KEY`. `defaults`: what holds for all of them, by name.

    Raises:
        ValueError: names the key by its position and says what is wrong, but shows nothing of the value.
    """
    parts = [part.split() for part in text.split(",")]
    entries = enumerate((words for words in parts if words), start=1)
    return _each_once(_parse_entry(number, words, defaults) for number, words in entries)


def _each_once(keys: Iterable[ApiKey]) -> tuple[ApiKey, ...]:
    by_key: dict[str, ApiKey] = {}
    for number, one in enumerate(keys, start=1):
        word = one.key.get_secret_value()
        if not (word.isascii() and word.isprintable()):
            raise ValueError(f"key {number} is not of plain letters, digits and signs, perhaps with a page's quotes")
        if by_key.setdefault(word, one) != one:
            raise ValueError(f"key {number} was named before, with other settings")
    return tuple(by_key.values())


def _parse_entry(number: int, words: list[str], defaults: Mapping[str, object]) -> ApiKey:
    own: dict[str, str] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals:  # it may be another key, so it is not shown
            raise ValueError(f"key {number}: {_SYNTAX}")
        if name not in _OF_A_KEY:
            raise ValueError(f"key {number}: only these can be set for a key: {', '.join(_OF_A_KEY)}")
        if name in own:
            raise ValueError(f"key {number}: {name} is set twice")
        own[name] = value
    try:
        return ApiKey.model_validate({**defaults, **own, "key": SecretStr(words[0])})
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"key {number}: {problem['loc'][0]}: {problem['msg']}") from None
