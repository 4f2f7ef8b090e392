"""Which leads came at the same time: periods that keep to the calendar, and habits of the week and of the day."""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.evaluate.history.combinations import crossed

_LEAST = 0.4
"""Of a period's size, what a day, a week or a month must hold on average for periods to keep to it. A period of m rows
takes 1 / m of what they tell, at most an eighth of periods of 20. Shifts change with weeks and months, and a period on
both sides of such a change would compare the one with the other."""
_DAY, _HOUR = 86_400.0, 3_600.0
_MONDAY = 3  # 1970-01-01 was a Thursday


def periods(time: Floats, size: float) -> Ints:
    """Return the period of each row, from 0, of about `size` rows each; rows of one time share a period.

    No period is in two days, weeks, months or quarters: the shortest of them that holds enough rows on average.

    Parameters
    ----------
    time
        seconds since 1970, float64 (n_rows,)
    size
        rows

    Examples
    --------
    >>> day = 86400.0 * np.array([4, 4, 5, 6, 11, 12, 13, 14])  # 1970-01-05, a Monday, to Wednesday of the week after
    >>> periods(day, 4)
    array([0, 0, 0, 0, 1, 1, 1, 1])
    """
    if not len(time):
        return np.zeros(0, dtype=np.int64)
    unit = _unit(time, _LEAST * size)
    n_rows = np.bincount(unit)
    n_parts = np.maximum(1, np.rint(n_rows / size)).astype(np.int64)
    order = np.lexsort((time, unit))
    of, when = unit[order], time[order]
    begins = np.append(True, (np.diff(of) != 0) | (np.diff(when) != 0.0))
    earlier = np.maximum.accumulate(np.where(begins, np.arange(len(of)), 0)) - (np.cumsum(n_rows) - n_rows)[of]
    part = np.empty(len(of), dtype=np.int64)
    part[order] = earlier * n_parts[of] // n_rows[of]
    return crossed(np.stack([unit, part]))[1]


def shifts(time: Floats, size: float) -> Ints:
    """Return the hour or day of each row, from 0, the shorter one that holds `size` rows on average; else its period.

    Nobody can be compared within so few rows, but who works when is seen.
    """
    for seconds in (_HOUR, _DAY):
        unit = np.unique(np.floor(time / seconds), return_inverse=True)[1].reshape(-1).astype(np.int64)
        if len(time) >= size * (int(unit.max(initial=0)) + 1):
            return unit
    return periods(time, size)


def _unit(time: Floats, least: float) -> Ints:
    """Return each row's day, week, month or quarter, from 0: the shortest that holds so many on average, or none."""
    day = np.floor(time / _DAY).astype(np.int64)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    for each in (day, (day + _MONDAY) // 7, month, month // 3):
        unit = np.unique(each, return_inverse=True)[1].reshape(-1).astype(np.int64)
        if len(time) >= least * (int(unit.max()) + 1):
            return unit
    return np.zeros(len(time), dtype=np.int64)


def habits(time: Floats) -> list[Ints]:
    """Return the day of the week and the hour (UTC) of each row, from 0, of those that there are; none of one alone.

    Who works on Mondays or in the evening may do so for years, within whatever period.
    """
    weekday, hour = (np.floor(time / _DAY) + _MONDAY) % 7, np.floor(time % _DAY / _HOUR)
    found = [np.unique(each, return_inverse=True)[1].reshape(-1).astype(np.int64) for each in (weekday, hour)]
    return [each for each in found if each.max(initial=0)]
