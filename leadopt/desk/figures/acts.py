"""Counts of what people did with leads, how reps came and went, how much was in work, and how even it was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from leadopt.arrays import Bools, Floats
from leadopt.desk.figures.facts import Facts, Texts, during
from leadopt.desk.figures.figure import DAY, Figure
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.waits import arrived, given
from leadopt.metrics import gini

_YEAR = 365.25 * DAY
Tally = tuple[int, float, int]  # how often, over how much, of how many


def ended_by(*exits: str) -> Callable[[Facts, Period], Tally | str]:
    """Return what counts the ownerships that ended so in a period, over those that began in it."""

    def tally(facts: Facts, period: Period) -> Tally | str:
        if "exit" in facts.missing:
            return facts.why_missing("exit")
        ended = during(facts.owned.until, period.start, period.end) & among(facts.owned.exit, exits)
        n = int(given(facts, period).sum())
        return int(ended.sum()), float(n), n

    return tally


def claimed(facts: Facts, period: Period) -> Tally | str:
    """Return how many of the ownerships that began in a period did so by a claim."""
    if "via" in facts.missing:
        return facts.why_missing("via")
    mine = given(facts, period)
    n = int(mine.sum())
    return int((mine & among(facts.owned.via, ("claim",))).sum()), float(n), n


def overridden(facts: Facts, period: Period) -> Tally | str:
    """Return how many of the ownerships that began in a period passed a cap or a cool-off."""
    if facts.owned.override is None:
        return facts.why_missing("override")
    mine = given(facts, period)
    n = int(mine.sum())
    return int((mine & ~among(facts.owned.override, ("",))).sum()), float(n), n


def complained(facts: Facts, period: Period) -> Tally | str:
    """Return how many complaints there were of ownerships that began in a period."""
    if facts.owned.complaints is None:
        return facts.why_missing("complaints")
    mine = given(facts, period)
    n = int(mine.sum())
    return round(float(facts.owned.complaints[mine].sum())), float(n), n


def reps_who_left(facts: Facts, period: Period) -> Tally | str:
    """Return how many reps left in a period, over the years that all of them were there in it."""
    if facts.reps.left is None:
        return facts.why_missing("left")
    there = present(facts, period)
    # Of whom a history tells who was gone before the desk knew the rep, it is not known when that was.
    left = during(facts.reps.left, period.start, period.end) & (facts.reps.left > facts.reps.joined)
    return int(left.sum()), float(there.sum()) / _YEAR, int((there > 0).sum())


def present(facts: Facts, period: Period) -> Floats:
    """Return how long each rep was there in a period, in microseconds, float64 (n_reps,)."""
    end = min(period.end, facts.known_until)
    left = np.full(len(facts.reps.joined), np.nan) if facts.reps.left is None else facts.reps.left
    return overlap(facts.reps.joined, left, period.start, end)


def heads(facts: Facts, period: Period) -> Figure:
    """Return how many reps there were on average; where nobody knows who left, those who had any lead in it."""
    length = min(period.end, facts.known_until) - period.start
    if facts.reps.left is None:
        owned = facts.owned
        worked = overlap(owned.since, owned.until, period.start, min(period.end, facts.known_until)) > 0.0
        value, note = float(len(np.unique(owned.rep[worked]))), "reps who had a lead in the period"
    else:
        value, note = float(present(facts, period).sum()) / length if length > 0 else float("nan"), ""
    return Figure(name="head_count", label="reps", unit="", value=value, n=len(facts.reps.names), note=note)


def idle_share(facts: Facts, period: Period, level: float, *, of_it: bool = False) -> Figure:
    r"""Return the share of lead-days, of open leads, on which nobody had begun with the lead or it lay in a pool.

    With :math:`o_i` days on which lead i was open in the period and :math:`d_i` of them idle, it is
    :math:`R = \sum d_i / \sum o_i`, of the standard error :math:`\sqrt{\sum (d_i - R o_i)^2} / \sum o_i`.

    `of_it` looks at leads alone that came in the period.

    References
    ----------
    Cochran (1977), Sampling techniques, eq. 6.13
    """
    from statistics import NormalDist

    label, unit = "share of open lead-days that were idle", "share"
    if facts.owned.first is None:
        note = facts.why_missing("first")
        return Figure(name="idle_share", label=label, unit=unit, value=float("nan"), n=0, note=note)
    end = min(period.end, facts.known_until)
    days = overlap(facts.leads.received, facts.leads.ended, period.start, end)
    days *= arrived(facts, period) if of_it else facts.leads.seen
    begun = np.maximum(facts.owned.first, facts.owned.since)  # NaN: not yet
    in_work = overlap(begun, facts.owned.until, period.start, end)
    worked = np.minimum(np.bincount(facts.owned.lead, in_work, minlength=len(days)), days)
    total = float(days.sum())
    if not total:
        return Figure(name="idle_share", label=label, unit=unit, value=float("nan"), n=0)
    value = 1.0 - float(worked.sum()) / total
    error = float(np.sqrt(((days - worked - value * days) ** 2).sum())) / total
    half = NormalDist().inv_cdf((1.0 + level) / 2.0) * error
    return Figure(
        name="idle_share",
        label=label,
        unit=unit,
        value=value,
        low=max(0.0, value - half),
        high=min(1.0, value + half),
        n=int((days > 0.0).sum()),
    )


def use_of_slots(facts: Facts, period: Period) -> tuple[Floats, Floats]:
    """Return how many leads each rep had open on average, and which share of the slots that is, float64 (n_reps,).

    Over the time that the rep was there; NaN for who was not, and for the share of who has no limit. The slots are
    those of today.
    """
    there = present(facts, period)
    end = min(period.end, facts.known_until)
    held = overlap(facts.owned.since, facts.owned.until, period.start, end)
    total = np.bincount(facts.owned.rep, held, minlength=len(there))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(there > 0.0, total / there, np.nan)
        return mean, np.where(facts.reps.slots > 0.0, mean / facts.reps.slots, np.nan)


def capacity_use(facts: Facts, period: Period) -> Figure:
    """Return open work over slots, both over time, of all reps who have a limit."""
    there = present(facts, period)
    limited = (facts.reps.slots > 0.0) & (there > 0.0)
    held = use_of_slots(facts, period)[0]
    room = float((facts.reps.slots * there)[limited].sum())
    value = float((held * there)[limited].sum()) / room if room else float("nan")
    note = "" if room else facts.missing.get("slots", "no rep has a limit of open leads")
    label = "open leads of the slots there are"
    return Figure(name="capacity_use", label=label, unit="share", value=value, n=int(limited.sum()), note=note)


def shares_received(facts: Facts, period: Period, of: str) -> tuple[Floats, Floats]:
    """Return what each rep received of something in a period and was entitled to, float64 (n_reps,)."""
    booked, n = facts.booked, len(facts.reps.names)
    mine = during(booked.at, period.start, period.end) & among(booked.of, (of,))
    return (
        np.bincount(booked.rep[mine], booked.received[mine], minlength=n).astype(np.float64),
        np.bincount(booked.rep[mine], booked.entitled[mine], minlength=n).astype(np.float64),
    )


def evenness(facts: Facts, period: Period) -> list[Figure]:
    """Return the Gini coefficient of what reps received of what they were entitled to, for each thing that is shared.

    Where nothing was booked, that of how many leads each got who got any.
    """
    things = sorted(set(facts.booked.of))
    found = []
    for of in things:
        received, entitled = shares_received(facts, period, of)
        due = entitled > 0.0
        value = gini(np.maximum(received[due] / entitled[due], 0.0)) if due.any() else float("nan")
        label = f"Gini of {_WORDS.get(of, of)} received of those entitled to"
        found.append(Figure(name=f"gini_{of}", label=label, unit="", value=value, n=int(due.sum())))
    if not things:
        counts = np.bincount(facts.owned.rep[given(facts, period)])
        counts = counts[counts > 0]
        value = gini(counts) if len(counts) else float("nan")
        found.append(
            Figure(name="gini_leads", label="Gini of leads received by rep", unit="", value=value, n=len(counts))
        )
    return found


_WORDS = {"leads": "leads", "value": "value", "hot": "hot leads"}


def overlap(begin: Floats, end: Floats, start: float, stop: float) -> Floats:
    """Return how much of each time lies in a period, float64 (n,); an end that is NaN has not come."""
    last = np.where(np.isnan(end), stop, np.minimum(end, stop))
    found = last - np.maximum(begin, start)
    return np.asarray(np.where(found > 0.0, found, 0.0), dtype=np.float64)  # NaN: it never began


def among(texts: Texts, wanted: tuple[str, ...]) -> Bools:
    """Return which texts are one of some, bool (n,)."""
    return np.array([text in wanted for text in texts], dtype=bool)
