"""The figures of each rep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats
from leadopt.desk.figures.acts import among, present, shares_received, use_of_slots
from leadopt.desk.figures.facts import Facts, during
from leadopt.desk.figures.figure import interval, shown
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.waits import first_follow_ups, given
from leadopt.learning.rates.estimate import Estimate
from leadopt.learning.rates.groups import draw_together


@dataclass(frozen=True, slots=True, kw_only=True)
class RepFigures:
    """The figures of one rep.

    Parameters
    ----------
    rep
        who
    given, won
        ownerships that began in the period, and wins in it
    expected
        wins to be expected of those that ended in it, by the chances that they had; NaN = not known
    due, in_time
        first follow-ups that had to come by now, and that came when they were due
    share_in_time, low, high
        the share, drawn to that of all reps as far as the data say, and its interval; NaN = not known
    recalled, refused, claimed, complaints
        how often
    open_on_average, used
        leads in work over the time that the rep was there, and which share of the slots that is
    entitled, received
        of what is shared: leads
    """

    rep: Any
    given: int
    won: int
    expected: float
    due: int
    in_time: int
    share_in_time: float
    low: float
    high: float
    recalled: int
    refused: int
    claimed: int
    complaints: int
    open_on_average: float
    used: float
    entitled: float
    received: float


def figures_by_rep(facts: Facts, period: Period, level: float) -> tuple[RepFigures, ...]:
    """Return the figures of each rep who was there in a period and had a lead."""
    columns = _counts(facts, period) | _in_time(facts, period, level)
    columns["open_on_average"], columns["used"] = use_of_slots(facts, period)
    columns["received"], columns["entitled"] = shares_received(facts, period, "leads")
    there = (columns["given"] > 0) | (columns["open_on_average"] > 0)
    mine = np.flatnonzero(there & (present(facts, period) > 0.0)).tolist()
    cells = {name: column.tolist() for name, column in columns.items()}
    return tuple(
        RepFigures(rep=facts.reps.names[rep], **{name: column[rep] for name, column in cells.items()}) for rep in mine
    )


def _counts(facts: Facts, period: Period) -> dict[str, Any]:
    """Return how often each rep did what, and the wins that were to be expected."""
    owned, n = facts.owned, len(facts.reps.names)
    handed, ended = given(facts, period), during(owned.until, period.start, period.end)

    def total(rows: Bools, weight: Floats) -> Floats:
        return np.bincount(owned.rep[rows], weight[rows], minlength=n).astype(np.float64)

    def often(rows: Bools) -> Any:
        return np.bincount(owned.rep[rows], minlength=n)

    known = None if owned.chance is None else ended & ~np.isnan(owned.chance)
    complaints = np.zeros(len(handed)) if owned.complaints is None else owned.complaints
    return {
        "given": often(handed),
        "won": often(ended & owned.won),
        "expected": np.full(n, np.nan) if owned.chance is None or known is None else total(known, owned.chance),
        "recalled": often(ended & among(owned.exit, ("recalled",))),
        "refused": often(ended & among(owned.exit, ("refused",))),
        "claimed": often(handed & among(owned.via, ("claim",))),
        "complaints": total(handed, complaints).round().astype(np.int64),
    }


def _in_time(facts: Facts, period: Period, level: float) -> dict[str, Any]:
    """Return how many first follow-ups of each rep had to come and came in time, and the share, drawn together."""
    n = len(facts.reps.names)
    found = first_follow_ups(facts, period)
    none = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool))
    mine, came = none if isinstance(found, str) else found
    rep = facts.owned.rep[mine]
    due, met = np.bincount(rep, minlength=n), np.bincount(rep[came], minlength=n)
    if not due.any():
        return {"due": due, "in_time": met, **dict.fromkeys(("share_in_time", "low", "high"), np.full(n, np.nan))}
    drawn = draw_together(met.astype(np.float64), due.astype(np.float64), level)
    return {"due": due, "in_time": met, "share_in_time": drawn.value, "low": drawn.low, "high": drawn.high}


def rep_table(reps: tuple[RepFigures, ...]) -> tuple[list[str], list[list[str]]]:
    """Return the figures of reps for people."""
    rows = [
        [
            str(one.rep),
            f"{one.given:,}",
            f"{one.won:,}",
            f"{one.in_time:,} of {one.due:,}",
            shown(one.share_in_time, "share"),
            interval(Estimate(one.share_in_time, one.low, one.high), "share"),
            f"{one.recalled:,}",
            f"{one.refused:,}",
            shown(one.open_on_average, ""),
            shown(one.used, "share"),
        ]
        for one in reps
    ]
    headers = ["rep", "given", "won", "in time", "share", "interval", "recalled", "refused", "open", "of slots"]
    return headers, rows
