"""`ValueModel`: what a lead is worth if it is won, learned from the values of leads that were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.effects.families import Scales, fit_families
from leadopt.learning.effects.normal import Normal
from leadopt.learning.effects.posterior import Effects, more_diverse
from leadopt.learning.effects.smearing import learn_correction
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import check_bins, levels_of
from leadopt.learning.history.codes import Segment, codes_of, distinct
from leadopt.learning.history.won_values import WonValues, won_values
from leadopt.learning.lead_worth import Worths
from leadopt.problem.linear_algebra import applied
from leadopt.tables import Table
from leadopt.tables.currencies import check_currencies, with_signs
from leadopt.tables.engines import history_table
from leadopt.tables.ids import respelled

SCALES = Scales(column=1.0, pair=0.5)
"""Of the logarithm: values within a factor of e are usual. At half and twice, mean errors of the logarithm on simulated
histories (see `effects.normal`) are .258 and .262 in place of .259 for columns, and the same for pairs."""


class ValueModel:
    r"""What a lead is worth if it is won, learned from won values; scarce evidence leans on its kin.

    The logarithm of a won value is a base, plus effects of each column's level, of pairs of columns that earn it and of
    the rep, plus noise, all normal around zero; each family's spread and the noise are learned from the data, so that a
    column without signal shrinks to nothing by itself, and a huge deal counts as one deal. The known effects of a
    segment add up to a logarithm of mean m and variance v, of covariance c with the base; with noise
    :math:`\sigma^2`,

    .. math:: E[y] = \exp\left(m + \frac{v}{2} - c + \frac{\sigma^2}{2}\right) \kappa \prod_f \bar e_f

    where :math:`\bar e_f` is the mean of :math:`\exp(u)` over the levels of a family of which the lead's is not known:
    a level never seen is taken for one of those seen, and whoever follows the lead up for one of the reps. The effects
    vary around the base, which is what v/2 allows for; the base itself is only estimated, and exp would on average
    overstate it: hence -c (with one won lead, that lead's value is expected, as it should be). :math:`\kappa` is 1
    unless values are clearly not log-normal (`smearing`).

    Parameters
    ----------
    columns
        column or columns of a lead that values are estimated by; () = one value for all
    bins
        how numeric columns become levels, as in `AffinityModel`
    currencies
        what one unit of each currency is worth, by code; None = all values are in one currency
    value, converted, rep, currency
        names of the columns of history; "rep_id" and "currency" may be absent, and with ``rep=None`` it does not count
        who had the lead

    Attributes
    ----------
    n_won_, n_missing_
        won leads with a value, and those without, which are left out
    strengths_
        standard deviation of the logarithm of each family of effects: "product", "product x sector", "rep"
    noise_
        standard deviation of the logarithm of a value around what is known of the lead
    bins_
        inner edges of the columns that are binned
    columns_
        those in use: a column that names leads, with a level of its own for nine won leads in ten, is left out
    notes_
        what was noticed in the history, in words
    currencies_
        the currencies that occur

    Notes
    -----
    One group-by in the engine that holds the history; then time grows with the distinct combinations of rep and levels.

    References
    ----------
    Finney (1941), On the distribution of a variate whose logarithm is normally distributed, Supplement to the Journal
    of the Royal Statistical Society 7(2), doi:10.2307/2983663, for -c; Zhou & Gao (1997), Confidence intervals for the
    log-normal mean, Statistics in Medicine 16(7), for what the noise adds to intervals.

    Examples
    --------
    >>> won = [("fair", 900), ("fair", 1100), ("web", 90), ("web", 100), ("web", 110)] * 20
    >>> history = [{"source": source, "value": value, "converted": True} for source, value in won]
    >>> model = ValueModel(columns="source").fit(history)
    >>> model.expected([{"source": "fair"}, {"source": "web"}]).round(-1)
    array([1000.,  100.])
    """

    def __init__(
        self,
        *,
        columns: Sequence[str] | str = (),
        bins: Mapping[str, int | Sequence[float]] | None = None,
        currencies: Mapping[str, float] | None = None,
        value: str = "value",
        converted: str = "converted",
        rep: str | None = "rep_id",
        currency: str = "currency",
    ) -> None:
        self.columns = columns
        self.bins = bins
        self.currencies = currencies
        self.value = value
        self.converted = converted
        self.rep = rep
        self.currency = currency

    def fit(self, history: Any) -> ValueModel:
        """Learn from won leads, and return the model itself; without any with a value it has learned nothing.

        Raises
        ------
        InvalidInput
            a setting is wrong, a column is missing, an outcome cannot be read, a won value is not above 0, or a
            currency has no rate
        """
        columns = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
        if not all(isinstance(name, str) for name in columns) or len(set(columns)) < len(columns):
            raise InvalidInput(f"ValueModel.columns: must be distinct names of columns; found {self.columns!r}")
        asked = check_bins("ValueModel.bins", self.bins, columns)
        rates = check_currencies("ValueModel.currencies", self.currencies)
        table = with_signs(history_table(history, ids=(self.rep or "",)), self.value, self.currency, rates)
        for column in columns:
            table = table.measured(column, asked=column in asked)
        has_rep = self.rep is not None and table.holds(self.rep, "rep_id") and self.rep not in columns
        names = (*columns, *([self.rep] if has_rep and self.rep else []))
        currency = self.currency if table.holds(self.currency, "currency") else None
        won = won_values(table, names, self.value, self.converted, currency, rates)
        self.n_won_, self.n_missing_ = int(won.amounts.known.sum()), won.n_missing
        self.currencies_ = won.currencies
        read = read_attributes(
            "history", dict(zip(columns, won.keys, strict=False)), won.amounts.known, bins=asked, noun="won lead"
        )
        self.columns_, self.bins_, self.notes_ = tuple(read.levels), read.edges, read.notes
        self._spellings = read.spellings
        of_rep = [_reps(levels_of(f"history.{self.rep}", won.keys[-1], None))] if len(names) > len(columns) else []
        self._learn(won, (*self.columns_, *(["rep"] if of_rep else [])), [*read.levels.values(), *of_rep])
        return self

    def _learn(self, won: WonValues, names: Sequence[str], leveled_keys: Sequence[list[str | None]]) -> None:
        self._codes = [_numbered(levels) for levels in leveled_keys]
        codes = [codes_of(code, levels) for code, levels in zip(self._codes, leveled_keys, strict=True)]
        segments = list(zip(*leveled_keys[: len(self.columns_)], strict=True)) or [()] * len(won.amounts.known)
        self._won_of_segment: dict[Segment, int] = {}
        for segment, count in zip(segments, won.amounts.known.tolist(), strict=True):
            self._won_of_segment[segment] = self._won_of_segment.get(segment, 0) + count
        self.strengths_, self.noise_ = {}, float("nan")
        if not self.n_won_:
            return
        cell, cells = _cells(codes, len(won.amounts.known))
        parts = ("known", "logs", "squared_logs", "total", "squares")
        count, logs, squared_logs, *earned = (
            np.bincount(cell, getattr(won.amounts, part)).astype(np.float64) for part in parts
        )
        self._centre = float(logs.sum() / count.sum())
        squared_logs += count * self._centre**2 - 2.0 * self._centre * logs
        logs -= count * self._centre
        sizes = [len(code) for code in self._codes]
        # Who has a lead is no reason for its value, so pairs are of the lead's own columns.
        pairs = combinations(range(len(self.columns_)), 2)
        self._fitted = fit_families(cells, sizes, pairs, Normal.of(count, logs, squared_logs), SCALES)
        effects, levels = self._fitted.effects, self._fitted.levels(cells)
        self._diverse, noise = more_diverse(effects), effects.likelihood.noise
        mean, variance = effects.known(levels)
        expected = np.exp(self._centre + mean + 0.5 * (variance + noise) - effects.with_base(levels))
        self._correction = learn_correction(np.broadcast_to(expected, count.shape), count, *earned)
        self.noise_ = float(np.sqrt(noise))
        for family, deviation in zip(self._fitted.families, effects.deviations.tolist(), strict=True):
            self.strengths_[" x ".join(names[column] for column in family.columns)] = deviation

    def expected(self, leads: Any) -> Floats:
        """Return what each lead is worth if won, whoever follows it up, float64 (n_leads,)."""
        worths, row = self.worths(leads)
        return worths.expected[row]

    def interval(self, leads: Any, level: float = 0.9) -> Floats:
        """Return the credible interval of what is expected of each lead, float64 (n_leads, 2).

        It says how well the expected value is known; single deals scatter around that by `noise_`.
        """
        worths, row = self.worths(leads, level)
        return np.column_stack([worths.low, worths.high])[row]

    def worths(self, leads: Any, level: float = 0.9) -> tuple[Worths, Ints]:
        """Return what leads of each distinct segment are worth, and which segment each lead has, int64 (n_leads,)."""
        if not hasattr(self, "_codes"):
            raise InvalidInput("ValueModel: has learned nothing yet; call fit(history) first")
        if not self.n_won_:
            raise InvalidInput(
                f"ValueModel: history has no won lead with a {self.value}, so there is nothing to expect"
            )
        table = Table(leads, "leads")
        levels = [
            levels_of(
                f"leads.{name}", _cells_of(table, name, self.bins_), self.bins_.get(name), self._spellings.get(name)
            )
            for name in self.columns_
        ]
        segments, row = distinct(list(zip(*levels, strict=True)) if levels else [()] * table.n_rows)
        expected, low, high = self._of_segments(segments, level)
        won = np.array([self._won_of_segment.get(segment, 0) for segment in segments], dtype=np.int64)
        return Worths(segments=tuple(segments), expected=expected, low=low, high=high, won=won), row

    def _of_segments(self, segments: Sequence[Segment], level: float) -> tuple[Floats, Floats, Floats]:
        from scipy.special import ndtri

        families, effects, n_columns = self._fitted.families, self._fitted.effects, len(self.columns_)
        noise = effects.likelihood.noise
        known = zip(self._codes, zip(*segments, strict=True), strict=False)
        codes = [codes_of(code, levels) for code, levels in known]
        of_rep = np.array([family.columns[-1] >= n_columns for family in families], dtype=bool)
        # Nobody in particular will follow the lead up: a rep of whom nothing is known.
        places = [
            np.full(len(segments), len(family.keys)) if by_rep else family.find(codes)
            for family, by_rep in zip(families, of_rep, strict=True)
        ]
        unseen = np.array([place == len(family.keys) for family, place in zip(families, places, strict=True)])
        unseen = unseen.reshape(len(places), len(segments))
        factors = np.array([_mean_factor(effects, part) for part in effects.crossed.slices])
        usual = self._centre + float(factors[of_rep].sum()) + 0.5 * noise + self._correction.log_factor
        mean, variance = effects.known(places)
        of_unseen = applied(unseen[~of_rep].T, factors[~of_rep])
        expected = np.exp(usual + mean + of_unseen + 0.5 * variance - effects.with_base(places))
        mean, variance = self._diverse.known(places)
        spreads = applied(unseen[~of_rep].T, self._diverse.deviations[~of_rep] ** 2)
        of_noise = noise**2 / (2.0 * max(1.0, effects.likelihood.freedom)) + self._correction.variance
        width = ndtri(0.5 + 0.5 * level) * np.sqrt(variance + spreads + of_noise)
        low, high = np.exp(usual + mean - width), np.exp(usual + mean + width)
        return expected, np.minimum(low, expected), np.maximum(high, expected)


def _reps(levels: Sequence[str | None]) -> list[str | None]:
    """Return the reps of history, each in one spelling."""
    other = respelled(levels)
    return [other.get(level, level) for level in levels]


def _cells_of(table: Table, column: str, bins: Mapping[str, Any]) -> Sequence[Any]:
    """Return the cells of a column, as numbers if it is binned."""
    return table.spelled(column) if column in bins else table.values(column)


def _numbered(levels: Sequence[str | None]) -> dict[str | None, int]:
    ordered = sorted(set(levels), key=lambda level: (level is not None, level or ""))
    return {level: number for number, level in enumerate(ordered)}


def _cells(codes: Sequence[Ints], n_groups: int) -> tuple[Ints, list[Ints]]:
    """Return each group's cell, and the codes of each cell: groups that differ in a currency or a spelling are one."""
    if not codes:
        return np.zeros(n_groups, dtype=np.int64), []
    cells, cell = np.unique(np.stack(codes), axis=1, return_inverse=True)
    return cell.reshape(-1), list(cells)


def _mean_factor(effects: Effects, part: slice) -> float:
    """Return the logarithm of what the levels of a family multiply values by, on average over the levels."""
    exponent = effects.mean[part] + 0.5 * effects.crossed.variances()[part]
    return float(np.logaddexp.reduce(exponent) - np.log(len(exponent)))
