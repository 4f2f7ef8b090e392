"""Chances by each kind of estimate of rows that it was not learned from, in blocks of time or folds drawn by lot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from leadopt.affinity import AffinityModel
from leadopt.arrays import Bools, Floats, Ints
from leadopt.evaluate.backtests.simpler_models import additive, families, global_rate, raw_cells
from leadopt.evaluate.counterfactual.matched import Sought
from leadopt.evaluate.history.as_of import known_by
from leadopt.evaluate.history.folds import random_folds, rolling_folds, splits
from leadopt.evaluate.history.records import Records
from leadopt.learning.effects.mixture import rate_by_families
from leadopt.learning.effects.posterior import Effects
from leadopt.progress import Meter

RAW, GLOBAL = "raw cells", "global"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What reps, segments and the kinds of estimate are called."""

    rep: str
    segment: str | None

    @classmethod
    def of(cls, rep: str, columns: Sequence[str]) -> Names:
        """Return the names where a column holds the reps, and others make the segment."""
        return cls(rep=rep.removesuffix("_id") or rep, segment=", ".join(columns) or None)

    @property
    def full(self) -> str:
        """The affinity model."""
        return self.rep if self.segment is None else f"{self.rep} x {self.segment}"

    @property
    def both(self) -> str:
        """Effects of rep and segment that add up."""
        return f"{self.rep} + {self.segment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """Outcomes that were foretold from others: which, in which fold, and the chances by each kind of estimate.

    Parameters
    ----------
    records
        outcomes, judged or only learned from
    names
        what reps, segments and the kinds of estimate are called
    fold, by_time
        the fold of each row, 0 = only learned from, and whether folds follow in time
    judged
        which rows are judged: those in a fold, with a rep
    chances
        of the rows judged, by the name of the estimate
    sought
        where each row would go by what was learned from others
    """

    records: Records
    names: Names
    fold: Ints
    by_time: bool
    judged: Bools
    chances: Mapping[str, Floats]
    sought: Sought

    @property
    def won(self) -> Floats:
        """Outcomes of the rows judged."""
        return self.records.won[self.judged]

    @property
    def cell(self) -> Ints:
        """Rep and segment of the rows judged, as one number."""
        return self.records.cell[self.judged]

    @property
    def fold_judged(self) -> Ints:
        """Folds of the rows judged."""
        return self.fold[self.judged]


def foretold(
    records: Records, together: Ints, n_folds: int, model: AffinityModel, rng: int | np.random.Generator, meter: Meter
) -> Foretold:
    """Return outcomes foretold from others; rows with the same number in `together` stay in one fold."""
    names = Names.of(model.rep, records.columns)
    fold, by_time = folds_of(records, together, n_folds, rng)
    judged = (fold > 0) & (records.rep >= 0)
    chances, sought = out_of_fold(records, fold, by_time, model, names, meter)
    return Foretold(
        records=records,
        names=names,
        fold=fold,
        by_time=by_time,
        judged=judged,
        chances={name: chance[judged] for name, chance in chances.items()},
        sought=sought,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learned:
    """What a block is judged by: a model, and for simpler estimates outcomes and how much each row counts."""

    fitted: AffinityModel
    told: Records
    rows: Bools
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Rows that are judged together, and what learns from the others, once it is asked."""

    number: int
    judged: Bools
    learn: Callable[[], _Learned]


def out_of_fold(
    records: Records, fold: Ints, by_time: bool, model: AffinityModel, names: Names, meter: Meter
) -> tuple[dict[str, Floats], Sought]:
    """Return each row's chance by each kind of estimate, NaN where it is only learned from, and where it would go."""
    everything, last = records.everything, int(fold.max(initial=0))
    if everything is not None and everything.began is not None and by_time:
        spread = np.zeros(everything.n_rows, dtype=np.int64)
        spread[records.row] = fold
        blocks = [
            _Block(number=k, judged=spread == k, learn=partial(_known_then, everything, spread == k, model))
            for k in np.unique(spread[spread > 0]).tolist()
        ]
        found, sought = _chances(everything, blocks, last, names, meter)
        return {name: chance[records.row] for name, chance in found.items()}, sought.take(records.row)
    blocks = [
        _Block(number=k, judged=judged, learn=partial(_of_others, records, learned, model))
        for k, learned, judged in splits(fold, by_time=by_time)
    ]
    return _chances(records, blocks, last, names, meter)


def _chances(
    records: Records, blocks: Iterable[_Block], last: int, names: Names, meter: Meter
) -> tuple[dict[str, Floats], Sought]:
    both, segment = (families(records, rep=rep, segment=True) for rep in (True, False))
    simpler = {names.both: both, names.rep: both[:1], names.segment: segment} if names.segment else {}
    chances = {name: np.full(records.n_rows, np.nan) for name in (names.full, *simpler, GLOBAL, RAW)}
    effects, sought = dict[str, Effects](), Sought.none(records.n_rows)
    for block in blocks:
        meter.enter(f"fold {block.number} of {last}")
        rows = np.flatnonzero(block.judged & (records.rep >= 0))
        if not len(rows):
            continue
        learned = block.learn()
        leads = records.table.take(rows)
        chances[names.full][rows] = learned.fitted.probability(leads)
        if names.segment is not None:
            sought.match(learned.fitted, leads, records.reps, records.rep, rows)
        told = (learned.told.won, learned.rows, learned.weight)
        for name, levels in simpler.items():
            effects[name] = additive(levels, *told, start=effects.get(name))
            chances[name][rows] = rate_by_families(effects[name], [family[rows] for family in levels])
        chances[GLOBAL][rows] = global_rate(learned.told, learned.rows, learned.weight)[rows]
        chances[RAW][rows] = raw_cells(learned.told, learned.rows, learned.weight)[rows]
    return chances, sought


def _of_others(records: Records, learned: Bools, model: AffinityModel) -> _Learned:
    """Return what the rows of other folds tell."""
    fitted = model.fit(records.table.take(np.flatnonzero(learned)))
    weight = _weights(records, learned, fitted.half_life_days_)
    return _Learned(fitted=fitted, told=records, rows=learned, weight=weight)


def _known_then(everything: Records, judged: Bools, model: AffinityModel) -> _Learned:
    """Return what was known when the first lead of a block was assigned: open leads count for what they may become."""
    began = np.asarray(everything.began)[judged]
    known = known_by(everything, float(np.nanmin(began)), model.converted)
    fitted = model.fit(known.table)
    weight = _weights(everything, known.settled, fitted.half_life_days_) * known.settled
    won = np.where(known.settled, everything.won, 0.0)
    still = known.still_open[everything.rep[known.still_open] >= 0]  # whose chance is nobody's counts for none
    if fitted.delays_ is not None and len(still):
        shares = fitted.open_chances(everything.table.take(still))
        weight[still] = shares.sum(axis=1)
        won[still] = shares[:, 0] / np.maximum(shares.sum(axis=1), 1e-300)
    return _Learned(fitted=fitted, told=replace(everything, won=won), rows=weight > 0, weight=weight)


def _weights(records: Records, learned: Bools, half_life: float | None) -> Floats:
    if half_life is None or records.day is None:
        return np.ones(records.n_rows)
    age = np.maximum(0, records.day[learned].max(initial=0) - records.day)
    return np.asarray(0.5 ** (age / half_life))


def folds_of(records: Records, together: Ints, n_folds: int, rng: int | np.random.Generator) -> tuple[Ints, bool]:
    """Return the fold of each row, the same for rows that belong together, and whether folds follow in time."""
    if records.began is not None and records.time is not None:
        sure = records.mature() & ~np.isnan(records.began)
        began = _earliest(together[sure], records.began[sure])
        if len(np.unique(began)) > 1:
            fold = np.zeros(records.n_rows, dtype=np.int64)
            fold[sure] = rolling_folds(began, n_folds)
            return fold, True
    if records.time is not None and len(np.unique(time := _earliest(together, records.time))) > 1:
        return rolling_folds(time, n_folds), True
    groups, group = np.unique(together, return_inverse=True)
    if len(groups) < 2:
        return np.zeros(records.n_rows, dtype=np.int64), False
    return random_folds(len(groups), n_folds, np.random.default_rng(rng))[group.reshape(-1)], False


def _earliest(together: Ints, time: Floats) -> Floats:
    """Return the first time of the rows that each row belongs to."""
    first = np.full(int(together.max(initial=-1)) + 1, np.inf)
    np.minimum.at(first, together, time)
    return first[together]
