"""Whether verdicts are right: histories whose truth is known, small and large."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, verdict
from leadopt.learning.effects.logistic import sigmoid

HISTORIES = 60
N_REPS, N_SEGMENTS = 12, 5
WORLDS = {"nobody matters": (0.0, 0.0), "reps differ": (0.3, 0.0), "reps and pairs differ": (0.3, 0.5)}
SIZES = (300, 3000, 12_000)
DECISIONS = ("use it", "reps alone", "fairness is free", "cannot tell yet")
WRONG = {  # what may be said in 8% of the histories at most
    "nobody matters": ("use it", "reps alone"),
    "reps differ": ("use it", "fairness is free"),
    "reps and pairs differ": ("fairness is free",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How often each verdict was given."""

    TITLE: ClassVar[str] = "Verdicts of backtests"
    INTRO: ClassVar[str] = (
        f"{HISTORIES} histories of each kind: 12 reps, 5 segments (sd 0.8 on the logit); where they differ, reps of\n"
        'sd 0.3 and pairs of sd 0.5. How often `backtest` says what. Wrong is "use it" or "reps alone" where nobody\n'
        'matters, "use it" where only reps differ, and "fairness is free" where anything does; goal: at most 8%.'
    )
    HEAD: ClassVar[tuple[str, ...]] = ("truth", "outcomes:", *(f"{one}:" for one in DECISIONS), "wrong:", "met?")

    world: str
    n: int
    said: dict[str, float]

    @property
    def wrong(self) -> float:
        """Share of verdicts that are."""
        return sum(self.said[one] for one in WRONG[self.world])

    @property
    def cells(self) -> tuple[str, ...]:
        shares = (f"{self.said[one]:.0%}" for one in DECISIONS)
        return self.world, f"{self.n:,}", *shares, f"{self.wrong:.0%}", verdict(self.wrong <= 0.08)


def rows() -> Iterator[Line]:
    """Return a line for each world and size."""
    for world in WORLDS:
        for n in SIZES:
            yield said(world, n, HISTORIES)


def said(world: str, n: int, histories: int) -> Said:
    """Return what backtests say of a world."""
    from leadopt.evaluate import backtest

    found = Counter(
        backtest(history(world, n, seed), segment_by="source").verdict.decision for seed in range(histories)
    )
    return Said(world=world, n=n, said={one: found[one] / histories for one in DECISIONS})


def history(world: str, n: int, seed: int) -> dict[str, list[Any]]:
    """Return a history of a year."""
    rep_sd, pair_sd = WORLDS[world]
    rng = np.random.default_rng(seed)
    rep, segment = rng.integers(N_REPS, size=n), rng.integers(N_SEGMENTS, size=n)
    logit = -1.4 + rng.normal(0, 0.8, N_SEGMENTS)[segment] + rep_sd * rng.normal(size=N_REPS)[rep]
    logit += pair_sd * rng.normal(size=(N_REPS, N_SEGMENTS))[rep, segment]
    first = np.datetime64("2025-01-01")
    return {
        "rep_id": [f"r{one}" for one in rep],
        "source": [f"s{one}" for one in segment],
        "converted": (rng.random(n) < sigmoid(logit)).astype(int).tolist(),
        "at": [str(first + int(day)) for day in np.arange(n) * 365 // n],
    }
