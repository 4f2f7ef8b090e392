"""`frontier`: plans along a weight, a band or any setting, and which of them buys the most fairness for its price."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.affinity import AffinityModel
from leadopt.decision.build import Known, build, know
from leadopt.decision.solve import solved
from leadopt.errors import Infeasible, InvalidInput, did_you_mean
from leadopt.fairness import Fairness, NewcomerQuota, entitlements
from leadopt.learning.classifier import Classifier
from leadopt.metrics import gini, jain, largest_envy, min_max_ratio, price_of_fairness
from leadopt.plans.frontiers import Frontier, Point, shown
from leadopt.plans.plan import Plan, plan_of
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.progress import Meter, OnProgress
from leadopt.tables.cells import is_number

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Setting = Callable[[Policy, Any], Policy]

_BANDS = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05, 0.0)
_LEARNED = ("segment_by", "score", "half_life_days", "columns")  # settings that the gains rest on


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
    rng: "int | np.random.Generator" = 0,
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
        `.frame`, `.knee`, `.efficient`, `.pick(max_cost=0.02)`, `.plans`. The price of fairness is counted from the
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
    meter = Meter(on_progress)
    settings = Policy() if policy is None else policy
    if not isinstance(settings, Policy):
        raise InvalidInput(f"policy: must be a leadopt.Policy; found {type(policy).__name__}")
    if settings.explore:
        raise InvalidInput(
            f"policy.explore: a frontier is by the estimates alone: pass policy.replace(explore=0); "
            f"found {settings.explore!r}"
        )
    change = _setting(over)
    wanted = _values(_BANDS if values is None and over == "band" else values)
    policies = [change(settings, value) for value in wanted]
    known = know(leads, reps, history, affinity, settings, meter, now)
    solving = _Solving(pins=pins, now=now, rng=rng, time_limit_s=time_limit_s)
    best = _best_gain(known, settings, over, solving)
    points, learned, last = [], settings, None
    for value, one in zip(wanted, policies, strict=True):
        meter.enter(f"{_name(over)} = {shown(value)}")
        if any(getattr(one, name) != getattr(learned, name) for name in _LEARNED):
            known, learned = know(leads, reps, history, affinity, one, meter, now), one
        point = _point(known, one, value, last, solving)
        points.append(point)
        last = last if point.plan is None else point.plan
    gains = [point.gain for point in points if point.plan is not None]
    top = max(gains, default=np.nan) if best is None else best
    return Frontier(
        over=_name(over),
        unit=known.unit,
        points=tuple(
            point if point.plan is None else replace(point, price_of_fairness=price_of_fairness(top, point.gain))
            for point in points
        ),
        like=known.leads,
    )


class _Solving(NamedTuple):
    """What all plans of a frontier are solved with."""

    pins: Any
    now: Any
    rng: "int | np.random.Generator"
    time_limit_s: float | None


def _values(values: Sequence[Any] | None) -> list[Any]:
    if isinstance(values, str | Mapping) or not (values is None or hasattr(values, "__iter__")):
        raise InvalidInput(f"values: must be a list of values; found {values!r}")
    found = list(values or ())
    if not found:
        raise InvalidInput("values: must hold a value at least; found none")
    return found


def _setting(over: str | Setting) -> Setting:
    """Return how a value changes the policy."""
    if callable(over):
        return lambda policy, value: _checked(over(policy, value))
    if over == "band":
        return _with_band
    path = ("fairness", "weight") if over == "weight" else tuple(str(over).split("."))
    return lambda policy, value: _with(policy, path, value, "policy")


def _checked(policy: Any) -> Policy:
    if not isinstance(policy, Policy):
        raise InvalidInput(f"over: the function must return a leadopt.Policy; found {type(policy).__name__}")
    return policy


def _with_band(policy: Policy, value: Any) -> Policy:
    if not (is_number(value) and 0 <= value < np.inf):
        raise InvalidInput(f"values: half the width of a band must be a number, 0 or more; found {value!r}")
    low, high = max(0.0, 1.0 - value), 1.0 + value
    return policy.replace(fairness=[replace(one, low=low, high=high) for one in policy.fairnesses or (Fairness(),)])


_DEFAULTS: dict[str, Callable[[], Any]] = {"fairness": Fairness, "newcomers": NewcomerQuota}


def _with(settings: Any, path: tuple[str, ...], value: Any, where: str) -> Any:
    """Return frozen settings with a field changed, that may be a field of a field."""
    known = [one.name for one in fields(settings)]
    if path[0] not in known:
        raise InvalidInput(f"over: {where} has no setting {path[0]!r}{did_you_mean(path[0], known)}")
    if len(path) == 1:
        return replace(settings, **{path[0]: value})
    inner = getattr(settings, path[0])
    inner = _DEFAULTS[path[0]]() if inner is None and path[0] in _DEFAULTS else inner
    if isinstance(inner, tuple) and inner and all(map(is_dataclass, inner)):
        changed = tuple(_with(one, path[1:], value, f"{where}.{path[0]}") for one in inner)
        return replace(settings, **{path[0]: changed})
    if not is_dataclass(inner):
        raise InvalidInput(f"over: {where}.{path[0]} has no settings of its own; found {'.'.join(path)!r}")
    return replace(settings, **{path[0]: _with(inner, path[1:], value, f"{where}.{path[0]}")})


def _name(over: str | Setting) -> str:
    return over if isinstance(over, str) else getattr(over, "__name__", "setting")


def _best_gain(known: Known, policy: Policy, over: str | Setting, solving: _Solving) -> float | None:
    """Return what the plan without the setting gains, None where the setting cannot be left out."""
    part = "fairness" if over in ("band", "weight") else _name(over).partition(".")[0]
    if not isinstance(over, str) or part not in ("fairness", "newcomers"):
        return None
    point = _point(known, policy.replace(**{part: None}), None, None, solving)
    return None if point.plan is None else point.gain


def _point(known: Known, policy: Policy, value: Any, last: Plan | None, solving: _Solving) -> Point:
    case = build(known, policy, solving.pins, solving.now)
    near = None if last is None else (last.capacity_prices, last.limit_prices_of_problem)
    try:
        found = solved(case, rng=solving.rng, near=near, time_limit_s=solving.time_limit_s)
        plan = plan_of(case, found, known.leads)
    except Infeasible as error:
        return Point(value=value, plan=None, reason=str(error))
    entitled, loads = _received(plan)
    there = entitled > 0
    shares = loads[there] / entitled[there]
    return Point(
        value=value,
        plan=plan,
        gain=_gain(plan),
        gini=gini(shares),
        jain=jain(shares),
        min_max=min_max_ratio(shares),
        envy=largest_envy(case.gains, plan.rep_of_lead, None if (loads[~there] > 0).any() else entitled),
    )


def _gain(plan: Plan) -> float:
    placed = np.flatnonzero(plan.rep_of_lead >= 0)
    reserves = plan.case.pool_gain * (len(plan.rep_of_lead) - len(placed))
    return float(plan.case.gains.at(placed, plan.rep_of_lead[placed]).sum()) + reserves


def _received(plan: Plan) -> tuple[Floats, Floats]:
    """Return what each rep is entitled to and has, of what the first setting of fairness shares, else of leads."""
    case = plan.case
    if case.shared:
        return case.shared[0].entitlement, case.shared[0].received(plan.rep_of_lead)
    slots, loads = case.problem.capacity, plan.n_leads_of_rep.astype(np.float64)
    return entitlements(slots, slots, loads.sum()), loads
