"""What is known where reps and levels are few: newcomers beside small teams, intervals, draws, promises."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.affinity_lift import standard_error
from benchmarks.harness import Line, verdict
from benchmarks.lift_worlds import NEWCOMERS, Floor, World
from leadopt.learning.effects.logistic import sigmoid

TEAMS, KNOWN, TEAM_OUTCOMES = 200, (1, 2, 3, 4, 12), (200, 3000)
BASE, REP_SD, TEAM_LEADS, TEAM_SLOTS = -2.0, 0.3, 10, 20
RATIO, PROMISE = 0.05, 0.03
SEEDS, LEVEL, COVERAGE, VALUE_COVERAGE, WIDTH = 40, 0.9, (0.87, 0.93), (0.85, 0.95), (0.9, 1.1)
COLUMNS = {1: (6,), 2: (6, 4), 3: (6, 5, 4), 4: (6, 5, 4, 3), 5: (6, 5, 4, 3, 3)}
REPS = (2, 4, 12, 50)
LARGE_SEEDS, MANY_REPS = 10, 50
LEVELS = (1, 2, 6, 24)
_PAIRS = 60  # segments of a floor that are looked at: with five columns there are a thousand
_DRAWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Estimates of teams with one newcomer, and what their plans promise; arrays (n_seeds,)."""

    TITLE: ClassVar[str] = "A newcomer beside few known reps"
    INTRO: ClassVar[str] = (
        f"{TEAMS} simulated teams each: reps whose logits scatter by {REP_SD} around a chance of 12%, one\n"
        f"of them new; {TEAM_LEADS} leads and {TEAM_SLOTS} slots each. A newcomer's estimate over the mean\n"
        "of the known (goal: .95 to 1.05), her share of the leads, and the deals that plans promise over their mean\n"
        "under the true chances +- standard error (goal: within 3%, to within two standard errors): by the plan's\n"
        "expectation, and by `plan_value`."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("known reps", "outcomes each:", "estimate / mean of known:", "gets:", "promised / true:"),
        *("plan_value / true:", "met?"),
    )

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
            str(self.n_known),
            f"{self.outcomes:,}",
            f"{ratio:.3f}",
            f"{self.share.mean():.0%}",
            *(f"{each:.3f} +- {error:.3f}" for each, error in (kept, valued)),
            verdict(bool(met)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """Coverage and widths on floors of few reps or levels; fractions or means over pairs, each (n_seeds,)."""

    TITLE: ClassVar[str] = "Intervals where reps and levels are few"
    INTRO: ClassVar[str] = (
        f"{SEEDS} simulated floors each ({LARGE_SEEDS} of {MANY_REPS} reps by three columns or more, which take\n"
        "seconds each), 200 past leads a rep (see above; the demo's are those of `leadopt demo`):\n"
        f"how often the 90% interval holds the true chance, for reps with a past and for {NEWCOMERS} without; the\n"
        "width of the central 90% of draws over that of the interval, on the logit, median of the pairs; how often\n"
        "the 90% interval of `plan_value` holds the outcome. Goals, pooled: 87 to 93% (reps with a past), 85 to 95%\n"
        "(`plan_value`); of widths, each: .9 to 1.1."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("floor", "reps:", "floors:", "reps with a past:", "newcomers:", "draws / interval:", "plan_value:", "met?"),
    )

    name: str
    n_reps: str
    old: Any
    new: Any
    width: Any
    value: Any
    judged: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        met = WIDTH[0] <= self.width.mean() <= WIDTH[1]
        if self.judged:
            met &= COVERAGE[0] <= self.old.mean() <= COVERAGE[1]
            met &= VALUE_COVERAGE[0] <= self.value.mean() <= VALUE_COVERAGE[1]
        parts = (f"{100.0 * part.mean():.1f}" if len(part) else "" for part in (self.old, self.new))
        value = f"{100.0 * self.value.mean():.1f}" if len(self.value) else ""
        return (
            self.name,
            self.n_reps,
            str(len(self.old)),
            *parts,
            f"{self.width.mean():.2f}",
            value,
            verdict(bool(met)),
        )


def ratio_of_means(one: Any, other: Any) -> tuple[float, float]:
    """Return the mean of one by that of the other, pairs that vary together, and its standard error (delta method)."""
    ratio = one.mean() / other.mean()
    return float(ratio), standard_error(one - ratio * other) / float(other.mean())


def rows() -> Iterator[Line]:
    """Return the teams, then the floors."""
    yield from _rows(TEAMS, SEEDS)


def quick_rows() -> Iterator[Line]:
    """Yield a tenth of it."""
    yield from _rows(TEAMS // 10, SEEDS // 10)


def _rows(n_teams: int, n_seeds: int) -> Iterator[Line]:
    for outcomes in TEAM_OUTCOMES:
        for n_known in KNOWN:
            yield Team(
                n_known=n_known, outcomes=outcomes, **_stacked([team(n_known, outcomes, s) for s in range(n_teams)])
            )
    pooled = []
    for n_columns, sizes in COLUMNS.items():
        for n_reps in REPS:
            world = World(name="", sizes=sizes, n_reps=n_reps, by_column=n_columns > 1)
            large = n_columns >= 3 and n_reps >= MANY_REPS
            n_floors = min(n_seeds, LARGE_SEEDS) if large else n_seeds
            found = _stacked([measure(world.floor(seed)) for seed in range(n_floors)])
            pooled.append(found)
            yield Few(name=f"columns of {', '.join(map(str, sizes))}", n_reps=str(n_reps), **found)
    pooled.append(_stacked([demo(seed) for seed in range(n_seeds)]))
    yield Few(name="the demo's", n_reps="12", **pooled[-1])
    together = {name: np.concatenate([found[name] for found in pooled]) for name in pooled[0]}
    yield Few(name="all of these", n_reps="", **together, judged=True)
    for n_reps in REPS[:3]:
        for n_levels in LEVELS:
            world = World(name="", sizes=(n_levels,), n_reps=n_reps)
            found = _stacked([measure(world.floor(seed)) for seed in range(n_seeds)])
            yield Few(name=f"one column of {n_levels}", n_reps=str(n_reps), **found)


def _stacked(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.array([one[name] for one in found if one[name] is not None]) for name in found[0]}


def team(n_known: int, outcomes: int, seed: int) -> dict[str, Any]:
    """Return what one team's estimates and plan say, and what is true."""
    import leadopt
    from leadopt.evaluate import plan_value

    rng = np.random.default_rng([seed, n_known, outcomes])
    true = sigmoid(BASE + rng.normal(0.0, REP_SD, n_known + 1))
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


def measure(floor: Floor) -> dict[str, Any]:
    """Return how often intervals of one floor hold, how wide draws are, and whether its plan keeps its promise."""
    import leadopt
    from leadopt.evaluate import plan_value

    model = leadopt.AffinityModel(segment_by=floor.names).fit(floor.history)
    rng = np.random.default_rng(len(floor.rates))
    segments = np.sort(rng.choice(len(floor.rates), min(len(floor.rates), _PAIRS), replace=False))
    found = looked_at(model, [floor.every_segment[k] for k in segments], list(range(floor.n_reps + NEWCOMERS)))
    inside = (found["low"] <= floor.rates[segments]) & (floor.rates[segments] <= found["high"])
    leads = {"lead_id": list(range(len(floor.leads))), **floor.levels(floor.leads)}
    reps = {"rep_id": list(range(floor.n_reps)), "capacity": floor.capacity.tolist()}
    plan = leadopt.assign(leads, reps, floor.history, policy=leadopt.Policy(segment_by=floor.names))
    value = plan_value(plan, lift=False)
    outcome = (floor.luck < floor.rates[floor.leads, plan.rep_of_lead]).sum()
    return {
        "old": inside[:, : floor.n_reps].mean(),
        "new": inside[:, floor.n_reps :].mean(),
        "width": float(np.median(found["width"])),
        "value": bool(value.low <= outcome <= value.high),
    }


def demo(seed: int) -> dict[str, Any]:
    """Return the same of one of the demo's floors."""
    from leadopt import AffinityModel
    from leadopt.evaluate.seasons.floor import INDUSTRIES, SOURCES, sales_floor

    floor = sales_floor(rng=seed)
    model = AffinityModel(segment_by=["industry", "source"]).fit(floor.history)
    segments = [(industry, source) for industry in INDUSTRIES for source in SOURCES]
    found = looked_at(model, segments, floor.reps["rep_id"])
    inside = (found["low"] <= floor.rates) & (floor.rates <= found["high"])
    return {"old": inside.mean(), "new": None, "width": float(np.median(found["width"])), "value": None}


def looked_at(model: Any, segments: list[tuple[str, ...]], reps: list[Any]) -> dict[str, Any]:
    """Return the ends of all pairs' intervals, and how much wider draws are, each (n_segments, n_reps)."""
    low, high = model.estimate(segments, reps).interval(level=LEVEL)
    drawn = np.quantile(model.draw(segments, reps, n_draws=_DRAWS), [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0)
    widths = [np.log(one[1] / (1.0 - one[1])) - np.log(one[0] / (1.0 - one[0])) for one in (drawn, (low, high))]
    return {"low": low, "high": high, "width": widths[0] / widths[1]}
