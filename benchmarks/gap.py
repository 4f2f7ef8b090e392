"""Generalised assignment: leads that take different amounts of each rep's time. OR-Library's 60, and larger ones.

Costs become gains of the opposite sign, every lead must be placed, and each rep's time is a `Limit`.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, Ratio, Row, agree, fresh, timed, verdict
from benchmarks.matrices import data_folder

TYPES = ("C", "D", "E")
SIZES = tuple((n, m) for n in (100, 200) for m in (5, 10, 20))
LIMIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Costs to minimise, and the time each lead takes of each rep, both (n_leads, n_reps); the time each rep has."""

    cost: Any
    use: Any
    most: Any

    def settings(self) -> dict[str, Any]:
        """Return what `leadopt.match` takes."""
        import leadopt

        n, m = self.cost.shape
        limits = [
            leadopt.Limit(reps=[rep], usage=self.use[:, rep], upper=self.most[rep], name=f"time of rep {rep}")
            for rep in range(m)
        ]
        return {"affinity": -self.cost, "capacity": n, "limits": limits, "reserve": -np.inf}

    def total(self, rep_of_lead: Any) -> float:
        """Return what an answer costs, which must place all and keep to the times."""
        lead, rep = np.arange(len(self.cost)), np.asarray(rep_of_lead)
        if rep.min(initial=0) < 0:
            raise AssertionError("an answer leaves a lead without a rep")
        if (np.bincount(rep, weights=self.use[lead, rep], minlength=len(self.most)) > self.most).any():
            raise AssertionError("an answer exceeds a rep's time")
        return float(self.cost[lead, rep].sum())


def read(path: Path) -> Instance:
    """Return an instance of OR-Library: ``m n``, then m x n costs, m x n times and m capacities."""
    numbers = np.array(path.read_text(encoding="utf-8").split(), dtype=np.float64)
    m, n = int(numbers[0]), int(numbers[1])
    cost, use, most = np.split(numbers[2:], [m * n, 2 * m * n])
    if len(most) != m:
        raise ValueError(f"{path}: must hold {2 + 2 * m * n + m} numbers; found {len(numbers)}")
    return Instance(cost=cost.reshape(m, n).T, use=use.reshape(m, n).T, most=most)


def optima() -> dict[str, float]:
    """Return the published least costs by name, "gap1-0" to "gap12-4"; nothing where the data are absent."""
    path = data_folder() / "gap" / "optima.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        return {row["Path"].split("/")[-1]: float(row["Optimum"]) for row in csv.DictReader(file)}


def library(name: str) -> Instance:
    """Return an instance of OR-Library by its name."""
    return read(data_folder() / "gap" / name)


def generated(kind: str, n: int, m: int, seed: int = 0) -> Instance:
    """Return an instance of a classical type: C is uncorrelated, in D and E what takes little time costs much.

    References
    ----------
    Chu and Beasley (1997), A genetic algorithm for the generalised assignment problem (types A to D).
    doi:10.1016/S0305-0548(96)00032-9. Yagiura, Ibaraki and Glover (2006), A path relinking approach with ejection
    chains for the generalized assignment problem (type E). doi:10.1016/j.ejor.2004.06.025
    """
    rng = np.random.default_rng([seed, n, m, TYPES.index(kind)])
    if kind == "C":
        use, cost = rng.integers(5, 26, (n, m)), rng.integers(10, 51, (n, m))
    elif kind == "D":
        use = rng.integers(1, 101, (n, m))
        cost = 111 - use + rng.integers(-10, 11, (n, m))
    else:
        use = np.rint(1.0 - 10.0 * np.log(1.0 - rng.random((n, m))))
        cost = np.rint(1000.0 / use - 10.0 * rng.random((n, m)))
    return Instance(cost=cost.astype(float), use=use.astype(float), most=np.floor(0.8 * use.sum(axis=0) / m))


def named(name: str) -> Instance:
    """Return "gap1-0" from OR-Library, or "C 100 x 5" as generated."""
    if name.startswith("gap"):
        return library(name)
    kind, n, _, m = name.split()
    return generated(kind, int(n), int(m))


def ours(names: list[str], time_limit_s: float | None = None) -> dict[str, dict[str, Any]]:
    """Return what `match` takes on each instance, one after the other."""
    import leadopt

    results: dict[str, dict[str, Any]] = {}
    leadopt.match(**generated("C", 12, 3).settings())  # loads what it needs
    for name in names:
        instance = named(name)
        asked = {**instance.settings(), "time_limit_s": time_limit_s}
        seconds, found = timed(partial(leadopt.match, **asked))
        agree(instance.total(found.rep_of_lead), -found.objective, f"{name} added up")
        results[name] = {
            "seconds": seconds,
            "cost": -found.objective,
            "bound": -found.bound,
            "gap": found.gap,
            "status": found.status.name,
            "solver": found.solver,
        }
    return results


def highs(names: list[str], time_limit_s: float | None = None) -> dict[str, dict[str, Any]]:
    """Return what HiGHS takes on each instance as one integer programme."""
    results: dict[str, dict[str, Any]] = {}
    _highs(generated("C", 12, 3), None)
    for name in names:
        instance = named(name)
        seconds, (rep_of_lead, bound) = timed(partial(_highs, instance, time_limit_s))
        cost = None if rep_of_lead is None else instance.total(rep_of_lead)
        gap = None if cost is None else max(0.0, cost - bound) / max(1.0, abs(bound))
        results[name] = {"seconds": seconds, "cost": cost, "bound": bound, "gap": gap}
    return results


def _highs(instance: Instance, time_limit_s: float | None) -> tuple[Any, float]:
    """Return reps (None if none was found) and a lower bound, by `scipy.optimize.milp`."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    n, m = instance.cost.shape
    pair = np.arange(n * m)
    once = csr_array((np.ones(n * m), (pair // m, pair)))
    times = csr_array((instance.use.reshape(-1), (pair % m, pair)))
    found: Any = milp(
        instance.cost.reshape(-1),
        integrality=np.ones(n * m),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(once, 1, 1), LinearConstraint(times, -np.inf, instance.most)],
        options={"mip_rel_gap": 0.0} | ({} if time_limit_s is None else {"time_limit": time_limit_s}),
    )
    if found.status not in (0, 1):  # proved, or stopped at the limit
        raise AssertionError(f"HiGHS: {found.message}")
    reps = None if found.x is None else np.asarray(found.x).reshape(n, m).argmax(axis=1)
    return reps, float(found.mip_dual_bound)


def cp_sat(names: list[str], time_limit_s: float) -> dict[str, dict[str, Any]]:
    """Return what CP-SAT takes on each instance, with one worker as all others have one thread."""
    results: dict[str, dict[str, Any]] = {}
    _cp_sat(generated("C", 12, 3), time_limit_s)
    for name in names:
        instance = named(name)
        seconds, (rep_of_lead, bound) = timed(partial(_cp_sat, instance, time_limit_s))
        cost = None if rep_of_lead is None else instance.total(rep_of_lead)
        results[name] = {"seconds": seconds, "cost": cost, "bound": bound}
    return results


def _cp_sat(instance: Instance, time_limit_s: float) -> tuple[Any, float]:
    """Return reps (None if none was found) and a lower bound."""
    from ortools.sat.python import cp_model

    n, m = instance.cost.shape
    model = cp_model.CpModel()
    chosen = np.array([[model.new_bool_var("") for _ in range(m)] for _ in range(n)], dtype=object)
    for of_lead in chosen:
        model.add_exactly_one(of_lead.tolist())
    for rep in range(m):
        use = instance.use[:, rep].astype(int).tolist()
        model.add(cp_model.LinearExpr.weighted_sum(chosen[:, rep].tolist(), use) <= int(instance.most[rep]))
    costs = instance.cost.astype(int).reshape(-1).tolist()
    model.minimize(cp_model.LinearExpr.weighted_sum(chosen.reshape(-1).tolist(), costs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = time_limit_s
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
        raise AssertionError(f"CP-SAT: {solver.status_name(status)}")
    found = status != cp_model.UNKNOWN
    reps = np.array([[solver.boolean_value(x) for x in row] for row in chosen]).argmax(axis=1) if found else None
    return reps, float(solver.best_objective_bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generalised:
    """`match` on one instance beside HiGHS and CP-SAT; costs are minimised."""

    TITLE: ClassVar[str] = "Generalised assignment"
    INTRO: ClassVar[str] = (
        "Every lead takes its own time of each rep, and all must be placed: `match` with a `Limit` a rep, beside\n"
        "HiGHS on the whole integer programme (`scipy.optimize.milp`, gap 0). gap1 to gap12 are OR-Library's, whose\n"
        "optima are published; `match` must reach all 60, and know it. Types C, D and E are generated, 30 s and one\n"
        "thread each for `match`, HiGHS and CP-SAT: no other may find a lower cost in that time. The best bound is\n"
        "the best one of all of them."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("instance", "least known cost:", "cost:", "seconds:", "status", "certified gap:", "to the best bound:"),
        *("HiGHS' cost:", "its seconds:", "its gap:", "CP-SAT's cost:", "goal", "met?"),
    )

    instance: str
    known: float | None
    found: dict[str, Any]
    peer: dict[str, Any]
    other: dict[str, Any] | None = None
    goal: str
    met: bool

    @property
    def above_best_bound(self) -> float:
        """Return how far our cost may be above the least, by the best of all bounds."""
        bound = max(run["bound"] for run in (self.found, self.peer, self.other) if run is not None)
        return max(0.0, float(self.found["cost"] - bound)) / max(1.0, abs(bound))

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.instance,
            "" if self.known is None else f"{self.known:,.0f}",
            f"{self.found['cost']:,.0f}",
            f"{self.found['seconds']:.3f}",
            self.found["status"],
            _percent(self.found["gap"]),
            _percent(self.above_best_bound),
            _cost(self.peer),
            f"{self.peer['seconds']:.3f}",
            "" if self.peer["gap"] is None else _percent(self.peer["gap"]),
            "" if self.other is None else _cost(self.other),
            self.goal,
            verdict(self.met),
        )


def _cost(run: dict[str, Any]) -> str:
    return "none" if run["cost"] is None else f"{run['cost']:,.0f}"


def _percent(gap: float) -> str:
    return "0" if gap <= 1e-9 else f"{gap:.4%}"


def rows() -> Iterator[Line]:
    yield from _library_rows(list(optima()))
    yield from _generated_rows(f"{kind} {n} x {m}" for kind in TYPES for n, m in SIZES)


def quick_rows() -> Iterator[Line]:
    """Yield one of OR-Library's instances of each size, and the smallest of each type."""
    yield from _library_rows([name for name in optima() if name.endswith("-0")])
    yield from _generated_rows(f"{kind} 100 x 5" for kind in TYPES)


def _library_rows(names: list[str]) -> Iterator[Line]:
    if not names:
        yield Row(instance="OR-Library gap1 to gap12", note="skipped: no $LEADOPT_DATA here")
        return
    found, peer, known = fresh("gap", "ours", names=names), fresh("gap", "highs", names=names), optima()
    for name in names:
        agree(peer[name]["cost"], known[name], f"HiGHS on {name}")
        agree(found[name]["cost"], known[name], name)
        if found[name]["status"] == "FEASIBLE":
            raise AssertionError(f"{name}: {found[name]['status']}, gap {found[name]['gap']:g}")
        yield Generalised(
            instance=name, known=known[name], found=found[name], peer=peer[name], goal="optimal", met=True
        )
    yield Ratio(
        instance=f"OR-Library gap, all {len(names)} optimal",
        solver="leadopt",
        seconds=sum(found[name]["seconds"] for name in names),
        beside="HiGHS alone",
        its_seconds=sum(peer[name]["seconds"] for name in names),
        goal=1.0,
    )


def _generated_rows(names: Iterable[str]) -> Iterator[Line]:
    for name in names:
        found = fresh("gap", "ours", names=[name], time_limit_s=LIMIT_S)[name]
        peer, other = (fresh("gap", who, names=[name], time_limit_s=LIMIT_S)[name] for who in ("highs", "cp_sat"))
        runs = (found, peer, other)
        costs = [np.inf if run["cost"] is None else run["cost"] for run in runs]
        for run in runs:  # each bound is below every cost, or one of them lies
            if run["bound"] > min(costs) + 1e-6:
                raise AssertionError(f"{name}: a bound of {run['bound']} above a cost of {min(costs)} that exists")
        proved = peer["gap"] is not None and peer["gap"] <= 1e-9
        yield Generalised(
            instance=name,
            known=peer["cost"] if proved else costs[0] if found["status"] != "FEASIBLE" else None,
            found=found,
            peer=peer,
            other=other,
            goal=f"no peer below, {LIMIT_S:.0f} s",
            met=costs[0] <= min(costs) and found["seconds"] <= 1.1 * LIMIT_S,
        )
