"""How often `backtest` sees what matching is worth: histories whose pairs differ by a little and by much."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, verdict
from benchmarks.verdicts import N_REPS, N_SEGMENTS, as_table
from leadopt.learning.effects.logistic import sigmoid

FLOORS, FLOOR_SIZES = 10, (2000, 10_000)
PAIR_SDS = (0.2, 0.094, 0.047, 0.024, 0.012)  # at which matching is worth about 17, 8, 4, 2 and 1% in deals


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """How often "use it" is said where matching is worth so much, float64 (n_histories,) each."""

    TITLE: ClassVar[str] = "Power of verdicts"
    INTRO: ClassVar[str] = (
        f"{FLOORS} histories of each kind: 12 reps (sd 0.3), 5 segments that are alike, and pairs that differ by as\n"
        "much as makes the oracle's matching with equal loads worth about 17, 8, 4, 2 and 1% in deals. How often a\n"
        'test that knows the form of the truth (that pairs vary, at 1%) sees it, how often `backtest` says "use it",\n'
        "and what it says that matching would have brought. Goal: 8 of 10 wherever the test sees it in 9 of 10 and\n"
        "that is half a percent or more."
    )
    HEAD: ClassVar[tuple[str, ...]] = ("worth", "outcomes:", "test sees it:", "use it:", "would have brought:", "met?")

    worth: Any
    n: int
    seen: Any
    used: Any
    share: Any

    @property
    def cells(self) -> tuple[str, ...]:
        asked = self.seen.mean() >= 0.9 and self.share.mean() >= 0.005
        return (
            f"{self.worth.mean():.1%}",
            f"{self.n:,}",
            f"{self.seen.mean():.0%}",
            f"{self.used.mean():.0%}",
            f"{self.share.mean():.1%}",
            verdict(bool(self.used.mean() >= 0.8)) if asked else "-",
        )


def rows() -> Iterator[Line]:
    """Return a line for each worth and size."""
    for pair_sd in PAIR_SDS:
        for n in FLOOR_SIZES:
            yield power(pair_sd, n, FLOORS)


def power(pair_sd: float, n: int, histories: int) -> Power:
    """Return what backtests say of floors whose pairs differ by so much."""
    from leadopt.evaluate import backtest

    parts = []
    for seed in range(histories):
        table, worth = floor(pair_sd, n, seed)
        found = backtest(table, segment_by="source")
        parts.append((worth, found.tests[1].found, found.verdict.decision == "use it", found.matched.share))
    worth, seen, used, share = np.array(parts, dtype=np.float64).T
    return Power(worth=worth, n=n, seen=seen, used=used, share=share)


def floor(pair_sd: float, n: int, seed: int) -> tuple[dict[str, list[Any]], float]:
    """Return a history of a year, and what matching with equal loads is worth in truth, as a fraction of deals."""
    import leadopt

    rng = np.random.default_rng([seed, n])
    logit = -1.4 + 0.3 * rng.normal(size=N_REPS) + pair_sd * rng.normal(size=(N_SEGMENTS, N_REPS))
    rate, rep, segment = sigmoid(logit), rng.integers(N_REPS, size=n), rng.integers(N_SEGMENTS, size=n)
    new = rng.integers(N_SEGMENTS, size=100 * N_REPS)
    best = leadopt.match(leadopt.Affinity(rates=rate, row=new), 100).rep_of_lead
    table = as_table(rep, segment, rng.random(n) < rate[segment, rep])
    return table, float(rate[new, best].sum() / rate[new].mean(axis=1).sum() - 1.0)
