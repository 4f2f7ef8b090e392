"""From counted outcomes to what is known of every pair: cells, the half-life that predicts best, and the posterior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.effects.families import fit_chances
from leadopt.learning.effects.spreads import Spread
from leadopt.learning.estimates import Posterior
from leadopt.learning.history.codes import CodeBook, Pairs, RepRow, Segment, distinct
from leadopt.learning.history.outcomes import OutcomeCounts
from leadopt.learning.history.tally import Tally
from leadopt.tables.cells import Id

HALF_LIVES = (None, 730.0, 365.0, 180.0, 90.0, 45.0)
"""Half-lives in days that ``half_life_days="learn"`` chooses from; None = no decay.

They halve, as losses are flat around the best one; None comes first, so that it wins where all predict alike."""
_EARLY = 0.75  # of the history: what is learned from, where a half-life is judged by the rest, as in `backtest`


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedChances:
    """What a history tells.

    Parameters
    ----------
    code_book
        reps, segments and levels as numbers
    usual
        of each rep, its id with the levels that most of its outcomes have
    posterior
        of the effects
    half_life_days
        the one in use
    """

    code_book: CodeBook
    usual: Mapping[Any, RepRow]
    posterior: Posterior
    half_life_days: float | None

    def located(self, rep_rows: Sequence[RepRow], segments: Sequence[Segment], pairs: Pairs) -> tuple[Ints, list[Ints]]:
        """Return the cell and each column's code for pairs of pointers into `rep_rows` and `segments`."""
        rep, segment = self.code_book.places(rep_rows, segments)
        cell = self.posterior.tally.find(self.code_book.keys(rep[pairs[0]], segment[pairs[1]]))
        return cell, self.code_book.codes(rep_rows, segments, pairs)

    def usual_row(self, rep: Id) -> RepRow:
        """Return a rep's id with the levels that most of its outcomes have, missing ones for who has none."""
        return self.usual.get(rep, (rep, *([None] * (self.code_book.n_rep_columns - 1))))

    def of_strangers(self, known: Sequence[Ints | None]) -> Floats:
        """Return the chance of pairs of which only some columns are known: a code of each, None = never seen."""
        n = max((len(code) for code in known if code is not None), default=1)
        codes = [
            np.full(n, size) if code is None else code for size, code in zip(self.code_book.sizes, known, strict=True)
        ]
        return self.posterior.probability(np.full(n, len(self.posterior.tally.keys)), codes)

    def state_effects(self, rep_rows: Sequence[RepRow]) -> Floats:
        """Return what each further level of a rep alone adds to the logit, float64 (n_reps, n_columns)."""
        codes = self.code_book.codes(rep_rows, [], (np.arange(len(rep_rows)), np.zeros(0, dtype=np.int64)))
        nothing: list[Ints | None] = [None] * len(codes)
        states = range(1, self.code_book.n_rep_columns)
        alone = [_logit(self.of_strangers([*nothing[:k], codes[k], *nothing[k + 1 :]])) for k in states]
        return (np.array(alone).reshape(len(alone), len(rep_rows)) - _logit(self.of_strangers(nothing))).T

    def spreads(self, names: Sequence[str]) -> list[tuple[str, float, Spread]]:
        """Return each family's name, made of the columns', its standard deviation in use, and what is known of it."""
        effects, families = self.posterior.fitted.effects, self.posterior.fitted.families
        named = [" x ".join(names[column] for column in family.columns) for family in families]
        found = list(zip(named, effects.deviations.tolist(), effects.spreads, strict=True))
        if effects.own_spread is None:
            return found
        of_leads = names[self.code_book.n_rep_columns :]
        own = " x ".join((names[0], *of_leads)) if of_leads else ""
        return [*found, (own, effects.own_deviation, effects.own_spread)]


def learn_chances(
    counts: OutcomeCounts,
    weights: Floats,
    of_reps: Sequence[Sequence[str | None]],
    of_leads: Sequence[Sequence[str | None]],
    half_life_days: float | str | None,
) -> LearnedChances:
    """Return what counted outcomes tell.

    Parameters
    ----------
    counts
        by group; the first of its keys are the reps
    weights
        float64 (n_groups,), how much an outcome counts
    of_reps, of_leads
        the levels of each further column of reps and of each of leads, one for each group
    half_life_days
        days, None, or "learn" = the one of `HALF_LIVES` that predicts best
    """
    rows: list[RepRow] = list(zip(counts.keys[0], *of_reps, strict=True))
    segments = tuples(of_leads, len(rows))
    code_book = CodeBook.of(rows, segments, 1 + len(of_reps), 1 + len(of_reps) + len(of_leads))
    keys = code_book.keys(*code_book.places(rows, segments))
    half_life = _half_life(code_book, keys, counts, weights, half_life_days)
    return LearnedChances(
        code_book=code_book,
        usual=_most_frequent(rows, counts.count),
        posterior=_fitted(code_book, keys, counts, weights, np.ones(len(rows), dtype=bool), half_life),
        half_life_days=half_life,
    )


def tuples(columns: Sequence[Sequence[str | None]], n_rows: int) -> list[Segment]:
    """Return the levels of each row; without columns, as many empty ones."""
    return list(zip(*columns, strict=True)) if columns else [()] * n_rows


def _fitted(
    code_book: CodeBook, keys: Ints, counts: OutcomeCounts, weights: Floats, chosen: Bools, half_life: float | None
) -> Posterior:
    """Return what the chosen groups of outcomes tell."""
    tally = Tally.of(
        keys[chosen],
        counts.count[chosen],
        counts.converted[chosen],
        weight=weights[chosen],
        day=None if counts.day is None else counts.day[chosen],
        half_life=half_life,
        latest=counts.latest if chosen.all() else None,
    )
    tried, converted = tally.weighted_tried[:-1], tally.weighted_converted[:-1]
    codes = code_book.codes_of_keys(tally.keys)
    return Posterior(tally=tally, fitted=fit_chances(codes, code_book.sizes, code_book.n_rep_columns, tried, converted))


def _half_life(
    code_book: CodeBook, keys: Ints, counts: OutcomeCounts, weights: Floats, asked: float | str | None
) -> float | None:
    if not isinstance(asked, str):
        return asked
    if counts.day is None or not len(counts.count):
        return None
    order = np.argsort(counts.day, kind="stable")
    middle = counts.day[order][np.searchsorted(counts.count[order].cumsum(), _EARLY * counts.count.sum())]
    early, late = counts.day < middle, counts.day >= middle
    if not early.any():
        return None
    n, won = counts.count[late], counts.converted[late]

    def loss(half_life: float | None) -> float:
        posterior = _fitted(code_book, keys, counts, weights, early, half_life)
        chance = posterior.probability(posterior.tally.find(keys[late]), code_book.codes_of_keys(keys[late]))
        return float(-(n * np.where(won == 1, np.log(chance), np.log1p(-chance))).sum())

    return min(HALF_LIVES, key=loss)


def _most_frequent(rows: Sequence[RepRow], count: Ints) -> dict[Any, RepRow]:
    """Return for each rep the row that most of its outcomes have, the first in order among equals."""
    distinct_rows, place = distinct(rows)
    total = np.bincount(place, count, minlength=len(distinct_rows))
    order = sorted(range(len(distinct_rows)), key=lambda number: (total[number], repr(distinct_rows[number])))
    return {distinct_rows[number][0]: distinct_rows[number] for number in order}


def _logit(chance: Floats) -> Floats:
    return np.asarray(np.log(chance) - np.log1p(-chance))
