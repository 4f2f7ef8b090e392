"""How leads were handed out before: by lot or by what they are; and how much hidden favour a lift would take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import loaded
from leadopt.tables.text import number, percent

ALPHA = 0.01  # luck alone tells of a column that decided who got the lead once in a hundred histories
_FEWEST = 50  # outcomes, below which nothing is said


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAssignment:
    """How far what history shows of leads told who got them.

    Parameters
    ----------
    n_outcomes
        outcomes that name a rep
    by
        the column that told most; "" where there is none
    elsewhere
        share of leads that went to other reps than if each level of that column had been dealt by lot, beyond luck
    p_value
        of as much or more by luck, corrected for the number of columns
    favour
        how many times as good by that column's levels the leads were that a rep had who was dealt better than nine in
        ten, as those of one who was dealt worse than nine in ten, beyond luck: what `tipping_point` is held against
    """

    n_outcomes: int
    by: str
    elsewhere: float
    p_value: float
    favour: float

    @property
    def by_lot(self) -> bool:
        """Whether nothing that history shows told who got a lead."""
        return not self.by or self.p_value >= ALPHA

    def __str__(self) -> str:
        if self.n_outcomes < _FEWEST:
            return "too few past leads to tell how they were handed out"
        if not self.by:
            return "history shows nothing of leads but who had them, so nobody can tell how they were handed out"
        if self.by_lot:
            return "as far as history shows, past leads went to reps as by lot"
        return (
            f"past leads were not handed out by lot: {percent(self.elsewhere)} went elsewhere by their {self.by} "
            f"({_p(self.p_value)}), which chances allow for; what history does not show may have counted too"
        )


def past_assignment(
    rep: Ints, levels: Mapping[str, Ints] | Sequence[tuple[str, Ints]], tried: Floats, won: Floats
) -> PastAssignment:
    r"""Return how far the levels of columns told who got a lead.

    Of the contingency table of reps and levels with n leads, :math:`X^2` is held against its distribution under fixed
    margins, a gamma distribution of the exact mean and variance, which holds where most cells are small. What went
    elsewhere is half the sum of absolute differences from what the margins expect, less what luck adds to it.

    Parameters
    ----------
    rep
        int64 (n_cells,), -1 = nobody is named
    levels
        of each column, int64 (n_cells,)
    tried, won
        float64 (n_cells,)

    References
    ----------
    Haldane (1940), The mean and variance of chi-squared, when used as a test of homogeneity, when expectations are
    small, Biometrika 31(3/4), doi:10.2307/2332614.

    Examples
    --------
    >>> rep, source = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> tried, won = np.array([90.0, 10, 10, 90]), np.array([45.0, 1, 5, 9])
    >>> print(past_assignment(rep, {"source": source}, tried, won))  # doctest: +NORMALIZE_WHITESPACE
    past leads were not handed out by lot: 37% went elsewhere by their source (p < 1e-6), which chances allow for; what
    history does not show may have counted too
    """
    named = rep >= 0
    columns = dict(levels)
    n = int(tried[named].sum())
    nothing = PastAssignment(n_outcomes=n, by="", elsewhere=0.0, p_value=1.0, favour=1.0)
    found = [nothing]
    for name, level in columns.items():
        table = np.zeros((int(rep.max(initial=0)) + 1, int(level.max(initial=0)) + 1))
        np.add.at(table, (rep[named], level[named]), tried[named])
        table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
        if min(table.shape, default=0) < 2:
            continue
        share, p_value = _elsewhere(table)
        rate = _rates(level[named], tried[named], won[named])
        found.append(
            PastAssignment(
                n_outcomes=n,
                by=name,
                elsewhere=share,
                p_value=min(1.0, p_value * len(columns)),
                favour=_favour(rep[named], rate, tried[named]),
            )
        )
    return max(found, key=lambda one: (bool(one.by), one.p_value < ALPHA, one.elsewhere))


def tipping_point(ratio: float) -> float:
    r"""Return how strong a hidden quality of leads would have to be to explain a whole lift: the E-value.

    .. math:: E = RR + \sqrt{RR (RR - 1)}

    A quality that no column shows explains a ratio RR of conversions only if it makes a lead at least E times as likely
    to be won, and was E times as frequent among the leads of the reps that a plan favours.

    Parameters
    ----------
    ratio
        what the plan brings over what it is compared with, above 0; below 1, the inverse counts

    References
    ----------
    VanderWeele & Ding (2017), Sensitivity analysis in observational research: introducing the E-value, Annals of
    Internal Medicine 167(4), doi:10.7326/M16-2607.

    Examples
    --------
    >>> round(tipping_point(1.26), 2), tipping_point(1.0)
    (1.83, 1.0)
    """
    above = max(ratio, 1.0 / ratio)
    return float(above + np.sqrt(above * (above - 1.0)))


def hidden_quality(
    past: PastAssignment | None, ratio: float, low: float | None, what: str = "lift", who: str = "reps preferred now"
) -> str:
    """Return in a sentence how strong a hidden quality of leads would have to be to explain the whole of something.

    Parameters
    ----------
    past
        how leads were handed out, as far as history shows: the strongest known column stands beside
    ratio, low
        what the better way brings over the other, and the lower end of its interval, None where that is not known;
        nothing is said of what is no more than the other
    what, who
        what is to be explained, and whose leads would have that quality
    """
    if not ratio > 1.0:
        return ""
    strength, least, end = number(tipping_point(ratio)), "", ""
    if low is not None and low > 1.0:
        least = f" ({number(tipping_point(low))} times for its lower end)"
    elif low is not None:
        end = f"; at the lower end of its interval there is no {what} to explain"
    known = ""
    if past is not None and not past.by_lot and past.favour > 1.0:
        known = f"; {past.by}, the strongest that history shows, reaches {number(tipping_point(past.favour))}"
    return (
        f"A quality of leads that history does not show would explain the whole {what} if leads with it were "
        f"{strength} times as likely to be won, and {strength} times as frequent among those of the {who}{least}{known}"
        f"{end}."
    )


def _elsewhere(table: Floats) -> tuple[float, float]:
    """Return the share of a table of counts that lies elsewhere than its margins expect, beyond luck, and the p-value.

    Of whole tables of one lead there is no variance, and nothing to tell.
    """
    loaded("scipy.special")
    from scipy.special import gammaincc

    n, rows, columns = table.sum(), table.sum(axis=1), table.sum(axis=0)
    if n < 4:
        return 0.0, 1.0
    expected = np.outer(rows, columns) / n
    statistic = float(((table - expected) ** 2 / expected).sum())
    r, c = len(rows), len(columns)
    mean = n * (r - 1) * (c - 1) / (n - 1)
    rows_uneven, columns_uneven = (n * (1.0 / side).sum() - k**2 for side, k in ((rows, r), (columns, c)))
    # Dawid's form of Haldane's variance, with v and w of the margins.
    v = [(n - k) * (k - 1) / (n - 1) for k in (r, c)]
    w = [uneven / (n - 2) for uneven in (rows_uneven, columns_uneven)]
    variance = (2.0 * n / (n - 3)) * (v[0] - w[0]) * (v[1] - w[1]) + (n**2 / (n - 1)) * w[0] * w[1]
    p_value = 1.0
    if variance > 0.0 and mean > 0.0:
        p_value = float(gammaincc(mean**2 / variance, statistic * mean / variance))
    deviation = np.sqrt(expected * (1.0 - rows[:, None] / n) * (1.0 - columns / n) * n / (n - 1))
    by_luck = np.minimum(np.sqrt(2.0 / np.pi) * deviation, 2.0 * expected)
    away, luck = 0.5 * np.abs(table - expected).sum() / n, 0.5 * by_luck.sum() / n
    return max(0.0, float(away - luck)), p_value


def _p(value: float) -> str:
    return f"p = {number(value, 1)}" if value >= 1e-6 else "p < 1e-6"


def _rates(level: Ints, tried: Floats, won: Floats) -> Floats:
    """Return for each cell the rate of its level over all reps, shrunk by one outcome to that of all."""
    overall = won.sum() / max(tried.sum(), 1.0)
    all_tried, all_won = np.bincount(level, tried), np.bincount(level, won)
    return np.asarray(((all_won + overall) / (all_tried + 1.0))[level])


def _favour(rep: Ints, rate: Floats, tried: Floats) -> float:
    """Return the ratio of the outer deciles of reps by the mean chance of their leads, beyond what luck deals.

    Means of few leads differ by luck: they are shrunk to that of all by the share of their variance that luck explains.
    """
    n = np.bincount(rep, tried)
    there, overall = n > 0, np.average(rate, weights=tried)
    mean = np.bincount(rep, tried * rate)[there] / n[there]
    luck = np.average((rate - overall) ** 2, weights=tried) * there.sum() / max(tried.sum(), 1.0)
    seen = np.average((mean - overall) ** 2, weights=n[there])
    beyond = max(0.0, 1.0 - luck / seen) if seen > 0.0 else 0.0
    high, low = np.quantile(overall + np.sqrt(beyond) * (mean - overall), [0.9, 0.1])
    return float(high / low) if low > 0 else 1.0
