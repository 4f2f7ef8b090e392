"""Fresh processes, timing, peak memory and the table. Imports nothing heavy: a child inherits its parent's peak."""

import importlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

ROOT = Path(__file__).parents[1]
LIBRARIES = ("leadopt", "numpy", "scipy", "ortools", "narwhals", "polars", "pandas", "pyarrow", "networkx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: `seconds` is a median, `goal` an upper limit on it, `met` what a count came to."""

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
            "" if met is None else "yes" if met else "**no**",
            self.note,
        )


def fresh(module: str, function: str, *, blas_threads: int | None = None, **settings: Any) -> Any:
    """Return what `benchmarks.<module>.<function>(**settings)` returns in a process of its own."""
    env = {} if blas_threads is None else {"OPENBLAS_NUM_THREADS": str(blas_threads)}
    command = [sys.executable, "-c", "from benchmarks.harness import child; child()"]
    return run_json([*command, module, function, json.dumps(settings)], env)


def run_json(command: list[str], env: Mapping[str, str] = MappingProxyType({})) -> Any:
    """Return what a command prints last, as JSON; its failure is ours."""
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False)
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
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"- CPU: {_cpu()}, {os.cpu_count()} cores; load when started: {os.getloadavg()[0]:.1f}",
        f"- {platform.system()} {platform.release()}, Python {platform.python_version()}",
        f"- {libraries}",
    ]


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def table(rows: Iterable[Row]) -> str:
    """Return the rows as Markdown."""
    head = ("| instance | seconds | peak MB | goal | met? | note |", "| --- | ---: | ---: | ---: | --- | --- |")
    return "\n".join([*head, *(f"| {' | '.join(row.cells)} |" for row in rows)])
