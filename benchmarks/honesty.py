"""How often a solver claims OPTIMAL, or Infeasible, where arithmetic without rounding disagrees. It must be never."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from benchmarks.harness import Row, fresh
from benchmarks.measure import solver_named

KINDS = ("ties", "wide", "wide, one sign", "near ties", "tight", "must place", "factored")
SOLVERS = ("Auto", "Hungarian", "MinCostFlow", "Auction", "Auction, not compiled", "Envelope")
VERDICTS = ("exact", "close", "excused", "wrong", "not claimed", "infeasible", "refused")


def small(rng: Any, kind: str) -> tuple[Any, Any, float]:
    """Return an affinity, capacities and reserve of a hard problem with few enough answers to try them all."""
    import numpy as np

    import leadopt

    n, m = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    n_rows = 2 if kind == "factored" else n
    gains = {
        "ties": lambda: rng.integers(-1, 3, (n, m)).astype(float),
        "wide": lambda: 10.0 ** rng.uniform(-12, 12, (n, m)) * rng.choice([-1, 1, 1], (n, m)),
        "wide, one sign": lambda: 10.0 ** rng.uniform(-12, 12, (n, m)),
        "near ties": lambda: 1.0 + rng.integers(-3, 4, (n, m)) * 10.0 ** rng.uniform(-16, -6),
        "tight": lambda: rng.random((n, m)),
        "must place": lambda: rng.normal(size=(n, m)),
        "factored": lambda: rng.choice([rng.integers(-1, 4, (n_rows, m)).astype(float), rng.random((n_rows, m))]),
    }[kind]()
    gains[rng.random(gains.shape) < rng.choice([0.0, 0.3])] = -np.inf
    total = n if kind in ("tight", "must place") else int(rng.integers(0, n + 3))
    capacity = rng.multinomial(total, np.full(m, 1.0 / m))
    must_place = kind == "must place" or (kind == "factored" and rng.random() < 0.2)
    reserve = -np.inf if must_place else float(rng.choice([0.0, 0.0, 0.5, -1.0]))
    if kind != "factored":
        return leadopt.Affinity(rates=gains), capacity, reserve
    scale = rng.choice([rng.integers(0, 3, n).astype(float), 10.0 ** rng.uniform(-6, 6, n)])
    return leadopt.Affinity(rates=gains, row=rng.integers(n_rows, size=n), scale=scale), capacity, reserve


def medium(rng: Any, factored: bool) -> tuple[Any, Any, float]:
    """Return a problem in whole numbers, for networkx."""
    import numpy as np

    import leadopt

    n_rows = 5 if factored else 40
    most = rng.choice([5, 10**6 if factored else 10**9])
    rates = np.where(rng.random((n_rows, 6)) < 0.2, -np.inf, rng.integers(-5, most, (n_rows, 6)))
    capacity = rng.multinomial(int(rng.integers(20, 45)), np.full(6, 1 / 6))
    row, scale = (rng.integers(5, size=40), rng.integers(0, 9, 40).astype(float)) if factored else (None, None)
    return leadopt.Affinity(rates=rates, row=row, scale=scale), capacity, float(rng.integers(-2, 3))


def verdict(affinity: Any, capacity: Any, reserve: float, best: Fraction | None, solver: Any) -> str:
    """Return what a match's claim is worth, given the exact best (None = no answer is allowed)."""
    import numpy as np

    import leadopt
    from benchmarks.oracles import exact_total

    gains = affinity.dense()
    problem = leadopt.Problem(affinity=affinity, capacity=capacity, reserve=reserve)
    if solver.refuses(problem):
        return "refused"
    try:
        found = leadopt.match(affinity, capacity, reserve=reserve, solver=solver)
    except leadopt.Infeasible:
        return "exact" if best is None else "wrong"
    total = exact_total(gains, found.rep_of_lead, reserve)
    loads = np.bincount(found.rep_of_lead[found.rep_of_lead >= 0], minlength=len(capacity))
    if best is None or total is None or (loads > capacity).any():
        return "wrong"
    if found.status is not leadopt.Status.OPTIMAL:
        return "not claimed"
    short, billionth = best - total, Fraction(1, 10**9)
    if short == 0:
        return "exact"
    if short <= billionth * max(1, abs(best)):
        return "close"
    # By the largest gain, one that is out of reach would excuse losing all the small ones.
    finite = [float(abs(gain)) for gain in [*gains.flat, reserve] if gain > -np.inf]
    return "excused" if short <= billionth * Fraction(max(finite)) else "wrong"


def named(name: str) -> Any:
    """Return a solver by its name here."""
    plain, *uncompiled = name.split(", ")
    made = solver_named(plain)
    return replace(made, compiled=False) if uncompiled else made


def trial(n_small: int, n_medium: int) -> dict[str, dict[str, int]]:
    """Return how often each solver reached each verdict."""
    import warnings

    import numpy as np

    from benchmarks.oracles import best_of_all, network_simplex

    solvers = {name: named(name) for name in SOLVERS}
    counts = {name: dict.fromkeys(VERDICTS, 0) for name in solvers}

    def judge(affinity: Any, capacity: Any, reserve: float, best: Fraction | None) -> None:
        for name, solver in solvers.items():
            reached = verdict(affinity, capacity, reserve, best, solver)
            counts[name][reached] += 1
            counts[name]["infeasible"] += best is None and reached != "refused"

    warnings.simplefilter("ignore")  # gains that integers cannot hold: the claim is what counts here
    for number in range(n_small):
        affinity, capacity, reserve = small(np.random.default_rng(number), KINDS[number % len(KINDS)])
        judge(affinity, capacity, reserve, best_of_all(affinity.dense(), capacity, reserve))
    for number in range(n_medium):
        affinity, capacity, reserve = medium(np.random.default_rng(10**6 + number), factored=number % 2 == 1)
        gains = affinity.dense()
        judge(affinity, capacity, reserve, Fraction(network_simplex(gains, capacity, int(reserve))))
    return counts


def rows() -> Iterator[Row]:
    yield from _rows(3_000, 200)


def quick_rows() -> Iterator[Row]:
    """Yield a tenth of it."""
    yield from _rows(300, 20)


def _rows(n_small: int, n_medium: int) -> Iterator[Row]:
    verdicts = fresh("honesty", "trial", n_small=n_small, n_medium=n_medium)
    for name, counts in verdicts.items():
        tried = n_small + n_medium - counts["refused"]
        yield Row(
            instance=f"{name}: false claims of OPTIMAL or Infeasible in {tried:,} hard instances: "
            f"{counts['wrong'] + counts['excused']}",
            met=counts["wrong"] + counts["excused"] == 0,
            note="goal 0; ties, near ties, 1e-12 to 1e12, tight, impossible, factored; against all answers in exact "
            f"fractions, or networkx; {counts['infeasible']} are infeasible; exactly best {counts['exact']:,}; within "
            f"1e-9 of the best {counts['close']}; short by more, but not by the largest gain {counts['excused']}; not "
            f"claimed {counts['not claimed']}; refused {counts['refused']}",
        )
