"""Which tests run, and in which order: `--quick`, the marker `slow`, and the longest files first."""

import gc
from collections import Counter
from collections.abc import Iterator

import pytest

SLOW = (  # folders of slow tests
    "tests/slow",
    "tests/journeys",
    "tests/stylizer/engine",
)
LONG = (  # files that take eight seconds or more, which `--quick` leaves out
    "tests/bot/admin/test_backup.py",
    "tests/bot/admin/test_chat_commands.py",
    "tests/bot/admin/test_service.py",
    "tests/bot/billing/test_credits.py",
    "tests/bot/billing/test_spending.py",
    "tests/bot/cluster/test_election.py",
    "tests/bot/cluster/test_update_inbox.py",
    "tests/bot/conversation/test_buttons.py",
    "tests/bot/conversation/test_photos.py",
    "tests/bot/conversation/test_words.py",
    "tests/bot/delivery/test_card_sender.py",
    "tests/bot/delivery/test_notifications.py",
    "tests/bot/groups/test_chat_commands.py",
    "tests/bot/http/test_completion_events.py",
    "tests/bot/imaging/test_intake.py",
    "tests/bot/jobs/test_albums.py",
    "tests/bot/jobs/test_deletion.py",
    "tests/bot/jobs/test_duplicates.py",
    "tests/bot/jobs/test_limits.py",
    "tests/bot/jobs/test_service.py",
    "tests/bot/privacy/test_chat_commands.py",
    "tests/bot/privacy/test_service.py",
    "tests/bot/test_command.py",
    "tests/bot/worker/test_dispatcher.py",
    "tests/bot/worker/test_fetch.py",
    "tests/bot/worker/test_poll.py",
    "tests/bot/worker/test_refusals.py",
    "tests/bot/worker/test_shared_accounts.py",
    "tests/bot/worker/test_submit.py",
    "tests/bot/worker/test_upload.py",
    "tests/handlers/discord/test_crowd.py",
    "tests/handlers/discord/test_late_answers.py",
    "tests/handlers/discord/test_outages.py",
    "tests/handlers/discord/test_places.py",
    "tests/handlers/discord/test_refused.py",
    "tests/handlers/telegram/test_albums.py",
    "tests/handlers/telegram/test_chat_cases.py",
    "tests/handlers/telegram/test_cost.py",
    "tests/handlers/telegram/test_crowd.py",
    "tests/handlers/telegram/test_error_messages.py",
    "tests/handlers/telegram/test_flood.py",
    "tests/handlers/telegram/test_foreign_chats.py",
    "tests/handlers/telegram/test_group_life.py",
    "tests/handlers/telegram/test_groups.py",
    "tests/handlers/telegram/test_notifications.py",
    "tests/handlers/telegram/test_outages.py",
    "tests/handlers/telegram/test_photos.py",
    "tests/handlers/telegram/test_refused.py",
    "tests/handlers/telegram/test_series.py",
    "tests/handlers/telegram/test_webhook.py",
    "tests/harness/test_timeouts.py",
    "tests/storage/test_bucket.py",
    "tests/storage/test_migrations.py",
    "tests/stylizer/test_command.py",
    "tests/stylizer/test_engines.py",
    "tests/stylizer/test_remote_workers.py",
    "tests/stylizer/test_restart.py",
)
# One after the other at the end of a run, these would keep one worker busy and the others waiting.
LONGEST = (
    "tests/slow/test_chaos_kills.py",
    "tests/slow/test_crashes.py",
    "tests/slow/test_dashscope_cases.py",
    "tests/slow/test_chaos_replicas.py",
    "tests/slow/test_chaos_faults.py",
    "tests/slow/test_fairness.py",
    "tests/slow/test_telegram_load.py",
    "tests/journeys/test_pictures.py",
    "tests/stylizer/engine/test_memory.py",
    "tests/handlers/telegram/test_albums.py",
    "tests/bot/worker/test_submit.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="leave out tests that are slow or need a browser or PostgreSQL",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Modules and tests stay until the end: to search them for garbage again and again would take a tenth of all."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if _file(item).startswith((*SLOW, *LONG)):
            item.add_marker("slow")
    if config.getoption("quick"):
        left_out = [item for item in items if not _is_quick(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _is_quick(item)]
    sizes = Counter(map(_file, items))
    items.sort(key=lambda item: _place(item, sizes))


def _place(item: pytest.Item, sizes: Counter[str]) -> tuple[int, int, str]:
    """The longest files come first, then the slow ones, then those with most tests; each file stays together."""
    file = _file(item)
    if file in LONGEST:
        return LONGEST.index(file), 0, file
    return len(LONGEST) + ("slow" not in item.keywords), -sizes[file], file


def _is_quick(item: pytest.Item) -> bool:
    if {"slow", "browser"} & {marker.name for marker in item.iter_markers()}:
        return False
    parameters = (
        item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    )
    return "postgresql" not in parameters and "postgres" not in getattr(item, "fixturenames", ())


def _file(item: pytest.Item) -> str:
    return item.nodeid.split("::", 1)[0]
