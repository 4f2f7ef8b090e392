"""How long leads take: the usual time from when a rep got a lead to when its outcome was known."""

import numpy as np

from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.cells import as_moment, as_outcome


def usual_delay(history: Table, converted: str, assigned: str, at: str) -> float | None:
    """Return the median days from `assigned` to `at` of settled leads; None where no row tells.

    One group-by in the engine that holds the history.

    Examples
    --------
    >>> rows = [{"converted": 1, "assigned_at": "2026-01-01", "at": f"2026-01-{day}"} for day in (11, 12, 21)]
    >>> usual_delay(Table(rows, "history"), "converted", "assigned_at", "at")
    11.0
    """
    if assigned not in history or at not in history:
        return None
    try:
        begun, outcomes, settled, counts = history.grouped([assigned, converted], at)
    except InvalidInput:  # dates that cannot be read tell nothing
        return None
    groups = [
        (end.toordinal() - start.toordinal(), number)
        for start, outcome, end, number in zip(
            map(as_moment, begun), outcomes, map(as_moment, settled), counts, strict=True
        )
        if start is not None and end is not None and as_outcome(outcome) is not None
    ]
    known = sorted((days, number) for days, number in groups if days >= 0)  # a lead cannot settle before it came
    if not known:
        return None
    reached = np.cumsum([number for _, number in known])
    return float(known[int(np.searchsorted(reached, 0.5 * reached[-1]))][0])
