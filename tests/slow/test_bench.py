"""Every part of the bench runs with tiny numbers and reports what it should; and the rules of its peers."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bench import day, fairness, queue, replicas, slot, start, submit
from bench.fairness import Workload, jain_index
from bench.peer_scripts import fixed_interval, sdk_interval
from bench.report import ORDER, Aim, Section, Table, replace_section
from tests.harness.app import running_app

PAGE = "# Performance\n\nAn intro.\n"


def test_a_part_writes_its_own_section_and_leaves_the_others() -> None:
    first = replace_section(PAGE, "start", "## Start\n\nold\n")
    both = replace_section(first, "slot", "## Slot\n\nbusy\n")
    again = replace_section(both, "start", "## Start\n\nnew\n")
    assert again.startswith(PAGE)
    assert again.index("## Slot") < again.index("## Start"), "in the order of the parts"
    assert "old" not in again
    assert replace_section(again, "start", "## Start\n\nnew\n") == again


def test_a_table_is_the_same_on_the_terminal_and_on_the_page() -> None:
    table = Table(("way", "busy"), [("the bot", "98 %"), ("a script", "9 %")])
    assert table.lines() == ["way       busy", "the bot   98 %", "a script   9 %"]
    assert table.markdown() == ["| way | busy |", "| --- | ---: |", "| the bot | 98 % |", "| a script | 9 % |"]


def test_a_section_reports_that_an_aim_was_not_met() -> None:
    section = Section("slot", "Busy", "How\n   it was.", [], [Aim("busy", "≥ 98 %", "97 %", met=False)], ["A note."])
    written = section.markdown("the stamp")
    assert "- busy: 97 %, aim ≥ 98 %: **not met**.\n- A note." in written
    assert "How it was." in written
    assert written.endswith("the stamp\n")


def test_every_part_is_a_module_of_the_bench() -> None:
    assert {"fairness", "queue", "replicas", "slot", "start", "submit"} < set(ORDER)


def test_the_sdk_intervals_are_those_of_its_source() -> None:
    assert [sdk_interval(query) for query in range(12)] == [0, 1, 1, 2, 2, 2, 4, 4, 4, 5, 5, 5]
    assert {fixed_interval(query) for query in range(9)} == {3.0}


def test_jains_index_is_one_for_equal_shares_and_a_fraction_for_a_monopoly() -> None:
    assert jain_index([3, 3, 3]) == 1
    assert jain_index([9, 0, 0]) == pytest.approx(1 / 3)


async def test_light_users_wait_less_in_a_fair_queue_than_in_order_of_arrival() -> None:
    workload = Workload(light=4, heavy=8)
    peer = await fairness.measure_policy(workload, by_arrival=True)
    ours = await fairness.measure_policy(workload, by_arrival=False)
    assert len(ours.waits) == len(peer.waits) == 4
    assert max(ours.waits) < max(peer.waits)
    assert ours.jain == 1
    assert peer.jain == pytest.approx(1 / 5)
    assert [aim.met for aim in fairness.section(workload, ours, peer).aims][1], "everybody once, before anybody twice"


async def test_a_day_in_memory_is_the_same_as_on_the_rows() -> None:
    checked = day.Scenario(30, 1, viral=True)
    found = await day.measure([day.Scenario(300, 1), checked], checked)
    assert [row[:2] for row in found.tables[0].rows] == [("300", "1"), ("30 and a viral hour", "1")]
    assert all(aim.met for aim in found.aims), found.aims


async def test_a_queue_is_measured_at_every_length() -> None:
    results = await queue.measure_database(None, (10, 20), samples=4)
    assert [(one.waiting, len(one.enqueue), len(one.claim)) for one in results] == [(10, 4, 4), (20, 4, 4)]
    table = queue.section({"SQLite": results}, []).tables[0]
    assert [row[0] for row in table.rows] == ["SQLite, 10", "SQLite, 20"]


async def test_a_queue_is_measured_on_postgresql_too(postgres_url: str) -> None:
    results = await queue.measure_database(postgres_url, (10,), samples=4)
    assert len(results[0].claim) == 4


@pytest.mark.timeout(180)
async def test_replicas_claim_at_the_same_time(postgres_url: str) -> None:
    peer, found, admitted = await replicas.measure_throughput(postgres_url, (1, 2), seconds=0.1, waiting=500)
    assert [one.replicas for one in (*found, admitted)] == [1, 2, 2]
    assert peer.latencies
    assert all(one.latencies for one in (*found, admitted))


async def test_slot_usage_is_measured_in_the_same_way_for_every_driver() -> None:
    plan = slot.Plan(api_accounts=1, photos=3, speed=100.0)
    script = await slot.measure_driver(plan, slot.DRIVERS["polling like the official SDK"])
    ours = await slot.measure_driver(plan, slot.DRIVERS["the bot, one task prefetched"])
    for one in (script, ours):
        assert 0 < one.share <= 1
        assert len(one.gaps) == 2
        assert one.queries >= 1
    found = dict.fromkeys(slot.DRIVERS, replace(ours, gaps=[0.1, 0.2]))
    assert [row[0] for row in slot.section(plan, found).tables[0].rows] == list(slot.DRIVERS)


@pytest.mark.timeout(180)
async def test_update_to_submit_is_measured_for_the_bot_and_for_the_script() -> None:
    found = await submit.compare("loopback", 2, delay=None)
    assert (len(found.bot), len(found.script)) == (2, 2)
    assert all(0 < seconds < submit.TIMEOUT for seconds in (*found.bot, *found.script))


async def test_memory_is_reported_for_the_process_and_for_its_children(tmp_path: Path) -> None:
    peer = await start.start_bare_app()
    assert peer.seconds > 0
    assert 0 < peer.mib == peer.total
    async with running_app(tmp_path):  # with a process that decodes photos
        own, total = start.memory(os.getpid())
    assert 0 < own < total
