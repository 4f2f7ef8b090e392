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

    Group-bys in the engine that holds the history: by outcome and each of the days, and the days between.

    Examples
    --------
    >>> rows = [{"converted": 1, "assigned_at": "2026-01-01", "at": f"2026-01-{day}"} for day in (11, 12, 21)]
    >>> read_settling(Table(rows, "history"), "converted", "assigned_at", "at").usual_days
    11.0
    """
    if assigned not in history or at not in history:
        return None
    try:
        dated = history.judged(converted).with_days(assigned).with_days(at)
        begun_as, begun, *_ = dated.grouped([converted, assigned])
        ended_as, ended, _, ended_counts = dated.grouped([converted, at])
        outcomes, took, _, counts = dated.grouped_spells([converted], assigned, at)
    except InvalidInput:  # dates that cannot be read tell nothing
        return None
    starts, ends = (
        [
            (moment.toordinal(), row)
            for row, (outcome, moment) in enumerate(zip(outcomes, map(as_moment, days), strict=True))
            if moment is not None and as_outcome(outcome) is not None
        ]
        for outcomes, days in ((begun_as, begun), (ended_as, ended))
    )
    known = sorted(  # none ends before it began
        (days, number)
        for outcome, days, number in zip(outcomes, took.tolist(), counts.tolist(), strict=True)
        if days >= 0 and as_outcome(outcome) is not None
    )
    if not known:
        return None
    reached = np.cumsum([number for _, number in known])
    usual, most = (known[int(np.searchsorted(reached, part * reached[-1]))][0] for part in (0.5, _MOST))
    last_day, newest = max(day for day, _ in ends), max(day for day, _ in starts)
    return Settling(
        usual_days=float(usual),
        is_complete=int(reached[-1]) == sum(int(ended_counts[row]) for _, row in ends) and newest + most <= last_day,
        last_day=last_day,
    )
