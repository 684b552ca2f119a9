"""The sheet of samples."""

import io

import pytest
from PIL import Image

from bot.domain.styles import SHEET, STYLES, Style, sample, sample_label
from bot.i18n import LANGUAGES
from bot.messaging.style_samples import (
    COLUMNS,
    GAP,
    LABEL_HEIGHT,
    TILE,
    StyleSamples,
    is_sample_sheet,
    sample_sheet,
)
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.style_labels import NAME

DRAWN = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", DRAWN)
@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.slug)
def test_every_name_in_another_script_is_drawn_as_it_is_today(style: Style, language: str) -> None:
    with Image.open(io.BytesIO(sample_label(style.slug, language) or b"")) as label:
        label.load()
        assert label.size == (TILE, LABEL_HEIGHT)
        assert label.info[NAME] == style.name(language)  # else run `python -m tests.harness.style_labels`


def test_the_sheet_has_a_tile_for_each_style_that_has_a_sample() -> None:
    jpeg = sample_sheet(STYLES, "en")
    assert jpeg is not None
    tiles = sum(style is not SHEET and sample(style.slug) is not None for style in STYLES)
    with Image.open(io.BytesIO(jpeg)) as sheet:
        rows = -(-tiles // COLUMNS)
        assert sheet.size == (COLUMNS * (TILE + GAP) + GAP, rows * (TILE + LABEL_HEIGHT + GAP) + GAP)
    assert len(jpeg) < 300_000
    assert is_sample_sheet(jpeg)
    assert not is_sample_sheet(portrait_jpeg())


def test_nothing_is_drawn_without_samples() -> None:
    assert sample_sheet((), "en") is None


async def test_a_sheet_is_drawn_once_for_the_same_styles_in_any_order() -> None:
    samples = StyleSamples()
    first = await samples.of(STYLES, "en")
    assert first is not None
    assert await samples.of(STYLES[::-1], "en-GB") is first
    chinese, few = await samples.of(STYLES, "zh-hans"), await samples.of(STYLES[:4], "en")
    assert chinese is not None
    assert few is not None
    assert len({first.asset, chinese.asset, few.asset}) == 3
    assert "二次元" in chinese.alt
