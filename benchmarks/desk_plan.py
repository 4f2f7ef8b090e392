"""How long a plan takes from a large desk, and to apply it: 5,000 leads that nobody owns, beside all that are held.

A plan is asked for twice: by a process that has yet to learn what has happened so far, and by the same one once more.
"""

from collections.abc import Iterator

from benchmarks.desk_filled import POOLED, QUICK_SIZE, REPS, WHOLE_SIZE, Size, filled
from benchmarks.harness import Row, timed

GOAL_S = 3.0


def rows(size: Size = WHOLE_SIZE) -> Iterator[Row]:
    desk, n_leads = filled(size).desk, size.new + size.held // POOLED  # pooled leads are planned too
    took_first, first = timed(desk.plan)
    took, plan = timed(desk.plan)
    for each in (first, plan):
        assert each.status == "OPTIMAL" and len(each.rep_of_lead) == n_leads, each.summary()
    assert first.objective == plan.objective
    name = f"desk.plan, {n_leads:,} x {REPS}"
    yield Row(
        instance=f"{name}: learns first", seconds=took_first, note=f"once a process, and as more has ended; {size}"
    )
    yield Row(instance=name, seconds=took, goal=GOAL_S)
    took, done = timed(lambda: desk.apply(plan))
    assert done.ok and len(done) == n_leads, done.summary()
    yield Row(instance=f"desk.apply of {n_leads:,} leads", seconds=took, note="500 a transaction")


def quick_rows() -> Iterator[Row]:
    yield from rows(QUICK_SIZE)
