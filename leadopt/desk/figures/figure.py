"""One figure with its interval, and what it is read off: rows of leads and ownerships, or a count over an exposure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.desk.figures.facts import Facts
from leadopt.desk.figures.periods import Period
from leadopt.learning.rates.estimate import UNKNOWN, Estimate, events_over, share
from leadopt.learning.rates.kaplan_meier import kaplan_meier
from leadopt.tables.text import number, percent

LEVEL = 0.9
"""Of all intervals, where nobody asks for another."""
HOUR, DAY = 3_600e6, 86_400e6  # microseconds
_NOT_YET = "not yet known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of a period.

    Parameters
    ----------
    name, label
        for programs, and for people
    unit
        "share", "hours", "days", "a year", "for each lead", "leads", "reps", ""
    value, low, high
        with its interval; NaN = not known, inf = not yet: too few have come so far
    n
        of how many leads, ownerships or reps
    note
        why it is not known
    """

    name: str
    label: str
    unit: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    n: int
    note: str = ""

    def __str__(self) -> str:
        return f"{self.label}: {self.shown}"

    @property
    def shown(self) -> str:
        """The value for people, "-" where it is not known."""
        return shown(self.value, self.unit)

    @property
    def interval(self) -> str:
        """The interval for people; "" = it has none."""
        return interval(Estimate(self.value, self.low, self.high), self.unit)


def shown(value: float, unit: str, sign: str = "") -> str:
    """Return a value in its unit, for people.

    >>> shown(0.125, "share"), shown(30.24, "hours"), shown(float("inf"), "days"), shown(-0.031, "share", "+")
    ('12.5%', '30.2 hours', 'not yet known', '-3.1 points')
    """
    if np.isnan(value):
        return "-"
    if not isfinite(value):
        return _NOT_YET
    plus = "+" if sign and value > 0 else ""
    if unit == "share":
        value = value if abs(value) >= 0.0005 else 0.0
        return f"{plus if value else ''}{100 * value:.1f} points" if sign else percent(value, 1)
    return f"{plus}{number(value)}{f' {unit}' if unit else ''}"


def interval(estimate: Estimate, unit: str, sign: str = "") -> str:
    """Return the interval of a value for people; "" = it has none.

    >>> interval(Estimate(2.0, 1.5, float("inf")), "days"), interval(Estimate(0.5, 0.4, 0.6), "share")
    ('1.5 or more', '40.0% to 60.0%')
    """
    low, high = estimate.low, estimate.high
    if np.isnan(low) or (not isfinite(low) and not isfinite(high)):
        return ""
    ends = [shown(end, unit, sign).removesuffix(f" {unit}").removesuffix(" points") for end in (low, high)]
    if not isfinite(low):
        return f"{ends[1]} or less"
    return f"{ends[0]} to {ends[1]}" if isfinite(high) else f"{ends[0]} or more"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """What a figure is read off, a row for each lead or ownership; arrays (n_rows,).

    Parameters
    ----------
    lead
        int64, whose it is
    happened
        bool, whether what is waited for has come
    wait
        float64, microseconds until it came, or until the row was last looked at; 0 where nothing is waited for
    """

    lead: Ints
    happened: Bools
    wait: Floats


RowsOf = Callable[[Facts, Period], Rows | str]
Read = Callable[[Rows, Floats, float], Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A figure read off rows, each of which may have a weight; `rows` returns why there are none, where it cannot."""

    name: str
    label: str
    unit: str
    rows: RowsOf
    read: Read

    def of(self, found: Rows | str, level: float, weight: Floats | None = None) -> Figure:
        """Return the figure that is read off some rows, each by its weight, or why it is not known."""
        if isinstance(found, str):
            return self.figure(UNKNOWN, 0, found)
        each = np.ones(len(found.lead)) if weight is None else weight
        return self.figure(self.read(found, each, level), int((each > 0.0).sum()))

    def figure(self, estimate: Estimate, n: int, note: str = "") -> Figure:
        """Return an estimate as a figure."""
        value, low, high = estimate
        return Figure(name=self.name, label=self.label, unit=self.unit, value=value, low=low, high=high, n=n, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A figure that is a count over an exposure (leads, years of reps); `tally` says why, where it cannot be told."""

    name: str
    label: str
    unit: str
    tally: Callable[[Facts, Period], tuple[int, float, int] | str]

    def of(self, facts: Facts, period: Period, level: float = LEVEL) -> Figure:
        """Return the figure of a period."""
        found = self.tally(facts, period)
        if isinstance(found, str):
            return Figure(name=self.name, label=self.label, unit=self.unit, value=float("nan"), n=0, note=found)
        count, exposure, n = found
        value, low, high = events_over(count, exposure, level)
        return Figure(name=self.name, label=self.label, unit=self.unit, value=value, low=low, high=high, n=n)


def rows_of(measures: Iterable[Sampled], facts: Facts, period: Period) -> dict[RowsOf, Rows | str]:
    """Return the rows of all that are read off any, each once."""
    return {rows: rows(facts, period) for rows in dict.fromkeys(one.rows for one in measures)}


def share_of(rows: Rows, weight: Floats, level: float) -> Estimate:
    """Return in which share of rows it happened."""
    return share(rows.happened.astype(np.float64), weight, level)


def by(microseconds: float) -> Read:
    """Return what reads in which share of rows it happened by a time."""

    def read(rows: Rows, weight: Floats, level: float) -> Estimate:
        return kaplan_meier(rows.wait, rows.happened, weight).by(microseconds, level)

    return read


def quantile(part: float, unit: float) -> Read:
    """Return what reads by when a part of all rows had come to it, in units of so many microseconds."""

    def read(rows: Rows, weight: Floats, level: float) -> Estimate:
        return kaplan_meier(rows.wait, rows.happened, weight).quantile(part, level).scaled(1.0 / unit)

    return read


def quantile_within(part: float, time: float, unit: float) -> Read:
    """Return what reads by when a part of those rows had come to it that did so within a time."""

    def read(rows: Rows, weight: Floats, level: float) -> Estimate:
        return kaplan_meier(rows.wait, rows.happened, weight).quantile_within(part, time, level).scaled(1.0 / unit)

    return read
