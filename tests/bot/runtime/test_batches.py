"""Writes that come at the same time share one transaction."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.runtime.batches import Batches


class Writer:
    """Records batches; each write waits for `go`, and fails if it contains a zero."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> None:
        self.batches.append(list(items))
        self.begun.set()
        await self.go.wait()
        if 0 in items:
            raise ZeroDivisionError


async def test_what_comes_during_a_write_goes_into_the_next_one() -> None:
    writer = Writer()
    batches = Batches(writer, max_items=3)
    first = asyncio.create_task(batches.add(1))
    await writer.begun.wait()
    others = [asyncio.create_task(batches.add(number)) for number in range(2, 7)]
    await asyncio.sleep(0)
    assert not first.done()
    writer.go.set()
    await asyncio.gather(first, *others)
    assert writer.batches == [[1], [2, 3, 4], [5, 6]]


async def test_a_failure_is_raised_for_its_batch_only() -> None:
    writer = Writer()
    writer.go.set()
    batches = Batches(writer)
    with pytest.raises(ZeroDivisionError):
        await batches.add(0)
    await batches.add(1)


async def test_what_was_added_is_written_although_nobody_waits_for_it_any_more() -> None:
    writer = Writer()
    batches = Batches(writer)
    task = asyncio.create_task(batches.add(1))
    await writer.begun.wait()
    late = asyncio.create_task(batches.add(2))
    await asyncio.sleep(0)
    for one in (task, late):
        one.cancel()
    writer.go.set()
    await batches.finish()
    assert writer.batches == [[1], [2]]
