"""Rows of what leads and reps wait for: an answer, a follow-up in time, a win.

An answer that has not come counts for as long as it was waited for. A lead that was lost or closed cannot be won any
more: it stays in the rows to the last day, as one that was not, since it is known not to win and not merely unknown.
"""

from __future__ import annotations

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.desk.figures.facts import Facts, during
from leadopt.desk.figures.figure import Rows
from leadopt.desk.figures.periods import Period


def arrived(facts: Facts, period: Period) -> Bools:
    """Return which leads came in a period and were seen from then on, bool (n_leads,)."""
    return facts.leads.seen & during(facts.leads.received, period.start, period.end)


def given(facts: Facts, period: Period) -> Bools:
    """Return which ownerships began in a period, but for those that were taken over, bool (n_ownerships,)."""
    routed = np.array([via != "import" for via in facts.owned.via], dtype=bool)
    return routed & during(facts.owned.since, period.start, period.end)


def answers_from_arrival(facts: Facts, period: Period) -> Rows | str:
    """Return how long leads waited for their first follow-up; one that ended without one was seen until then."""
    leads = facts.leads
    if leads.first is None:
        return facts.why_missing("first")
    mine = np.flatnonzero(arrived(facts, period))
    return _waits(mine, leads.received[mine], leads.first[mine], _or_now(leads.ended[mine], facts))


def answers_from_ownership(facts: Facts, period: Period) -> Rows | str:
    """Return how long ownerships waited for their first follow-up; one that ended without one was seen until then."""
    owned = facts.owned
    if owned.first is None:
        return facts.why_missing("first")
    mine = np.flatnonzero(given(facts, period))
    return _waits(owned.lead[mine], owned.since[mine], owned.first[mine], _or_now(owned.until[mine], facts))


def working_answers(facts: Facts, period: Period) -> Rows | str:
    """Return how much working time ownerships waited for their first follow-up."""
    if facts.calendar is None:
        return facts.why_missing("calendar")
    rows = answers_from_ownership(facts, period)
    if isinstance(rows, str):
        return rows
    begin = facts.owned.since[given(facts, period)]
    spans = zip(begin.astype(np.int64).tolist(), (begin + rows.wait).astype(np.int64).tolist(), strict=True)
    worked = [float(facts.calendar.working_microseconds(start, end)) for start, end in spans]
    return Rows(lead=rows.lead, happened=rows.happened, wait=np.array(worked, dtype=np.float64))


def in_time(facts: Facts, period: Period) -> Rows | str:
    """Return whether first follow-ups came when they were due, of those that had to come by now.

    An ownership that ended earlier, without one, had not to.
    """
    found = first_follow_ups(facts, period)
    if isinstance(found, str):
        return found
    mine, came = found
    return Rows(lead=facts.owned.lead[mine], happened=came, wait=np.zeros(len(mine)))


def first_follow_ups(facts: Facts, period: Period) -> tuple[Ints, Bools] | str:
    """Return which ownerships `in_time` has rows of, int64, and whether their first follow-up came when it was due."""
    due, first, until = facts.owned.due, facts.owned.first, facts.owned.until
    if due is None or first is None:
        return facts.why_missing("due" if due is None else "first")
    held = ~(until < due)  # NaN: it lasts
    mine = np.flatnonzero(given(facts, period) & (due <= facts.known_until) & (held | ~np.isnan(first)))
    return mine, first[mine] <= due[mine]


def follow_ups(facts: Facts, period: Period) -> Rows | str:
    """Return how long after leads came anybody followed them up; those that ended without stay to the last day."""
    leads = facts.leads
    if leads.first is None:
        return facts.why_missing("first")
    mine = np.flatnonzero(arrived(facts, period))
    return _waits(mine, leads.received[mine], leads.first[mine], _now(mine, facts))


def wins_from_arrival(facts: Facts, period: Period) -> Rows | str:
    """Return how long after leads came they were won; those that were lost stay to the last day."""
    leads = facts.leads
    if leads.won is None:
        return facts.why_missing("won")
    mine = np.flatnonzero(arrived(facts, period))
    return _waits(mine, leads.received[mine], leads.won[mine], _now(mine, facts))


def wins_from_assignment(facts: Facts, period: Period) -> Rows | str:
    """Return how long after they were first given to somebody leads were won."""
    leads, owned = facts.leads, facts.owned
    if leads.won is None:
        return facts.why_missing("won")
    mine = np.flatnonzero(given(facts, period) & (owned.number == 1))
    lead = owned.lead[mine]
    return _waits(lead, owned.since[mine], leads.won[lead], _now(mine, facts))


def wins_of_later_owners(facts: Facts, period: Period) -> Rows | str:
    """Return how long after somebody got leads that another had before they were won by that one."""
    owned = facts.owned
    if facts.leads.won is None:
        return facts.why_missing("won")
    mine = np.flatnonzero(given(facts, period) & (owned.number > 1))
    return _waits(
        owned.lead[mine], owned.since[mine], np.where(owned.won, owned.until, np.nan)[mine], _now(mine, facts)
    )


def _waits(lead: Ints, begin: Floats, came: Floats, seen_until: Floats) -> Rows:
    """Return rows of what came, or was waited for until some moment; what came before it began came at once."""
    happened = ~np.isnan(came)
    wait = np.maximum(np.where(happened, came, seen_until) - begin, 0.0)
    return Rows(lead=np.asarray(lead, dtype=np.int64), happened=happened, wait=wait)


def _or_now(ended: Floats, facts: Facts) -> Floats:
    return np.asarray(np.where(np.isnan(ended), facts.known_until, ended), dtype=np.float64)


def _now(mine: Ints, facts: Facts) -> Floats:
    return np.full(len(mine), float(facts.known_until))
