"""From counted outcomes to what is known of every pair: cells, the half-life that predicts best, and the posterior."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.course import Course
from leadopt.learning.delays.delays import Delays
from leadopt.learning.delays.open_chances import OpenChances, OpenLevels
from leadopt.learning.drift import Drift, drifts, learn_doubt, learn_drift, loss_of_structure, settled_level
from leadopt.learning.effects.families import FamilyEffects, fit_chances
from leadopt.learning.effects.offsets import OffsetBinomial
from leadopt.learning.effects.posterior import Effects
from leadopt.learning.effects.spreads import Spread
from leadopt.learning.effects.waiting import Waiting
from leadopt.learning.estimates import Posterior
from leadopt.learning.history.codes import CodeBook, Pairs, RepRow, Segment
from leadopt.learning.history.outcomes import OutcomeCounts
from leadopt.learning.history.tally import Tally
from leadopt.learning.past_assignment import PastAssignment, past_assignment
from leadopt.tables.cells import Id
from leadopt.tables.cells.coded import Coded, compacted, crossed

LEVEL = "level over time"
"""What strengths and components call the spread of a level that drifts."""
HALF_LIVES = (None, 730.0, 365.0, 180.0, 90.0, 45.0)
"""Half-lives in days that ``half_life_days="learn"`` chooses from; None = no decay.

They halve, as losses are flat around the best one; None comes first, so that it wins where all predict alike."""
_FORGETTING = 1.0
"""Nats by which the late outcomes have to be likelier for anything to be forgotten. Of 40 histories of 1,500 outcomes
in which nothing changes, the best of five half-lives makes them likelier at all in 19, by .5 in 6, 1 in 3, 2 in 2."""
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
    drift
        how the level of all chances wandered, and where it will be; None = nothing is known of it
    """

    code_book: CodeBook
    usual: Mapping[Any, RepRow]
    posterior: Posterior
    half_life_days: float | None
    delays: Delays | None = None
    drift: Drift | None = None

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

    def past_assignment(self, segment_by: Sequence[str]) -> PastAssignment:
        """Return how far what history shows of leads, by the columns of `segment_by`, told who got them."""
        book, tally = self.code_book, self.posterior.tally
        rep, *others = book.codes_of_keys(tally.keys)
        nobody = np.array([one is None for one in book.reps], dtype=bool)
        levels = zip(segment_by, others[book.n_rep_columns - 1 :], strict=True)
        tried, won = (each[:-1].astype(np.float64) for each in (tally.tried, tally.converted))
        return past_assignment(np.where(nobody[rep], -1, rep), tuple(levels), tried, won)

    def record(self) -> tuple[list[list[Any]], dict[str, Any]]:
        """Return who had what in history and what came of it: rep and levels by column, and numbers by name."""
        posterior, code_book = self.posterior, self.code_book
        keys = posterior.tally.keys
        row, segment = np.divmod(keys, len(code_book.segments) + 1)
        named = np.array([code_book.rep_rows[code][0] is not None for code in row], dtype=bool)
        keys, row, segment = keys[named], row[named], segment[named]
        cell, codes = posterior.tally.find(keys), code_book.codes_of_keys(keys)
        tried, converted = posterior.tally.tried[cell], posterior.tally.converted[cell]
        low, high = posterior.interval(cell, codes, 0.9)
        numbers: dict[str, Any] = {
            "tried": tried,
            "converted": converted,
            **({"open": posterior.tally.still_open[cell]} if posterior.tally.still_open.any() else {}),
            "raw_rate": converted / np.where(tried > 0, tried, np.nan),
            "estimate": posterior.probability(cell, codes),
            "low": low,
            "high": high,
        }
        of_reps = [[code_book.rep_rows[code][place] for code in row] for place in range(code_book.n_rep_columns)]
        n_of_leads = len(code_book.sizes) - code_book.n_rep_columns
        of_leads = [[code_book.segments[code][place] for code in segment] for place in range(n_of_leads)]
        return [*of_reps, *of_leads], numbers

    def spreads(self, names: Sequence[str]) -> list[tuple[str, float, Spread]]:
        """Return each family's name, made of the columns', its standard deviation in use, and what is known of it.

        Columns of one level are left out: of how much levels differ they say nothing, and what is in use is the prior.
        """
        effects, families, sizes = self.posterior.fitted.effects, self.posterior.fitted.families, self.code_book.sizes
        found = [
            (" x ".join(names[column] for column in family.columns), deviation, spread)
            for family, deviation, spread in zip(families, effects.deviations.tolist(), effects.spreads, strict=True)
            if all(sizes[column] > 1 for column in family.columns)
        ]
        if effects.own_spread is not None:
            of_cell = [column for column in (0, *range(self.code_book.n_rep_columns, len(sizes))) if sizes[column] > 1]
            own = " x ".join(names[column] for column in of_cell)
            found.append((own, effects.own_deviation, effects.own_spread))
        if self.drift is not None and self.drift.is_told:
            found.append((LEVEL, self.drift.level.spread.deviation, self.drift.level.spread))
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Horizon:
    """When leads settle whose chances are asked, and so of when the level of all chances is foretold.

    Parameters
    ----------
    days
        after the last outcome
    by_assignment
        whether outcomes are dated by when their leads were assigned, in place of when they were settled
    """

    days: float
    by_assignment: bool = False


def learn_chances(
    counts: OutcomeCounts,
    weights: Floats,
    of_reps: Sequence[Coded],
    of_leads: Sequence[Coded],
    half_life_days: float | str | None,
    still_open: OpenLevels | None = None,
    horizon: Horizon | None = None,
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
    horizon
        with days, it is learned whether the level of all chances drifts, and where it will be then; None = it is held
        to stay
    """
    rows, segments = crossed([counts.keys[0], *of_reps], len(counts.count)), crossed(of_leads, len(counts.count))
    of_open = [] if still_open is None else still_open.rep_rows.cells
    kinds_of_open = [] if still_open is None else still_open.segments.cells
    n_rep_columns = 1 + len(of_reps)
    code_book = CodeBook.of(
        [*rows.cells, *of_open], [*segments.cells, *kinds_of_open], n_rep_columns, n_rep_columns + len(of_leads)
    )
    keys = code_book.keys_of(rows, segments)
    open_chances = None if still_open is None else OpenChances.of(code_book, keys, counts, still_open)
    past = _Past(code_book=code_book, keys=keys, counts=counts, weights=weights, open_chances=open_chances)
    posterior, half_life, drift = past.learned(half_life_days, horizon)
    return LearnedChances(
        code_book=code_book,
        usual=_most_frequent(dict.fromkeys(of_open, 0) | dict(zip(rows.cells, rows.times(counts.count), strict=True))),
        posterior=posterior,
        half_life_days=half_life,
        delays=None if open_chances is None else open_chances.delays,
        drift=drift,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Past:
    """All groups of outcomes, by the keys of their cells, and open leads."""

    code_book: CodeBook
    keys: Ints
    counts: OutcomeCounts
    weights: Floats
    open_chances: OpenChances | None = None

    def learned(
        self, half_life_days: float | str | None, horizon: Horizon | None
    ) -> tuple[Posterior, float | None, Drift | None]:
        """Return the posterior, the half-life in use, and how the level of all chances wandered."""
        course = None if horizon is None else self.course(half_life_days, by_assignment=horizon.by_assignment)
        if horizon is None or course is None or not drifts(course):
            half_life = self.best_half_life() if isinstance(half_life_days, str) else half_life_days
            posterior, drift = self.posterior(half_life), None
            if horizon is not None and course is not None:
                drift = learn_doubt(replace(course, half_life=half_life), horizon.days)
            if drift is not None:
                posterior = replace(posterior, fitted=replace(posterior.fitted, wandering=drift.doubt))
            return posterior, half_life, drift
        half_life = self.best_half_life_of_structure(course) if half_life_days == "learn" else course.half_life
        tally = self.tally(half_life)
        fitted, drift = learn_drift(
            replace(course, half_life=half_life),
            lambda outcomes, near: self.fitted(tally, outcomes=outcomes, near=near),
            horizon.days,
        )
        return Posterior(tally=tally, fitted=fitted), half_life, drift

    def tally(self, half_life: float | None, chosen: Bools | None = None) -> Tally:
        """Return the tally of the chosen groups of outcomes; None = of all, and of open leads."""
        every, still_open = slice(None) if chosen is None else chosen, None if chosen is not None else self.open_chances
        return Tally.of(
            self.keys[every],
            self.counts.count[every],
            self.counts.converted[every],
            weight=self.weights[every],
            day=None if self.counts.day is None else self.counts.day[every],
            half_life=half_life,
            latest=self.counts.latest if chosen is None else None,
            open_keys=None if still_open is None else still_open.keys,
            open_count=None if still_open is None else still_open.levels.leads.count,
        )

    def posterior(self, half_life: float | None, chosen: Bools | None = None) -> Posterior:
        """Return what the chosen groups of outcomes tell; None = all, and open leads."""
        tally, waiting = self.tally(half_life, chosen), None
        if chosen is None and self.open_chances is not None:
            # Without days of outcomes nothing fades.
            newest = None if self.counts.day is None else int(self.counts.day.max(initial=0))
            waiting = self.open_chances.waiting(tally.keys, newest or 0, None if newest is None else half_life)
        return Posterior(tally=tally, fitted=self.fitted(tally, waiting))

    def fitted(
        self,
        tally: Tally,
        waiting: Waiting | None = None,
        outcomes: OffsetBinomial | None = None,
        near: Effects | None = None,
    ) -> FamilyEffects:
        """Return what a tally and open leads tell, or outcomes of its cells at the level of the time when each was."""
        tried, converted = tally.weighted_tried[:-1], tally.weighted_converted[:-1]
        codes, book = self.code_book.codes_of_keys(tally.keys), self.code_book
        return fit_chances(codes, book.sizes, book.n_rep_columns, tried, converted, waiting, outcomes, near)

    def course(self, half_life_days: float | str | None, *, by_assignment: bool) -> Course | None:
        """Return the outcomes by time; None where their days are not known, or all or none were won."""
        counts = self.counts
        if counts.day is None or not 0 < int(counts.count @ counts.converted) < int(counts.count.sum()):
            return None
        still_open = self.open_chances
        keys = self.keys if still_open is None else np.concatenate([self.keys, still_open.keys])
        first, cell = compacted(keys, int(keys.max(initial=-1)) + 1)
        cells = keys[first]
        return Course.of(
            self.code_book.codes_of_keys(cells),
            self.code_book.sizes,
            cell[: len(self.keys)],
            counts.day,
            counts.count,
            counts.converted,
            weight=self.weights,
            half_life=None if isinstance(half_life_days, str) else half_life_days,
            waiting=None if still_open is None else still_open.waiting(cells),
            waiting_since=None if still_open is None else still_open.since(by_assignment),
        )

    def best_half_life_of_structure(self, course: Course) -> float | None:
        """Return the half-life under which the structure of early outcomes predicts the late ones, levels known."""
        level, n_rep_columns = settled_level(course), self.code_book.n_rep_columns

        def fit(outcomes: OffsetBinomial, near: Effects | None) -> FamilyEffects:
            tried, won = outcomes.by_cell(outcomes.tried), outcomes.by_cell(outcomes.converted)
            return fit_chances(course.codes, course.sizes, n_rep_columns, tried, won, outcomes=outcomes, near=near)

        def loss(days: float | None) -> float:
            return loss_of_structure(replace(course, half_life=days), level, fit, _EARLY)

        return _foretelling_best(loss, float(course.tried.sum()) / course.n_outcomes)

    def best_half_life(self) -> float | None:
        """Return the half-life under which the early outcomes predict the late ones best."""
        counts = self.counts
        if counts.day is None or not len(counts.count):
            return None
        order = np.argsort(counts.day, kind="stable")
        middle = counts.day[order][np.searchsorted(counts.count[order].cumsum(), _EARLY * counts.count.sum())]
        early, late = counts.day < middle, counts.day >= middle
        if not early.any():
            return None
        n, won = counts.count[late], counts.converted[late]

        def loss(half_life: float | None) -> float:
            posterior = self.posterior(half_life, early)
            keys = self.keys[late]
            chance = posterior.probability(posterior.tally.find(keys), self.code_book.codes_of_keys(keys))
            return float(-(n * np.where(won == 1, np.log(chance), np.log1p(-chance))).sum())

        return _foretelling_best(loss, 1.0)


def _foretelling_best(loss: Callable[[float | None], float], weight: float) -> float | None:
    """Return the half-life of the least loss, or None where keeping all loses next to nothing more."""
    losses = {days: loss(days) for days in HALF_LIVES}
    best = min(losses, key=lambda days: losses[days])
    return best if losses[None] - losses[best] > _FORGETTING * weight else None


def _most_frequent(total: Mapping[RepRow, int]) -> dict[Any, RepRow]:
    """Return for each rep the row that most of its outcomes have, the last in order among equals."""
    return {row[0]: row for row in sorted(total, key=lambda row: (total[row], repr(row)))}


def _logit(chance: Floats) -> Floats:
    return np.asarray(np.log(chance) - np.log1p(-chance))
