"""Fresh processes, timing, peak memory and the table. Imports nothing heavy: a child inherits its parent's peak."""

import importlib
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

ROOT = Path(__file__).parents[1]
LIBRARIES = (
    *("leadopt", "numpy", "scipy", "ortools", "POT", "lapx", "networkx"),
    *("narwhals", "polars", "pandas", "pyarrow", "scikit-learn"),
)


class TooSlow(Exception):
    """A process was stopped at its time limit."""


class Line(Protocol):
    """One line of a table; the lines of a class are one table."""

    TITLE: ClassVar[str]
    INTRO: ClassVar[str]
    HEAD: ClassVar[tuple[str, ...]]  # a column that ends with ":" is aligned right

    @property
    def cells(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the first table: `seconds` is a median, `goal` an upper limit on it, `met` what a count came to."""

    TITLE: ClassVar[str] = "From tables to plans, and claims"
    SHARED: ClassVar[bool] = True
    INTRO: ClassVar[str] = ""
    HEAD: ClassVar[tuple[str, ...]] = ("instance", "seconds:", "peak MB:", "goal:", "met?", "note")

    instance: str
    seconds: float | None = None
    peak_mb: float | None = None
    goal: float | None = None
    met: bool | None = None
    note: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        met = self.seconds <= self.goal if self.goal and self.seconds is not None else self.met
        return (
            self.instance,
            "" if self.seconds is None else f"{self.seconds:.3f}",
            "" if self.peak_mb is None else f"{self.peak_mb:,.0f}",
            "" if self.goal is None else f"{self.goal:.3f}",
            verdict(met),
            self.note,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How long one thing takes, by how long another takes; `goal` is an upper limit on the ratio."""

    TITLE: ClassVar[str] = "One time by another"
    SHARED: ClassVar[bool] = True
    INTRO: ClassVar[str] = (
        "The same solver twice, so that the machine matters little: how much of the time is more than reading the\n"
        "matrix once (`A.max(axis=1)`), what a hard instance costs beside one of its size with uniform gains, what\n"
        "the first call of a process costs beside later ones, and what prices of an earlier match save."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("instance", "solver", "seconds:", "beside", "its seconds:", "ratio:", "goal:", "met?"),
    )

    instance: str
    solver: str
    seconds: float | None
    beside: str
    its_seconds: float | None
    goal: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = self.seconds / self.its_seconds if self.seconds and self.its_seconds else None
        return (
            self.instance,
            self.solver,
            "too slow" if self.seconds is None else f"{self.seconds:.4f}",
            self.beside,
            "too slow" if self.its_seconds is None else f"{self.its_seconds:.4f}",
            "" if ratio is None else f"{ratio:.2f}",
            "" if self.goal is None else f"{self.goal:g}",
            verdict(None if self.goal is None else ratio is not None and ratio <= self.goal),
        )


def verdict(met: bool | None) -> str:
    """Return how a table says whether a goal is met; None = there is none."""
    return "" if met is None else "yes" if met else "**no**"


def fresh(
    module: str, function: str, *, blas_threads: int | None = None, limit_s: float | None = None, **settings: Any
) -> Any:
    """Return what `benchmarks.<module>.<function>(**settings)` returns in a process of its own.

    Raises
    ------
    TooSlow
        it took longer than `limit_s`, and was stopped
    """
    env = {} if blas_threads is None else {"OPENBLAS_NUM_THREADS": str(blas_threads)}
    command = [sys.executable, "-c", "from benchmarks.harness import child; child()"]
    return run_json([*command, module, function, json.dumps(settings)], env, limit_s)


def run_json(command: list[str], env: Mapping[str, str] = MappingProxyType({}), limit_s: float | None = None) -> Any:
    """Return what a command prints last, as JSON; its failure is ours."""
    everything = {**os.environ, **env}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=everything, capture_output=True, text=True, check=False, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        raise TooSlow(f"more than {limit_s:g} s") from None
    if done.returncode:
        raise SystemExit(f"{' '.join(command[-3:])} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def child() -> None:
    module, function, settings = sys.argv[1:]
    print(json.dumps(getattr(importlib.import_module(f"benchmarks.{module}"), function)(**json.loads(settings))))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that some work takes, and what it returns."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def median(seconds: Iterable[float]) -> float:
    return statistics.median(seconds)


def peak_mb() -> float:
    """Return the most memory that this process has held; Linux counts in KiB, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def agree(found: float, expected: float, what: str) -> None:
    """Refuse a timing whose answer is wrong: the objective must equal the independent one to a billionth."""
    if not abs(found - expected) <= 1e-9 * max(1.0, abs(expected)):
        raise AssertionError(f"{what}: objective {found!r}, independent solve {expected!r}")


def machine() -> list[str]:
    """Return what was measured on, a line each."""
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return [
        f"- CPU: {_cpu()}, {os.cpu_count()} cores; load when started: {os.getloadavg()[0]:.1f}",
        f"- {platform.system()} {platform.release()}, Python {platform.python_version()}",
        f"- {libraries}",
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def table(rows: Iterable[Line]) -> str:
    """Return rows of one class as Markdown."""
    lines = list(rows)
    names = [name.removesuffix(":") for name in lines[0].HEAD]
    rules = ["---:" if name.endswith(":") else "---" for name in lines[0].HEAD]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, rules, *(line.cells for line in lines)))


def sections(
    rows: Iterable[Line], told: str = "", *, name: str = "", kept: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Return the text of a section for every class of rows by its title, in order of appearance.

    `told` is said behind the text of each: when and how it was measured. Of a kept section whose class is `SHARED` by
    several benchmarks, lines of other names stay, and what is told of them: it is told with the benchmark's `name`.
    """
    tables: dict[type[Line], list[Line]] = {}
    for row in rows:
        tables.setdefault(type(row), []).append(row)
    found = {}
    for kind, lines in tables.items():
        text, said = table(lines), f"{told[:1].upper()}{told[1:]}"
        if getattr(kind, "SHARED", False):
            before = kept.get(kind.TITLE, "")
            said = "\n".join((*_told_of_others(before, name), *([f"`{name}`: {told}"] if told else [])))
            text = _joined(before, text)
        found[kind.TITLE] = "\n\n".join(part for part in (f"## {kind.TITLE}", kind.INTRO, said, text) if part)
    return found


def _told_of_others(section: str, name: str) -> list[str]:
    return [line for line in re.findall(r"^`\w+`: .*$", section, re.MULTILINE) if not line.startswith(f"`{name}`: ")]


def _joined(section: str, new: str) -> str:
    """Return a table with the lines of a section's that have other names, its own in the place of the first it lacks.

    The name of a line is what stands before its first number.
    """
    head, rule, *lines = new.splitlines()
    if head not in section:  # it has other columns now
        return new
    width = rule.strip("| ").split(" | ").index("---:")

    def name(line: str) -> list[str]:
        return line.split(" | ")[:width]

    names, old = [name(line) for line in lines], section.splitlines()
    old = old[old.index(head) + 2 :]
    place = next((number for number, line in enumerate(old) if name(line) in names), len(old))
    stay = [line for line in old if name(line) not in names]
    return "\n".join((head, rule, *stay[:place], *lines, *stay[place:]))


def split_sections(page: str) -> dict[str, str]:
    """Return the text of each section of a page by its title, in order.

    >>> split_sections("# Page\\n\\n## One\\n\\na\\n\\n## Two\\n\\nb\\n")
    {'One': '## One\\n\\na', 'Two': '## Two\\n\\nb'}
    """
    parts = f"\n{page}".split("\n## ")[1:]
    return {part.partition("\n")[0]: f"## {part.rstrip()}" for part in parts}


def commit() -> str:
    """Return which commit is measured, "-dirty" where files differ from it."""
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "an unknown commit"
