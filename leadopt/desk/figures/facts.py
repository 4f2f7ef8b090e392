"""What figures are computed from: leads, ownerships, reps and conduct as plain columns, as known at a moment.

Moments are float64 microseconds since 1970, UTC (exact until the year 2255); NaN = it has not happened, or nobody
knows. A column that is None is one of which nothing is known: `Facts.missing` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.lifecycle.calendar import Calendar
from leadopt.tables import Table

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leads:
    """Leads, but for copies of others; arrays (n_leads,).

    Parameters
    ----------
    received
        when each came
    seen
        bool, whether it was seen from then on: false for those that were taken over from elsewhere, of whose time
        before that nobody knows who answered
    first
        the first follow-up, by whoever had it
    won
        when it was won; NaN = it was not, or not yet
    ended
        when it ceased to be open (won, lost, closed, parked)
    bad
        bool, whether it was closed as no lead at all: spam, a wrong number, out of scope
    source
        where it came from; "" = unknown
    kind
        what it is like: the cells of some columns, by which the mix of two periods is made alike
    """

    received: Floats
    seen: Bools
    first: Floats | None
    won: Floats | None
    ended: Floats
    bad: Bools
    source: Texts
    kind: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ownerships:
    """One rep's time with one lead each; arrays (n_ownerships,).

    Parameters
    ----------
    lead, rep
        int64, places in the leads and reps
    number
        int64, which of the lead's ownerships it is, from 1
    via
        by which route it came: "plan", "claim", "import", ...
    since, until
        when it began and ended; until NaN = it lasts
    exit, reason
        what ended it ("recalled", "refused", "won", ...) and the coded reason; "" = it lasts, or there is none
    due, first
        when its first follow-up was due, and when it was done
    next_due
        of ownerships that last, when the next follow-up is due
    won
        bool, whether it ended with a win
    chance
        of conversion, as estimated when it began
    complaints
        float64, how many customers complained of it
    override
        why a manager passed caps or cool-off; "" = nobody did
    """

    lead: Ints
    rep: Ints
    number: Ints
    via: Texts
    since: Floats
    until: Floats
    exit: Texts
    reason: Texts
    due: Floats | None
    first: Floats | None
    next_due: Floats | None
    won: Bools
    chance: Floats | None
    complaints: Floats | None
    override: Texts | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reps:
    """Reps; arrays (n_reps,).

    Parameters
    ----------
    names
        as people call them
    joined, left
        when each came and left; left None = nobody knows who left
    slots
        float64, the most open leads at once; NaN = no limit
    """

    names: tuple[Any, ...]
    joined: Floats
    left: Floats | None
    slots: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bookings:
    """What was given out on a day and who was entitled to it, of each thing that is shared; arrays (n_bookings,).

    Parameters
    ----------
    at, rep
        a moment of the day, and whose it is
    of
        "leads", "value" or "hot"
    received, entitled
        how much of it
    """

    at: Floats
    rep: Ints
    of: Texts
    received: Floats
    entitled: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """Rewards and restrictions; arrays (n_measures,): whom, by which rule, of which kind, announced and ended when."""

    rep: Ints
    rule: Texts
    kind: Texts
    announced: Floats
    ended: Floats


NO_BOOKINGS = Bookings(
    at=np.zeros(0), rep=np.zeros(0, dtype=np.int64), of=(), received=np.zeros(0), entitled=np.zeros(0)
)
NO_MEASURES = Measures(rep=np.zeros(0, dtype=np.int64), rule=(), kind=(), announced=np.zeros(0), ended=np.zeros(0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """Everything that figures are computed from.

    Parameters
    ----------
    leads, owned, reps, booked, measures
        the columns
    known_until
        the moment up to which they tell, in microseconds
    zone
        in whose time days begin
    calendar
        working time; None = that is not known
    missing
        which figures cannot be told and why, by the name of the column that is None
    owed
        what each rep is owed of leads, by name
    notes
        what was assumed or noticed, in words
    like
        the table that frames are like
    """

    leads: Leads
    owned: Ownerships
    reps: Reps
    known_until: int
    zone: str = "UTC"
    booked: Bookings = NO_BOOKINGS
    measures: Measures = NO_MEASURES
    calendar: Calendar | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    owed: Mapping[str, float] = field(default_factory=dict)
    notes: Texts = ()
    like: Table = field(default_factory=lambda: Table([], "figures"), repr=False)

    def why_missing(self, column: str) -> str:
        """Return why a column is None."""
        return self.missing.get(column, f"nothing tells of {column}")

    def known_at(self, moment: int) -> Facts:
        """Return what was known at a moment: what happened later had not happened yet.

        Two periods that are looked at from their own ends have waited equally long for what their leads bring, and
        what a desk does for leads of the time before it is not counted for that time. A complaint has no moment of its
        own and stays.
        """
        if moment >= self.known_until:
            return self
        owned = self.owned
        lasts = ~(owned.until < moment)
        return replace(
            self,
            known_until=moment,
            leads=_leads_at(self.leads, moment),
            owned=replace(
                owned,
                until=np.where(lasts, np.nan, owned.until),
                exit=_blanked(owned.exit, lasts),
                reason=_blanked(owned.reason, lasts),
                won=owned.won & ~lasts,
                first=_before(owned.first, moment),
                next_due=None,
            ),
            reps=replace(self.reps, left=_before(self.reps.left, moment)),
            measures=replace(self.measures, ended=_moments_before(self.measures.ended, moment)),
            missing={"next_due": "who was overdue is known of the present alone", **self.missing},
        )


def _leads_at(leads: Leads, moment: int) -> Leads:
    ended = _moments_before(leads.ended, moment)
    return replace(
        leads,
        first=_before(leads.first, moment),
        won=_before(leads.won, moment),
        ended=ended,
        bad=leads.bad & ~np.isnan(ended),
    )


def _moments_before(column: Floats, moment: float) -> Floats:
    return np.asarray(np.where(column < moment, column, np.nan), dtype=np.float64)


def _before(column: Floats | None, moment: float) -> Floats | None:
    return None if column is None else _moments_before(column, moment)


def _blanked(texts: Texts, where: Bools) -> Texts:
    return tuple("" if blank else text for text, blank in zip(texts, where.tolist(), strict=True))


def during(column: Floats, start: float, end: float) -> Bools:
    """Return which moments lie in a period, bool (n,); its end does not."""
    return np.asarray((column >= start) & (column < end))
