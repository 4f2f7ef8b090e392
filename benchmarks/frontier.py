"""A frontier of 20 bands on the number of leads: each plan from the prices of the one before, and each anew."""

from collections.abc import Iterator
from typing import Any

from benchmarks.harness import Line, Ratio, Row, agree, fresh, median, timed

N_LEADS, N_REPS, N_POINTS = 5_000, 50, 20
GOAL_S = 5.0


def along(n: int, m: int, points: int) -> dict[str, float]:
    """Return the seconds of a frontier and of as many plans made one by one, of equal objectives."""
    import leadopt

    leads, reps, gains = _floor(n, m)
    values = [1 - k / (points - 1) for k in range(points)]
    leadopt.frontier(*_floor(60, 4)[:2], affinity=_floor(60, 4)[2], values=[1, 0])
    runs, found = [], None
    for _ in range(3):
        seconds, found = timed(lambda: leadopt.frontier(leads, reps, affinity=gains, over="band", values=values))
        runs.append(seconds)

    def one_by_one() -> list[Any]:
        return [
            leadopt.assign(leads, reps, affinity=gains, fairness=leadopt.Fairness(low=1 - half, high=1 + half))
            for half in values
        ]

    cold, plans = timed(one_by_one)
    assert len(found.plans) == points
    for plan, anew in zip(found.plans, plans, strict=True):
        assert plan.status == anew.status == "OPTIMAL"
        agree(plan.objective, anew.objective, "a point of the frontier beside the same plan made anew")
    return {"frontier": median(runs), "cold": cold}


def _floor(n: int, m: int) -> Any:
    from benchmarks.matrices import dense

    instance = dense(n, m)
    leads = {"lead_id": list(range(n))}
    return leads, {"rep_id": list(range(m)), "capacity": instance.capacity.tolist()}, instance.rates


def rows() -> Iterator[Line]:
    yield from _rows(N_LEADS, N_REPS, N_POINTS)


def quick_rows() -> Iterator[Line]:
    yield from _rows(500, 20, 5)


def _rows(n: int, m: int, points: int) -> Iterator[Line]:
    run = fresh("frontier", "along", n=n, m=m, points=points)
    what = f"frontier of {points} bands on counts, dense {n:,} x {m}"
    yield Row(instance=what, seconds=run["frontier"], goal=GOAL_S)
    yield Ratio(
        instance=what,
        solver="MinCostFlow on what the last prices leave open",
        seconds=run["frontier"],
        beside="each plan by `assign`",
        its_seconds=run["cold"],
    )
