"""What a part of the chaos run reports: figures, and all violations."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_SHOWN = 20  # violations printed


@dataclass(frozen=True)
class Summary:
    """`figures`: names and values; `violations`: one line each, none if every invariant holds."""

    figures: Sequence[tuple[str, str]]
    violations: Sequence[str]

    def table(self, seconds: float) -> str:
        """The text for the terminal."""
        lines = [(name, figure) for name, figure in self.figures]
        lines += [("minutes", f"{seconds / 60:.1f}"), ("violations", str(len(self.violations)))]
        width = max(len(name) for name, _ in lines)
        return "\n".join([*(f"{name:{width}}  {figure}" for name, figure in lines), *self.violations[:MAX_SHOWN]])
