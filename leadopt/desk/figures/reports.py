"""`weekly` and `monthly`: what came, who got it, what is overdue and went back, and why; in words and in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from leadopt.arrays import Bools
from leadopt.desk.figures.acts import among, evenness
from leadopt.desk.figures.facts import Facts, during
from leadopt.desk.figures.metrics import Metrics, metrics
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.promises import promises
from leadopt.desk.figures.waits import arrived, given
from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.records import columns_of
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import count, number, percent

_UNKNOWN = "unknown"
_MOST_NAMED = 3
_NO_CHANCES = "no lead that came then was given out with a chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a report: how many there are of something.

    Parameters
    ----------
    what
        "came", "given", "overdue", "recalled", "refused", "released", "bad", "announced", "lifted"
    of
        the source, the rep or the rule
    reason
        the coded reason; "" = there is none
    n
        how many
    """

    what: str
    of: str
    reason: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Report(Result):
    """What a week or a month brought.

    Parameters
    ----------
    period
        in words
    sentences
        for who reads no more: what came, how soon it was answered, what was won and went back; of a month, whether the
        chances that leads were given out by still hold
    lines
        how many of what, by source, rep and reason
    metrics
        the figures of the period
    evenness
        by week: its first day and the Gini coefficient of leads received; of a monthly report
    owed
        of leads, to each rep, the most first; of a monthly report
    """

    period: str
    sentences: tuple[str, ...]
    lines: tuple[Line, ...]
    metrics: Metrics
    evenness: tuple[tuple[str, float], ...] = ()
    owed: tuple[tuple[str, float], ...] = ()
    like: Table = field(repr=False)

    def summary(self) -> str:
        """Return the report in its sentences."""
        return " ".join(self.sentences)

    def below(self, page: bool = True) -> Parts:
        """Return how many of what, then the figures."""
        names = dict.fromkeys(line.what for line in self.lines)
        tables = [_table(what, [line for line in self.lines if line.what == what]) for what in names]
        if self.evenness:
            rows = [[day, "-" if np.isnan(value) else number(value)] for day, value in self.evenness]
            tables.append((["week of", "Gini of leads received"], rows))
        if self.owed:
            tables.append((["owed to", "leads"], [[rep, number(amount)] for rep, amount in self.owed]))
        figures = self.metrics.below(page)
        return Parts(tables=[*tables, *figures.tables], notes=figures.notes)

    def frame(self) -> Any:
        """Return one row per line, as the user's kind of table."""
        return self.like.build(columns_of(self.lines))

    def _told(self) -> dict[str, Any]:
        import json

        names = ("period", "sentences", "lines", "evenness", "owed")
        return {**{name: getattr(self, name) for name in names}, "metrics": json.loads(self.metrics.to_json())}


def weekly(facts: Facts, period: Period | None = None) -> Report:
    """Return the report of a week.

    Parameters
    ----------
    facts
        of a desk or of a history
    period
        seven days; None = the last week from Monday to Sunday that is over

    Raises
    ------
    InvalidInput
        the period has not seven days, or nothing is known of it yet
    """
    if period is None:
        today = _today(facts)
        monday = today - timedelta(today.weekday() + 7)
        period = Period.weeks(monday, 1, facts.zone)
    if period.n_days != 7:
        found = f"found {count(period.n_days, 'day')}, {period}"
        raise InvalidInput(
            f"period: must have 7 days; {found}. Of 28 or more there is the monthly report, of any metrics"
        )
    return _report(facts, period)


def monthly(facts: Facts, period: Period | None = None) -> Report:
    """Return the report of a month: as of a week, and how even every week was, what reps are owed, and drift.

    Parameters
    ----------
    facts
        of a desk or of a history
    period
        28 days or more; None = the last calendar month that is over

    Raises
    ------
    InvalidInput
        the period is shorter, or nothing is known of it yet
    """
    if period is None:
        last = _today(facts).replace(day=1) - timedelta(1)
        period = Period(first=last.replace(day=1), last=last, zone=facts.zone)
    if period.n_days < 28:
        found = f"found {count(period.n_days, 'day')}, {period}"
        raise InvalidInput(
            f"period: must have 28 days or more; {found}. Of 7 there is the weekly report, of any metrics"
        )
    weeks = [(str(week.first), _gini_of_leads(facts, week)) for week in period.each_week() if week.n_days == 7]
    owed = sorted(facts.owed.items(), key=lambda one: (-one[1], one[0]))
    told = _report(facts, period)
    sentences = (*told.sentences, _promised(facts, period, told.metrics.level))
    return replace(told, sentences=sentences, evenness=tuple(weeks), owed=tuple(owed))


def _today(facts: Facts) -> date:
    zone = ZoneInfo(facts.zone)
    return datetime.fromtimestamp(facts.known_until // 1_000_000, zone).date()


def _gini_of_leads(facts: Facts, week: Period) -> float:
    found = {one.name: one.value for one in evenness(facts, week)}
    return found.get("gini_leads", float("nan"))


def _report(facts: Facts, period: Period) -> Report:
    found, lines = metrics(facts, period), tuple(_lines(facts, period))
    return Report(
        period=str(period),
        sentences=(_came(found, lines), _answered(found, lines), _went_back(found, lines)),
        lines=lines,
        metrics=found,
        like=facts.like,
    )


# ---- lines


def _lines(facts: Facts, period: Period) -> Iterable[Line]:
    """Yield how many of what there were."""
    leads, owned = facts.leads, facts.owned
    came = arrived(facts, period)
    reps = [str(name) for name in facts.reps.names]
    of = [reps[rep] for rep in owned.rep.tolist()]
    yield from _counted("came", came, [one or _UNKNOWN for one in leads.source])
    yield from _counted("given", given(facts, period), of)
    if owned.next_due is not None:
        yield from _counted("overdue", np.isnan(owned.until) & (owned.next_due < facts.known_until), of)
    ended = during(owned.until, period.start, period.end)
    for exit_ in ("recalled", "refused", "released"):
        yield from _counted(exit_, ended & among(owned.exit, (exit_,)), of, owned.reason)
    closed = leads.bad & during(leads.ended, period.start, period.end)
    yield from _counted("bad", closed, [one or _UNKNOWN for one in leads.source])
    rules = [f"{reps[rep]}: {rule}" for rep, rule in zip(facts.measures.rep, facts.measures.rule, strict=True)]
    yield from _counted("announced", during(facts.measures.announced, period.start, period.end), rules)
    yield from _counted("lifted", during(facts.measures.ended, period.start, period.end), rules)


def _counted(what: str, rows: Bools, of: Sequence[str], reason: Sequence[str] = ()) -> Iterable[Line]:
    """Yield a line for each that some rows are of, the most first."""
    mine = np.flatnonzero(rows).tolist()
    counts = Counter((of[row], reason[row] if reason else "") for row in mine)
    for (who, why), n in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield Line(what=what, of=who, reason=why, n=n)


def _table(what: str, lines: Sequence[Line]) -> Cells:
    with_reason = any(line.reason for line in lines)
    rows = [[line.of, *([line.reason] if with_reason else []), f"{line.n:,}"] for line in lines]
    return [_HEADERS[what], *(["reason"] if with_reason else []), "how many"], rows


_HEADERS = {
    "came": "came from",
    "given": "given to",
    "overdue": "overdue now",
    "recalled": "recalled from",
    "refused": "refused by",
    "released": "given back by",
    "bad": "no leads, from",
    "announced": "announced",
    "lifted": "lifted",
}

# ---- sentences


def _came(found: Metrics, lines: Sequence[Line]) -> str:
    came, n_given = int(found.figure("arrived").value), int(found.figure("given").value)
    told = f"{count(came, 'lead')} came from {found.first} to {found.last}"
    given_to = [line for line in lines if line.what == "given"]
    if not given_to:
        return f"{told}, and none was given to a rep."
    most = given_to[0]
    times = f"leads were given out {count(n_given, 'time')} to {count(len(given_to), 'rep')}"
    return f"{told}; {times}, most to {most.of} ({most.n:,})."


def _answered(found: Metrics, lines: Sequence[Line]) -> str:
    median, in_time = found.figure("rep_response_median"), found.figure("in_time")
    if np.isnan(median.value):
        return f"How soon they were answered is not known: {median.note or 'none was given to a rep'}."
    head = f"Half of them were answered within {median.shown}"
    if not np.isfinite(median.value):
        head = "Fewer than half of them have been answered so far"
    told = [head]
    told += [f"{in_time.shown} of the first follow-ups due so far were in time"] if in_time.n else []
    return f"{'; '.join(told)}; {_overdue(lines)}."


def _overdue(lines: Sequence[Line]) -> str:
    late = [line for line in lines if line.what == "overdue"]
    if not late:
        return "nothing is known to be overdue"
    named = ", ".join(f"{line.of} {line.n:,}" for line in late[:_MOST_NAMED])
    n = sum(line.n for line in late)
    return f"{count(n, 'follow-up')} {'is' if n == 1 else 'are'} overdue now ({named})"


def _went_back(found: Metrics, lines: Sequence[Line]) -> str:
    counts = {what: sum(line.n for line in lines if line.what == what) for what in _HEADERS}
    won = int(found.figure("won").value)
    reasons = Counter[str]()
    for line in lines:
        if line.what == "refused" and line.reason:
            reasons[line.reason] += line.n
    why = ", ".join(f"{reason} {n:,}" for reason, n in reasons.most_common(_MOST_NAMED))
    if why_not := found.figure("recalls").note:
        return f"{won:,} won; what went back is not known: {why_not}."
    told = [
        f"{won:,} won",
        f"{counts['recalled']:,} recalled",
        f"{counts['refused']:,} refused{f' ({why})' if why else ''}",
        f"{counts['released']:,} given back",
        f"{counts['bad']:,} closed as no leads",
    ]
    return f"{', '.join(told[:-1])} and {told[-1]}."


def _promised(facts: Facts, period: Period, level: float) -> str:
    """Return whether as much is won as the chances promised, 1 for each: what lies beside it is the model's drift."""
    found = promises(facts, period)
    if isinstance(found, str) or not found.promised > 0.0:
        return f"Whether the model's chances hold is not known: {found if isinstance(found, str) else _NO_CHANCES}."
    came = f"{count(found.n, 'lead')} that came and {'was' if found.n == 1 else 'were'} given out with a chance"
    still = f"{found.still_open:,} {'is' if found.still_open == 1 else 'are'} still open"
    won = f"{found.won:,} {'is' if found.won == 1 else 'are'} won"
    told = f"of {came}, {still} and {won}; their chances promised {number(found.promised)} wins"
    ratio = found.figure(level)
    if not ratio.low <= 1.0 <= ratio.high:
        said = f"The model has drifted and promises too {'much' if ratio.high < 1.0 else 'little'}"
    elif found.too_early(level):
        return f"Whether the model's chances hold is not known yet: {told}."
    else:
        said = "No drift of the model shows"
    whatever = ", whatever the open ones bring" if found.still_open else ""
    return f"{said}: {told} ({percent(level)} interval {ratio.interval} for each{whatever})."
