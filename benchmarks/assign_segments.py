"""`assign` of many leads that are alike: 50,000 leads in 60 segments without values, 200 reps."""

from collections.abc import Iterator
from typing import Any

from benchmarks.harness import Row, agree, fresh, median, peak_mb, timed
from benchmarks.instances import as_table, sales_floor

N_LEADS, N_REPS, N_HISTORY = 50_000, 200, 200_000


def plans(n_warm: int) -> dict[str, Any]:
    import numpy as np

    import leadopt
    from benchmarks.oracles import transport_optimum

    floor = sales_floor(N_LEADS, N_REPS, N_HISTORY, values=False)
    leads, reps, history = (as_table(columns, "polars") for columns in floor)
    seconds, plans = zip(*(timed(lambda: leadopt.assign(leads, reps, history)) for _ in range(1 + n_warm)), strict=True)
    plan = plans[0]
    placed, assignments = timed(lambda: plan.assignments)
    pooled, unassigned = timed(lambda: plan.unassigned)
    peak = peak_mb()
    problem = plan.case.problem
    kinds = problem.affinity.rates
    alike = np.bincount(problem.affinity.row, minlength=len(kinds))
    assert len(kinds) == 60
    assert all(plan.status == "OPTIMAL" for plan in plans)
    assert (len(assignments), len(unassigned)) == (9 * N_LEADS // 10, N_LEADS // 10)
    agree(plan.objective, transport_optimum(kinds, alike, problem.capacity), "assign by segments")
    warm = median(seconds[1:]) if n_warm else None
    return {"cold": seconds[0], "warm": warm, "placed": placed, "pooled": pooled, "peak": peak}


def rows() -> Iterator[Row]:
    runs = [fresh("assign_segments", "plans", n_warm=n_warm) for n_warm in (3, 0, 0)]
    name = f"assign {N_LEADS:,} x {N_REPS} in 60 segments, polars"

    def of(key: str) -> float:
        return median(run[key] for run in runs)

    peak = max(run["peak"] for run in runs)
    note = f"{N_HISTORY:,} history rows; first call of a process; = HiGHS on the 60 x 200 transportation problem"
    yield Row(instance=f"{name}, cold", seconds=of("cold"), peak_mb=peak, goal=2.0, note=note)
    yield Row(instance=f"{name}, warm", seconds=runs[0]["warm"], goal=2.0, note="= HiGHS")
    alone = [fresh("assign_segments", "plans", blas_threads=1, n_warm=0)["cold"] for _ in range(3)]
    note = "OPENBLAS_NUM_THREADS=1, which a busy machine needs; = HiGHS"
    yield Row(instance=f"{name}, cold, one BLAS thread", seconds=median(alone), goal=2.0, note=note)
    yield Row(instance="its plan.assignments", seconds=of("placed"), note=f"{9 * N_LEADS // 10:,} rows, made on demand")
    yield Row(
        instance="its plan.unassigned", seconds=of("pooled"), note=f"{N_LEADS // 10:,} rows with reason and remedy"
    )
