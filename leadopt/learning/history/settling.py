"""How long leads take: from when a rep got a lead to when its outcome was known, and whether all are settled by now."""

from dataclasses import dataclass

import numpy as np

from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.cells import as_moment, as_outcome

_MOST = 0.95  # of settled leads: where the newest lead was assigned as long ago as they take, hardly one is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """How long settled leads took.

    Parameters
    ----------
    usual_days
        the median from being assigned to being settled
    is_complete
        whether all have the day of their assignment, and the newest are settled for as long as nearly all take: then no
        slow ones are missing among those that were assigned at the same time
    last_day
        proleptic ordinal of the last outcome
    """

    usual_days: float
    is_complete: bool
    last_day: int


def read_settling(history: Table, converted: str, assigned: str, at: str) -> Settling | None:
    """Return how long leads take from `assigned` to `at`; None where no row tells.

    One group-by in the engine that holds the history.

    Examples
    --------
    >>> rows = [{"converted": 1, "assigned_at": "2026-01-01", "at": f"2026-01-{day}"} for day in (11, 12, 21)]
    >>> read_settling(Table(rows, "history"), "converted", "assigned_at", "at").usual_days
    11.0
    """
    if assigned not in history or at not in history:
        return None
    try:
        begun, outcomes, settled, counts = history.judged(converted).grouped([assigned, converted], at)
    except InvalidInput:  # dates that cannot be read tell nothing
        return None
    ends = [
        (start, end.toordinal(), number)
        for start, outcome, end, number in zip(
            map(as_moment, begun), outcomes, map(as_moment, settled), counts, strict=True
        )
        if end is not None and as_outcome(outcome) is not None
    ]
    dated = [(start.toordinal(), end, number) for start, end, number in ends if start is not None]
    known = sorted((end - start, start, number) for start, end, number in dated if end >= start)  # none ends before
    if not known:
        return None
    reached = np.cumsum([number for *_, number in known])
    usual, most = (known[int(np.searchsorted(reached, part * reached[-1]))][0] for part in (0.5, _MOST))
    last_day = max(end for _, end, _ in ends)
    newest = max(start for _, start, _ in known)
    return Settling(
        usual_days=float(usual),
        is_complete=len(known) == len(ends) and newest + most <= last_day,
        last_day=last_day,
    )
