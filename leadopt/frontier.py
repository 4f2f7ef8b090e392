"""`frontier`: plans along a weight, a band or any setting, and which of them buys the most fairness for its price."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from leadopt.affinity import AffinityModel
from leadopt.arrays import Floats
from leadopt.decision.build import build
from leadopt.decision.case import gain_words
from leadopt.decision.clock import Clock
from leadopt.decision.keep import keep_current
from leadopt.decision.know import Known, know
from leadopt.decision.setting import Setting, name_of, setting, values_of
from leadopt.decision.solve import REFUSAL, solved
from leadopt.errors import Infeasible, InvalidInput, NoPlanFound
from leadopt.learning.classifier import Classifier
from leadopt.metrics import price_of_fairness
from leadopt.plans.evenness import evenness
from leadopt.plans.plan import Plan, plan_of
from leadopt.plot import plot_frontier
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.progress import Meter, OnProgress
from leadopt.solvers import Near
from leadopt.tables import Table
from leadopt.tables.cells import is_number
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import count, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_BANDS = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05, 0.0)
_LEARNED = ("segment_by", "score", "half_life_days", "columns")  # settings that the gains rest on
_SHOWS = 1e-3  # gap that a table tells
_SAME = 1e-9  # relative: objectives and measures closer than this are alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One plan of a frontier.

    Parameters
    ----------
    value
        of the setting
    plan
        None where no plan meets every limit
    reason
        why there is none
    gain
        expected gain of the placed leads, penalties for unfairness and what moves cost aside
    price_of_fairness
        fraction of the best that this one gives up of `counted`
    gini, jain, min_max
        of what is shared, over what each rep is entitled to: 0, 1 and 1 = all equal
    envy
        by how much the most envious rep would rather have another's leads, in units of gain and in proportion to what
        they are entitled to (all alike where a rep who is entitled to nothing has leads)
    counted
        what plans are compared by: the gain, with the reserve of the leads in the pool where all plans have the same
    """

    value: Any
    plan: Plan | None
    reason: str | None = None
    gain: float = np.nan
    price_of_fairness: float = np.nan
    gini: float = np.nan
    jain: float = np.nan
    min_max: float = np.nan
    envy: float = np.nan
    counted: float = np.nan

    def __post_init__(self) -> None:
        """Compare by the gain where nothing else is given."""
        if np.isnan(self.counted):
            object.__setattr__(self, "counted", self.gain)


_COLUMNS = ("gain", "price_of_fairness", "gini", "jain", "min_max", "envy")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Frontier(Result):
    """Plans along a setting, in the order of its values.

    Parameters
    ----------
    over
        the setting, in words
    unit
        of gains
    gain_words
        what gains are called: "expected deals", or "value placed" where nobody knows chances
    points
        one for each value, those without a plan included
    """

    over: str
    unit: str
    points: tuple[Point, ...]
    like: Table = field(repr=False)
    gain_words: str = ""

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans, in the order of the values; values that no plan meets are left out."""
        return tuple(point.plan for point in self.points if point.plan is not None)

    def frame(self) -> Any:
        """Return one row per value: objective, gain, price of fairness, measures, gap, and why there is no plan.

        The same kind of table as the leads were. `efficient` says whether the point is not dominated.
        """
        return self.like.build(self._columns, numbers=("objective", "gap", *_COLUMNS))

    @property
    def _columns(self) -> dict[str, list[Any]]:
        efficient = set(map(id, self.efficient))
        numbers = {name: [_known(getattr(point, name)) for point in self.points] for name in _COLUMNS}
        return {
            "value": [_plain(point.value) for point in self.points],
            "objective": [None if point.plan is None else point.plan.objective for point in self.points],
            **numbers,
            "gap": [None if point.plan is None else point.plan.gap for point in self.points],
            "efficient": [id(point) in efficient for point in self.points],
            "infeasible": [point.reason for point in self.points],
        }

    @cached_property
    def efficient(self) -> tuple[Point, ...]:
        """The points that no other one dominates, the cheapest first.

        One dominates another if it gains as much (by `counted`) and is as fair (by Gini), and more of either. Of points
        that are alike in both, the first stays.
        """
        there = [point for point in self.points if point.plan is not None]
        alike = _SAME * max((abs(point.counted) for point in there), default=0.0) or 1.0
        found = sorted(there, key=lambda point: (-round(point.counted / alike), point.gini))
        kept: list[Point] = []
        for point in found:
            if not kept or point.gini < kept[-1].gini - _SAME:
                kept.append(point)
        return tuple(kept)

    @cached_property
    def knee(self) -> Point | None:
        r"""The point where fairness begins to cost more than it brings; None where there is no such place.

        Of the efficient points, with x = price of fairness and y = Gini both scaled to [0, 1], it is the one farthest
        below the chord from the cheapest to the fairest:

        .. math:: \arg\max_k\; 1 - \hat x_k - \hat y_k

        None where fewer than three points are efficient, or none lies below the chord.

        References
        ----------
        Satopaa, Albrecht, Irwin & Raghavan (2011), Finding a "kneedle" in a haystack: detecting knee points in system
        behavior, section III. doi:10.1109/ICDCSW.2011.20
        """
        points = self.efficient
        if len(points) < 3:
            return None
        x, y = (_unit_range(np.array([getattr(p, name) for p in points])) for name in ("price_of_fairness", "gini"))
        below = 1.0 - x - y
        best = int(below.argmax())
        return points[best] if below[best] > _SAME else None

    def pick(self, max_cost: float = 0.02) -> Plan:
        """Return the fairest plan (by Gini) that gives up at most this fraction of the best gain.

        Raises
        ------
        InvalidInput
            no plan is that cheap; says what the cheapest costs
        """
        if not is_number(max_cost):
            raise InvalidInput(f"max_cost: must be a number, as in 0.02 for 2%; found {max_cost!r}")
        cheap = [point for point in self.efficient if point.price_of_fairness <= max_cost + _SAME]
        if not cheap:
            least = f"the cheapest costs {percent(self.efficient[0].price_of_fairness, 2)}" if self.efficient else ""
            raise InvalidInput(
                f"max_cost: no plan of this frontier costs {percent(max_cost, 2)} or less; "
                f"{least or 'no value of it can be met'}"
            )
        plan = cheap[-1].plan
        assert plan is not None  # efficient points have one
        return plan

    def plot(self, *, x: str = "price_of_fairness", y: str = "gini", ax: Axes | None = None) -> Axes:
        """Draw the plans, the knee marked, with the values beside them; see `leadopt.plot.plot_frontier`.

        Parameters
        ----------
        x, y
            columns of numbers of `frame()`

        Raises
        ------
        InvalidInput
            matplotlib is not installed, or there is no such column
        """
        there = [point for point in self.points if point.plan is not None]
        columns = {name: [getattr(point, name) for point in there] for name in _COLUMNS}
        columns["objective"] = [point.plan.objective for point in there if point.plan is not None]
        knee = self.knee
        place = None if knee is None else there.index(knee)
        return plot_frontier(columns, x=x, y=y, knee=place, names=[_shown(point.value) for point in there], ax=ax)

    def summary(self) -> str:
        """Return the frontier in one sentence."""
        there, knee = self.efficient, self.knee
        lost = len(self.points) - len(self.plans)
        said = f"{count(len(self.plans), 'plan')} over {self.over}, {len(there)} efficient"
        if there:
            said += (
                f": Gini from {number(there[0].gini)} to {number(there[-1].gini)} "
                f"for {percent(there[-1].price_of_fairness, 2)} of the gain"
            )
        if knee is not None:
            said += f"; knee at {_shown(knee.value)}"
        return said + (f"; {count(lost, 'value')} cannot be met" if lost else "")

    @property
    def _cells(self) -> Cells:
        rows = [
            [
                _shown(point.value),
                *(number(getattr(point, name), 4) if point.plan is not None else "-" for name in _COLUMNS[:1]),
                percent(point.price_of_fairness, 2) if point.plan is not None else "-",
                *(number(getattr(point, name)) if point.plan is not None else "-" for name in _COLUMNS[2:]),
                self._remark(point),
            ]
            for point in self.points
        ]
        return [
            self.over,
            self.gain_words or f"expected {self.unit}",
            "price",
            "Gini",
            "Jain",
            "min / max",
            "envy",
            "",
        ], rows

    def _remark(self, point: Point) -> str:
        """Return what a table says of a point: why there is no plan, in short, or whether it is worth a look."""
        if point.reason is not None:
            return point.reason.removeprefix(REFUSAL).rpartition(". ")[0]  # the mend comes last, in one sentence
        place = "knee" if point is self.knee else self._beaten(point)
        return ", ".join(part for part in (place, _lack(point)) if part)

    def _beaten(self, point: Point) -> str:
        if any(point is one for one in self.efficient):
            return ""
        same = [one for one in self.efficient if abs(one.gini - point.gini) <= _SAME]
        alike = any(abs(one.counted - point.counted) <= _SAME * abs(one.counted) for one in same)
        return "alike" if alike else "dominated"

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(tables=[self._cells])

    def _told(self) -> dict[str, Any]:
        return {"over": self.over, "unit": self.unit, "points": self._columns}


def frontier(
    leads: Any,
    reps: Any,
    history: Any = None,
    *,
    affinity: AffinityModel | Affinity | Classifier | ArrayLike | None = None,
    policy: Policy | None = None,
    over: str | Setting = "band",
    values: Sequence[Any] | None = None,
    pins: Mapping[Any, Any] | None = None,
    now: date | datetime | str | None = None,
    time_limit_s: float | None = None,
    rng: int | np.random.Generator = 0,
    on_progress: OnProgress | None = None,
) -> Frontier:
    r"""Return the best plan for each value of a setting, all of them proven, to see what fairness costs.

    The tables are read and learned from once (unless the setting changes what is learned), and each plan is solved from
    the prices of the one before.

    Parameters
    ----------
    leads, reps, history, affinity, pins, now, rng
        as of `assign`
    policy
        all other settings; None = `Policy()`
    over
        - "band": the fairness band reaches from 1 - value to 1 + value times the entitlement
        - "weight": `Fairness.weight`, what a unit outside the band costs
        - any setting by its name, such as "reserve", "fairness.high" or "newcomers.share"
        - a function from (policy, value) to a policy
    values
        the values, best in order: neighbours are solved from each other's prices. None = for a band, eleven from 1 to 0
    time_limit_s
        of each plan, as of `assign`
    on_progress
        called with a `Progress` at every stage

    Returns
    -------
    Frontier
        `.frame()`, `.knee`, `.efficient`, `.pick(max_cost=0.02)`, `.plans`. The price of fairness is counted from the
        plan without the setting where that is one of fairness or newcomers, else from the best of these plans

    Raises
    ------
    InvalidInput
        a table or setting breaks a rule, or there are no values. Values that no plan can meet are kept in the frame,
        with the reason

    Examples
    --------
    >>> reps = {"rep_id": ["Ann", "Bo"], "capacity": [4, 4]}
    >>> gains = [[5.0, 1.0], [4.0, 3.0], [3.0, 2.9], [2.0, 1.0]]
    >>> found = frontier({"lead_id": [1, 2, 3, 4]}, reps, affinity=gains, over="band", values=[1, 0.5, 0])
    >>> print(found.summary())
    3 plans over band, 3 efficient: Gini from 0.5 to 0 for 7.86% of the gain; knee at 0.5
    >>> print(found.pick(max_cost=0.02))
    4 of 4 leads placed, expected gain 13.9, proven best (MinCostFlow)
    """
    Clock(time_limit_s)  # refused before any work, if it is no time
    meter = Meter(on_progress)
    settings = Policy() if policy is None else policy
    if not isinstance(settings, Policy):
        raise InvalidInput(f"policy: must be a leadopt.Policy; found {type(policy).__name__}")
    if settings.explore:
        raise InvalidInput(
            f"policy.explore: a frontier is by the estimates alone: pass policy.replace(explore=0); "
            f"found {settings.explore!r}"
        )
    change = setting(over)
    wanted = values_of(_BANDS if values is None and over == "band" else values)
    policies = [change(settings, value) for value in wanted]
    known = know(leads, reps, history, affinity, settings, meter, now)
    point_of = partial(_point, new=partial(Clock, time_limit_s, meter), pins=pins, now=now, rng=rng)
    best = _best_gain(known, settings, over, point_of)
    points, learned, last = [], settings, None
    for value, one in zip(wanted, policies, strict=True):
        meter.enter(f"{name_of(over)} = {_shown(value)}")
        if any(getattr(one, name) != getattr(learned, name) for name in _LEARNED):
            known, learned = know(leads, reps, history, affinity, one, meter, now), one
        point = point_of(known, one, value, last)
        points.append(point)
        last = last if point.plan is None else point.plan
    if len({one.reserve for one in policies}) > 1:  # what is not sold counts differently then, and is no gain
        points = [replace(point, counted=point.gain) for point in points]
    gains = [point.counted for point in points if point.plan is not None]
    # Where nobody names a capacity, an even share is assumed in the plan without fairness alone.
    top = max(gains if best is None else [best, *gains], default=np.nan)
    return Frontier(
        over=name_of(over),
        unit=known.unit,
        gain_words=gain_words(known),
        points=tuple(
            point if point.plan is None else replace(point, price_of_fairness=price_of_fairness(top, point.counted))
            for point in points
        ),
        like=known.leads,
    )


def _best_gain(known: Known, policy: Policy, over: str | Setting, point_of: Callable[..., Point]) -> float | None:
    """Return what the plan without the setting gains, None where the setting cannot be left out."""
    part = "fairness" if over in ("band", "weight") else name_of(over).partition(".")[0]
    if not isinstance(over, str) or part not in ("fairness", "newcomers"):
        return None
    point = point_of(known, policy.replace(**{part: None}), None, None)
    return None if point.plan is None else point.counted


def _point(known: Known, policy: Policy, value: Any, last: Plan | None, *, new: Any, rng: Any, **rules: Any) -> Point:
    clock, near = new(), None
    case = keep_current(build(known, policy, clock=clock, **rules), known.leads)
    if last is not None:
        prices = last.capacity_prices
        near = Near(prices=prices, limit_prices=last.limit_prices_of_problem, rep_of_lead=last.rep_of_lead)
    try:
        held = None if case.kept is None else case.kept.previous
        found = solved(case, near=near, rng=rng, clock=clock)
        plan = plan_of(case, found, known.leads, near=held, rng=rng, clock=clock)
    except (Infeasible, NoPlanFound) as error:
        return Point(value=value, plan=None, reason=str(error))
    return Point(value=value, plan=plan, **evenness(plan))


def _lack(point: Point) -> str:
    """Return how much a plan may be below the best, where nobody knows that it is the best and it would show."""
    plan = point.plan
    if plan is None or plan.status in ("OPTIMAL", "SOLVED") or plan.gap < _SHOWS:
        return ""
    return f"at most {percent(plan.gap, 1)} below the best"


def _unit_range(values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _plain(value: Any) -> Any:
    """Return a value as a cell: numbers and text as they are, the rest as text."""
    return float(value) if is_number(value) else value if isinstance(value, str) else str(value)


def _shown(value: Any) -> str:
    return number(float(value)) if is_number(value) else str(value)
