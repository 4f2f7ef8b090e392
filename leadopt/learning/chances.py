"""From counted outcomes to what is known of every pair: cells, the half-life that predicts best, and the posterior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.delays import LOST, WON, Ages, Delays, learn_delays
from leadopt.learning.effects.families import fit_chances
from leadopt.learning.effects.spreads import Spread
from leadopt.learning.effects.waiting import Waiting
from leadopt.learning.estimates import Posterior
from leadopt.learning.history.codes import CodeBook, Pairs, RepRow, Segment, codes_of, distinct
from leadopt.learning.history.open_leads import OpenLeads
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
    delays
        how long wins and losses take; None where no lead is open, or that is not known
    """

    code_book: CodeBook
    usual: Mapping[Any, RepRow]
    posterior: Posterior
    half_life_days: float | None
    delays: Delays | None = None

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenLevels:
    """Open leads with the levels of their columns, and settled ones whose delays are known with theirs.

    Parameters
    ----------
    leads
        by group
    weights
        float64 (n_groups,), how much each of them counts
    rep_rows, segments
        of each group of open leads
    settled_segments
        of each group of settled ones
    early_rep_rows, early_segments, early_weights
        of each group of leads that were assigned before history tells of any end
    """

    leads: OpenLeads
    weights: Floats
    rep_rows: Sequence[RepRow]
    segments: Sequence[Segment]
    settled_segments: Sequence[Segment]
    early_rep_rows: Sequence[RepRow]
    early_segments: Sequence[Segment]
    early_weights: Floats


def learn_chances(
    counts: OutcomeCounts,
    weights: Floats,
    of_reps: Sequence[Sequence[str | None]],
    of_leads: Sequence[Sequence[str | None]],
    half_life_days: float | str | None,
    still_open: OpenLevels | None = None,
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
        days, None, or "learn" = the one of `HALF_LIVES` that predicts best, by settled outcomes alone
    still_open
        leads without an outcome, which count by how long they are open; some settled ones tell how long that takes
    """
    rows: list[RepRow] = list(zip(counts.keys[0], *of_reps, strict=True))
    segments = tuples(of_leads, len(rows))
    all_rows = [*rows, *(() if still_open is None else still_open.rep_rows)]
    all_segments = [*segments, *(() if still_open is None else still_open.segments)]
    code_book = CodeBook.of(all_rows, all_segments, 1 + len(of_reps), 1 + len(of_reps) + len(of_leads))
    keys, open_keys = np.split(code_book.keys(*code_book.places(all_rows, all_segments)), [len(rows)])
    half_life = _half_life(code_book, keys, counts, weights, half_life_days)
    every, delays = np.ones(len(rows), dtype=bool), None
    if still_open is None:
        posterior = _fitted(code_book, keys, counts, weights, every, half_life)
    else:
        early = code_book.keys(*code_book.places(still_open.early_rep_rows, still_open.early_segments))
        still_open, open_keys, early = _in_order(still_open, open_keys, early)
        ages = _ages(code_book, keys, counts, open_keys, still_open)
        # With the chances that come out, delays learned once more are the same to three digits.
        delays = learn_delays(ages)
        counted = still_open.leads.count * still_open.weights * _decay(counts, still_open.leads, half_life)
        waiting = _Open(keys=open_keys, ages=ages, delays=delays, counted=counted, early_keys=early, levels=still_open)
        posterior = _fitted(code_book, keys, counts, weights, every, half_life, waiting)
    return LearnedChances(
        code_book=code_book,
        usual=_most_frequent(all_rows, np.append(counts.count, np.zeros(len(open_keys), dtype=np.int64))),
        posterior=posterior,
        half_life_days=half_life,
        delays=delays,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Open:
    """Open leads by the keys of their cells, and how long such leads are open."""

    keys: Ints
    ages: Ages
    delays: Delays
    counted: Floats
    early_keys: Ints
    levels: OpenLevels

    def waiting(self, tally: Tally) -> Waiting:
        """Return what being open tells about the cells of a tally.

        Leads that are in history only because they were not settled before it begins count less that: by Bayes' rule
        what is known of them is divided by the chance of being open still when it began.
        """
        leads, n_segments = self.levels.leads, self.ages.n_kinds
        days = np.concatenate([self.ages.open_days, leads.first_day - leads.early_assigned - 1])
        kind = np.concatenate([self.ages.open_kind, self.early_keys % (n_segments + 1)])
        settled = 1.0 - self.delays.never
        return Waiting(
            cell=tally.find(np.concatenate([self.keys, self.early_keys])),
            count=np.concatenate([self.counted, -leads.early_count * self.levels.early_weights]),
            if_won=settled * self.delays.still_open(WON, days, kind),
            if_lost=settled * self.delays.still_open(LOST, days, kind),
            never=self.delays.never,
        )


def _in_order(still_open: OpenLevels, keys: Ints, early_keys: Ints) -> tuple[OpenLevels, Ints, Ints]:
    """Return groups of leads in an order that does not depend on that of the history, on which last digits would hang.

    The rows and segments that their keys stand for stay as they were, and are of no further use.
    """
    leads = still_open.leads
    order = np.lexsort((leads.count, still_open.weights, leads.assigned, keys))
    early = np.lexsort((leads.early_count, still_open.early_weights, leads.early_assigned, early_keys))
    ordered = replace(
        leads,
        assigned=leads.assigned[order],
        count=leads.count[order],
        early_assigned=leads.early_assigned[early],
        early_count=leads.early_count[early],
    )
    weights, early_weights = still_open.weights[order], still_open.early_weights[early]
    found = replace(still_open, leads=ordered, weights=weights, early_weights=early_weights)
    return found, keys[order], early_keys[early]


def _decay(counts: OutcomeCounts, leads: OpenLeads, half_life: float | None) -> Floats:
    """Return how much open leads count for their age, as settled ones do, by the day on which they were assigned."""
    age = np.zeros(len(leads.count)) if counts.day is None else counts.day.max(initial=0) - leads.assigned
    return np.asarray(0.5 ** (age / (half_life or np.inf)))


def _ages(code_book: CodeBook, keys: Ints, counts: OutcomeCounts, open_keys: Ints, still_open: OpenLevels) -> Ages:
    """Return what delays are learned from, whatever each lead's weight; leads of one segment share them."""
    leads, n_segments = still_open.leads, len(code_book.segments)
    place = {segment: number for number, segment in enumerate(code_book.segments)}
    row, segment = np.divmod(keys, n_segments + 1)
    open_row, open_segment = np.divmod(open_keys, n_segments + 1)
    return Ages(
        kind=codes_of(place, still_open.settled_segments),
        won=leads.won,
        days=leads.days,
        entry=leads.entry,
        count=leads.settled_count,
        open_rep=open_row,
        open_kind=open_segment,
        open_days=leads.age,
        open_entry=np.maximum(leads.first_day - leads.assigned, 0),
        open_count=leads.count,
        settled_rep=row,
        settled_kind=segment,
        settled_won=counts.converted,
        settled_count=counts.count,
        n_reps=len(code_book.rep_rows),
        n_kinds=n_segments,
    )


def tuples(columns: Sequence[Sequence[str | None]], n_rows: int) -> list[Segment]:
    """Return the levels of each row; without columns, as many empty ones."""
    return list(zip(*columns, strict=True)) if columns else [()] * n_rows


def _fitted(
    code_book: CodeBook,
    keys: Ints,
    counts: OutcomeCounts,
    weights: Floats,
    chosen: Bools,
    half_life: float | None,
    still_open: _Open | None = None,
) -> Posterior:
    """Return what the chosen groups of outcomes tell, and open leads."""
    tally = Tally.of(
        keys[chosen],
        counts.count[chosen],
        counts.converted[chosen],
        weight=weights[chosen],
        day=None if counts.day is None else counts.day[chosen],
        half_life=half_life,
        latest=counts.latest if chosen.all() else None,
        open_keys=None if still_open is None else still_open.keys,
        open_count=None if still_open is None else still_open.levels.leads.count,
    )
    tried, converted = tally.weighted_tried[:-1], tally.weighted_converted[:-1]
    codes, waiting = code_book.codes_of_keys(tally.keys), None if still_open is None else still_open.waiting(tally)
    fitted = fit_chances(codes, code_book.sizes, code_book.n_rep_columns, tried, converted, waiting)
    return Posterior(tally=tally, fitted=fitted)


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
