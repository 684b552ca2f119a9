"""How a job's photos are offered to the API: as the settings say, or inside the request while that way fails."""

import structlog

from bot.dashscope.errors import Decision
from bot.dashscope.photo_links import PhotoLinks, are_fetched
from bot.worker.context import AccountContext
from storage import findings

log = structlog.get_logger(__name__)

REST_SECONDS = 3600.0  # then one job shows whether the API can reach us by now


async def links_now(context: AccountContext) -> PhotoLinks:
    """The account's links; for an hour after the API could not load a photo from them, photos go inside the request.
    Its temporary upload is no way out: photos would stay there for 48 h, which only the owner may decide."""
    api_account = context.api_account
    if not are_fetched(api_account.links):
        return api_account.links
    async with context.deps.database.read() as connection:
        failed_at = await findings.get_time(connection, api_account.account_id, findings.PHOTO_LINKS)
    if failed_at is None or abs(context.deps.clock.now() - failed_at) > REST_SECONDS:
        return api_account.links
    return api_account.inline_links


async def expose(context: AccountContext, links: PhotoLinks, key: str | None) -> str | None:
    """A URL of the photo stored under `key`; None when there is none."""
    jpeg = None if key is None else await context.deps.photos.get(key)
    if key is None or jpeg is None:
        return None
    return await links.expose(key, jpeg, context.deps.clock.now())


async def note_failure(context: AccountContext, decision: Decision, says: str) -> None:
    """Remember, for its owner too, that the API could not load a photo from the account's links."""
    account_id = context.api_account.account_id
    if decision != Decision.NEW_LINK or not are_fetched(context.api_account.links):
        return
    log.error("the API can't load photos from our links", account=account_id, message=says)
    await context.record(findings.PHOTO_LINKS, says)
