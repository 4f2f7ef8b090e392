"""How long a user waits after Ctrl-C, at random moments of long work, and how long nothing is told of its progress.

What is asserted: a process that was interrupted ends with 130 and no traceback but that of KeyboardInterrupt, whatever
it was doing.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from benchmarks.harness import ROOT, Line, verdict

WAIT_S, SILENCE_S, LIMIT_S, TRIES = 0.2, 1.0, 10.0, 6
_WITHIN = 0.7  # of the time of the first run: later ones may be quicker


def dense(n: int, m: int, limits: str = "none") -> Callable[..., Any]:
    """Return a match of dense gains."""
    return _match("dense", n, m, limits)


def factored(n: int, m: int, limits: str = "none") -> Callable[..., Any]:
    """Return a match of leads that share rows of rates."""
    return _match("factored", n, m, limits)


def _match(maker: str, n: int, m: int, limits: str) -> Callable[..., Any]:
    import leadopt
    from benchmarks.limits import LIMITS
    from benchmarks.matrices import MAKERS

    instance = MAKERS[maker](n=n, m=m)
    plain = leadopt.match(instance.affinity(), instance.capacity).objective if limits == "bands" else 0.0
    made = LIMITS[limits](instance, plain)
    limited = {"time_limit_s": LIMIT_S} if limits == "bands" else {}
    return lambda **more: leadopt.match(instance.affinity(), instance.capacity, limits=made, **limited, **more)


def hours(n: int, m: int) -> Callable[..., Any]:
    """Return a match under hours that differ by rep: a search in whole numbers."""
    import numpy as np

    import leadopt

    rng = np.random.default_rng(0)
    gains, taken = rng.random((n, m)), rng.integers(5, 26, (n, m)).astype(float)
    rooms = 0.8 * taken.sum(axis=0) / m
    made = [leadopt.Limit(reps=[rep], usage=taken, upper=float(room)) for rep, room in enumerate(rooms)]
    return lambda **more: leadopt.match(gains, n, limits=made, time_limit_s=LIMIT_S, **more)


def floor(act: str, n: int, m: int, n_history: int) -> Callable[..., Any]:
    """Return `assign`, `frontier` or `backtest` of a sales floor."""
    import leadopt
    from benchmarks.instances import as_table, sales_floor

    leads, reps, history = (as_table(columns, "polars") for columns in sales_floor(n, m, n_history, values=True))
    if act == "assign":
        fairness = leadopt.Fairness(of="value", low=0.6, high=1.4)
        return lambda **more: leadopt.assign(leads, reps, history, fairness=fairness, **more)
    if act == "frontier":
        return lambda **more: leadopt.frontier(leads, reps, history, **more)
    return lambda **more: leadopt.evaluate.backtest(history, **more)


WORK = {
    "dense 100,000 x 200": ("dense", {"n": 100_000, "m": 200}),
    "factored 300,000 x 300": ("factored", {"n": 300_000, "m": 300}),
    "nested limits, dense 50,000 x 200": ("dense", {"n": 50_000, "m": 200, "limits": "nested"}),
    "nested limits, dense 9,000 x 50": ("dense", {"n": 9_000, "m": 50, "limits": "nested"}),
    "bands, dense 5,000 x 50 (HiGHS)": ("dense", {"n": 5_000, "m": 50, "limits": "bands"}),
    "bands, factored 50,000 x 100": ("factored", {"n": 50_000, "m": 100, "limits": "bands"}),
    "hours, 200 x 10 (SCIP, CP-SAT)": ("hours", {"n": 200, "m": 10}),
    "hours, 1,500 x 30": ("hours", {"n": 1_500, "m": 30}),
    "assign with value bands, 2,000 x 20": ("floor", {"act": "assign", "n": 2_000, "m": 20, "n_history": 20_000}),
    "frontier, 2,000 x 20": ("floor", {"act": "frontier", "n": 2_000, "m": 20, "n_history": 20_000}),
    "backtest, 20,000 rows": ("floor", {"act": "backtest", "n": 100, "m": 20, "n_history": 20_000}),
}


def child(name: str) -> None:
    """Do some work, and print when it began, and when and how it ended, each with a time of the clock."""
    maker, settings = WORK[name]
    work = globals()[maker](**settings)
    last, silence, stages = time.monotonic(), 0.0, ["", ""]

    def told(stage: Any) -> None:
        nonlocal last, silence
        now = time.monotonic()
        if now - last > silence:
            silence, stages[0] = now - last, stages[1]
        last, stages[1] = now, getattr(stage, "stage", "")

    print("began", time.monotonic(), flush=True)
    last = time.monotonic()
    try:
        work(on_progress=told)
    except KeyboardInterrupt:
        os.write(1, f"interrupted {time.monotonic()}\n".encode())
        sys.exit(130)
    told(None)
    print("ended", time.monotonic(), silence, stages[0], flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """The longest wait for some work after Ctrl-C, and the longest time without a word of its progress."""

    TITLE: ClassVar[str] = "Ctrl-C and progress"
    INTRO: ClassVar[str] = (
        f"Each kind of work runs once to its end, and {TRIES} times to a random moment at which Ctrl-C comes. It is\n"
        "heard after the longest time until KeyboardInterrupt was raised, silent for the longest time between two\n"
        f"reports of progress, and in which stage. Searches have {LIMIT_S:g} s."
    )
    HEAD: ClassVar[tuple[str, ...]] = ("work", "seconds:", "heard after:", "goal:", "silent:", "in", "goal:", "met?")

    name: str
    seconds: float
    heard: float
    silent: float
    stage: str

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            f"{self.seconds:.2f}",
            f"{self.heard:.3f}",
            f"{WAIT_S:g}",
            f"{self.silent:.2f}",
            self.stage,
            f"{SILENCE_S:g}",
            verdict(self.heard <= WAIT_S and self.silent <= SILENCE_S),
        )


def rows() -> Iterator[Line]:
    for name in WORK:
        yield waited(name, TRIES)


def quick_rows() -> Iterator[Line]:
    for name in ("nested limits, dense 9,000 x 50", "hours, 200 x 10 (SCIP, CP-SAT)"):
        yield waited(name, 2)


def waited(name: str, tries: int) -> Waited:
    """Return how long Ctrl-C took to be heard in so many processes."""
    rng, heard = random.Random(0), []
    _, taken, silent, *stage = _run(name, None)
    for _ in range(tries):
        what, after, *_ = _run(name, _WITHIN * rng.random() * float(taken))
        if what == "interrupted":
            heard.append(float(after))
    if not heard:
        raise AssertionError(f"{name} ended {tries} times before Ctrl-C came")
    return Waited(name=name, seconds=float(taken), heard=max(heard), silent=float(silent), stage=" ".join(stage))


def _run(name: str, moment_s: float | None) -> list[str]:
    """Return how a process ended, after how many seconds of its work, or of the signal, and what more it said."""
    command = [sys.executable, "-c", f"from benchmarks.interrupts import child; child({name!r})"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        assert process.stdout is not None
        since = float(process.stdout.readline().split()[1])
        if moment_s is not None:
            time.sleep(moment_s)
            since = time.monotonic()
            process.send_signal(signal.SIGINT)
        said, errors = process.communicate()
    words = said.split()
    if process.returncode != (130 if words[:1] == ["interrupted"] else 0) and "KeyboardInterrupt" not in errors:
        raise AssertionError(f"{name} ended with {process.returncode}: {errors[-500:]}")
    if not words:  # it had ended, and heard the signal on its way out
        return ["ended", "0", "0"]
    return [words[0], str(float(words[1]) - since), *words[2:]]
