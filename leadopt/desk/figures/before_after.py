"""`before_after`: two periods beside each other, with what they differ by, how sure that is, and what else changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from leadopt.desk.figures.acts import heads, idle_share
from leadopt.desk.figures.facts import Facts
from leadopt.desk.figures.figure import LEVEL, Counted, Figure, Rows, Sampled, interval, rows_of, shown
from leadopt.desk.figures.measures import ATTRITION, COUNTS, UTILISED_DAYS, answers, wins
from leadopt.desk.figures.metrics import FIRST_WITHIN_DAYS, check_days
from leadopt.desk.figures.mix import Mix
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.waits import arrived
from leadopt.errors import InvalidInput
from leadopt.learning.estimates import check_level
from leadopt.learning.rates.estimate import Estimate, difference, ratio
from leadopt.tables import Table
from leadopt.tables.records import columns_of
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import count, number, percent

NO_EXPERIMENT = (
    "Before/after is no experiment: whatever else changed between the two periods, such as the season, prices or the "
    "team, is in every difference."
)
_FOLLOWED = 2 / 3  # of the shorter period: leads of its first third are seen for so long


class Told(Protocol):
    """A result of a trial, such as `leadopt.evaluate.measure_lift` returns."""

    def summary(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure before and after.

    Parameters
    ----------
    name, label, unit
        as of `Figure`
    before, after
        its values, before with the mix of after; NaN = not known, inf = too few have come to it so far
    difference, low, high
        after minus before, with its interval
    change
        the same of before: -0.18 = 18% less; NaN where before is 0 or not known
    n_before, n_after
        of how many leads, ownerships or reps
    note
        why it is not known
    """

    name: str
    label: str
    unit: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    change: float
    n_before: int
    n_after: int
    note: str = ""

    @property
    def shows(self) -> int:
        """1 = more after than before, -1 = less, 0 = the interval holds both, or nothing is known."""
        return 1 if self.low > 0.0 else -1 if self.high < 0.0 else 0

    @property
    def cells(self) -> list[str]:
        """The row for people."""
        gap = Estimate(self.difference, self.low, self.high)
        relative = (
            f"{100 * self.change:+.0f}%".replace("-0%", "+0%")
            if np.isfinite(self.change) and self.unit != "share"
            else ""
        )
        between = interval(gap, self.unit, "+")
        both = [shown(self.before, self.unit), shown(self.after, self.unit)]
        moved = " ".join(filter(None, [_by(self), f"({relative})" if relative else ""]))
        return [self.label, *both, moved, between, f"{self.n_before:,} / {self.n_after:,}", self.note]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BeforeAfter(Result):
    """Two periods beside each other.

    Parameters
    ----------
    before, after
        the periods, in words
    rows
        the figures
    changed
        what else changed, in words
    trial
        what a trial says, in words
    level
        of all intervals
    notes
        what was assumed or noticed, in words
    """

    before: str
    after: str
    rows: tuple[Row, ...]
    changed: tuple[str, ...]
    trial: str
    level: float
    notes: tuple[str, ...]
    like: Table = field(repr=False)

    def row(self, name: str) -> Row:
        """Return the row of a name, such as "utilised"."""
        found = [one for one in self.rows if one.name == name]
        if not found:
            raise InvalidInput(f"row: must be one of {', '.join(one.name for one in self.rows)}; found {name!r}")
        return found[0]

    def summary(self) -> str:
        """Return what is shown to differ, in one sentence."""
        shows = [f"{one.label} {_moved(one)}" for one in self.rows if one.shows]
        head = f"{self.before} before, {self.after} after: "
        return head + ("; ".join(shows) if shows else "no figure is shown to differ")

    def below(self, page: bool = True) -> Parts:
        """Return the table, what else changed, and that this is no experiment."""
        headers = ["figure", "before", "after", "difference", f"{percent(self.level)} interval", "of", ""]
        notes = [f"What else changed: {'; '.join(self.changed)}.", f"{NO_EXPERIMENT} {self.trial}", *self.notes]
        return Parts(tables=[(headers, [one.cells for one in self.rows])], notes=notes)

    def frame(self) -> Any:
        """Return one row per figure, as the user's kind of table; None = not known."""
        numbers = ("before", "after", "difference", "low", "high", "change")
        return self.like.build(columns_of(self.rows), numbers=numbers)


def before_after(
    facts: Facts,
    before: Period,
    after: Period,
    *,
    earlier: Facts | None = None,
    trial: Told | None = None,
    level: float = LEVEL,
    first_within_days: float = FIRST_WITHIN_DAYS,
    within_days: int | None = None,
) -> BeforeAfter:
    """Return what two periods of whole weeks differ by.

    Each is seen as of its own end: leads of both have waited equally long for what they bring, and what is done for
    old leads later counts for neither. Leads before count by the mix of those after (`Facts`' columns of kinds): as if
    as many of each kind had come. Kinds that came in one period alone compare nothing and are left out of both. What is
    counted for each lead, idle days and turnover are as they were.

    Parameters
    ----------
    facts
        of the time after, and before if `earlier` is None
    before, after
        periods of whole weeks that begin on the same day of the week and do not overlap
    earlier
        of the time before, such as a CRM's history
    trial
        the result of a trial with a random group; what it says stands below
    level
        of the intervals, in (0, 1)
    first_within_days
        how soon an answer is soon enough
    within_days
        within how many days a win counts; None = two thirds of the shorter period

    Returns
    -------
    BeforeAfter
        `.rows`, `.frame()`, `.summary()`

    Raises
    ------
    InvalidInput
        the periods are no whole weeks, begin on other days of the week, overlap, or end after what is known

    Notes
    -----
    Intervals are those of chance among leads that stand for themselves. Where leads of a rep or of a week hang
    together, they are too narrow.

    Examples
    --------
    >>> from datetime import datetime, timedelta
    >>> from leadopt.desk.figures import facts_of_history
    >>> def answered(day, hours):
    ...     at = datetime(2026, 1, 5, 9) + timedelta(day)
    ...     return {"rep_id": "Ann", "assigned_at": at, "first_response_at": at + timedelta(hours=hours)}
    >>> history = [answered(day, 30 if day < 28 else 20) for day in range(56)]
    >>> found = before_after(
    ...     facts_of_history(history, now="2026-03-02"),
    ...     Period.weeks("2026-01-05", 4),
    ...     Period.weeks("2026-02-02", 4),
    ... )
    >>> found.row("response_median").cells[:4]
    ['response from arrival, median', '30 hours', '20 hours', '-10 hours (-33%)']
    """
    check_level(level)
    check_days("first_within_days", first_within_days)
    old = facts if earlier is None else earlier
    _check_periods(before, after)
    for name, period, known in (("before", before, old), ("after", after, facts)):
        _check_known(name, period, known)
    days = min(before.n_days, after.n_days)
    within = max(1, int(days * _FOLLOWED)) if within_days is None else within_days
    check_days("within_days", within)
    sides = _Sides(old.known_at(before.end), before, facts.known_at(after.end), after)
    sampled = (*answers(first_within_days, min(UTILISED_DAYS, within)), *wins(within))
    rows = sides.sampled(sampled, level)
    rows += [sides.counted(one, level) for one in (*COUNTS, ATTRITION)]
    rows.append(sides.idle(level))
    return BeforeAfter(
        before=str(before),
        after=str(after),
        rows=tuple(one for one in rows if one.n_before or one.n_after or one.name in _ALWAYS),
        changed=sides.changed(),
        trial=_SAYS_NOTHING if trial is None else f"The trial says: {trial.summary()}.",
        level=level,
        notes=tuple(dict.fromkeys((*old.notes, *facts.notes))),
        like=facts.like,
    )


_ALWAYS = frozenset({"utilised", "conversion", "complaints", "cycle", "attrition"})
_SAYS_NOTHING = "No trial with a random group tells what the change alone did; leadopt.evaluate.holdout draws one."


class _Sides:
    """The two periods, each with what was known at its end, and the mix by which leads before count."""

    def __init__(self, old: Facts, before: Period, new: Facts, after: Period) -> None:
        self._old, self._before, self._new, self._after = old, before, new, after
        self._mix = Mix.of(old.leads.kind, arrived(old, before), new.leads.kind, arrived(new, after))

    def sampled(self, measures: Sequence[Sampled], level: float) -> list[Row]:
        """Return the rows of figures that are read off rows, those before by the mix after."""
        before, after = (rows_of(measures, *known) for known in self._known)
        return [self._sampled(one, before[one.rows], after[one.rows], level) for one in measures]

    def _sampled(self, measure: Sampled, old: Rows | str, new: Rows | str, level: float) -> Row:
        if isinstance(old, str) or isinstance(new, str):
            return _row(measure, measure.of(old, level), measure.of(new, level))
        of_old, of_new = self._mix.weights(old.lead, new.lead)
        return _row(measure, measure.of(old, level, of_old), measure.of(new, level, of_new))

    def counted(self, measure: Counted, level: float) -> Row:
        """Return the row of a figure that is a count over an exposure; the mix does not matter to it."""
        was, is_now = (measure.of(*known, level) for known in self._known)
        return _row(measure, was, is_now)

    def idle(self, level: float) -> Row:
        """Return the row of idle lead-days, of leads that came in the period: what was open before differs in age."""
        was, is_now = (idle_share(*known, level, of_it=True) for known in self._known)
        return _row(was, was, is_now)

    @property
    def _known(self) -> tuple[tuple[Facts, Period], tuple[Facts, Period]]:
        return (self._old, self._before), (self._new, self._after)

    def changed(self) -> tuple[str, ...]:
        """Return what else changed: how many came, how many worked, and of what kinds leads were."""
        came = [int(arrived(*known).sum()) / (known[1].n_days / 7) for known in self._known]
        on_average = [heads(*known).value for known in self._known]
        return (
            f"{number(came[0])} leads a week before, {number(came[1])} after",
            f"{number(on_average[0])} reps on average before, {number(on_average[1])} after",
            *self._mix.told(),
        )


def _row(measure: Sampled | Counted | Figure, was: Figure, is_now: Figure) -> Row:
    old, new = (Estimate(one.value, one.low, one.high) for one in (was, is_now))
    gap, times = difference(new, old), ratio(new, old)
    return Row(
        name=measure.name,
        label=measure.label,
        unit=measure.unit,
        before=was.value,
        after=is_now.value,
        difference=gap.value,
        low=gap.low,
        high=gap.high,
        change=times.value - 1.0,
        n_before=was.n,
        n_after=is_now.n,
        note=_why(was.note, is_now.note),
    )


def _why(was: str, is_now: str) -> str:
    """Return why a figure is not known before, after, or both."""
    if was == is_now:
        return was
    return "; ".join(f"{when}: {why}" for when, why in (("before", was), ("after", is_now)) if why)


def _moved(row: Row) -> str:
    return f"{shown(row.before, row.unit)} -> {shown(row.after, row.unit)} ({_by(row)})"


def _by(row: Row) -> str:
    """Return the difference for people; none where both are told by the same digits."""
    same = shown(row.before, row.unit) == shown(row.after, row.unit)
    return shown(0.0 if same and np.isfinite(row.difference) else row.difference, row.unit, "+")


def _check_periods(before: Period, after: Period) -> None:
    for name, period in (("before", before), ("after", after)):
        if period.n_days % 7:
            raise InvalidInput(f"{name}: must be whole weeks; found {count(period.n_days, 'day')}, {period}")
    if before.first.weekday() != after.first.weekday():
        days = f"{before.first:%A} and {after.first:%A}"
        raise InvalidInput(f"before, after: must begin on the same day of the week; found {days}")
    if before.last >= after.first:
        raise InvalidInput(f"after: must begin after before ends, on {before.last}; found {after}")


def _check_known(name: str, period: Period, facts: Facts) -> None:
    if facts.known_until < period.end:
        known = np.datetime64(facts.known_until, "us").astype("datetime64[m]")
        raise InvalidInput(
            f"{name}: must end when something is known of it, by {known} UTC; found {period}. "
            "Take earlier weeks; or, if the history is complete until its export, give the day of that as now"
        )
