"""`ValueModel`: what a lead is worth if it is won, learned from the values of leads that were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.amount_effects import LEAST_LOG, MOST_LOG, AmountEffects, PaidShare, fit_amounts
from leadopt.learning.estimates import check_level
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import Results, check_bins, levels_of
from leadopt.learning.history.codes import Segment, codes_of, distinct
from leadopt.learning.history.levels import cells_of
from leadopt.learning.history.placeholders import placeholder_notes, placeholders
from leadopt.learning.history.won_values import (
    WonValues,
    check_value_zero,
    odd_notes,
    tiny_notes,
    won_values,
    zero_note,
)
from leadopt.learning.lead_worth import Worths
from leadopt.progress import loaded
from leadopt.tables import Table
from leadopt.tables.currencies import check_currencies, with_signs
from leadopt.tables.engines import history_table
from leadopt.tables.ids import respelled
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes
from leadopt.tables.reading.reader import Reading, reading_of


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
    overstate it: hence -c (with one won lead, that lead's value is expected, as it should be). Levels at which values
    spread more or less than elsewhere, or in another form, such as another mix of list prices, multiply this by a
    factor, shrunk by its own variance (`level_factors`). :math:`\kappa` is 1 unless values as a whole are clearly
    not log-normal (`smearing`). Nothing is expected to be worth more than the largest amount.
    Where some leads were won for 0, such as pilots, all this is of the others, and is multiplied by the chance that a
    won lead is one of them, learned by the same columns.

    Amounts that the others do not expect at all (`odd_ones`: a slip, a placeholder) teach nothing about logarithms, of
    which one of them would lead the mean and the noise astray; for :math:`\kappa` all amounts count. One amount again
    and again, far beyond all others, is taken for a placeholder and left out altogether (`placeholders`).

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
    value_zero
        what a value of 0 means: None = that it was won for nothing; "missing" = that it is not known
    formats, outcomes
        how text is read as dates and numbers, and which words mean won, lost or open, as in a policy; None = as the
        columns tell

    Attributes
    ----------
    n_won_, n_missing_
        won leads with a value, and those without, which are left out
    n_zero_, n_odd_
        how many of these values are 0, and how many are far from all that the others suggest, placeholders too
    strengths_
        standard deviation of the logarithm of each family of effects: "product", "product x sector", "rep"
    noise_
        standard deviation of the logarithm of a value above 0 around what is known of the lead
    scatter_
        the same of all values, those of 0 too: the log-normal distribution with it varies as much as they do
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
        value_zero: str | None = None,
        formats: Formats | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        self.columns = columns
        self.bins = bins
        self.currencies = currencies
        self.value = value
        self.converted = converted
        self.rep = rep
        self.currency = currency
        self.value_zero = value_zero
        self.formats = formats
        self.outcomes = outcomes

    def _reading(self) -> Reading | None:
        return reading_of("ValueModel", self.formats, self.outcomes)

    def fit(self, history: Any) -> ValueModel:
        """Learn from won leads, and return the model itself; without any with a value it has learned nothing.

        Raises
        ------
        InvalidInput
            a setting is wrong, a column is missing, an outcome cannot be read, a won value is below 0, or a
            currency has no rate
        """
        columns = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
        if not all(isinstance(name, str) for name in columns) or len(set(columns)) < len(columns):
            raise InvalidInput(f"ValueModel.columns: must be distinct names of columns; found {self.columns!r}")
        asked = check_bins("ValueModel.bins", self.bins, columns)
        rates = check_currencies("ValueModel.currencies", self.currencies)
        zero_missing = check_value_zero("ValueModel.value_zero", self.value_zero) is not None
        past = history_table(history, reading=self._reading(), ids=(self.rep or "",))
        table = with_signs(past, self.value, self.currency, rates)
        for column in columns:
            if asked.get(column) != 0:
                table = table.measured(column, asked=column in asked)
        has_rep = self.rep is not None and table.holds(self.rep, "rep_id") and self.rep not in columns
        names = (*columns, *([self.rep] if has_rep and self.rep else []))
        currency = self.currency if table.holds(self.currency, "currency") else None
        won = won_values(table, names, self.value, self.converted, currency, rates, zero_missing=zero_missing)
        self.n_won_, self.n_missing_ = int(won.counted.sum()), won.n_missing
        self.n_zero_ = self.n_won_ - int(won.amounts.paid.sum())
        self.currencies_ = won.currencies
        cells = dict(zip(columns, won.keys, strict=False))
        paid, logs, squares = won.amounts.paid.astype(np.float64), won.amounts.logs, won.amounts.squared_logs
        results = Results(n=paid, total=logs, squares=squares)
        read = read_attributes("history", cells, won.counted, results, bins=asked, noun="won lead")
        self.columns_, self.bins_, self.notes_ = tuple(read.levels), read.edges, read.notes
        self._spellings, self._numbers = read.spellings, read.numbers
        of_rep = [_reps(levels_of(f"history.{self.rep}", won.keys[-1], None))] if len(names) > len(columns) else []
        found = placeholders(won.amounts, list(read.levels.values()), won.n_distinct)
        rest, left = won.without(found.taken)
        levels = [[each[group] for group in left] for each in (*read.levels.values(), *of_rep)]
        odd = np.ones(len(won.counted), dtype=bool)
        odd[left] = self._learn(rest, (*self.columns_, *(["rep"] if of_rep else [])), levels)
        self.notes_ = [*self.notes_, *placeholder_notes(won.amounts, found, odd)]
        self.n_odd_ += int(won.amounts.paid[found.taken].sum())
        return self

    def _learn(self, won: WonValues, names: Sequence[str], leveled_keys: Sequence[list[str | None]]) -> Bools:
        """Learn from groups of won leads, and return which of them hold odd amounts, bool (n_groups,)."""
        is_odd, n_counted = np.zeros(len(won.counted), dtype=bool), int(won.counted.sum())
        self._codes = [_numbered(levels) for levels in leveled_keys]
        codes = [codes_of(code, levels) for code, levels in zip(self._codes, leveled_keys, strict=True)]
        segments = list(zip(*leveled_keys[: len(self.columns_)], strict=True)) or [()] * len(won.counted)
        self._won_of_segment: dict[Segment, int] = {}
        for segment, count in zip(segments, won.counted.tolist(), strict=True):
            self._won_of_segment[segment] = self._won_of_segment.get(segment, 0) + count
        self.strengths_, self.noise_, self.scatter_, self.n_odd_ = {}, float("nan"), float("nan"), 0
        self._amounts: AmountEffects | None = None
        self._paid: PaidShare | None = None
        if not self.n_won_:
            return is_odd
        sizes, n_columns = [len(code) for code in self._codes], len(self.columns_)
        if self.n_zero_:
            self._paid = PaidShare.of(codes[:n_columns], sizes[:n_columns], won.counted, won.amounts.paid)
            self.notes_ = [*self.notes_, zero_note(self.n_zero_, self.n_won_)]
        paid = np.flatnonzero(won.amounts.paid)
        if not len(paid):
            self.noise_ = self.scatter_ = 0.0
            return is_odd
        amounts = won.amounts.take(paid)
        self._amounts, odd = fit_amounts([code[paid] for code in codes], sizes, n_columns, amounts)
        self.noise_, self.n_odd_ = float(np.sqrt(self._amounts.noise)), int(amounts.paid[odd].sum())
        self.scatter_ = float(np.sqrt(self._amounts.noise - np.log(amounts.paid.sum() / n_counted)))
        self.notes_ = [*self.notes_, *odd_notes(amounts, odd), *tiny_notes(amounts, odd, LEAST_LOG)]
        fitted = self._amounts.fitted
        for family, deviation in zip(fitted.families, fitted.effects.deviations.tolist(), strict=True):
            if len(family.keys) > 1:
                self.strengths_[" x ".join(names[column] for column in family.columns)] = deviation
        is_odd[paid] = odd
        return is_odd

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
        check_level(level)
        if not hasattr(self, "_codes"):
            raise InvalidInput("ValueModel: has learned nothing yet; call fit(history) first")
        if not self.n_won_:
            raise InvalidInput(
                f"ValueModel: history has no won lead with a {self.value}, so there is nothing to expect"
            )
        table = Table(leads, "leads", self._reading())
        levels = [
            levels_of(
                f"leads.{name}",
                cells_of(table, name, self.bins_, self._numbers),
                self.bins_.get(name),
                self._spellings.get(name),
                table.reading.note,
            )
            for name in self.columns_
        ]
        segments, row = distinct(list(zip(*levels, strict=True)) if levels else [()] * table.n_rows)
        expected, low, high = self._of_segments(segments, level)
        won = np.array([self._won_of_segment.get(segment, 0) for segment in segments], dtype=np.int64)
        return Worths(segments=tuple(segments), expected=expected, low=low, high=high, won=won), row

    def _of_segments(self, segments: Sequence[Segment], level: float) -> tuple[Floats, Floats, Floats]:
        loaded("scipy.special")
        from scipy.special import ndtri

        n, known = len(segments), zip(self._codes, zip(*segments, strict=True), strict=False)
        codes = [codes_of(code, levels) for code, levels in known]
        if self._amounts is None:
            return np.zeros(n), np.zeros(n), np.zeros(n)
        share, doubt = (np.ones(n), np.zeros(n)) if self._paid is None else self._paid.of_codes(codes, n)
        expected = share * np.exp(self._amounts.expected(codes, n))
        middle, variance = self._amounts.around(codes, n)
        width = ndtri(0.5 + 0.5 * level) * np.sqrt(variance + doubt)
        ends = np.clip(np.log(share) + middle + np.array([-width, width]), LEAST_LOG, MOST_LOG)
        low, high = np.exp(ends)
        return expected, np.minimum(low, expected), np.maximum(high, expected)


def _reps(levels: Sequence[str | None]) -> list[str | None]:
    """Return the reps of history, each in one spelling."""
    other = respelled(levels)
    return [other.get(level, level) for level in levels]


def _numbered(levels: Sequence[str | None]) -> dict[str | None, int]:
    ordered = sorted(set(levels), key=lambda level: (level is not None, level or ""))
    return {level: number for number, level in enumerate(ordered)}
