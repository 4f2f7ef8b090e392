"""How often `match` claims OPTIMAL, or Infeasible, where arithmetic without rounding disagrees. It must be never."""

import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from benchmarks.harness import Row, fresh, timed

KINDS = ("ties", "wide", "wide, one sign", "near ties", "tight", "must place")


def small(rng: Any, kind: str) -> tuple[Any, Any, float]:
    """Return gains, capacities and reserve of a hard problem with few enough answers to try them all."""
    import numpy as np

    n, m = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    gains = {
        "ties": lambda: rng.integers(-1, 3, (n, m)).astype(float),
        "wide": lambda: 10.0 ** rng.uniform(-12, 12, (n, m)) * rng.choice([-1, 1, 1], (n, m)),
        "wide, one sign": lambda: 10.0 ** rng.uniform(-12, 12, (n, m)),
        "near ties": lambda: 1.0 + rng.integers(-3, 4, (n, m)) * 10.0 ** rng.uniform(-16, -6),
        "tight": lambda: rng.random((n, m)),
        "must place": lambda: rng.normal(size=(n, m)),
    }[kind]()
    gains[rng.random((n, m)) < rng.choice([0.0, 0.3])] = -np.inf
    total = n if kind in ("tight", "must place") else int(rng.integers(0, n + 3))
    capacity = rng.multinomial(total, np.full(m, 1.0 / m))
    return gains, capacity, -np.inf if kind == "must place" else float(rng.choice([0.0, 0.0, 0.5, -1.0]))


def verdict(gains: Any, capacity: Any, reserve: float, best: Fraction | None) -> str:
    """Return what a match's claim is worth, given the exact best (None = no answer is allowed)."""
    import numpy as np

    import leadopt
    from benchmarks.oracles import exact_total

    try:
        found = leadopt.match(gains, capacity, reserve=reserve)
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


def trial(n_small: int, n_medium: int) -> dict[str, Any]:
    """Return how often each verdict was reached, and the seconds of it all."""
    import numpy as np

    from benchmarks.oracles import best_of_all, network_simplex

    counts: dict[str, int] = dict.fromkeys(("exact", "close", "excused", "wrong", "not claimed", "infeasible"), 0)

    def work() -> None:
        for number in range(n_small):
            rng = np.random.default_rng(number)
            gains, capacity, reserve = small(rng, KINDS[number % len(KINDS)])
            best = best_of_all(gains, capacity, reserve)
            counts[verdict(gains, capacity, reserve, best)] += 1
            counts["infeasible"] += best is None
        for number in range(n_medium):
            rng = np.random.default_rng(10**6 + number)
            gains = np.where(rng.random((40, 6)) < 0.2, -np.inf, rng.integers(-5, rng.choice([5, 10**9]), (40, 6)))
            capacity, reserve = rng.multinomial(int(rng.integers(20, 45)), np.full(6, 1 / 6)), int(rng.integers(-2, 3))
            best = Fraction(network_simplex(gains, capacity, reserve))
            counts[verdict(gains, capacity, float(reserve), best)] += 1

    warnings.simplefilter("ignore")  # gains that integers cannot hold: the claim is what counts here
    seconds, _ = timed(work)
    return {"counts": counts, "seconds": seconds}


def rows() -> Iterator[Row]:
    n_small, n_medium = 3_000, 200
    counts = fresh("honesty", "trial", n_small=n_small, n_medium=n_medium)["counts"]
    n = f"{n_small + n_medium:,} hard instances"
    yield Row(
        instance=f"false claims of OPTIMAL or Infeasible in {n}: {counts['wrong']}",
        met=counts["wrong"] == 0,
        note="goal 0; ties, near ties, 1e-12 to 1e12, tight, impossible; against all answers in exact fractions, or "
        f"networkx; {counts['infeasible']} are infeasible; exactly best {counts['exact']:,}; within 1e-9 of the best "
        f"{counts['close']}; not claimed {counts['not claimed']}",
    )
    yield Row(
        instance=f"claims of OPTIMAL short by more than 1e-9 of the best in {n}: {counts['excused']}",
        met=counts["excused"] == 0,
        note="goal 0; a certificate that measures by the largest gain would excuse them",
    )
