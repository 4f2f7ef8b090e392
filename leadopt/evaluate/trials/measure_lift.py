"""`measure_lift`: what a trial of planned against random leads has shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput
from leadopt.evaluate.history.records import checked_columns
from leadopt.evaluate.trials.holdout import AT_RANDOM, OUTSIDE, PLANNED
from leadopt.evaluate.trials.power import leads_needed
from leadopt.learning.history.outcomes import count_outcomes
from leadopt.learning.intervals import wilson
from leadopt.tables import Table
from leadopt.tables.cells import as_outcome, each_once, is_number
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
        relative: 0.1 = a tenth more; NaN where nothing converted at random
    level
        of both intervals
    n_open
        leads of the trial that are left out, as they have no outcome yet
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

    def summary(self) -> str:
        """Return what was shown, in one sentence."""
        rates = f"{percent(self.rate_planned, 1)} of {self.n_planned:,} planned leads converted, "
        rates += f"{percent(self.rate_random, 1)} of {self.n_random:,} random ones"
        by = f"a difference of {100 * self.difference:+.1f} points ({percent(self.level)} interval "
        by += f"{100 * self.low:+.1f} to {100 * self.high:+.1f})"
        if isfinite(self.lift_low) and isfinite(self.lift_high):
            by += f", a lift of {self.lift:+.0%} ({self.lift_low:+.0%} to {self.lift_high:+.0%})"
        shown = "the plan helps" if self.low > 0 else "the plan harms" if self.high < 0 else self._undecided()
        still = f"; {count(self.n_open, 'lead')} still open" if self.n_open else ""
        return f"{shown}: {rates}, {by}{still}"

    def _undecided(self) -> str:
        n, rate = self.n_planned + self.n_random, self.rate_random
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
    level: float = 0.95,
) -> Lift:
    r"""Return by how much planned leads converted more than leads that were sent at random.

    Without strata the interval of the difference is Newcombe's, made of Wilson's intervals of both rates. With strata
    s of n_s leads, of which n_1s planned and n_0s at random converted a_s and c_s times, the difference and the ratio
    are those of Mantel and Haenszel,

    .. math:: \frac{\sum_s (a_s n_{0s} - c_s n_{1s}) / n_s}{\sum_s n_{1s} n_{0s} / n_s}, \quad
              \frac{\sum_s a_s n_{0s} / n_s}{\sum_s c_s n_{1s} / n_s},

    with the variances of Sato and of Greenland and Robins. Strata of one group alone say nothing and count nothing.

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
    level
        of the intervals

    Returns
    -------
    Lift
        `.difference`, `.low`, `.high`, `.lift`, `.summary()`

    Raises
    ------
    InvalidInput
        a column is missing, a group or an outcome cannot be read, or no lead of one group is settled

    References
    ----------
    Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in Medicine
    17(8), method 10; Sato (1989), On the variance estimator for the Mantel-Haenszel risk difference, Biometrics 45(4);
    Greenland & Robins (1985), Estimation of a common effect parameter from sparse follow-up data, Biometrics 41(1).

    Examples
    --------
    >>> rows = [("plan", 1, 240), ("plan", 0, 760), ("random", 1, 180), ("random", 0, 820)]
    >>> results = [{"group": g, "converted": won} for g, won, n in rows for _ in range(n)]
    >>> print(measure_lift(results))  # doctest: +NORMALIZE_WHITESPACE
    the plan helps: 24.0% of 1,000 planned leads converted, 18.0% of 1,000 random ones, a difference of +6.0 points
    (95% interval +2.4 to +9.6), a lift of +33% (+12% to +58%)
    """
    if not (is_number(level) and 0.0 < level < 1.0):
        raise InvalidInput(f"level: must be between 0 and 1, such as 0.95; found {level!r}")
    columns = checked_columns(stratify_by, "stratify_by")
    table = history_table(results, "results").held({group, converted, *columns})
    count_outcomes(table, group, columns, converted)  # refuses what cannot be read
    groups = _groups(table, group)
    table = table.judged(converted)
    won = each_once(lambda value: None if value is None else as_outcome(value), table.values(converted))
    inside = [k for k, one in enumerate(groups) if one != OUTSIDE]
    settled = [k for k in inside if won[k] is not None]
    levels = [table.levels(column) for column in columns]
    counts = _counts(
        [tuple(column[k] for column in levels) for k in settled],
        np.array([groups[k] == PLANNED for k in settled], dtype=bool),
        np.array([won[k] for k in settled], dtype=np.float64),
    )
    n1, n0, k1, k0 = (part.sum() for part in counts)
    for name, n in ((PLANNED, n1), (AT_RANDOM, n0)):
        if n == 0:
            raise InvalidInput(f'results.{group}: no lead of the group "{name}" has an outcome yet')
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    difference, low, high = _difference(*counts, level=level, z=z)
    lift, lift_low, lift_high = _ratio(*counts, z=z)
    return Lift(
        n_planned=int(n1),
        n_random=int(n0),
        rate_planned=float(k1 / n1),
        rate_random=float(k0 / n0),
        difference=difference,
        low=low,
        high=high,
        lift=lift,
        lift_low=lift_low,
        lift_high=lift_high,
        level=level,
        n_open=len(inside) - len(settled),
    )


def _groups(table: Table, column: str) -> list[str | None]:
    groups = table.levels(column)
    for row, one in enumerate(groups):
        if one not in (PLANNED, AT_RANDOM, OUTSIDE):
            table.refuse(column, row, f'must be "{PLANNED}", "{AT_RANDOM}" or "{OUTSIDE}"', one)
    return groups


def _counts(strata: Sequence[Any], planned: NDArray[np.bool_], won: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return leads and conversions by stratum: n planned, n random, k planned, k random."""
    code = {stratum: number for number, stratum in enumerate(dict.fromkeys(strata))}
    place = np.array([code[stratum] for stratum in strata], dtype=np.int64)

    def total(weight: NDArray[Any]) -> Floats:
        return np.bincount(place, weight, minlength=len(code)).astype(np.float64)

    return total(planned * 1.0), total(~planned * 1.0), total(planned * won), total(~planned * won)


def _difference(
    n1: Floats, n0: Floats, k1: Floats, k0: Floats, *, level: float, z: float
) -> tuple[float, float, float]:
    if len(n1) == 1:
        p1, p0 = float(k1[0] / n1[0]), float(k0[0] / n0[0])
        (low1, high1), (low0, high0) = (wilson(float(k[0]), int(n[0]), level) for k, n in ((k1, n1), (k0, n0)))
        gap = p1 - p0
        return gap, gap - sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2), gap + sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)
    n, share = n1 + n0, n1 * n0 / (n1 + n0)
    if share.sum() == 0.0:
        return float("nan"), float("-inf"), float("inf")
    gap = float(((k1 * n0 - k0 * n1) / n).sum() / share.sum())
    p = ((n1**2 * k0 - n0**2 * k1 + n1 * n0 * (n0 - n1) / 2.0) / n**2).sum()
    q = ((k1 * (n0 - k0) + k0 * (n1 - k1)) / (2.0 * n)).sum()
    reach = z * sqrt(max(0.0, gap * p + q)) / share.sum()
    return gap, gap - reach, gap + reach


def _ratio(n1: Floats, n0: Floats, k1: Floats, k0: Floats, *, z: float) -> tuple[float, float, float]:
    """Return the lift and its interval, NaN where a group converted nothing."""
    n = n1 + n0
    r, s = float((k1 * n0 / n).sum()), float((k0 * n1 / n).sum())
    if r == 0.0 or s == 0.0:
        return (r / s - 1.0 if s else float("nan")), float("nan"), float("nan")
    error = sqrt(float(((n1 * n0 * (k1 + k0) - k1 * k0 * n) / n**2).sum()) / (r * s))
    return r / s - 1.0, exp(log(r / s) - z * error) - 1.0, exp(log(r / s) + z * error) - 1.0
