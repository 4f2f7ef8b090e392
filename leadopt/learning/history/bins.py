"""Numeric attributes as levels: bins between edges, given or learned as quantiles."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import isnan
from numbers import Integral
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.progress import loaded
from leadopt.tables.cells import as_duration, as_level, as_moment, as_number, is_missing, is_number
from leadopt.tables.cells.coded import Coded
from leadopt.tables.ids import NOWHERE, level_key
from leadopt.tables.text import count

Edges = tuple[float, ...]


class DayEdges(tuple[float, ...]):
    """Edges of days, as their digits (20250108): the same numbers as other edges, but shown as dates."""

    __slots__ = ()


USUAL_BINS = 8
"""Of a column of numbers that no setting bins: enough for a bend, while each bin holds an eighth of the outcomes;
levels are shrunk apart from their neighbours, so that more of them would each be told less."""

_FEW_LEVELS, _ENOUGH = 50, 10
"""Numbers in so few levels, with so many outcomes each, are learned level by level: there a level of the usual
spread (1 on the logit) keeps two thirds of what is its own."""
_BY_CHANCE = 0.01  # how often levels alike seem to differ
_REPEATS = 30  # outcomes of levels that had one before: of fewer, all may be alike by chance
_HOUR = timedelta(hours=1)
_LONGEST = 1e15  # whole numbers are shown as such up to here


def check_bins(name: str, bins: Any, columns: Sequence[str] | None) -> dict[str, int | Edges]:
    """Return the bins of each column as a whole number, 0 where each value is a level, or as ascending edges.

    Parameters
    ----------
    name
        what a message calls the setting
    bins
        None, or a mapping from columns
    columns
        those that may be binned; None = any

    Raises
    ------
    InvalidInput
        no mapping from known columns to a number of bins or to edges
    """
    if bins is None:
        return {}
    if not isinstance(bins, Mapping):
        raise InvalidInput(f"{name}: must map columns to a number of bins or to edges; found {bins!r}")
    for column in bins:
        if not isinstance(column, str) or (columns is not None and column not in columns):
            raise InvalidInput(f"{name}: {column!r} is none of the columns {list(columns or ())}")
    return {column: _number_or_edges(f"{name}.{column}", value) for column, value in bins.items()}


def _number_or_edges(name: str, value: Any) -> int | Edges:
    if isinstance(value, Integral) and not isinstance(value, bool) and (int(value) >= 2 or int(value) == 0):
        return int(value)
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) and all(map(is_number, value)):
        edges = tuple(float(edge) for edge in value)
        if edges and np.isfinite(edges).all() and (np.diff(edges) > 0).all():
            return edges
    raise InvalidInput(f"{name}: must be a number of bins, 2 or more, 0 for none, or ascending edges; found {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Results:
    """What came of groups of outcomes: won or lost as 1 and 0, or the logarithm of what they were worth.

    Parameters
    ----------
    n, total, squares
        float64 (n_groups,): how many there are, what they add up to, and what their squares do
    """

    n: Floats
    total: Floats
    squares: Floats

    @classmethod
    def of_won(cls, won: Any, outcomes: Ints) -> "Results":
        """Return those of groups that are all won (1) or all lost (0), of as many outcomes each."""
        total = np.where(outcomes > 0, won, 0.0) * outcomes.astype(np.float64)
        return cls(n=outcomes.astype(np.float64), total=total, squares=total)

    def by(self, place: Ints) -> tuple[Floats, Floats, Floats]:
        """Return the three sums for each place that groups have."""
        n, total, squares = (np.bincount(place, each).astype(np.float64) for each in (self.n, self.total, self.squares))
        return n, total, squares


def as_quantity(value: Any) -> float:
    """Return a number as a float, a duration in hours, a day (or moment, or ISO text of one) as its digits.

    NaN for what is none of them.

    >>> as_quantity(7), as_quantity(date(2025, 1, 8)), as_quantity("2025-01-08 09:00"), as_quantity("7")
    (7.0, 20250108.0, 20250108.0, nan)
    >>> as_quantity(timedelta(minutes=90))
    1.5
    """
    if not isinstance(value, float | int | str) and (lasted := as_duration(value)) is not None:
        return lasted / _HOUR
    if isinstance(value, str | date | np.datetime64) and not is_missing(value):
        day = as_moment(value) if not isinstance(value, str) or value.strip()[4:5] == "-" else None
        return float("nan") if day is None else float(10_000 * day.year + 100 * day.month + day.day)
    return as_number(value)


def all_numbers(values: Iterable[Any]) -> bool:
    """Return whether these values are numbers or days, infinite ones too, missing ones aside."""
    return not any(isnan(as_quantity(value)) for value in values if not is_missing(value))


def kind_of_quantity(values: Iterable[Any]) -> str | None:
    """Return what a column holds in more levels than bins: "numbers", "durations", "days", None = none of them.

    Whether numbers are whole makes no difference: prices are in cents, and not in euros.

    >>> kind_of_quantity([1, 2, 3]), kind_of_quantity([0.5, 2, None] + [i / 7 for i in range(20)])
    (None, 'numbers')
    >>> kind_of_quantity(range(9)), kind_of_quantity([date(2025, 1, day) for day in range(1, 10)])
    ('numbers', 'days')
    """
    known = [value for value in set(values) if not is_missing(value)]
    if len(known) <= USUAL_BINS or not all_numbers(known):
        return None
    n_durations = sum(as_duration(value) is not None for value in known)
    if n_durations:
        return "durations" if n_durations == len(known) else None
    return "days" if any(isnan(as_number(value)) for value in known) else "numbers"


def are_codes(values: Floats, edges: Edges, results: Results) -> bool:
    r"""Return whether numbers are names of kinds, whose levels tell more than bins of their order.

    They are if levels are few and known well: up to 50, with ten outcomes each on average. Else the outcomes say. Let
    :math:`s^2` be the variance within levels, :math:`\sigma_b^2` what bins explain of it, and :math:`\sigma_l^2`
    what levels explain within bins, by analysis of variance. Levels are worth their number if they differ within
    bins by more than chance (an F test, each bin in units of its own variance: that of chances differs), and shrunk as
    they must be they explain more than bins do,

    .. math:: \sum_l \frac{n_l}{N} \frac{n_l \tau^4}{n_l \tau^2 + s^2} > \sigma_b^2, \quad
        \tau^2 = \sigma_b^2 + \sigma_l^2

    Parameters
    ----------
    values
        float64 (n_groups,)
    edges
        of the bins that they would be in
    results
        of the groups

    References
    ----------
    Searle, Casella & McCulloch (1992), Variance Components, ch. 3, doi:10.1002/9780470316856
    """
    used = np.isfinite(values) & (results.n > 0.0)
    levels, place = np.unique(values[used], return_inverse=True)
    here = Results(n=results.n[used], total=results.total[used], squares=results.squares[used])
    n, total, squares = here.by(place)
    outcomes, n_levels = float(n.sum()), len(levels)
    if n_levels <= _FEW_LEVELS and outcomes >= _ENOUGH * n_levels:
        return True
    bin_of = np.searchsorted(edges, levels, side="right")
    held, of_bins, _ = Results(n=n, total=total, squares=squares).by(bin_of)
    of_levels, kept = float((total**2 / n).sum()), held > 0.0
    of_kept = float((of_bins[kept] ** 2 / held[kept]).sum())
    freedom, rest = n_levels - int(kept.sum()), outcomes - n_levels
    if freedom < 1 or rest < _REPEATS or not _differ(Results(n=n, total=total, squares=squares), bin_of):
        return False
    within = max(float(squares.sum()) - of_levels, 0.0) / rest
    between = max((of_levels - of_kept) / freedom, within)
    by_bins = max(of_kept - float(total.sum()) ** 2 / outcomes, 0.0) / outcomes
    spread = by_bins + (between - within) * n_levels / outcomes
    return float(n @ (n * spread**2 / (n * spread + within))) / outcomes > by_bins


def _differ(levels: Results, bin_of: Ints) -> bool:
    """Return whether levels differ within their bins by more than chance; some bin has two, and some level repeats."""
    loaded("scipy.special")
    from scipy.special import fdtrc

    place = np.unique(bin_of, return_inverse=True)[1]
    (n, total, squares), of_levels = levels.by(place), np.bincount(place, levels.total**2 / levels.n)
    between, within = np.maximum(of_levels - total**2 / n, 0.0), np.maximum(squares - of_levels, 0.0)
    varies = between + within > 1e-12 * squares
    unit = np.where(varies, (between + within) / np.maximum(n - 1.0, 1.0), np.inf)
    freedom, rest = len(levels.n) - len(n), float(n.sum()) - len(levels.n)
    apart, alike = float((between / unit).sum()) / freedom, float((within / unit).sum()) / rest
    return apart > alike and (alike == 0.0 or float(fdtrc(freedom, rest, apart / alike)) <= _BY_CHANCE)


def quantile_edges(values: Floats, weights: Floats, n_bins: int) -> Edges:
    """Return the inner edges of bins that hold about equally much weight; fewer where many values are equal.

    A value that holds as much as a bin by itself has one of its own, if there are enough of them, and the others share
    the bins that are left in the same way: of a column that is 0 in nine rows of ten, all bins but one are above 0.

    Parameters
    ----------
    values
        float64 (n,); what is infinite or NaN is left out
    weights
        float64 (n,), 0 or more
    n_bins
        how many bins there may be

    Examples
    --------
    >>> quantile_edges(np.arange(9.0), np.ones(9), 3)
    (3.0, 6.0)
    >>> quantile_edges(np.array([0.0, 4.0, 5.0, 6.0]), np.array([90.0, 2.0, 4.0, 4.0]), 2)
    (4.0,)
    """
    known = np.isfinite(values) & (weights > 0.0)
    levels, place = np.unique(values[known], return_inverse=True)
    if len(levels) < 2:
        return ()
    held = np.bincount(place, weights[known]).astype(np.float64)
    total, (heavy, rest, n_left) = held.cumsum(), _by_themselves(held, n_bins)
    wanted = rest.sum() * np.arange(1, n_left) / n_left
    edges = np.minimum(np.searchsorted(rest.cumsum(), wanted, side="right"), len(levels) - 1)
    starts = np.unique(np.concatenate([edges, heavy, heavy + 1]))
    starts = starts[(starts > 0) & (starts < len(levels))]
    while len(starts) >= n_bins:
        bounds = np.append(0.0, total)[np.concatenate([[0], starts, [len(levels)]])]
        starts = np.delete(starts, np.argmin(bounds[2:] - bounds[:-2]))  # the two lightest neighbours are one
    return tuple(float(edge) + 0.0 for edge in levels[starts])  # -0.0 reads badly


def _by_themselves(held: Floats, n_bins: int) -> tuple[Ints, Floats, int]:
    """Return which levels have a bin of their own, what the others hold, and how many bins are left for these."""
    rest, heavy = held.copy(), list[int]()
    for level in np.argsort(-held, kind="stable")[: n_bins - 1].tolist():
        if rest[level] * (n_bins - len(heavy)) < rest.sum():
            break
        heavy.append(level)
        rest[level] = 0.0
    return np.array(heavy, dtype=np.int64), rest, n_bins - len(heavy)


def binned(name: str, values: Sequence[Any], edges: Edges) -> Coded:
    """Return the bin of each value in words, None where it is missing.

    Raises
    ------
    InvalidInput
        a value is neither a number nor a day

    Examples
    --------
    >>> list(binned("leads.age", [5, 10, 99, None], (10.0, 20.0)))
    ['below 10', '10 to 20', '20 or more', None]
    """
    column, names = Coded.of(values), _names(edges)
    numbers = [as_quantity(cell) for cell in column.cells]
    wrong = {place for place, number in enumerate(numbers) if isnan(number) and not is_missing(column.cells[place])}
    if wrong:
        found = next(column.cells[place] for place in column.code.tolist() if place in wrong)
        raise InvalidInput(f"{name}: is binned, so values must be numbers; found {found!r}")
    bins = np.searchsorted(edges, np.array(numbers, dtype=np.float64), side="right").tolist()
    return column.as_cells([None if isnan(number) else names[k] for number, k in zip(numbers, bins, strict=True)])


def _is_day(cell: Any) -> bool:
    return isnan(as_number(cell)) and as_duration(cell) is None and not isnan(as_quantity(cell))


def learned_edges(
    asked: int | Edges | None, values: Coded, weights: Floats, results: Results, *, of_reps: bool = False
) -> tuple[Edges | None, str | None]:
    """Return the inner edges of a column's bins (None = it has none), and what it is if nobody asked for them.

    Bins are those asked for, else quantiles if it holds days, or numbers or durations that are no codes (`are_codes`).
    What is said without edges is what stays in levels. Edges of days are `DayEdges`. Where a column describes reps,
    durations and numbers that are not all whole are no codes: few reps have few of them, and a newcomer has another.
    """
    kind = None if asked else kind_of_quantity(values.cells)
    if asked == 0 or (not asked and kind is None):
        return None, kind
    numbers = values.quantities(as_quantity)
    edges = asked if isinstance(asked, tuple) else quantile_edges(numbers, weights, asked or USUAL_BINS)
    measured = of_reps and (kind == "durations" or bool((numbers[np.isfinite(numbers)] % 1.0 != 0.0).any()))
    if kind not in (None, "days") and not measured and are_codes(numbers, edges, results):
        return None, kind
    return DayEdges(edges) if any(map(_is_day, values.cells)) else edges, kind


def bins_note(
    name: str, values: Coded, outcomes: Ints, edges: Edges, kind: str | None = None, noun: str = "outcome"
) -> list[str]:
    """Return what is said of a column that is binned: one number alone, numbers without end, levels that were many.

    Parameters
    ----------
    name
        of the column
    values
        one for each group of outcomes
    outcomes
        int64 (n_groups,), how many there are of each
    edges
        of its bins
    kind
        what it is, as of `learned_edges`
    noun
        what a note calls an outcome
    """
    numbers = values.quantities(as_quantity)
    finite, endless = np.unique(numbers[np.isfinite(numbers)]), int(outcomes[np.isinf(numbers)].sum())
    notes = []
    if len(finite) == 1:
        notes.append(f"{name} holds no number but {finite[0]:g}: there is nothing to bin")
    if not len(finite) and len(numbers):
        notes.append(f"{name} holds no finite number: there is nothing to bin")
    if endless:
        notes.append(f"{name} is infinite in {count(endless, noun)}, which counts as beyond all other numbers")
    if kind is not None:
        unit = " of hours" if kind == "durations" else ""
        levels = count(len(set(numbers[~np.isnan(numbers)].tolist())), "level")
        codes = "" if kind != "numbers" else ", or 0 where they are codes,"
        notes.append(
            f"{name} holds {kind}, {levels} in {count(int(outcomes.sum()), noun)}: it counts in "
            f"{count(len(edges) + 1, 'bin')}{unit} ({', '.join(_names(edges))}); edges of your own{codes} say "
            f"otherwise: bins={{{name!r}: [...]}}"
        )
    return notes


def codes_note(name: str, values: Coded, outcomes: Ints, kind: str, noun: str = "outcome") -> list[str]:
    """Return what is said of numbers or durations that are levels, where that was for outcomes to say."""
    n_levels = sum(not is_missing(cell) for cell in values.cells)
    if n_levels <= _FEW_LEVELS:
        return []
    return [
        f"{name} holds {kind}, {count(n_levels, 'level')} in {count(int(outcomes.sum()), noun)}: each is a level of "
        f"its own, as outcomes tell them apart better than bins do; bins={{{name!r}: {USUAL_BINS}}} says otherwise"
    ]


def levels_of(
    name: str,
    values: Sequence[Any],
    edges: Edges | None,
    spellings: Mapping[str, str | None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Coded:
    """Return each value's bin, or without edges its level, in the spelling that is known of what it is alike to.

    `note` is told of cells that say nothing in another way than is known.
    """
    if edges is not None:
        return binned(name, values, edges)
    levels = Coded.of(values).mapped(as_level)
    if spellings is None:
        return levels
    for level in sorted(levels.cells, key=str) if note is not None else ():
        known = spellings.get(NOWHERE, level)
        if note is not None and level_key(level) == NOWHERE and (level or "").strip() != (known or "").strip():
            note(f"{name}: {_shown(level)} is read as {_shown(known)}, by which history says that nothing is known")
    return levels.as_cells(spelled(levels.cells, spellings))


def _shown(level: str | None) -> str:
    return "a missing cell" if level is None else f'"{level}"'


def spelled(levels: Sequence[str | None], spellings: Mapping[str, str | None]) -> list[str | None]:
    """Return levels in the spellings by which they are known, as of `Attributes`; others stay as they are.

    >>> spelled(["WEB ", None, "Fair"], {"web": "Web"})
    ['Web', None, 'Fair']
    """
    known = {level: spellings.get(level_key(level), level) for level in set(levels)}
    return [known[level] for level in levels]


def _names(edges: Edges) -> list[str]:
    if not edges:
        return ["any"]
    days = [_day(edge) for edge in edges] if isinstance(edges, DayEdges) else [None]
    if None not in days:
        told = [str(day) for day in days]
    elif all(edge.is_integer() and abs(edge) < _LONGEST for edge in edges):
        told = [f"{edge:.0f}" for edge in edges]
    else:  # as many digits as tell them apart
        told = next(
            each for digits in range(6, 18) if len(set(each := [f"{edge:.{digits}g}" for edge in edges])) == len(each)
        )
    return [f"below {told[0]}", *(f"{low} to {high}" for low, high in pairwise(told)), f"{told[-1]} or more"]


def _day(digits: float) -> date | None:
    """Return the day of these digits, None where there is no such day.

    >>> _day(20250108.0), _day(20250132.0), _day(0.5)
    (datetime.date(2025, 1, 8), None, None)
    """
    year, rest = divmod(digits, 10_000.0)
    try:
        return date(int(year), int(rest // 100.0), int(rest % 100.0)) if digits.is_integer() else None
    except (ValueError, OverflowError):
        return None
