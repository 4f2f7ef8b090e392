"""Every limit at once: a band on value and on hot leads for each rep, and a quota for newcomers; and nested limits.

What is asserted: no limit is broken, by the certificate's own sums; the objective is that of the answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, Ratio, TooSlow, fresh, median, peak_mb, timed, verdict
from benchmarks.matrices import MAKERS, Instance

GB = 1024.0
VALUE_BAND, HOT_BAND = (0.6, 1.25), (0.6, 1.4)
HOT_SHARE, NEW_REPS, QUOTA = 0.2, 0.15, 0.12
TEAM, TEAM_CAP = 20, 0.95  # reps of a team, and which part of their slots the team may fill
LIMIT_S = 400.0
WARM = {"n": 2_000, "m": 20}  # of what is solved before, so that all that it loads is there


def banded(instance: Instance, plain: float) -> list[Any]:
    """Return a value band and a hot-lead band for each rep, and the newcomers' quota.

    Entitlements are shares of capacity: of the value of the best plan without limits, `plain`, and of the hot leads,
    which are the top fifth by value. The newest reps, the last ones, are newcomers.
    """
    import leadopt

    n, m = instance.shape
    share = instance.capacity / instance.capacity.sum()
    value = leadopt.Affinity.coerce(instance.affinity())
    hot = hot_leads(instance)
    new = np.arange(m - round(NEW_REPS * m), m)
    low, high = VALUE_BAND
    bands = [
        leadopt.Limit(
            reps=[rep],
            usage=value,
            lower=low * plain * share[rep],
            upper=high * plain * share[rep],
            name=f"value band of rep {rep}",
        )
        for rep in range(m)
    ]
    quota = leadopt.Limit(reps=new, lower=np.ceil(QUOTA * n), name="newcomer quota")
    return [*bands, *_hot_bands(hot, share), quota]


def nested(instance: Instance) -> list[Any]:
    """Return a cap for each team, and for each rep in it a minimum load and a band on hot leads."""
    import leadopt

    n, m = instance.shape
    share = instance.capacity / instance.capacity.sum()
    teams = [np.arange(first, min(first + TEAM, m)) for first in range(0, m, TEAM)]
    caps = [
        leadopt.Limit(reps=team, upper=np.ceil(TEAM_CAP * instance.capacity[team].sum()), name=f"cap of team {k}")
        for k, team in enumerate(teams)
    ]
    loads = [
        leadopt.Limit(reps=[rep], lower=np.floor(0.6 * n * share[rep]), name=f"minimum of rep {rep}")
        for rep in range(m)
    ]
    return [*caps, *loads, *_hot_bands(hot_leads(instance), share)]


def hot_leads(instance: Instance) -> Any:
    """Return the top fifth of the leads by value, ascending."""
    value = instance.rates.max(axis=1) if instance.scale is None else instance.scale
    return np.sort(np.argpartition(-value, round(HOT_SHARE * len(value)))[: round(HOT_SHARE * len(value))])


def _hot_bands(hot: Any, share: Any) -> list[Any]:
    import leadopt

    low, high = HOT_BAND
    return [
        leadopt.Limit(
            reps=[rep],
            leads=hot,
            lower=np.floor(low * len(hot) * part),
            upper=np.ceil(high * len(hot) * part),
            name=f"hot leads of rep {rep}",
        )
        for rep, part in enumerate(share.tolist())
    ]


LIMITS = {"none": lambda instance, plain: [], "bands": banded, "nested": lambda instance, plain: nested(instance)}


def plain(maker: str, n: int, m: int) -> float:
    """Return the most that capacities alone allow."""
    import leadopt

    instance = MAKERS[maker](n=n, m=m)
    found = leadopt.match(instance.affinity(), instance.capacity)
    assert found.status is leadopt.Status.OPTIMAL
    return float(found.objective)


def ours(maker: str, n: int, m: int, limits: str, plain: float) -> dict[str, Any]:
    """Return what `match` takes, from arrays and limits to a certified answer, and what it comes to."""
    import leadopt
    from leadopt.problem.certify import certify

    instance = MAKERS[maker](n=n, m=m)
    made = LIMITS[limits](instance, plain)
    problem = leadopt.Problem(affinity=instance.affinity(), capacity=instance.capacity, limits=made)
    _warm_up(maker, limits, leadopt.Auto().choose(problem))
    runs = []
    while len(runs) < 3 and not (runs and runs[-1] > 3.0):
        seconds, found = timed(lambda: leadopt.match(instance.affinity(), instance.capacity, limits=made))
        runs.append(seconds)
    peak = peak_mb()
    audit = certify(found.problem, found.rep_of_lead, found.prices, found.limit_prices)
    if audit.violations:
        raise AssertionError(f"{maker} {n} x {m}, {limits}: {audit.violations[0]} and {len(audit.violations) - 1} more")
    if not np.isclose(instance.worth(found.rep_of_lead), found.objective, rtol=1e-12):
        raise AssertionError(f"{maker} {n} x {m}, {limits}: the objective is not that of the answer")
    return {
        "seconds": median(runs),
        "peak": peak,
        "objective": found.objective,
        "bound": found.bound,
        "gap": found.gap,
        "solver": found.solver,
        "n_limits": len(made),
    }


def _warm_up(maker: str, limits: str, solver: Any) -> None:
    """Solve something small of the same form with the same solver: whatever it loads is loaded then."""
    import leadopt

    small = MAKERS[maker](**WARM)
    worth = leadopt.match(small.affinity(), small.capacity).objective
    time_limit_s = 20.0 if limits == "bands" else None  # a search may go on for long, and flows know no limit
    leadopt.match(
        small.affinity(),
        small.capacity,
        limits=LIMITS[limits](small, worth),
        solver=solver,
        time_limit_s=time_limit_s,
    )


def highs(maker: str, n: int, m: int, limits: str, plain: float, gap: float) -> dict[str, Any]:
    """Return what HiGHS takes on the whole integer programme to a gap, from matrices that are built already."""
    instance = MAKERS[maker](n=n, m=m)
    made = LIMITS[limits](instance, plain)
    seconds, (rep_of_lead, bound) = timed(lambda: _highs(instance.gains(), instance.capacity, made, gap))
    return {"seconds": seconds, "objective": instance.worth(rep_of_lead), "bound": bound, "peak": peak_mb()}


def _highs(gains: Any, capacity: Any, limits: list[Any], gap: float) -> tuple[Any, float]:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, vstack

    n, m = gains.shape
    pair = np.arange(n * m)
    lead, rep = pair // m, pair % m
    rows = [csr_array((np.ones(n * m), (lead, pair))), csr_array((np.ones(n * m), (rep, pair)))]
    for limit in limits:
        inside = np.ones(n * m, dtype=bool)
        if limit.leads is not None:
            inside &= np.isin(lead, limit.leads)
        if limit.reps is not None:
            inside &= np.isin(rep, limit.reps)
        at = np.flatnonzero(inside)
        used = limit.usage_at(lead[at], rep[at])
        rows.append(csr_array((used, (np.zeros(len(at), dtype=int), at)), shape=(1, n * m)))
    found: Any = milp(
        -gains.reshape(-1),
        integrality=np.ones(n * m),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(
            vstack(rows, format="csr"),
            np.concatenate([np.zeros(n + m), [limit.lower for limit in limits]]),
            np.concatenate([np.ones(n), capacity, [limit.upper for limit in limits]]),
        ),
        options={"mip_rel_gap": gap},
    )
    if found.x is None:
        raise AssertionError(f"HiGHS: {found.message}")
    chosen = np.asarray(found.x).reshape(n, m) > 0.5
    return np.where(chosen.any(axis=1), chosen.argmax(axis=1), -1), -float(found.mip_dual_bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An instance with its limits, and upper bounds on seconds, MB and gap."""

    name: str
    maker: str
    n: int
    m: int
    limits: str = "bands"
    seconds: float | None = None
    peak_mb: float | None = None
    gap: float | None = None
    beside_highs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """One solver under limits of every kind."""

    TITLE: ClassVar[str] = "Under limits of every kind"
    INTRO: ClassVar[str] = (
        "For each rep a band on value (0.6 to 1.25 of its capacity's share of the best plan without limits) and a\n"
        "band on hot leads (0.6 to 1.4 of its share of the top fifth by value); the newest 15% of the reps get 12%\n"
        "of the leads. No answer breaks any limit, by the certificate's own sums. Peak memory includes the input."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("instance", "limits:", "solver", "seconds:", "peak MB:", "gap:", "goal", "met?"),
    )

    instance: str
    solver: str
    n_limits: int | None = None
    seconds: float | None = None
    peak_mb: float | None = None
    gap: float | None = None
    goals: Mapping[str, bool] = field(default_factory=dict)
    told: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.instance,
            "" if self.n_limits is None else f"{self.n_limits:,}",
            self.solver,
            self.told if self.seconds is None else f"{self.seconds:.3f}",
            "" if self.peak_mb is None else f"{self.peak_mb:,.0f}",
            "" if self.gap is None else f"{self.gap:.0e}" if self.gap else "0",
            ", ".join(text if met else f"{text} (**no**)" for text, met in self.goals.items()),
            verdict(all(self.goals.values()) if self.goals else None),
        )


SMALL = Case(name="dense 1,000 x 10", maker="dense", n=1_000, m=10, gap=1e-3, beside_highs=True)
MIDDLE = Case(name="dense 5,000 x 50", maker="dense", n=5_000, m=50, seconds=1.5, gap=1e-4)
LARGE = (
    Case(name="dense 50,000 x 200", maker="dense", n=50_000, m=200, seconds=15.0, peak_mb=2 * GB, gap=1e-5),
    Case(name="factored 100,000 x 200", maker="factored", n=100_000, m=200, gap=1e-4),
    Case(name="factored 1,000,000 x 1,000", maker="factored", n=1_000_000, m=1_000, seconds=60.0, gap=1e-4),
)
NESTED = ({"maker": "factored", "n": 50_000, "m": 200}, {"maker": "dense", "n": 50_000, "m": 200})
NESTED_QUICK = {"maker": "factored", "n": 5_000, "m": 50}


def rows() -> Iterator[Line]:
    for case in (SMALL, MIDDLE, *LARGE):
        yield from _case_rows(case)
    for size in NESTED:
        yield from _nested_rows(size)


def quick_rows() -> Iterator[Line]:
    for case in (SMALL, MIDDLE):
        yield from _case_rows(case)
    yield from _nested_rows(NESTED_QUICK)


def _case_rows(case: Case) -> Iterator[Limited]:
    size = {"maker": case.maker, "n": case.n, "m": case.m}
    settings = {**size, "limits": case.limits, "plain": fresh("limits", "plain", **size)}
    try:
        found = fresh("limits", "ours", limit_s=LIMIT_S, **settings)
    except TooSlow as reason:
        yield Limited(instance=case.name, solver="**leadopt**", told=str(reason), goals={"to end": False})
        return
    yield Limited(
        instance=case.name,
        solver=f"**leadopt** ({found['solver']}, by Auto)",
        n_limits=found["n_limits"],
        seconds=found["seconds"],
        peak_mb=found["peak"],
        gap=found["gap"],
        goals=_goals(case, found),
    )
    if case.beside_highs:
        yield _beside(case, found, settings)


def _goals(case: Case, found: Mapping[str, Any]) -> dict[str, bool]:
    wanted = (
        (case.seconds, found["seconds"], f"{case.seconds} s"),
        (case.peak_mb, found["peak"], f"{case.peak_mb or 0:,.0f} MB"),
        (case.gap, found["gap"], f"gap {case.gap}"),
    )
    return {text: value <= most for most, value, text in wanted if most is not None}


def _beside(case: Case, found: Mapping[str, Any], settings: Mapping[str, Any]) -> Limited:
    """Return HiGHS' line; neither's answer may exceed the other's bound."""
    try:
        peer = fresh("limits", "highs", limit_s=LIMIT_S, gap=case.gap, **settings)
    except TooSlow as reason:
        return Limited(instance=case.name, solver="HiGHS", told=str(reason))
    slack = 1e-6 * abs(peer["bound"])
    if peer["objective"] > found["bound"] + slack or found["objective"] > peer["bound"] + slack:
        raise AssertionError(f"{case.name}: bounds and objectives contradict each other: {found} and {peer}")
    return Limited(
        instance=case.name,
        solver=f"HiGHS, to a gap of {case.gap:g}",
        n_limits=found["n_limits"],
        seconds=peer["seconds"],
        peak_mb=peer["peak"],
        gap=max(0.0, peer["bound"] - peer["objective"]) / max(1.0, abs(peer["bound"])),
    )


def _nested_rows(size: Mapping[str, Any]) -> Iterator[Ratio]:
    plain_, found = (
        fresh("limits", "ours", limit_s=LIMIT_S, limits=limits, plain=0.0, **size) for limits in ("none", "nested")
    )
    yield Ratio(
        instance=f"{size['maker']} {size['n']:,} x {size['m']}, teams x reps x hot leads, {found['n_limits']} limits",
        solver=f"{found['solver']} (Auto)",
        seconds=found["seconds"],
        beside=f"capacities alone ({plain_['solver']})",
        its_seconds=plain_["seconds"],
        goal=3.0,
    )
