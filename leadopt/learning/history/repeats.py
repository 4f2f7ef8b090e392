"""Rows that repeat each other: one event a row a line item, or copied under another id, is still one event."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.tables.cells.coded import Coded, combined, crossed
from leadopt.tables.text import percent

_SURE = 4.0  # standard deviations by which outcomes of one moment agree more than luck has it
LEAST = 0.2  # correlation; what reps and segments differ by beyond their sum makes up to .05
_CROWDED = 3.0  # times as many rows share a moment as would if a cell's rows had moments by lot
_FEWEST = 20  # rows that share a group, below which they agree by accident
_PRIOR = 2.0  # outcomes at the overall rate, that the rates of reps and segments are shrunk by


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repeats:
    """How far rows of one group repeat each other.

    Parameters
    ----------
    correlation
        of two outcomes of one group beyond what their rep and segment have in common: 0 = as any two, 1 = copies
    weight
        float64 (n_groups,), what each row of a group counts, ``1 / (1 + (m - 1) correlation)`` of m rows
    n_rows, n_effective
        rows, and as how many they count
    n_repeated
        rows that share their group with others
    found
        whether they repeat each other by more than luck
    """

    correlation: float
    weight: Floats
    n_rows: int
    n_effective: float
    n_repeated: int
    found: bool

    def note(self, what: str, mend: str = "remove those that are copies") -> str | None:
        """Return what is said of repeated rows, which have `what` in common, and how to mend it; None without any."""
        if not self.found:
            return None
        alike = "always" if self.correlation > 0.99 else f"by {percent(self.correlation)} more often than by luck"
        return (
            f"{self.n_repeated:,} of {self.n_rows:,} outcomes share {what} with others and end {alike} alike: all "
            f"count as {self.n_effective:,.0f}; {mend}"
        )


def repeats(
    rep: Ints,
    segment: Ints,
    tried: Floats,
    won: Floats,
    *,
    by_chance: Floats | None = None,
    least: float = LEAST,
) -> Repeats:
    r"""Return how far rows of one group repeat each other.

    With :math:`m_g` rows of group g, :math:`k_g` of them won, and the chance :math:`p_g` by the other groups of its rep
    and of its segment,

    .. math:: \rho = \frac{\sum_g (k_g - m_g p_g)^2 - m_g p_g (1 - p_g)}{\sum_g m_g (m_g - 1) p_g (1 - p_g)}

    By luck the numerator is 0, give or take :math:`\sqrt{2 \sum_g m_g (m_g - 1) (p_g (1 - p_g))^2}`.

    Parameters
    ----------
    rep, segment
        int64 (n_groups,)
    tried, won
        float64 (n_groups,), rows of each group
    by_chance
        float64 (n_groups,), how many other rows of its rep and segment would share a row's group by luck; where that is
        as many as do, groups are no events but dates that are written coarsely. None = groups are events
    least
        correlation below which rows do not repeat each other

    References
    ----------
    Fleiss & Cuzick (1979), The reliability of dichotomous judgments: unequal numbers of judges per subject, Applied
    Psychological Measurement 3(4), for the correlation; Kish (1965), Survey Sampling, sec. 8.2, for the weight.

    Examples
    --------
    >>> deals = np.arange(40)
    >>> found = repeats(deals % 4, deals % 5, np.full(40, 12.0), 12.0 * (deals * 7 % 11 < 5))
    >>> round(found.correlation, 2), round(found.n_effective)
    (1.0, 40)
    """
    pairs = tried * (tried - 1.0)
    nothing = Repeats(
        correlation=0.0,
        weight=np.ones(len(tried)),
        n_rows=int(tried.sum()),
        n_effective=float(tried.sum()),
        n_repeated=int(tried[tried > 1].sum()),
        found=False,
    )
    if nothing.n_repeated < _FEWEST:
        return nothing
    if by_chance is not None and pairs.sum() < _CROWDED * (tried * by_chance).sum():
        return nothing
    chance = _chance(rep, segment, tried, won)
    # In this order sums, and so last digits, do not depend on the order of the history.
    order = np.lexsort((won, tried, chance))
    correlation, sure = _correlation(tried[order], won[order], chance[order])
    if correlation < least or not sure:
        return nothing
    weight = 1.0 / (1.0 + (tried - 1.0) * correlation)
    return Repeats(
        correlation=correlation,
        weight=weight,
        n_rows=nothing.n_rows,
        n_effective=float((tried * weight).sum()),
        n_repeated=nothing.n_repeated,
        found=True,
    )


def _correlation(tried: Floats, won: Floats, chance: Floats) -> tuple[float, bool]:
    """Return how far outcomes of one group agree beyond their chance, and whether by more than luck."""
    pairs, variance = tried * (tried - 1.0), chance * (1.0 - chance)
    excess = float(((won - tried * chance) ** 2 - tried * variance).sum())
    expected, luck = float((pairs * variance).sum()), float(np.sqrt(2.0 * (pairs * variance**2).sum()))
    return min(1.0, excess / expected), excess >= _SURE * luck


def shared_by_chance(cell: Ints, moment: Ints, tried: Floats) -> Floats:
    """Return how many other rows of its cell would share a row's moment by luck, float64 (n_groups,).

    Moments are as frequent as they are among all rows of other cells, in one cell after the other.
    """
    rows_of_cell, rows_of_moment = np.bincount(cell, tried), np.bincount(moment, tried)
    return np.asarray((rows_of_cell[cell] - 1.0) * rows_of_moment[moment] / max(1.0, tried.sum()))


def _chance(rep: Ints, segment: Ints, tried: Floats, won: Floats) -> Floats:
    """Return the chance of each group by the other groups of its rep and of its segment, added up on the logit."""
    overall = (won.sum() + 0.5) / (tried.sum() + 1.0)
    base = np.log(overall / (1.0 - overall))
    total = np.full(len(tried), base)
    for code in (rep, segment):
        others = np.bincount(code, tried)[code] - tried, np.bincount(code, won)[code] - won
        rate = (others[1] + _PRIOR * overall) / (others[0] + _PRIOR)
        total += np.log(rate / (1.0 - rate)) - base
    return np.asarray(1.0 / (1.0 + np.exp(-total)))


def of_one_day(reps: Coded, levels: Sequence[Coded], day: Ints, count: Ints, converted: Ints) -> tuple[Repeats, Floats]:
    """Return how far outcomes of one rep, segment and day repeat each other, and the weight of each group's.

    Parameters
    ----------
    reps, levels
        of each group of outcomes its rep, and its level of each column
    day, count, converted
        int64 (n_groups,), when, how many, and whether won
    """
    columns = [(each.code, len(each.cells)) for each in (reps, crossed(levels, len(day)), Coded.of_numbers(day))]
    first, group = combined(columns, len(day))
    rep, segment, moment = (code[first] for code, _ in columns)
    tried, won = (np.bincount(group, part).astype(np.float64) for part in (count, count * converted))
    cell = combined([(rep, columns[0][1]), (segment, columns[1][1])], len(first))[1]
    found = repeats(rep, segment, tried, won, by_chance=shared_by_chance(cell, moment, tried))
    return found, found.weight[group]
