"""Whether the number that a plan is headed by comes true, on the floors of `leadopt demo`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, verdict
from benchmarks.small_teams import ratio_of_means

SEEDS, NEAR, RESERVE = 40, 0.02, 1500.0
POLICIES = {"as the demo has it": 0.0, f"a reserve of {RESERVE:,.0f}": RESERVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What plans are headed by, and what they bring on average in truth, float64 (n_seeds,) both."""

    TITLE: ClassVar[str] = "The headline of a plan"
    INTRO: ClassVar[str] = (
        f"Plans of {SEEDS} seeds of the demo's floor (240 leads, 12 reps, 6,000 past leads, leaning towards who is\n"
        "thought good): the expected value in `plan.summary()` by what such assignments bring on average under the\n"
        "true chances, +- standard error. Goal: within 2% on average, to within two standard errors."
    )
    HEAD: ClassVar[tuple[str, ...]] = ("policy", "said:", "true:", "said / true:", "met?")

    policy: str
    said: Any
    true: Any

    @property
    def cells(self) -> tuple[str, ...]:
        ratio, error = ratio_of_means(self.said, self.true)
        means = (f"{each.mean():,.0f}" for each in (self.said, self.true))
        met = abs(ratio - 1.0) <= NEAR + 2.0 * error
        return (self.policy, *means, f"{ratio:.3f} +- {error:.3f}", verdict(bool(met)))


def rows() -> Iterator[Line]:
    """Return a line for each policy."""
    yield from _rows(SEEDS)


def quick_rows() -> Iterator[Line]:
    """Return the same of a few floors."""
    yield from _rows(SEEDS // 10)


def _rows(n_seeds: int) -> Iterator[Line]:
    for policy, reserve in POLICIES.items():
        said, true = np.array([headline(seed, reserve) for seed in range(n_seeds)]).T
        yield Headline(policy=policy, said=said, true=true)


def headline(seed: int, reserve: float) -> tuple[float, float]:
    """Return what the plan of one floor says that it brings, and what it brings on average."""
    import leadopt
    from leadopt.evaluate.seasons.floor import sales_floor

    floor = sales_floor(rng=seed)
    policy = leadopt.Policy(segment_by=["industry", "source"], reserve=reserve)
    plan = leadopt.assign(floor.leads, floor.reps, floor.history, policy=policy, now=floor.now)
    placed = np.flatnonzero(plan.rep_of_lead >= 0)
    said = float(plan.case.gains_of(placed, plan.rep_of_lead[placed]).sum())
    if reserve == 0.0 and f"{said:,.0f}" not in plan.summary():
        raise AssertionError(f"{said:,.0f} is not the headline: {plan.summary()}")
    return said, floor.true_gain(plan.rep_of_lead)
