"""`metrics`: the figures of a period, of all, by rep and by week."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from leadopt.desk.figures.acts import capacity_use, evenness, heads, idle_share
from leadopt.desk.figures.by_rep import RepFigures, figures_by_rep, rep_table
from leadopt.desk.figures.cohorts import Cohorts, Week, cohorts
from leadopt.desk.figures.facts import Facts, during
from leadopt.desk.figures.figure import LEVEL, Figure, rows_of
from leadopt.desk.figures.measures import ATTRITION, COUNTS, answers, wins
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.promises import won_to_expected
from leadopt.desk.figures.waits import arrived, given
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.learning.estimates import check_level
from leadopt.tables import Table
from leadopt.tables.cells import is_number
from leadopt.tables.records import columns_of
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import count, number, percent

FIRST_WITHIN_DAYS = 3
"""The article's rule: the first follow-up within three days."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Metrics(Result):
    """What a period brought.

    Parameters
    ----------
    first, last
        its first and last day, ISO text
    figures
        of all
    reps
        of each rep who was there
    weeks
        conversion by week of arrival
    horizon_days, usual_days
        within how many days wins count there, and within how many half of them come
    level
        of all intervals
    notes
        what was assumed or noticed, in words
    """

    first: str
    last: str
    figures: tuple[Figure, ...]
    reps: tuple[RepFigures, ...]
    weeks: tuple[Week, ...]
    horizon_days: float
    usual_days: float
    level: float
    notes: tuple[str, ...]
    like: Table = field(repr=False)

    def figure(self, name: str) -> Figure:
        """Return the figure of a name, such as "in_time"."""
        for one in self.figures:
            if one.name == name:
                return one
        names = [one.name for one in self.figures]
        raise InvalidInput(f"figure: unknown name {name!r}{did_you_mean(str(name), names)}")

    def summary(self) -> str:
        """Return how much came, how soon it was answered and what was won, in one sentence."""
        came = int(self.figure("arrived").value)
        answered, in_time, won = (self.figure(name) for name in ("response_median", "in_time", "conversion"))
        told = [f"{count(came, 'lead')} came from {self.first} to {self.last}"]
        told += [f"half of them were answered within {answered.shown}"] if np.isfinite(answered.value) else []
        told += [f"{in_time.shown} of the first follow-ups were in time"] if not np.isnan(in_time.value) else []
        told += [f"{won.shown} were {won.label}"] if np.isfinite(won.value) else []
        return "; ".join(told)

    def below(self, page: bool = True) -> Parts:
        """Return the figures, the weeks and the reps as tables."""
        rows = [[one.label, one.shown, one.interval, f"{one.n:,}", one.note] for one in self.figures]
        tables = [(["figure", "value", f"{percent(self.level)} interval", "of", ""], rows)]
        if self.weeks:
            tables.append(_week_table(self.weeks))
        if self.reps:
            tables.append(rep_table(self.reps))
        return Parts(tables=tables, notes=self.notes)

    def frame(self) -> Any:
        """Return one row per figure, as the user's kind of table; None = not known."""
        return self.like.build(columns_of(self.figures), numbers=("value", "low", "high"))

    def rep_frame(self) -> Any:
        """Return one row per rep."""
        return self.like.build(columns_of(self.reps), numbers=_NUMBERS)

    def week_frame(self) -> Any:
        """Return one row per week of arrival."""
        weeks = columns_of(self.weeks)
        if weeks:
            weeks["first"] = [day.isoformat() for day in weeks["first"]]
        return self.like.build(weeks, numbers=("maturity", "conversion", "low", "high"))

    def _told(self) -> dict[str, Any]:
        weeks = [{**row, "first": row["first"].isoformat()} for row in _rows(self.weeks)]
        told = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("weeks", "like")}
        return {**told, "weeks": weeks}


_NUMBERS = ("expected", "share_in_time", "low", "high", "open_on_average", "used", "entitled", "received")


def metrics(
    facts: Facts,
    period: Period,
    *,
    level: float = LEVEL,
    first_within_days: float = FIRST_WITHIN_DAYS,
    within_days: int | None = None,
) -> Metrics:
    """Return the figures of a period, as known now.

    Parameters
    ----------
    facts
        of a desk or of a history
    period
        which days: leads that came in it, ownerships that began in it, and what ended in it
    level
        of all intervals, in (0, 1)
    first_within_days
        how soon an answer is soon enough, where no due dates are known
    within_days
        within how many days of arrival a win counts; None = the age by which nine in ten of all wins had come

    Raises
    ------
    InvalidInput
        a setting is wrong, or nothing is known of the period yet

    Examples
    --------
    >>> from datetime import date
    >>> from leadopt.desk.figures import facts_of_history
    >>> history = [
    ...     {"rep_id": "Ann", "assigned_at": date(2026, 1, k), "at": date(2026, 1, k + 4), "converted": k % 3 == 0}
    ...     for k in range(5, 25)
    ... ]
    >>> found = metrics(facts_of_history(history), Period.weeks("2026-01-05", 2))
    >>> print(found.figure("arrived"))
    leads that came: 14 leads
    """
    check_level(level)
    check_days("first_within_days", first_within_days)
    if within_days is not None:
        check_days("within_days", within_days)
    if facts.known_until <= period.start:
        raise InvalidInput(f"period: must begin before what is known ends; found {period}")
    weeks = cohorts(facts, period, level, within_days)
    horizon = int(weeks.horizon_days) if np.isfinite(weeks.horizon_days) else 30
    measures = (*answers(first_within_days), *wins(horizon))
    rows = rows_of(measures, facts, period)
    sampled = [one.of(rows[one.rows], level) for one in measures]
    counted = [one.of(facts, period, level) for one in (*COUNTS, ATTRITION)]
    return Metrics(
        first=str(period.first),
        last=str(period.last),
        figures=(
            *_how_many(facts, period),
            *sampled,
            idle_share(facts, period, level),
            capacity_use(facts, period),
            won_to_expected(facts, period, level),
            *counted,
            *evenness(facts, period),
        ),
        reps=figures_by_rep(facts, period, level),
        weeks=weeks.weeks,
        horizon_days=weeks.horizon_days,
        usual_days=weeks.usual_days,
        level=level,
        notes=(*facts.notes, *_young(weeks)),
        like=facts.like,
    )


def _how_many(facts: Facts, period: Period) -> list[Figure]:
    came, begun = arrived(facts, period), given(facts, period)
    won = 0 if facts.leads.won is None else int(during(facts.leads.won, period.start, period.end).sum())
    bad = came & facts.leads.bad
    counts = (
        ("arrived", "leads that came", came.sum()),
        ("given", "times a lead was given to a rep", begun.sum()),
        ("won", "wins", won),
        ("bad", "leads that came and were none", bad.sum()),
    )
    found = [
        Figure(name=name, label=label, unit="leads" if name in ("arrived", "bad") else "", value=float(n), n=int(n))
        for name, label, n in counts
    ]
    return [*found, heads(facts, period)]


def _young(found: Cohorts) -> list[str]:
    if not any(not week.is_over for week in found.weeks):
        return []
    days = f"half of the wins within {number(found.horizon_days)} days come within {number(found.usual_days)}"
    return [f"conversion of weeks that are not over is foretold: {days}"]


def _week_table(weeks: tuple[Week, ...]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            str(week.first),
            f"{week.arrived:,}",
            f"{week.won:,}",
            percent(week.maturity),
            percent(week.conversion, 1),
            "counted" if week.is_over else f"foretold: {percent(week.low, 1)} to {percent(week.high, 1)}",
        ]
        for week in weeks
    ]
    return ["week of", "came", "won so far", "of the wins to come", "conversion", ""], rows


def _rows(records: tuple[Any, ...]) -> list[dict[str, Any]]:
    columns = columns_of(records)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def check_days(name: str, days: Any) -> None:
    """Refuse what is no number of days."""
    if not (is_number(days) and 0 < days < 36_500):
        raise InvalidInput(f"{name}: must be a number of days, above 0; found {days!r}")
