"""What estimates are worth: the share of the oracle's lift that a plan by them really obtains, and honest intervals."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks import ridge
from benchmarks.harness import Line, verdict
from benchmarks.lift_worlds import NEWCOMERS, Floor, World

SEEDS = 50
MARGIN = 0.10  # over raw rates
LEVEL, COVERAGE = 0.9, (0.87, 0.93)
WORLDS = (
    World(name="one column of 20, 30 reps", sizes=(20,)),
    World(name="columns of 6 and 4, 30 reps", sizes=(6, 4), by_column=True),
    World(name="24 segments of 6 x 4, 30 reps", sizes=(6, 4)),
    World(name="one column of 30, 20 reps", sizes=(30,), n_reps=20),
    World(name="one column of 10, 50 reps", sizes=(10,), n_reps=50),
)
NULL_WORLDS = (
    World(name="one column of 20, 30 reps, nobody better at anything", sizes=(20,), interaction_sd=0.0),
    World(name="columns of 6 and 4, 30 reps, nobody better at anything", sizes=(6, 4), interaction_sd=0.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obtained:
    """Shares of the oracle's lift over round robin, each float64 (n_seeds,)."""

    TITLE: ClassVar[str] = "How much of the lift a plan obtains"
    INTRO: ClassVar[str] = (
        f"Simulated sales floors, mean of {SEEDS} seeds +- standard error. On the logit, segments differ by 0.8,\n"
        "reps by 0.3, and who is good at what by 0.25 (standard deviations; over several columns together). 200\n"
        "past leads a rep, dealt at random; 40 coming leads a rep, and 20% more slots. Each method's rates go to\n"
        "the same solver; what its plan truly earns above round robin is given as a share of what the oracle's\n"
        "does, who knows the true rates. `best known` is told how much each family of effects varies. Goal: 10\n"
        "points more than raw rates (won / tried), and no less than ridge logistic regression with rep x column\n"
        "and a cross-validated penalty (a difference within two standard errors is none)."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("floor", "oracle's lift:", "best known:", "leadopt:", "raw rates:", "ridge:"),
        *("above raw:", "above ridge:", "met?"),
    )

    world: str
    oracle_lift: Any
    known: Any
    leadopt: Any
    raw: Any
    ridge: Any

    @property
    def cells(self) -> tuple[str, ...]:
        over_raw, over_ridge = self.leadopt - self.raw, self.leadopt - self.ridge
        return (
            self.world,
            f"{self.oracle_lift.mean():.1%}",
            *(points(share) for share in (self.known, self.leadopt, self.raw, self.ridge, over_raw, over_ridge)),
            verdict(bool(over_raw.mean() >= MARGIN and over_ridge.mean() >= -2.0 * standard_error(over_ridge))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Fractions of pairs whose true rate lies in the interval, each float64 (n_seeds,)."""

    TITLE: ClassVar[str] = "Coverage of 90% credible intervals"
    INTRO: ClassVar[str] = (
        "On the same floors: how often `AffinityModel.interval` holds the true rate, over all pairs of segment and\n"
        f"rep; for {NEWCOMERS} newcomers without a past; and for the leads that the plan placed. Goal: 87 to 93%,\n"
        "newcomers included."
    )
    HEAD: ClassVar[tuple[str, ...]] = ("floor", "reps with a past:", "newcomers:", "chosen by the plan:", "met?")

    world: str
    old: Any
    new: Any
    chosen: Any

    @property
    def cells(self) -> tuple[str, ...]:
        parts = (self.old, self.new, self.chosen)
        met = all(COVERAGE[0] <= part.mean() <= COVERAGE[1] for part in parts[:2])
        return (self.world, *map(points, parts), verdict(met))


def points(share: Any) -> str:
    """Return a mean in percent with its standard error."""
    return f"{100 * share.mean():.1f} +- {100 * standard_error(share):.1f}"


def standard_error(values: Any) -> float:
    """Return the standard error of a mean."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def rows() -> Iterator[Line]:
    """Return the lifts, then the coverage."""
    covered = []
    for world in (*WORLDS, *NULL_WORLDS):
        measured = [measure(world, world.floor(seed)) for seed in range(SEEDS)]
        found = {name: np.array([one[name] for one in measured]) for name in measured[0]}
        names = ("old", "new", "chosen")
        covered.append(Covered(world=world.name, **{name: found.pop(name) for name in names}))
        yield Obtained(world=world.name, **found)
    yield from covered


def measure(world: World, floor: Floor) -> dict[str, float]:
    """Return what one floor says of every method."""
    estimate, inside = learned(floor)
    plan = floor.plan(estimate)
    dealt, best = floor.earned(floor.round_robin), floor.earned(floor.plan(floor.rates[:, : floor.n_reps]))
    answers = {
        "known": floor.plan(ridge.with_known_spreads(floor, world)),
        "leadopt": plan,
        "raw": floor.plan(raw(floor)),
        "ridge": floor.plan(ridge.rates(floor)),
    }
    return {
        "oracle_lift": best / dealt - 1.0,
        **{name: (floor.earned(answer) - dealt) / (best - dealt) for name, answer in answers.items()},
        "old": inside[:, : floor.n_reps].mean(),
        "new": inside[:, floor.n_reps :].mean(),
        "chosen": inside[floor.leads, plan].mean(),
    }


def learned(floor: Floor) -> tuple[Any, Any]:
    """Return the model's rates (n_segments, n_reps), and for newcomers too whether the interval holds the truth."""
    from leadopt import AffinityModel

    model = AffinityModel(segment_by=floor.names).fit(floor.history)
    n_segments, n_all = floor.rates.shape
    segment, rep = np.divmod(np.arange(n_segments * n_all), n_all)
    pairs = {"rep_id": rep.tolist(), **floor.levels(segment)}
    low, high = model.interval(pairs, LEVEL).T.reshape(2, n_segments, n_all)
    chance = model.probability(pairs).reshape(n_segments, n_all)
    return chance[:, : floor.n_reps], (low <= floor.rates) & (floor.rates <= high)


def raw(floor: Floor) -> Any:
    """Return won / tried of each pair, the overall rate where nothing was tried."""
    tried, won = floor.counts
    return np.where(tried > 0, won / np.maximum(tried, 1), won.sum() / tried.sum())
