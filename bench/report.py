"""The common form of the results of every part: on the terminal during the run, and in its section of the page."""

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
ORDER = ("slot", "fairness", "eta", "day", "request", "submit", "queue", "replicas", "looks", "workers", "start")
_SECTION = re.compile(r"<!-- part (\w+) -->\n(.*?)<!-- end of \1 -->\n", re.DOTALL)


@dataclass(frozen=True)
class Table:
    """A table of text; the first column names the row, the others are right-aligned."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self) -> list[str]:
        """Aligned, for a terminal."""
        widths = [max(len(row[column]) for row in (self.head, *self.rows)) for column in range(len(self.head))]
        return ["  ".join(_justify(row, widths)).rstrip() for row in (self.head, *self.rows)]

    def markdown(self) -> list[str]:
        """The same in Markdown."""
        rule = ["---", *["---:"] * (len(self.head) - 1)]
        return ["| " + " | ".join(row) + " |" for row in (self.head, rule, *self.rows)]


@dataclass(frozen=True)
class Aim:
    """An aim, the measured value, and whether the aim was met."""

    what: str
    aim: str
    measured: str
    met: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.measured}, aim {self.aim}: {'met' if self.met else '**not met**'}."


@dataclass(frozen=True)
class Section:
    """The results of a part. `how`: the method, in a few sentences; `notes`: remarks on the figures."""

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
    """Print the section and put it in its place on the page; the other sections stay as they are."""
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
    """When, where and on which commit the part ran, and the load of the machine."""
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
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.decode().strip()


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        " ".join(text.split()), 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _justify(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
