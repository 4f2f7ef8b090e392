"""`assign` from tables to tables: 5,000 leads with values, 50 reps, 200,000 rows of history, in three engines."""

from collections.abc import Iterator
from typing import Any

from benchmarks.harness import Row, agree, fresh, median, peak_mb, timed
from benchmarks.instances import ENGINES, as_table, sales_floor

N_LEADS, N_REPS, N_HISTORY = 5_000, 50, 200_000


def plans(engine: str, n_warm: int) -> dict[str, Any]:
    """Return seconds of the first plan of a process and of some more, each with its table of assignments."""
    import leadopt
    from benchmarks.oracles import flow_optimum

    leads, reps, history = (
        as_table(columns, engine) for columns in sales_floor(N_LEADS, N_REPS, N_HISTORY, values=True)
    )
    before = peak_mb()

    def work() -> Any:
        plan = leadopt.assign(leads, reps, history)
        return plan, plan.assignments

    seconds, results = zip(*(timed(work) for _ in range(1 + n_warm)), strict=True)
    plan, assignments = results[0]
    pooled, unassigned = timed(lambda: plan.unassigned)
    peak = peak_mb()
    assert plan.status == "OPTIMAL"
    assert (len(assignments), len(unassigned)) == (9 * N_LEADS // 10, N_LEADS // 10)
    problem = plan.case.problem
    expected = flow_optimum(problem.affinity.dense(), problem.capacity)
    agree(plan.objective, expected, f"assign in {engine}")
    return {
        "cold": seconds[0],
        "warm": median(seconds[1:]) if n_warm else None,
        "pooled": pooled,
        "peak": peak,
        "before": before,
        "objective": plan.objective,
    }


def rows() -> Iterator[Row]:
    objectives, size = [], f"{N_LEADS:,} x {N_REPS}, {N_HISTORY:,} history rows"
    for engine in ENGINES:
        runs = [fresh("assign_tables", "plans", engine=engine, n_warm=n_warm) for n_warm in (3, 0, 0)]
        objectives += [run["objective"] for run in runs]
        peak, before = (max(run[key] for run in runs) for key in ("peak", "before"))
        name = f"assign {size}, {engine}"
        note = f"first call, with plan.assignments; = OR-Tools direct; tables and imports hold {before:,.0f} MB"
        yield Row(
            instance=f"{name}, cold", seconds=median(run["cold"] for run in runs), peak_mb=peak, goal=1.5, note=note
        )
        yield Row(instance=f"{name}, warm", seconds=runs[0]["warm"], goal=1.5, note="= OR-Tools direct")
    alone = [fresh("assign_tables", "plans", blas_threads=1, engine="polars", n_warm=0) for _ in range(3)]
    yield Row(
        instance=f"assign {size}, polars, cold, one BLAS thread",
        seconds=median(run["cold"] for run in alone),
        goal=1.5,
        note="OPENBLAS_NUM_THREADS=1, which a busy machine needs; = OR-Tools direct",
    )
    pooled = median(run["pooled"] for run in alone)
    note = f"{N_LEADS // 10:,} rows with reason and remedy, made on demand"
    yield Row(instance="its plan.unassigned", seconds=pooled, note=note)
    for objective in objectives:
        agree(objective, objectives[0], "assign in different engines")
