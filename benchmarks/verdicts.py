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
WORLDS = {
    "nobody matters": (0.0, 0.0),
    "the level jumps, reps come and go": (0.0, 0.0),
    "equal reps, given other leads": (0.0, 0.0),
    "reps differ": (0.3, 0.0),
    "reps and pairs differ": (0.3, 0.5),
}
SIZES = (300, 3000, 12_000)
DECISIONS = ("use it", "reps alone", "fairness is free", "cannot tell yet")
WRONG = {  # what may be said in 8% of the histories at most
    "nobody matters": ("use it", "reps alone"),
    "the level jumps, reps come and go": ("use it", "reps alone"),
    "equal reps, given other leads": ("use it", "fairness is free"),  # "reps alone" with its caveat, else it is counted
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
        "matters, whether or not the level jumps twice a year (sd 0.6) and half of the reps work but a part of it;\n"
        '"use it" where only reps differ, and "fairness is free" where anything does. Where reps are equal and some\n'
        'were given better leads by a quality that history does not show (sd 0.8), nobody can know, so "reps alone"\n'
        "is wrong without saying how strong such a quality would have to be. Goal: at most 3%."
    )
    HEAD: ClassVar[tuple[str, ...]] = ("truth", "outcomes:", *(f"{one}:" for one in DECISIONS), "wrong:", "met?")

    world: str
    n: int
    said: dict[str, float]
    silent: float

    @property
    def wrong(self) -> float:
        """Share of verdicts that are, or that claim something without saying what may be behind it."""
        return sum(self.said[one] for one in WRONG[self.world]) + self.silent

    @property
    def cells(self) -> tuple[str, ...]:
        shares = (f"{self.said[one]:.0%}" for one in DECISIONS)
        return self.world, f"{self.n:,}", *shares, f"{self.wrong:.0%}", verdict(self.wrong <= 0.03)


def rows() -> Iterator[Line]:
    """Return a line for each world and size."""
    for world in WORLDS:
        for n in SIZES:
            yield said(world, n, HISTORIES)


def said(world: str, n: int, histories: int) -> Said:
    """Return what backtests say of a world."""
    from leadopt.evaluate import backtest

    verdicts = [backtest(history(world, n, seed), segment_by="source").verdict for seed in range(histories)]
    found = Counter(one.decision for one in verdicts)
    silent = sum(one.decision in DECISIONS[:2] and "A quality of leads" not in one.caveat for one in verdicts)
    return Said(world=world, n=n, said={one: found[one] / histories for one in DECISIONS}, silent=silent / histories)


def history(world: str, n: int, seed: int) -> dict[str, list[Any]]:
    """Return a history of a year."""
    rep_sd, pair_sd = WORLDS[world]
    rng = np.random.default_rng(seed)
    rep, segment = rng.integers(N_REPS, size=n), rng.integers(N_SEGMENTS, size=n)
    logit = -1.4 + rng.normal(0, 0.8, N_SEGMENTS)[segment] + rep_sd * rng.normal(size=N_REPS)[rep]
    logit += pair_sd * rng.normal(size=(N_REPS, N_SEGMENTS))[rep, segment]
    if world.startswith("the level"):
        day = np.arange(n) * 365 // n
        begin, end = rng.uniform(0.0, 250.0, N_REPS), rng.uniform(120.0, 400.0, N_REPS)
        whole = rng.random(N_REPS) < 0.5
        begin, end = np.where(whole, 0.0, begin), np.where(whole, 365.0, begin + end)
        begin[0], end[0] = 0.0, 365.0
        there = (begin[:, None] <= day) & (day <= end[:, None])
        rep = (rng.random((N_REPS, n)) * there).argmax(axis=0)
        logit += rng.normal(0, 0.6, 3)[np.searchsorted(np.sort(rng.uniform(40.0, 340.0, 2)), day)]
    if world.startswith("equal"):
        quality = rng.normal(0, 0.8, n)
        rep[np.argsort(quality + rng.normal(0, 0.8, n))] = np.arange(n) * N_REPS // n
        logit += quality
    first = np.datetime64("2025-01-01")
    return {
        "rep_id": [f"r{one}" for one in rep],
        "source": [f"s{one}" for one in segment],
        "converted": (rng.random(n) < sigmoid(logit)).astype(int).tolist(),
        "at": [str(first + int(day)) for day in np.arange(n) * 365 // n],
    }
