"""Plum and cherry: branches that grow, and their blossoms."""

import math
from dataclasses import dataclass, field

import numpy as np

from stylizer.engine.canvas import Canvas, Point


@dataclass
class Branch:
    """A grown branch: strokes (start, end, width) and the places of its blossoms."""

    random: np.random.Generator
    strokes: list[tuple[Point, Point, float]] = field(default_factory=list)
    blossoms: list[Point] = field(default_factory=list)

    def grow(self, at: Point, angle: float, length: float, width: float, forks: int = 3) -> "Branch":
        """Grow on from a point; angle in radians, lengths in pixels."""
        for i in range(6):
            angle += self.random.normal(0, 0.22)
            end = (at[0] + math.cos(angle) * length / 6, at[1] + math.sin(angle) * length / 6)
            self.strokes.append((at, end, max(1.0, width * (1 - 0.1 * i))))
            if forks and self.random.random() < 0.45:
                side = self.random.choice([-1, 1]) * (0.5 + 0.5 * self.random.random())
                self.grow(end, angle + side, length * 0.55, width * 0.5, forks - 1)
            if forks < 2 and self.random.random() < 0.45:
                self.blossoms.append((end[0] + self.random.normal(0, width), end[1] + self.random.normal(0, width)))
            at = end
        self.blossoms.append(at)
        return self


def draw_branch(canvas: Canvas, branch: Branch, wood: str, petals: tuple[str, ...], radius: float) -> None:
    """The wood, then five-petalled blossoms."""
    for start, end, width in branch.strokes:
        canvas.line([start, end], wood, width)
    for x, y in branch.blossoms:
        size = radius * (0.85 + branch.random.random())
        blossom(canvas, (x, y), size, petals[branch.random.integers(len(petals))], turn=branch.random.random() * 6)


def blossom(canvas: Canvas, at: Point, radius: float, petal: str, *, turn: float, heart: str = "f6e3a1") -> None:
    for i in range(5):
        angle = turn + 2 * math.pi * i / 5
        x, y = at[0] + radius * 0.55 * math.cos(angle), at[1] + radius * 0.55 * math.sin(angle)
        canvas.ellipse(x, y, radius * 0.48, radius * 0.40, petal, turn=math.degrees(angle))
    canvas.circle(at[0], at[1], max(1, radius * 0.16), heart)


def framing_branches(canvas: Canvas, *, wood: str, petals: tuple[str, ...], radius: float, seed: int) -> None:
    """One branch from the upper left, one from the upper right, clear of the middle."""
    short = min(canvas.width, canvas.height)
    for number, x, y, angle, length, width in ((5, -0.02, 0.06, 0.35, 0.42, 0.016), (9, 1.02, 0.12, 2.75, 0.36, 0.014)):
        branch = Branch(np.random.default_rng(seed + number))
        branch.grow((x * canvas.width, y * canvas.height), angle, length * short, width * short)
        draw_branch(canvas, branch, wood, petals, radius)
