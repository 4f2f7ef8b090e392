"""What is known where reps and levels are few: intervals, draws, and what plans are said to bring."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, verdict
from benchmarks.lift_worlds import NEWCOMERS, Floor, World
from benchmarks.small_teams import PROMISE, ratio_of_means

SEEDS, LEVEL, COVERAGE, VALUE_COVERAGE, WIDTH = 40, 0.9, (0.87, 0.93), (0.85, 0.95), (0.9, 1.1)
COLUMNS = {1: (6,), 2: (6, 4), 3: (6, 5, 4), 4: (6, 5, 4, 3), 5: (6, 5, 4, 3, 3)}
REPS = (2, 4, 12, 50)
LARGE_SEEDS = {3: 20, 4: 10, 5: 10}  # by the number of columns
MANY_REPS, MANY_REPS_SEEDS = 50, 5  # of two columns or more
LEVELS = (1, 2, 6, 24)
_PAIRS = 60  # segments of a floor that are looked at: with five columns there are a thousand
_DRAWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """Coverage and widths on floors of few reps or levels; fractions or means over pairs, each (n_seeds,)."""

    TITLE: ClassVar[str] = "Intervals where reps and levels are few"
    INTRO: ClassVar[str] = (
        f"{SEEDS} simulated floors each, fewer where they take a second and more, 200 past leads a rep (see above;\n"
        "the demo's are those of `leadopt demo`): how often the 90% interval holds the true chance, for reps with a\n"
        f"past and for {NEWCOMERS} without; the width of the central 90% of draws over that of the interval, on the\n"
        "logit, median of the pairs; how often the 90% interval of `plan_value` holds the outcome; the deals that it\n"
        "expects over those under the true chances, +- standard error. Goals, pooled: 87 to 93% (reps with a past),\n"
        "85 to 95% (`plan_value`); of widths, each: .9 to 1.1; of promises, each: within 3%, to within two standard\n"
        "errors."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *(
            "floor",
            "reps:",
            "floors:",
            "reps with a past:",
            "newcomers:",
            "draws / interval:",
            "plan_value:",
            "promised / true:",
            "met?",
        ),
    )

    name: str
    n_reps: str
    old: Any
    new: Any
    width: Any
    value: Any
    promised: Any
    true: Any
    judged: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        met = WIDTH[0] <= self.width.mean() <= WIDTH[1]
        if self.judged:
            met &= COVERAGE[0] <= self.old.mean() <= COVERAGE[1]
            met &= VALUE_COVERAGE[0] <= self.value.mean() <= VALUE_COVERAGE[1]
        parts = (f"{100.0 * part.mean():.1f}" if len(part) else "" for part in (self.old, self.new))
        value = f"{100.0 * self.value.mean():.1f}" if len(self.value) else ""
        kept = ""
        if len(self.true):
            ratio, error = ratio_of_means(self.promised, self.true)
            kept, met = f"{ratio:.3f} +- {error:.3f}", met and abs(ratio - 1.0) <= PROMISE + 2.0 * error
        return (
            self.name,
            self.n_reps,
            str(len(self.old)),
            *parts,
            f"{self.width.mean():.2f}",
            value,
            kept,
            verdict(bool(met)),
        )


def rows() -> Iterator[Line]:
    """Return a line for each kind of floor, and one for all together."""
    yield from _rows(1)


def quick_rows() -> Iterator[Line]:
    """Yield a tenth of it, or a floor of each kind."""
    yield from _rows(10)


def _rows(every: int) -> Iterator[Line]:
    pooled = []
    for n_columns, sizes in COLUMNS.items():
        for n_reps in REPS:
            world = World(name="", sizes=sizes, n_reps=n_reps, by_column=n_columns > 1)
            found = _stacked([measure(world.floor(seed)) for seed in range(0, n_floors(n_columns, n_reps), every)])
            pooled.append(found)
            yield Few(name=f"columns of {', '.join(map(str, sizes))}", n_reps=str(n_reps), **found)
    pooled.append(_stacked([demo(seed) for seed in range(0, SEEDS, every)]))
    yield Few(name="the demo's", n_reps="12", **pooled[-1])
    together = {name: np.concatenate([found[name] for found in pooled]) for name in pooled[0]}
    yield Few(name="all of these", n_reps="", **together, judged=True)
    for n_reps in REPS[:3]:
        for n_levels in LEVELS:
            world = World(name="", sizes=(n_levels,), n_reps=n_reps)
            found = _stacked([measure(world.floor(seed)) for seed in range(0, SEEDS, every)])
            yield Few(name=f"one column of {n_levels}", n_reps=str(n_reps), **found)


def n_floors(n_columns: int, n_reps: int) -> int:
    """Return of how many floors of a kind there is time for."""
    if n_reps >= MANY_REPS and n_columns > 1:
        return MANY_REPS_SEEDS
    return LARGE_SEEDS.get(n_columns, SEEDS)


def _stacked(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.array([one[name] for one in found if one[name] is not None]) for name in found[0]}


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
    chance = floor.rates[floor.leads, plan.rep_of_lead]
    outcome = (floor.luck < chance).sum()
    return {
        "old": inside[:, : floor.n_reps].mean(),
        "new": inside[:, floor.n_reps :].mean(),
        "width": float(np.median(found["width"])),
        "value": bool(value.low <= outcome <= value.high),
        "promised": value.estimate,
        "true": float(chance.sum()),
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
    return {
        "old": inside.mean(),
        "new": None,
        "width": float(np.median(found["width"])),
        "value": None,
        "promised": None,
        "true": None,
    }


def looked_at(model: Any, segments: list[tuple[str, ...]], reps: list[Any]) -> dict[str, Any]:
    """Return the ends of all pairs' intervals, and how much wider draws are, each (n_segments, n_reps)."""
    low, high = model.estimate(segments, reps).interval(level=LEVEL)
    drawn = np.quantile(model.draw(segments, reps, n_draws=_DRAWS), [0.5 - LEVEL / 2, 0.5 + LEVEL / 2], axis=0)
    widths = [np.log(one[1] / (1.0 - one[1])) - np.log(one[0] / (1.0 - one[0])) for one in (drawn, (low, high))]
    return {"low": low, "high": high, "width": widths[0] / widths[1]}
