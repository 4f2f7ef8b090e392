"""How many leads a rep had when one came: of the last days, or still open."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_STILL_OPEN = np.iinfo(np.int64).max // 4


def recent_load(rep: Ints, day: Ints, window_days: int) -> Ints:
    """Return how many leads each lead's rep got in the days that end with the lead's own, itself included.

    Parameters
    ----------
    rep
        int64 (n_leads,), from 0
    day
        int64 (n_leads,), when each lead came
    window_days
        how many days count, 1 = the lead's own day alone

    Examples
    --------
    >>> recent_load(np.array([0, 0, 1, 0]), np.array([1, 2, 2, 9]), 7)
    array([1, 2, 1, 1])
    """
    return _up_to(rep, day, rep, day) - _up_to(rep, day, rep, day - window_days)


def open_load(rep: Ints, came: Ints, settled: Ints) -> Ints:
    """Return how many leads each lead's rep had open on the day it came, itself and those settled that day included.

    `settled` is below 0 where a lead is open still. Otherwise as `recent_load`.

    Examples
    --------
    >>> open_load(np.array([0, 0, 0]), np.array([1, 2, 5]), np.array([2, -1, 6]))
    array([1, 2, 2])
    """
    end = np.where(settled < 0, _STILL_OPEN, settled)
    return _up_to(rep, came, rep, came) - _up_to(rep, end, rep, came - 1)


def _up_to(rep: Ints, day: Ints, asked_rep: Ints, asked_day: Ints) -> Ints:
    """Return how many rows have the asked rep, and the asked day or an earlier one."""
    days, code = np.unique(np.concatenate([day, asked_day]), return_inverse=True)
    n_days = len(days) + 1
    keys = np.sort(rep * n_days + code[: len(day)] + 1)
    asked = asked_rep * n_days
    first = np.searchsorted(keys, asked)
    return np.asarray(np.searchsorted(keys, asked + code[len(day) :] + 1, side="right") - first)
