"""One solver on one instance in a process of its own: seconds, peak memory, objective and gap."""

import math
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.harness import TooSlow, agree, fresh, median, peak_mb, timed

OURS = ("Auto", "Auction", "Envelope", "MinCostFlow", "Hungarian")
LIMIT_S = 400.0  # for a process, loading included
LONG_S = 3.0  # what takes longer is run once
_SEEN: dict[tuple[Any, ...], dict[str, Any]] = {}


def solver_named(name: str) -> Any:
    """Return a solver with its default options."""
    import leadopt

    return getattr(leadopt, name)()


def measured(maker: str, settings: Mapping[str, Any], solvers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what each solver takes for an instance, in this order; what was measured before is not measured again.

    Auto comes under its own name, and a solver that it chose is not run twice. Objectives agree, or the run fails.
    A result without "seconds" was stopped at the limit.
    """

    def key(solver: str) -> tuple[Any, ...]:
        return (maker, *sorted(settings.items()), solver)

    if any(key(solver) not in _SEEN for solver in solvers):
        with tempfile.TemporaryDirectory() as folder:
            size = fresh("matrices", "write", folder=folder, kind=maker, **settings)
            for solver in solvers:
                if key(solver) not in _SEEN:
                    result = _one(folder, solver) | size
                    _SEEN[key(solver)] = result
                    if solver == "Auto" and "solver" in result:
                        _SEEN[key(result["solver"])] = result
    results = {solver: _SEEN[key(solver)] for solver in solvers}
    _check(f"{maker} {settings}", results)
    return results


def _one(folder: str, solver: str) -> dict[str, Any]:
    try:
        function = "ours" if solver in OURS else "peer"
        return dict(fresh("measure", function, limit_s=LIMIT_S, folder=folder, solver=solver))
    except TooSlow as reason:
        return {"why": str(reason)}


def _check(instance: str, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse results that are not proved best, or that differ."""
    done = {solver: result for solver, result in results.items() if "seconds" in result}
    for solver, result in done.items():
        if solver in OURS and result["status"] != "OPTIMAL":
            raise AssertionError(f"{solver} on {instance}: {result['status']}, gap {result['gap']:g}")
    # Independent objectives come last.
    for solver, result in done.items():
        agree(
            result["objective"], list(done.values())[-1]["objective"], f"{solver} beside {list(done)[-1]}, {instance}"
        )


def ours(folder: str, solver: str) -> dict[str, Any]:
    """Return what `match` takes on a saved instance: the whole call, with validation, certificate and ties."""
    import warnings

    import leadopt
    from benchmarks.matrices import load

    warnings.simplefilter("ignore")
    instance = load(folder)
    chosen = solver_named(solver)
    if isinstance(chosen, leadopt.Auto):
        chosen = chosen.choose(_problem(instance))
    _warm_up(instance, chosen)
    runs = _repeat(
        lambda: leadopt.match(
            instance.affinity(), instance.capacity, reserve=instance.reserve, solver=solver_named(solver)
        )
    )
    peak, found = peak_mb(), runs[-1][1]
    assert math.isclose(found.objective, instance.worth(found.rep_of_lead), rel_tol=1e-12, abs_tol=1e-12)
    reads = _repeat(lambda: instance.rates.max(axis=1, initial=0.0)) if instance.row is None else []
    return {
        "seconds": median(seconds for seconds, _ in runs),
        "peak": peak,
        "objective": found.objective,
        "gap": found.gap,
        "status": found.status.name,
        "solver": found.solver,
        "read": median(seconds for seconds, _ in reads) if reads else None,
    }


def peer(folder: str, solver: str) -> dict[str, Any]:
    """Return what a peer takes on a saved instance: from a matrix of gains to the rep of each lead."""
    import numpy as np

    from benchmarks.matrices import load
    from benchmarks.peers import solve

    instance = load(folder)
    gains = instance.gains()
    solve(solver, np.eye(3), np.ones(3, dtype=np.int64))  # loads its library
    runs = _repeat(lambda: solve(solver, gains, instance.capacity))
    peak = peak_mb()
    return {
        "seconds": median(seconds for seconds, _ in runs),
        "peak": peak,
        "objective": instance.worth(runs[-1][1]),
    }


def _repeat(work: Any) -> list[tuple[float, Any]]:
    """Return three runs, or as many as it takes to see that one is long; only the last keeps its result."""
    runs = [timed(work)]
    while len(runs) < 3 and runs[-1][0] <= LONG_S:
        runs[-1] = (runs[-1][0], None)  # or two results would count in the peak
        runs.append(timed(work))
    return runs


def _problem(instance: Any) -> Any:
    import leadopt

    return leadopt.Problem(affinity=instance.affinity(), capacity=instance.capacity, reserve=instance.reserve)


def _warm_up(instance: Any, solver: Any) -> None:
    """Solve something tiny of the same form with the same solver: whatever it loads is loaded then."""
    import leadopt
    from benchmarks.matrices import dense, factored

    unit = instance.capacity.max(initial=0) <= 1
    tiny = (dense if instance.row is None else factored)(300, 6)
    leadopt.match(tiny.affinity(), 1 if unit else 40, solver=solver)
