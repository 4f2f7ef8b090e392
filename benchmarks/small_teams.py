"""A newcomer beside few known reps: what is expected of her, what she gets, and what plans of small teams promise."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.affinity_lift import standard_error
from benchmarks.harness import Line, verdict
from leadopt.learning.effects.logistic import sigmoid

TEAMS, KNOWN, TEAM_OUTCOMES = 200, (1, 2, 3, 4, 12), (200, 3000)
BASE, REP_SD, TEAM_LEADS, TEAM_SLOTS = -2.0, 0.3, 10, 20
SKEWED, SKEWED_KNOWN = ("few stars", "two clusters", "lognormal"), (3, 12, 40)
RATIO, PROMISE = 0.05, 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Estimates of teams with one newcomer, and what their plans promise; arrays (n_seeds,)."""

    TITLE: ClassVar[str] = "A newcomer beside few known reps"
    INTRO: ClassVar[str] = (
        f"{TEAMS} simulated teams each: reps whose logits scatter by {REP_SD} around a chance of 12%, one\n"
        f"of them new; {TEAM_LEADS} leads and {TEAM_SLOTS} slots each. A newcomer's estimate over the mean\n"
        "of the known (goal: .95 to 1.05), her share of the leads, and the deals that plans promise over their mean\n"
        "under the true chances +- standard error (goal: within 3%, to within two standard errors): by the plan's\n"
        "expectation, and by `plan_value`. Of few stars 15% win 10%, others .3%, with a lognormal spread of .2; two\n"
        "clusters win 5 and 25%, with one of .1; lognormal chances have a median of 1% and a spread of 1.1."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("reps", "known:", "outcomes each:", "estimate / mean of known:", "gets:", "promised / true:"),
        *("plan_value / true:", "met?"),
    )

    population: str
    n_known: int
    outcomes: int
    newcomer: Any
    known: Any
    share: Any
    promised: Any
    valued: Any
    true: Any

    @property
    def cells(self) -> tuple[str, ...]:
        ratio = self.newcomer.mean() / self.known.mean()
        kept, valued = (ratio_of_means(said, self.true) for said in (self.promised, self.valued))
        met = abs(ratio - 1.0) <= RATIO and all(
            abs(each - 1.0) <= PROMISE + 2.0 * error for each, error in (kept, valued)
        )
        return (
            self.population,
            str(self.n_known),
            f"{self.outcomes:,}",
            f"{ratio:.3f}",
            f"{self.share.mean():.0%}",
            *(f"{each:.3f} +- {error:.3f}" for each, error in (kept, valued)),
            verdict(bool(met)),
        )


def rows() -> Iterator[Line]:
    """Return a line for each number of known reps and of outcomes."""
    yield from _rows(TEAMS)


def quick_rows() -> Iterator[Line]:
    """Yield a tenth of it."""
    yield from _rows(TEAMS // 10)


def _rows(n_teams: int) -> Iterator[Line]:
    teams = [("normal", n_known, outcomes) for outcomes in TEAM_OUTCOMES for n_known in KNOWN]
    teams += [(name, n_known, TEAM_OUTCOMES[-1]) for name in SKEWED for n_known in SKEWED_KNOWN]
    for population, n_known, outcomes in teams:
        found = [team(n_known, outcomes, seed, population) for seed in range(n_teams)]
        arrays = {name: np.array([one[name] for one in found]) for name in found[0]}
        yield Team(population=population, n_known=n_known, outcomes=outcomes, **arrays)


def chances(population: str, n: int, rng: np.random.Generator) -> Any:
    """Return the true chances of n reps of a population, float64 (n,)."""
    if population == "few stars":
        return np.where(rng.random(n) < 0.15, 0.1, 0.003) * np.exp(rng.normal(0.0, 0.2, n))
    if population == "two clusters":
        return np.where(rng.random(n) < 0.5, 0.05, 0.25) * np.exp(rng.normal(0.0, 0.1, n))
    if population == "lognormal":
        return np.minimum(0.01 * np.exp(rng.normal(0.0, 1.1, n)), 0.9)
    return sigmoid(BASE + rng.normal(0.0, REP_SD, n))


def ratio_of_means(one: Any, other: Any) -> tuple[float, float]:
    """Return the mean of one by that of the other, pairs that vary together, and its standard error (delta method)."""
    ratio = one.mean() / other.mean()
    return float(ratio), standard_error(one - ratio * other) / float(other.mean())


def team(n_known: int, outcomes: int, seed: int, population: str = "normal") -> dict[str, Any]:
    """Return what one team's estimates and plan say, and what is true."""
    import leadopt
    from leadopt.evaluate import plan_value

    rng = np.random.default_rng([seed, n_known, outcomes])
    true = chances(population, n_known + 1, rng)
    won = rng.binomial(outcomes, true[:-1])
    history = {
        "rep_id": np.repeat([f"rep {k}" for k in range(n_known)], outcomes).tolist(),
        "converted": (np.arange(outcomes) < won[:, None]).astype(int).ravel().tolist(),
    }
    n_leads = TEAM_LEADS * (n_known + 1)
    reps = {"rep_id": [f"rep {k}" for k in range(n_known + 1)], "capacity": [TEAM_SLOTS] * (n_known + 1)}
    plan = leadopt.assign({"lead_id": list(range(n_leads))}, reps, history, rng=seed)
    estimate = plan.case.evidence.estimates.probability[0]
    return {
        "newcomer": estimate[-1],
        "known": estimate[:-1].mean(),
        "share": float((plan.rep_of_lead == n_known).mean()),
        "promised": plan.expected,
        "valued": plan_value(plan, lift=False).estimate,
        "true": float(true[plan.rep_of_lead].sum()),
    }
