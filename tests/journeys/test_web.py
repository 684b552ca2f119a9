"""The web chat end to end, in a real browser: add a portrait, choose a style, watch, compare, download or delete."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import served_app
from tests.harness.browser import NEEDS_CHROMIUM, PHONE, chromium, open_page

pytestmark = [pytest.mark.browser, NEEDS_CHROMIUM, pytest.mark.asyncio(loop_scope="module")]

PORTRAIT = FilePayload(name="me.jpg", mimeType="image/jpeg", buffer=portrait_jpeg())
OTHER = FilePayload(name="you.jpg", mimeType="image/jpeg", buffer=portrait_jpeg(shade=60))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all journeys; each visit is a new visitor's."""
    async with chromium() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """An app that finishes pictures at once."""
    async with served_app(tmp_path_factory.mktemp("app")) as (_, address):
        yield address


async def request(page: Page, *photos: FilePayload, look: str = "Anime") -> None:
    await page.get_by_label("Add photos").set_input_files(photos)
    await page.get_by_role("radio", name=look).check(force=True)
    await page.locator("#send").click()


async def test_a_portrait_is_repainted_downloaded_and_deleted(browser: Browser, tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with (
        served_app(tmp_path / "data", engine=quick_engine(until=go)) as (_, address),
        open_page(browser, address) as page,
    ):
        await request(page, PORTRAIT, look="Chinese ink painting")
        card = page.get_by_role("article")
        await expect(card.get_by_role("progressbar", name="Chinese ink painting")).to_be_visible()
        await expect(card).to_contain_text("Painting…")
        await expect(page.locator("#quota")).to_have_text("19 left today")
        go.touch()
        await expect(card.get_by_role("img", name="Your portrait: Chinese ink painting")).to_be_visible()
        await expect(page.get_by_role("status")).to_have_text("Chinese ink painting: your picture is ready.")
        compare = card.get_by_role("slider", name="Compare before and after")
        await compare.focus()
        await page.keyboard.press("End")
        await expect(compare).to_have_attribute("aria-valuetext", "100 % of the photo shown")
        async with page.expect_download() as download:
            await card.get_by_role("link", name="Download").click()
        assert (await download.value).suggested_filename == "repaint-ink-1.jpg"
        with Image.open(await (await download.value).path()) as saved:
            assert saved.format == "JPEG"
        await card.get_by_role("button", name="Delete").click()
        await card.get_by_role("button", name="Delete for good?").click()
        await expect(card).to_have_count(0)
        await expect(page.get_by_role("heading", name="Your portrait, painted anew.")).to_be_visible()


async def test_the_comparison_slider_follows_a_finger(browser: Browser, url: str) -> None:
    async with open_page(browser, url, **PHONE) as page:
        await request(page, PORTRAIT)
        canvas = page.get_by_role("article").locator(".canvas")
        slider = page.get_by_role("article").get_by_role("slider")
        await expect(slider).to_have_value("0")
        box = await canvas.bounding_box()
        assert box
        await page.mouse.move(box["x"] + 10, box["y"] + 100)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 110)
        await page.mouse.up()
        await expect(slider).to_have_value("60")


async def test_the_same_photo_in_another_style(browser: Browser, url: str) -> None:
    async with open_page(browser, url) as page:
        await request(page, PORTRAIT)
        first = page.get_by_role("article").first
        await first.get_by_role("button", name="Another style").click()
        await first.get_by_role("button", name="Pixel world").click()
        second = page.get_by_role("article").nth(1)
        await expect(second.get_by_role("img", name="Your portrait: Pixel world")).to_be_visible()
        await expect(first.get_by_role("group", name="Choose another style")).to_have_count(0)


async def test_a_reference_picture_as_the_style_on_a_phone_in_chinese(browser: Browser, url: str) -> None:
    async with open_page(browser, url, **{**PHONE, "locale": "zh-CN"}) as page:
        await page.get_by_label("添加照片").set_input_files(PORTRAIT)
        async with page.expect_file_chooser() as chooser:
            await page.locator(".own").tap()
        await (await chooser.value).set_files(OTHER)
        await page.get_by_role("button", name="开始画").tap()
        await expect(page.get_by_role("img", name="你的人像：你的风格图")).to_be_visible()
        await expect(page.get_by_role("link", name="下载")).to_be_visible()


async def test_several_photos_queue_and_one_is_cancelled(browser: Browser, tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with (
        served_app(tmp_path / "data", engine=quick_engine(until=go)) as (_, address),
        open_page(browser, address) as page,
    ):
        await request(
            page, PORTRAIT, OTHER, FilePayload(name="c.jpg", mimeType="image/jpeg", buffer=portrait_jpeg(shade=9))
        )
        cards = page.get_by_role("article")
        await expect(cards.nth(1)).to_contain_text("You're next")
        await expect(cards.nth(2)).to_contain_text("After your first photo · at least")
        await cards.nth(1).get_by_role("button", name="Cancel").click()
        await expect(cards.nth(1)).to_contain_text("Cancelled. This one doesn't count.")
        await expect(cards.nth(2)).to_contain_text("You're next")
        await expect(page.locator("#quota")).to_have_text("18 left today")
        go.touch()
        await expect(page.get_by_role("img", name="Your portrait: Anime")).to_have_count(2)


async def test_a_file_that_is_not_a_picture_is_refused_with_a_message(browser: Browser, url: str) -> None:
    async with open_page(browser, url) as page:
        await request(page, FilePayload(name="notes.jpg", mimeType="image/jpeg", buffer=b"just some words"))
        card = page.get_by_role("article")
        await expect(card).to_contain_text("That isn't a picture.")
        await expect(page.locator("#quota")).to_have_text("20 left today")
        async with page.expect_file_chooser():
            await card.get_by_role("button", name="Choose another photo").click()
        await expect(card).to_have_count(0)
        await page.get_by_label("Add photos").set_input_files(
            FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"words")
        )
        await expect(page.get_by_role("alert")).to_contain_text("Only pictures can be painted")


async def test_a_request_without_a_style_asks_for_one(browser: Browser, url: str) -> None:
    async with open_page(browser, url) as page:
        await page.get_by_label("Add photos").set_input_files(PORTRAIT)
        await page.locator("#send").press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("Choose a style.")
        await expect(page.get_by_role("radio", name="Retro comic")).to_be_focused()


@pytest.mark.parametrize("way", ["drop", "paste"])
async def test_photos_can_be_dropped_and_pasted(browser: Browser, url: str, way: str) -> None:
    async with open_page(browser, url) as page:
        await page.evaluate(
            """([way, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], "me.jpg", { type: "image/jpeg" }));
                const event = way === "drop" ? new DragEvent("drop", { dataTransfer: data, cancelable: true })
                                             : new ClipboardEvent("paste", { clipboardData: data });
                document.dispatchEvent(event);
            }""",
            [way, list(portrait_jpeg())],
        )
        await expect(page.get_by_role("img", name="Photo 1: me.jpg")).to_be_visible()
        await page.get_by_role("button", name="Remove me.jpg").click()
        await expect(page.get_by_label("Add photos")).to_be_focused()


async def test_history_language_and_theme_survive_a_reload(browser: Browser, url: str) -> None:
    async with open_page(browser, url) as page:
        await request(page, PORTRAIT)
        await expect(page.get_by_role("img", name="Your portrait: Anime")).to_be_visible()
        await page.get_by_role("button", name="中文").click()
        await expect(page.get_by_role("heading", name="二次元")).to_be_visible()
        await page.get_by_role("button", name="外观：跟随系统").click()
        await page.get_by_role("button", name="外观：浅色").click()
        await page.reload()
        await expect(page.get_by_role("img", name="你的人像：二次元")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("lang", "zh")
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("width", [360, 768, 1440])
async def test_nothing_overflows_the_window_and_every_control_has_a_name(
    browser: Browser, url: str, width: int
) -> None:
    async with open_page(browser, url, viewport={"width": width, "height": 800}) as page:
        await request(page, PORTRAIT, OTHER)
        await expect(page.get_by_role("link", name="Download")).to_have_count(2)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        nameless = "[...document.querySelectorAll('button, a, input:not([aria-hidden])')].filter((control) => "
        nameless += "!(control.ariaLabel || control.textContent.trim() || control.labels?.[0]?.textContent.trim()))"
        assert await page.evaluate(f"{nameless}.map((control) => control.outerHTML)") == []


async def test_a_large_photo_can_be_enlarged(browser: Browser, url: str) -> None:
    async with open_page(browser, url) as page:
        big = io.BytesIO()
        Image.new("RGB", (900, 1600), "teal").save(big, "JPEG")
        await request(page, FilePayload(name="tall.jpg", mimeType="image/jpeg", buffer=big.getvalue()))
        await page.get_by_role("article").get_by_role("button", name="Enlarge").click()
        dialog = page.get_by_role("dialog", name="The picture, large")
        await expect(dialog.get_by_role("img")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_role("article").get_by_role("button", name="Enlarge")).to_be_focused()
