"""`measure_lift`: what a trial of planned against random leads has shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import NormalDist
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.evaluate.history.records import checked_columns
from leadopt.evaluate.trials.clusters import Clusters, Interval, cluster_intervals
from leadopt.evaluate.trials.conditional import exact_tails
from leadopt.evaluate.trials.counts import Counts, coded
from leadopt.evaluate.trials.holdout import AT_RANDOM, DRAWN_WITH, OUTSIDE, PLANNED
from leadopt.evaluate.trials.power import leads_needed
from leadopt.evaluate.trials.rate_limits import few, hulls, newcombe
from leadopt.evaluate.trials.score_intervals import difference_interval, ratio_interval
from leadopt.learning.estimates import check_level
from leadopt.learning.history.outcomes import count_outcomes
from leadopt.tables import Table
from leadopt.tables.cells import as_level, as_outcome, each_once
from leadopt.tables.engines import history_table
from leadopt.tables.result import Result
from leadopt.tables.text import count, percent


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Lift(Result):
    """What planned leads converted more than random ones.

    Parameters
    ----------
    n_planned, n_random
        settled leads of each group
    rate_planned, rate_random
        share of them that converted
    difference, low, high
        of the rates, with its interval
    lift, lift_low, lift_high
        relative: 0.1 = a tenth more; inf where nothing converted at random, and NaN where nothing did at all
    level
        of both intervals
    n_open
        leads of the trial that are left out, as they have no outcome yet
    n_alone
        settled leads that say nothing of the difference, as their stratum has none of the other group
    n_clusters
        clusters that errors are reckoned by; None = every lead by itself
    n_repeated
        rows that repeat a lead with its group and outcome, and count no more
    """

    n_planned: int
    n_random: int
    rate_planned: float
    rate_random: float
    difference: float
    low: float
    high: float
    lift: float
    lift_low: float
    lift_high: float
    level: float
    n_open: int
    n_alone: int = 0
    n_clusters: int | None = None
    n_repeated: int = 0

    def summary(self) -> str:
        """Return what was shown, in one sentence."""
        rates = f"{percent(self.rate_planned, 1)} of {self.n_planned:,} planned leads converted, "
        rates += f"{percent(self.rate_random, 1)} of {self.n_random:,} random ones"
        by = f"a difference of {100 * self.difference:+.1f} points ({percent(self.level)} interval "
        by += f"{100 * self.low:+.1f} to {100 * self.high:+.1f})"
        if isfinite(self.lift) and isfinite(self.lift_high):
            by += f", a lift of {self.lift:+.0%} ({self.lift_low:+.0%} to {self.lift_high:+.0%})"
        by += f", reckoned by {count(self.n_clusters, 'cluster')}" if self.n_clusters is not None else ""
        shown = "the plan helps" if self.low > 0 else "the plan harms" if self.high < 0 else self._undecided()
        alone = f"; {count(self.n_alone, 'lead')} in strata of one group alone, which compare nothing"
        still = f"; {count(self.n_open, 'lead')} still open" if self.n_open else ""
        rows = f"; {count(self.n_repeated, 'row')} that repeat a lead, counted once" if self.n_repeated else ""
        return f"{shown}: {rates}, {by}{alone if self.n_alone else ''}{still}{rows}"

    def _undecided(self) -> str:
        n, rate = self.n_planned + self.n_random, self.rate_random
        if self.n_clusters is not None:
            few = self.low == -1.0 and self.high == 1.0
            return "no difference is shown" + (" (so few clusters in a group can show none)" if few else "")
        if not 0.0 < rate * 1.1 < 1.0:
            return "no difference is shown"
        needed = leads_needed(rate, 0.1, share=self.n_random / n, level=self.level)
        return f"no difference is shown (a lift of 10% takes {needed:,} leads)"


def measure_lift(
    results: Any,
    *,
    group: str = "group",
    converted: str = "converted",
    stratify_by: Sequence[str] | str | None = None,
    cluster_by: str | None = None,
    lead_id: str = "lead_id",
    level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Lift:
    r"""Return by how much planned leads converted more than leads that were sent at random.

    The difference and the ratio are those of Mantel and Haenszel: with strata s of n_s leads, of which n_1s planned
    and n_0s at random converted a_s and c_s times,

    .. math:: \frac{\sum_s (a_s n_{0s} - c_s n_{1s}) / n_s}{\sum_s n_{1s} n_{0s} / n_s}, \quad
              \frac{\sum_s a_s n_{0s} / n_s}{\sum_s c_s n_{1s} / n_s},

    and without strata those of the two rates. Without strata the interval of the difference is Newcombe's, made of
    Wilson's intervals of both rates; all others are the values that a score test does not reject (`score_intervals`),
    and all are wider where a group has fewer than five conversions (`rate_limits`). They exclude 0 only if the exact
    test, given how many converted in each stratum, excludes it too (`conditional`): if the plan changes nothing, "the
    plan helps" is said in at most (1 - level) / 2 of all trials, at any size, share and number of strata. Strata of one
    group alone compare nothing and count nothing.

    Where whole clusters were drawn, such as all leads of a rep or of a day, the leads of one hang together, and
    intervals are those of all ways in which clusters could have been drawn (`clusters.by_lot`); where clusters have
    leads of both groups, those of leaving out one cluster at a time.

    Parameters
    ----------
    results
        table with a row for each lead of the trial: `Holdout.frame()` with the outcomes beside it. Rows of the group
        "outside" are left out, as are those without an outcome yet; wait until most are settled
    group
        column that holds "plan", "random" or "outside"
    converted
        column of outcomes
    stratify_by
        the columns by which the leads were drawn, or the batch
    cluster_by
        column of what leads hang together by: the rep who had them, the day, the batch. None = the column "drawn_with"
        that `holdout(cluster_by=...)` wrote, if it is there; else every lead stands for itself
    lead_id
        column of ids, if there is one: rows of one lead (of a stratum) with one group and outcome count once, such as
        those of an outcome's line items
    level
        of the intervals
    rng
        seed or generator, for draws of clusters where there are more than 9,999 ways

    Returns
    -------
    Lift
        `.difference`, `.low`, `.high`, `.lift`, `.summary()`

    Raises
    ------
    InvalidInput
        a column is missing, a group or an outcome cannot be read, a lead has two groups or outcomes, no lead of one
        group is settled, no stratum has leads of both groups, or there is one cluster alone

    Notes
    -----
    Leads are counted by group, stratum, cluster and outcome where the table lies; only where a lead has several rows
    are all read one by one.

    References
    ----------
    Mantel & Haenszel (1959), Statistical aspects of the analysis of data from retrospective studies of disease, JNCI
    22(4); Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in
    Medicine 17(8), method 10; Miettinen & Nurminen (1985), Comparative analysis of two rates, Statistics in Medicine
    4(2); Mehta, Patel & Gray (1985), Computing an exact confidence interval for the common odds ratio, JASA 80(392)

    Examples
    --------
    >>> rows = [("plan", 1, 240), ("plan", 0, 760), ("random", 1, 180), ("random", 0, 820)]
    >>> results = [{"group": g, "converted": won} for g, won, n in rows for _ in range(n)]
    >>> print(measure_lift(results))  # doctest: +NORMALIZE_WHITESPACE
    the plan helps: 24.0% of 1,000 planned leads converted, 18.0% of 1,000 random ones, a difference of +6.0 points
    (95% interval +2.4 to +9.6), a lift of +33% (+12% to +58%)
    """
    check_level(level)
    columns = checked_columns(stratify_by, "stratify_by")
    _check_known_before({"stratify_by": columns, "cluster_by": (cluster_by,)}, (group, converted))
    table = history_table(results, "results").held({group, converted, lead_id, *columns, cluster_by or DRAWN_WITH})
    count_outcomes(table, group, columns, converted)  # refuses what cannot be read
    table = table.judged(converted)
    clustered = cluster_by or (DRAWN_WITH if DRAWN_WITH in table else None)
    alike = _counted(table, [group, *columns, *([clustered] if clustered else []), converted], lead_id)
    groups = _groups(table, alike, group)
    won = each_once(lambda value: None if value is None else as_outcome(value), alike.cells[converted])
    inside = [k for k, one in enumerate(groups) if one != OUTSIDE]
    levels = [alike.levels(column) for column in columns]
    strata = list(zip(*levels, strict=True)) if levels else [()] * len(won)
    answered = [k for k in inside if won[k] is not None]
    settled = answered
    if alike.each_alone:
        settled = _once(table, lead_id, answered, strata, list(zip(groups, won, strict=True)))
    n = alike.n[settled]
    planned = np.array([groups[k] == PLANNED for k in settled], dtype=bool)
    for name, n_leads in ((PLANNED, n @ planned), (AT_RANDOM, n @ ~planned)):
        if n_leads == 0:
            raise InvalidInput(f'results.{group}: no lead of the group "{name}" has an outcome yet')
    stratum = coded([strata[k] for k in settled])
    outcome = np.array([won[k] for k in settled], dtype=np.float64)
    counts = Counts.of(stratum, planned, outcome, n)
    compared = counts.both
    if not len(compared.n1):
        raise InvalidInput(
            f"stratify_by: no level of {' and '.join(columns)} has settled leads of both groups, so that nothing can "
            "be compared; name fewer columns, or coarser ones"
        )
    cluster = None if clustered is None else _cluster_of(table, alike, clustered, settled)
    if cluster is None:
        ends = _by_lead(compared, level)
    else:
        clusters = Clusters.of(cluster, stratum, planned, outcome, n)
        ends = cluster_intervals(clusters, level, np.random.default_rng(rng))
        ends = _as_wide_as_few(compared, _as_exact(compared, ends, level), level)
    (low, high), (ratio_low, ratio_high) = ends
    rate_planned, rate_random = (float(won.sum() / n.sum()) for won, n in _groups_of(counts))
    return Lift(
        n_planned=int(n @ planned),
        n_random=int(n @ ~planned),
        rate_planned=rate_planned,
        rate_random=rate_random,
        difference=compared.difference,
        low=low,
        high=high,
        lift=compared.ratio - 1.0,
        lift_low=ratio_low - 1.0,
        lift_high=ratio_high - 1.0,
        level=level,
        n_open=int(alike.n[inside].sum() - alike.n[answered].sum()),
        n_alone=int(n.sum() - compared.n.sum()),
        n_clusters=None if cluster is None else int(cluster.max()) + 1,
        n_repeated=len(answered) - len(settled),
    )


def _check_known_before(named: dict[str, tuple[str | None, ...]], told: tuple[str, str]) -> None:
    for setting, columns in named.items():
        for column in set(columns) & set(told):
            raise InvalidInput(
                f"{setting}: must be known before leads are drawn, and {column!r} is what the trial tells"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Alike:
    """Leads that are alike in some columns: their cells by column, and how many leads each stands for, float64.

    `each_alone` says that they are the rows of the table, in its order.
    """

    cells: dict[str, list[Any]]
    n: Floats
    each_alone: bool

    def levels(self, column: str) -> list[str | None]:
        """Return a column's cells as text; missing stays None."""
        return each_once(as_level, self.cells[column])


def _counted(table: Table, columns: Sequence[str], lead_id: str) -> _Alike:
    """Return the leads of a table counted by some columns, or row by row where rows may repeat leads."""
    names = list(dict.fromkeys(columns))
    for name in names:
        table.require(name)
    if lead_id in table and table.n_levels(lead_id) < table.n_rows:
        cells = {name: table.values(name) for name in names}
        return _Alike(cells=cells, n=np.ones(table.n_rows), each_alone=True)
    *found, _, n = table.grouped(names)
    # Engines group in an order of their own; in this one no last digit depends on it.
    order = sorted(range(len(n)), key=lambda row: repr([cells[row] for cells in found]))
    ordered = {name: [cells[row] for row in order] for name, cells in zip(names, found, strict=True)}
    return _Alike(cells=ordered, n=np.array(n, dtype=np.float64)[order], each_alone=False)


def _once(
    table: Table, column: str, rows: Sequence[int], strata: Sequence[Any], told: Sequence[tuple[Any, ...]]
) -> list[int]:
    """Return the first row of each lead of a stratum; `told` is what all its rows must agree in."""
    ids, first = table.levels(column), dict[Any, int]()
    for row in rows:
        lead = (row,) if ids[row] is None else (strata[row], ids[row])
        before = first.setdefault(lead, row)
        if told[before] != told[row]:
            rule = f"a lead has one group and one outcome, and row {before + 1} has another"
            remedy = "Keep one row a lead; where ids begin anew in each batch, name its column in stratify_by."
            table.refuse(column, row, rule, ids[row], remedy)
    return list(first.values())


def _groups(table: Table, alike: _Alike, column: str) -> list[str | None]:
    groups, known = alike.levels(column), (PLANNED, AT_RANDOM, OUTSIDE)
    if not set(groups) <= set(known):
        every = table.levels(column)
        row = next(row for row, one in enumerate(every) if one not in known)
        table.refuse(column, row, f'must be "{PLANNED}", "{AT_RANDOM}" or "{OUTSIDE}"', every[row])
    return groups


def _groups_of(counts: Counts) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    return (counts.k1, counts.n1), (counts.k0, counts.n0)


def _cluster_of(table: Table, alike: _Alike, column: str, settled: Sequence[int]) -> Ints:
    """Return the cluster of each settled lead, from 0 in the order of their names."""
    labels = alike.levels(column)
    if any(labels[row] is None for row in settled):
        known = list(zip(*(alike.levels(name) for name in alike.cells), strict=True))
        lacking = {known[row] for row in settled if labels[row] is None}
        every = zip(*(table.levels(name) for name in alike.cells), strict=True)
        row = next(number for number, one in enumerate(every) if one in lacking)
        table.refuse(column, row, "every settled lead needs what it hangs together by", None)
    names = sorted({str(labels[row]) for row in settled})
    if len(names) == 1:
        raise InvalidInput(f"results.{column}: all settled leads are of one cluster, {names[0]!r}: nothing can be told")
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[str(labels[row])] for row in settled], dtype=np.int64)


def _by_lead(counts: Counts, level: float) -> tuple[Interval, Interval]:
    """Return the intervals of the difference and of the ratio where every lead stands for itself."""
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    difference = newcombe(counts, level) if len(counts.n) == 1 else difference_interval(counts, z)
    near = _as_exact(counts, (difference, ratio_interval(counts, z)), level)
    return _as_wide_as_few(counts, near, level)


def _as_wide_as_few(counts: Counts, near: tuple[Interval, Interval], level: float) -> tuple[Interval, Interval]:
    """Return intervals as wide as those that few conversions, or few leads without one, make by themselves."""
    if not few(counts):
        return near
    return _widened(near[0], hulls(counts, level)[0], 0.0), _widened(near[1], hulls(counts, level)[1], 1.0)


def _widened(near: Interval, wide: Interval, nothing: float) -> Interval:
    """Return an interval as wide as another, but on its side of what means no difference: the exact test decided that.

    An end that would lie beyond stays where it is.
    """
    low = near[0] if wide[0] <= nothing < near[0] else min(near[0], wide[0])
    return low, near[1] if near[1] < nothing <= wide[1] else max(near[1], wide[1])


def _as_exact(counts: Counts, ends: tuple[Interval, Interval], level: float) -> tuple[Interval, Interval]:
    """Return intervals that exclude no difference only where the exact test does so too, and both or neither do."""
    (low, high), (ratio_low, ratio_high) = ends
    upper, lower = exact_tails(counts)
    tail = (1.0 - level) / 2.0
    helps = low > 0.0 and ratio_low > 1.0 and upper <= tail
    harms = high < 0.0 and ratio_high < 1.0 and lower <= tail
    if not helps:
        low, ratio_low = min(low, 0.0), min(ratio_low, 1.0)
    if not harms:
        high, ratio_high = max(high, 0.0), max(ratio_high, 1.0)
    return (low, high), (ratio_low, ratio_high)
