"""What every part of the bench says, in one form: on the terminal as it runs, and in its section of the page."""

import os
import platform
import re
import subprocess
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
ORDER = ("slot", "fairness", "submit", "queue", "replicas", "looks", "workers", "start")
_SECTION = re.compile(r"<!-- part (\w+) -->\n(.*?)<!-- end of \1 -->\n", re.DOTALL)


@dataclass(frozen=True)
class Table:
    """A table of words; the first column names the row, the others are set to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self) -> list[str]:
        """Aligned, for a terminal."""
        widths = [max(len(row[column]) for row in (self.head, *self.rows)) for column in range(len(self.head))]
        return ["  ".join(_justify(row, widths)).rstrip() for row in (self.head, *self.rows)]

    def markdown(self) -> list[str]:
        """The same for the page."""
        rule = ["---", *["---:"] * (len(self.head) - 1)]
        return ["| " + " | ".join(row) + " |" for row in (self.head, rule, *self.rows)]


@dataclass(frozen=True)
class Aim:
    """What was aimed at, what came of it, and whether that will do."""

    what: str
    aim: str
    measured: str
    met: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.measured}, aim {self.aim}: {'met' if self.met else '**not met**'}."


@dataclass(frozen=True)
class Section:
    """What a part has to say. `how`: what was done, a few sentences; `notes`: what the figures do not say."""

    part: str
    title: str
    how: str
    tables: Sequence[Table]
    aims: Sequence[Aim] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    def markdown(self, stamp: str) -> str:
        blocks = [
            f"## {self.title}",
            " ".join(self.how.split()),
            *("\n".join(table.markdown()) for table in self.tables),
        ]
        blocks += ["\n".join(_wrapped(f"- {line}", "  ") for line in (*map(str, self.aims), *self.notes))]
        return "\n\n".join(block for block in (*blocks, stamp) if block) + "\n"


def publish(section: Section, page: Path = PAGE) -> None:
    """Print it, and put it in its place on the page; the other sections stay as they are."""
    for table in section.tables:
        print(*table.lines(), sep="\n")
    print(*map(str, section.aims), *section.notes, sep="\n", flush=True)
    stamp = f"<sub>`make bench PART={section.part}`, {run_stamp()}</sub>"
    page.write_text(replace_section(page.read_text("utf-8"), section.part, section.markdown(stamp)), "utf-8")


def replace_section(page: str, part: str, body: str) -> str:
    """The page with this part's section in its place. Pure."""
    intro = _SECTION.sub("", page).rstrip("\n") + "\n"
    sections = dict(_SECTION.findall(page)) | {part: body}
    ranked = sorted(sections, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return "\n".join([intro, *(f"<!-- part {name} -->\n{sections[name]}<!-- end of {name} -->\n" for name in ranked)])


def run_stamp() -> str:
    """When, where and of which commit; how busy the machine was otherwise belongs to it."""
    now, load = datetime.now(UTC), os.getloadavg()[0]
    return (
        f"{now:%d %B %Y %H:%M} UTC, {_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"commit {_commit()}, load at the end {load:.1f}"
    )


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return " ".join(found[1].split()) if found else platform.machine()


def _commit() -> str:
    try:
        said = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.stdout.decode().strip()


def _wrapped(words: str, indent: str = "") -> str:
    return textwrap.fill(
        " ".join(words.split()), 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _justify(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
