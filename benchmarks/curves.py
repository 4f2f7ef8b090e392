"""Seconds against the number of leads, for every solver and peer as far as each gets: docs/benchmarks.png."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.harness import ROOT, Line, fresh
from benchmarks.measure import OURS, measured

Points = Sequence[tuple[int, float]]
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000, 10_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Instances of one form and many sizes, and how many leads each solver is given at most."""

    title: str
    maker: str
    n_reps: int
    upto: Mapping[str, int]


PANELS = (
    Panel(
        title="dense matrix, 100 reps",
        maker="dense",
        n_reps=100,
        upto={
            "Auction": 100_000,
            "MinCostFlow": 100_000,
            "OR-Tools": 100_000,
            "POT": 100_000,
            "SciPy": 3_000,
            "lapx": 3_000,
            "HiGHS": 1_000,
            "networkx": 1_000,
        },
    ),
    Panel(
        title="factored: 200 rows of rates, own values, 100 reps",
        maker="factored",
        n_reps=100,
        upto={
            "Envelope": 10_000_000,
            "Auction": 1_000_000,
            "MinCostFlow": 100_000,
            "OR-Tools": 100_000,
            "POT": 100_000,
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a panel as text."""

    TITLE: ClassVar[str] = "The numbers of the figure"
    INTRO: ClassVar[str] = "Seconds by the number of leads; a line ends where the next size takes too long or too much."
    HEAD: ClassVar[tuple[str, ...]] = ("instances", "solver", *(f"{size:,}:" for size in SIZES))

    panel: str
    solver: str
    points: Points

    @property
    def cells(self) -> tuple[str, ...]:
        seconds = dict(self.points)
        return (self.panel, self.solver, *(f"{seconds[size]:.4f}" if size in seconds else "" for size in SIZES))


def rows() -> Iterator[Line]:
    yield from _rows(SIZES[-1], str(ROOT / "docs" / "benchmarks.png"))


def quick_rows() -> Iterator[Line]:
    """Yield curves up to 10,000 leads, drawn in the folder for temporary files."""
    yield from _rows(10_000, str(Path(tempfile.gettempdir()) / "benchmarks-quick.png"))


def _rows(most: int, path: str) -> Iterator[Line]:
    drawn = []
    for panel in PANELS:
        curves = _curves(panel, most)
        yield from curves
        drawn.append({"title": panel.title, "curves": {curve.solver: curve.points for curve in curves}})
    fresh("plot", "draw", panels=drawn, path=path)


def _curves(panel: Panel, most: int) -> list[Curve]:
    points: dict[str, list[tuple[int, float]]] = {name: [] for name in panel.upto}
    for size in SIZES:
        names = [name for name in points if size <= min(most, panel.upto[name])]
        if names:
            found: dict[str, Any] = measured(panel.maker, {"n": size, "m": panel.n_reps}, names)
            for name in names:
                if "seconds" in found[name]:
                    points[name].append((size, found[name]["seconds"]))
    return [
        Curve(panel=panel.title, solver=f"leadopt {name}" if name in OURS else name, points=line)
        for name, line in points.items()
        if line
    ]
