"""Whether what a plan is said to bring comes true: simulated seasons of each kind of floor."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.affinity_lift import NULL_WORLDS, WORLDS, raw, standard_error
from benchmarks.harness import Line, verdict
from benchmarks.lift_worlds import World

SEASONS = 200
FIRST_SEED = 1000  # other floors than those of `affinity_lift`
COVERAGE = (0.85, 0.95)
DATED = (
    World(name="one column of 20, 30 reps, a year whose level stays", sizes=(20,), level_sd=0.0),
    World(name="one column of 20, 30 reps, a year whose level wanders", sizes=(20,), level_sd=0.5),
    World(name="one column of 6, 12 reps, a year whose level wanders", sizes=(6,), n_reps=12, level_sd=0.5),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """What was said and what happened, each float64 (n_seasons,); `inside` and `lift_inside` are bool."""

    TITLE: ClassVar[str] = "What a plan is said to bring"
    INTRO: ClassVar[str] = (
        f"{SEASONS} simulated seasons of each kind of floor: `plan_value(plan)` before, outcomes drawn from the\n"
        "true rates after. `holds` is how often the 90% interval holds the outcome (goal: 85 to 95%), and how\n"
        "often the interval of the lift over round robin holds the true lift. Bias is the mean of what was said\n"
        "less what was true on average, in percent: of the plan as it says; of the raw rates (won / tried) of the\n"
        "plan's pairs; of a plan made by raw rates. `lift` is the true lift of the plan over round robin. Where a\n"
        "year is dated, its level stays or wanders on the logit (Ornstein-Uhlenbeck, spread .5, memory of 30, 60 and\n"
        "90 days by turns), and the season is the day after."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("floor", "deals:", "holds:", "bias:", "bias, raw:", "bias, raw plan:", "lift:", "lift holds:", "met?"),
    )

    world: str
    inside: Any
    lift_inside: Any
    true: Any
    lift: Any
    said: Any
    raw_said: Any
    raw_plan_true: Any
    raw_plan_said: Any

    @property
    def cells(self) -> tuple[str, ...]:
        # Matching must not do harm, either: a lift below 0 beyond two standard errors counts as missed.
        honest = COVERAGE[0] <= self.inside.mean() <= COVERAGE[1]
        harmless = self.lift.mean() >= -2.0 * standard_error(self.lift)
        return (
            self.world,
            f"{self.true.mean():.0f}",
            f"{self.inside.mean():.1%}",
            _bias(self.said, self.true),
            _bias(self.raw_said, self.true),
            _bias(self.raw_plan_said, self.raw_plan_true),
            f"{self.lift.mean():.1f} +- {standard_error(self.lift):.1f}",
            f"{self.lift_inside.mean():.1%}",
            verdict(bool(honest and harmless)),
        )


def _bias(said: Any, true: Any) -> str:
    error = 100.0 * (said - true) / true.mean()
    return f"{error.mean():+.1f} +- {standard_error(error):.1f}"


def rows() -> Iterator[Line]:
    """Return a line for each kind of floor."""
    for world in (*WORLDS[:3], *NULL_WORLDS, *DATED):
        seasons = [season(world, FIRST_SEED + number) for number in range(SEASONS)]
        yield Season(world=world.name, **{name: np.array([one[name] for one in seasons]) for name in seasons[0]})


def season(world: World, seed: int) -> dict[str, float | bool]:
    """Return what is said of one season's plan, and what happens."""
    import leadopt
    from leadopt.evaluate import plan_value

    floor = world.floor(seed)
    leads = {"lead_id": list(range(len(floor.leads))), **floor.levels(floor.leads)}
    reps = {"rep_id": list(range(floor.n_reps)), "capacity": floor.capacity.tolist()}
    plan = leadopt.assign(leads, reps, floor.history, policy=leadopt.Policy(segment_by=floor.names))
    found = plan_value(plan)
    if plan.status != "OPTIMAL" or found.lift is None:
        raise AssertionError(f"a plan is {plan.status}, not OPTIMAL")
    chance = floor.rates[floor.leads, plan.rep_of_lead]
    by_raw = raw(floor)
    raw_plan = floor.plan(by_raw)
    true_lift = float(chance.sum()) - floor.earned(plan.baseline("round robin").rep_of_lead)
    return {
        "inside": bool(found.low <= (floor.luck < chance).sum() <= found.high),
        "lift_inside": found.lift.low <= true_lift <= found.lift.high,
        "true": float(chance.sum()),
        "lift": true_lift,
        "said": found.estimate,
        "raw_said": floor.earned(plan.rep_of_lead, by_raw),
        "raw_plan_true": floor.earned(raw_plan),
        "raw_plan_said": floor.earned(raw_plan, by_raw),
    }
