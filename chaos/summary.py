"""What a part of the chaos tells: figures, and everything that was wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_SHOWN = 20  # lines about what was wrong


@dataclass(frozen=True)
class Summary:
    """`figures`: what was counted, with its name; `violations`: one line each, none when all is well."""

    figures: Sequence[tuple[str, str]]
    violations: Sequence[str]

    def table(self, seconds: float) -> str:
        """For the terminal."""
        lines = [(name, figure) for name, figure in self.figures]
        lines += [("minutes", f"{seconds / 60:.1f}"), ("wrong", str(len(self.violations)))]
        width = max(len(name) for name, _ in lines)
        return "\n".join([*(f"{name:{width}}  {figure}" for name, figure in lines), *self.violations[:MAX_SHOWN]])
