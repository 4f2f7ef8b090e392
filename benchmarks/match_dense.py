"""`match` on dense matrices beside OR-Tools and SciPy called directly with the same whole numbers, in one process."""

from collections.abc import Iterator

from benchmarks.harness import Row, agree, fresh, median, peak_mb, timed
from benchmarks.instances import whole_gains


def beside_ortools(n_leads: int, n_reps: int) -> dict[str, float]:
    import numpy as np

    import leadopt
    from benchmarks.oracles import flow

    gains, capacity = whole_gains(n_leads, n_reps)
    ours, theirs = [], []
    leadopt.match(gains[:10], 1)  # both have loaded OR-Tools
    before = peak_mb()
    found = leadopt.match(gains, capacity)
    peak = peak_mb()
    for _ in range(3):
        seconds, found = timed(lambda: leadopt.match(gains, capacity))
        ours.append(seconds)
        seconds, rep = timed(lambda: flow(-gains, capacity))
        theirs.append(seconds)
        placed = np.flatnonzero(rep >= 0)
        assert found.status is leadopt.Status.OPTIMAL
        assert found.objective == gains[placed, rep[placed]].sum()
    return {"seconds": median(ours), "direct": median(theirs), "peak": peak, "before": before}


def beside_scipy(n_leads: int, n_reps: int) -> dict[str, float]:
    import leadopt
    from benchmarks.oracles import slots_optimum

    gains, capacity = whole_gains(n_leads, n_reps)
    ours, theirs = [], []
    leadopt.match(gains[:10], 1)
    slots_optimum(gains[:10, :1], [1])
    for _ in range(3):
        seconds, found = timed(lambda: leadopt.match(gains, capacity))
        ours.append(seconds)
        seconds, expected = timed(lambda: slots_optimum(gains, capacity))
        theirs.append(seconds)
        assert found.status is leadopt.Status.OPTIMAL
        agree(found.objective, expected, "match beside SciPy")
    return {"seconds": median(ours), "direct": median(theirs)}


def rows() -> Iterator[Row]:
    for n_leads, n_reps in ((5_000, 50), (10_000, 100)):
        run = fresh("match_dense", "beside_ortools", n_leads=n_leads, n_reps=n_reps)
        yield Row(
            instance=f"match dense {n_leads:,} x {n_reps}",
            seconds=run["seconds"],
            peak_mb=run["peak"],
            note=f"OR-Tools direct {run['direct']:.3f} s, equal objective: {run['seconds'] / run['direct']:.2f} times "
            f"its time; {run['before']:,.0f} MB before the call",
        )
    run = fresh("match_dense", "beside_scipy", n_leads=2_000, n_reps=20)
    yield Row(
        instance="match dense 2,000 x 20",
        seconds=run["seconds"],
        note=f"SciPy with a column per slot {run['direct']:.3f} s, equal objective: "
        f"{run['seconds'] / run['direct']:.2f} times its time",
    )
