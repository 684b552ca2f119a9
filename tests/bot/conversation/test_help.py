"""The help: short at first, and a single line where others read along."""

from pathlib import Path

from tests.harness.chat import chat_harness, labels, link, said


async def test_help_has_four_lines_and_a_button_to_all_of_it(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        short = said(await anna.says("/help"))
        assert len(short.text.splitlines()) == 4
        assert labels(short) == ["More"]
        full = (await anna.presses(short, "More")).edit
        assert full is not None
        assert "/savestyle" in full.text
        assert labels(full) == ["Less"]
        again = (await anna.presses(full, "Less")).edit
        assert again is not None
        assert again.text == short.text


async def test_help_in_a_group_is_one_line_and_a_way_to_the_rest(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        private, group = said(await anna.says("/help")), said(await harness.member("anna").says("/help"))
        assert len(group.text) <= len(private.text) / 2
        assert len(group.text.splitlines()) == 1
        [[rest]] = group.buttons
        assert rest.link == link("help")
        assert said(await anna.says("/start help")).text == private.text
