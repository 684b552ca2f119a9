"""Whoever asks too fast is told so once, and then not heard for a minute."""

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
HEARD, TOLD, PASSED_OVER = Verdict.ALLOWED, Verdict.WARNED, Verdict.IGNORED
FAST = "That was a lot at once. Please give me a minute, then send it again."


@dataclass
class Crowd:
    """People who ask, at a time that a test sets."""

    per_minute: int = 5
    now: float = 1000.0
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.restraint = RateLimiter(self.per_minute, lambda: self.now)

    def asks(self, person: Person, times: int, chat: Chat | None = None) -> list[Verdict]:
        where = chat or private(person)
        return [self.restraint.check(person, where, next(self.numbers)) for _ in range(times)]


def test_who_asks_too_fast_is_told_once_and_heard_again_after_a_minute() -> None:
    crowd = Crowd()
    assert crowd.asks(ANNA, 8) == [*[HEARD] * 5, TOLD, PASSED_OVER, PASSED_OVER]
    assert crowd.asks(BEN, 1) == [HEARD], "others are heard as ever"
    crowd.now += MUTE_SECONDS - 1
    assert crowd.asks(ANNA, 1) == [PASSED_OVER]
    crowd.now += 1
    assert crowd.asks(ANNA, 6) == [*[HEARD] * 5, TOLD]


def test_a_steady_pace_is_never_too_fast() -> None:
    crowd = Crowd()
    for _ in range(100):
        crowd.now += 60 / crowd.per_minute
        assert crowd.asks(ANNA, 1) == [HEARD]


def test_a_group_together_is_told_once_and_its_people_are_heard_elsewhere() -> None:
    crowd, people = Crowd(), [Person("test", f"p{number}") for number in range(5)]
    most = crowd.per_minute * GROUP_FACTOR
    answers = [answer for _ in range(4) for person in people for answer in crowd.asks(person, 1, GROUP)]
    assert answers == [*[HEARD] * most, TOLD, *[PASSED_OVER] * (20 - most - 1)]
    assert crowd.asks(people[0], 1) == [HEARD]


def test_one_person_does_not_silence_a_group() -> None:
    crowd = Crowd()
    assert crowd.asks(ANNA, 50, GROUP)[-1] is PASSED_OVER
    assert crowd.asks(BEN, 1, GROUP) == [HEARD]


def test_what_is_tried_again_is_counted_once() -> None:
    crowd = Crowd()
    assert {crowd.restraint.check(ANNA, private(ANNA), "the same") for _ in range(50)} == {HEARD}
    assert crowd.asks(ANNA, 5) == [*[HEARD] * 4, TOLD]
    assert crowd.restraint.check(ANNA, private(ANNA), "the same") is HEARD


async def test_messages_and_presses_count_together_and_nothing_is_done_meanwhile(tmp_path: Path) -> None:
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
        told = await ben.presses_data(card, "gallery:0:1")
        assert (told.notice, told.alert) == ("一下子发得太多了。请等一分钟，然后再发一次。", True)


async def test_what_a_group_says_to_itself_counts_for_nothing(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, messages_per_minute=2) as harness:
        anna = harness.member("anna")
        for _ in range(10):
            assert await anna.says("good morning") is None
        assert said(await anna.says("/help")).text != FAST
