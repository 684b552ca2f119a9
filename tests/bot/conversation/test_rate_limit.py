"""Whoever exceeds the rate limit is warned once and ignored for a minute."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bot.conversation.rate_limit import GROUP_FACTOR, MUTE_SECONDS, RateLimiter, Verdict
from bot.messaging.platform import Chat, Person
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import ANNA, BEN, private
from tests.harness.chat import chat_harness, said

GROUP = Chat("test", "group", is_group=True)
ALLOWED, WARNED, IGNORED = Verdict.ALLOWED, Verdict.WARNED, Verdict.IGNORED
FAST = "That was a lot at once. Please give me a minute, then send it again."


@dataclass
class RateLimitFixture:
    """A rate limiter whose time a test sets, and people who make requests."""

    per_minute: int = 5
    now: float = 1000.0
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(self.per_minute, lambda: self.now)

    def asks(self, person: Person, times: int, chat: Chat | None = None) -> list[Verdict]:
        where = chat or private(person)
        return [self.limiter.check(person, where, next(self.numbers)) for _ in range(times)]


def test_a_person_over_the_limit_is_warned_once_and_ignored_for_a_minute() -> None:
    fixture = RateLimitFixture()
    assert fixture.asks(ANNA, 8) == [*[ALLOWED] * 5, WARNED, IGNORED, IGNORED]
    assert fixture.asks(BEN, 1) == [ALLOWED], "others are not limited"
    fixture.now += MUTE_SECONDS - 1
    assert fixture.asks(ANNA, 1) == [IGNORED]
    fixture.now += 1
    assert fixture.asks(ANNA, 6) == [*[ALLOWED] * 5, WARNED]


def test_a_steady_rate_is_never_limited() -> None:
    fixture = RateLimitFixture()
    for _ in range(100):
        fixture.now += 60 / fixture.per_minute
        assert fixture.asks(ANNA, 1) == [ALLOWED]


def test_a_group_over_its_limit_is_warned_once_and_its_members_are_not_limited_elsewhere() -> None:
    fixture, people = RateLimitFixture(), [Person("test", f"p{number}") for number in range(5)]
    most = fixture.per_minute * GROUP_FACTOR
    answers = [answer for _ in range(4) for person in people for answer in fixture.asks(person, 1, GROUP)]
    assert answers == [*[ALLOWED] * most, WARNED, *[IGNORED] * (20 - most - 1)]
    assert fixture.asks(people[0], 1) == [ALLOWED]


def test_one_person_cannot_use_up_a_groups_limit() -> None:
    fixture = RateLimitFixture()
    assert fixture.asks(ANNA, 50, GROUP)[-1] is IGNORED
    assert fixture.asks(BEN, 1, GROUP) == [ALLOWED]


def test_a_retried_request_is_counted_once() -> None:
    fixture = RateLimitFixture()
    assert {fixture.limiter.check(ANNA, private(ANNA), "the same") for _ in range(50)} == {ALLOWED}
    assert fixture.asks(ANNA, 5) == [*[ALLOWED] * 4, WARNED]
    assert fixture.limiter.check(ANNA, private(ANNA), "the same") is ALLOWED


async def test_messages_and_presses_share_one_limit(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, messages_per_minute=3) as harness:
        anna, ben = harness.person("anna"), harness.person("ben", "zh")
        card = said(await anna.says("/styles"))
        await anna.says("/help")
        await anna.says("/quota")
        assert said(await anna.says("/help")).text == FAST
        assert await anna.sends(portrait_jpeg(), "/style 0") is None
        assert (await anna.presses_data(card, "gallery:0:1")).notice == ""
        assert await harness.app.services.queries.history(anna.person) == ()
        for _ in range(3):
            await ben.presses_data(card, "gallery:0:1")
        warned = await ben.presses_data(card, "gallery:0:1")
        assert (warned.notice, warned.alert) == ("一下子发得太多了。请等一分钟，然后再发一次。", True)


async def test_messages_not_meant_for_the_bot_are_not_counted(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, messages_per_minute=2) as harness:
        anna = harness.member("anna")
        for _ in range(10):
            assert await anna.says("good morning") is None
        assert said(await anna.says("/help")).text != FAST
