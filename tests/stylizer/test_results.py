"""The signed links of finished pictures."""

from pathlib import Path

from tests.fakes.dashscope.api_calls import MODEL, open_api

RUNNING = frozenset({"RUNNING"})


async def test_a_changed_or_foreign_signature_is_refused(tmp_path: Path) -> None:
    async with open_api(tmp_path) as (service, caller):
        first, second = await caller.task(), await caller.task()
        urls = [(await caller.until(task_id))["output"]["results"][0]["url"] for task_id in (first, second)]
        query = urls[0].partition("?")[2]
        foreign = f"{urls[1].partition('?')[0]}?{query}"
        later = urls[0].replace("Expires=1", "Expires=9")
        tried = [urls[0].partition("?")[0], foreign, later, f"{service.url}/results/..%2Fstylizer.db?{query}"]
        answers = [await caller.http.get(url) for url in tried]
    assert [answer.status_code for answer in answers[:3]] == [403] * 3
    assert answers[3].status_code in {403, 404} and b"<Code>AccessDenied</Code>" in answers[0].content


async def test_links_start_with_the_public_url_if_there_is_one(tmp_path: Path) -> None:
    async with open_api(tmp_path, public_url="https://paint.example.org/") as (_, caller):
        body = await caller.until(await caller.task())
        policy = (await caller.get("/uploads", action="getPolicy", model=MODEL)).json()["data"]
    assert body["output"]["results"][0]["url"].startswith("https://paint.example.org/results/")
    assert policy["upload_host"] == "https://paint.example.org/oss"
