"""What a captioned photo costs: the write transactions and reads of one request, counted and named.

A transaction more for each request is a flush to the disk more. Looks at the rows after wake-ups are not counted: how
many there are depends on how quickly things follow one another.
"""

from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.telegram import telegram_harness
from tests.harness.transaction_log import transaction_log

WRITES = [
    "cluster.update_inbox.accept",  # the update is stored
    "jobs.service._queue",
    "delivery.card_sender._set_message",  # its card was sent
    "worker.claim.claim",
    "worker.context.write",  # taken by the API
    "worker.context.write",  # succeeded there
    "worker.context.write",  # its picture is stored
    "delivery.card_sender._mark_delivered",  # shown
]
LOOKS = {
    "worker.claim.peek",
    "delivery.card_sender._items_to_send",
    "delivery.notifications.send_due",
    "delivery.broadcasts.send_next",
    "cluster.update_inbox._is_full",
}
MAX_READS = 8


async def test_a_photo_of_a_known_person_takes_eight_writes(tmp_path: Path) -> None:
    async with telegram_harness(tmp_path) as harness:
        anna = harness.person(1)
        await anna.sends(portrait_jpeg(), caption="/style 0")
        await harness.api.until(lambda: anna.pictures)
        await harness.api.handled()
        with transaction_log(harness.app.services.database) as log:
            await anna.sends(portrait_jpeg(shade=9), caption="/style 0")
            await harness.api.until(lambda: len(anna.pictures) == 2)
            await harness.api.until(lambda: len(log.writes) >= len(WRITES))
    assert [one.caller for one in log.writes] == WRITES
    reads = [one.caller for one in log.reads if one.caller not in LOOKS]
    assert len(reads) <= MAX_READS, reads
