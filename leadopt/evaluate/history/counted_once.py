"""A history in which rows that repeat one event count as often as they tell anything."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.evaluate.history.combinations import crossed
from leadopt.evaluate.history.records import Records
from leadopt.learning.history.codes import distinct
from leadopt.learning.history.repeats import LEAST, repeats, shared_by_chance

DEAL = "deal_id"
_COPIES = 0.9  # correlation of their outcomes; that of a column whose levels are won in 10 and 90% is .64


def counted_once(records: Records, group: str | None, apart: Sequence[str]) -> tuple[Records, Ints]:
    """Return the outcomes that tell something of their own, and each one's group, which no fold may split.

    Rows of one rep, segment and deal are a group; where no column names deals, those of one moment, or else those that
    are alike in all columns. Where outcomes of a group agree by more than luck (`learning.history.repeats`), so many of
    its rows stay as they count for, won and lost in proportion, and a note says so.

    Parameters
    ----------
    records
        outcomes
    group
        the column of deals; None = none is looked for
    apart
        columns that tell copies from each other, or what they are of: the id, the rep and the outcome

    Raises
    ------
    InvalidInput
        a column of deals is named that the history lacks
    """
    deals = numbered(records.table.levels(group)) if group is not None and records.table.holds(group, DEAL) else None
    together = np.arange(records.n_rows) if deals is None else deals
    ways = _ways(records, apart) if deals is None else [(f"their rep, segment and {group}", deals, LEAST)]
    for what, key, least in ways:
        groups, of_row = crossed(np.stack([records.rep + 1, records.segment, key]))
        tried, won = (np.bincount(of_row, part).astype(np.float64) for part in (np.ones(len(of_row)), records.won))
        chance = _by_chance(groups, tried) if deals is None else None  # deals are events by their name
        found = repeats(groups[0], groups[1], tried, won, by_chance=chance, least=least)
        note = found.note(what, "remove copies, or name the column of deals (group) to count each once")
        if note is not None:
            kept = np.flatnonzero(_kept(of_row, records.won, found.weight))
            return _thinned(records, kept, f"{note}."), (of_row if deals is None else deals)[kept]
    return records, together


def numbered(levels: Sequence[str | None]) -> Ints:
    """Return a number for each level, and one of its own for each row without any."""
    code = np.asarray(distinct(levels)[1], dtype=np.int64)
    alone = np.array([level is None for level in levels], dtype=bool)
    return np.where(alone, code.max(initial=-1) + 1 + np.arange(len(code)), code)


def _ways(records: Records, apart: Sequence[str]) -> list[tuple[str, Ints, float]]:
    """Return ways to group rows of which no column names deals: in words, a number for each row, the least correlation.

    Rows that are alike in a few columns, such as a campaign, may end alike for that; copies of a row always do.
    """
    ways: list[tuple[str, Ints, float]] = []
    if records.time is not None:
        moment = np.unique(records.time, return_inverse=True)[1].reshape(-1)
        ways.append(("their rep, segment and date", moment.astype(np.int64), LEAST))
    others = [name for name in records.table.columns if name not in {*apart, *records.columns}]
    if others:
        rows = list(zip(*(records.table.levels(name) for name in others), strict=True))
        ways.append(("all their columns", np.asarray(distinct(rows)[1], dtype=np.int64), _COPIES))
    return ways


def _by_chance(groups: Ints, tried: Floats) -> Floats:
    cell, moment = crossed(groups[:2])[1], groups[2]
    return shared_by_chance(cell, moment, tried)


def _kept(of_row: Ints, won: Floats, weight: Floats) -> Bools:
    """Return which rows stay: of each group as many as all its rows count for, evenly over its lost and won ones."""
    order = np.lexsort((won, of_row))
    size = np.bincount(of_row)
    n_kept = np.maximum(1, np.rint(size * weight)).astype(np.int64)
    place = np.arange(len(of_row)) - np.repeat(np.cumsum(size) - size, size)
    group = of_row[order]
    # Every size / n_kept-th row, counted from the middle of the first such part.
    before, after = ((2 * (place + step) * n_kept[group] + size[group]) // (2 * size[group]) for step in (0, 1))
    kept = np.zeros(len(of_row), dtype=bool)
    kept[order] = after > before
    return kept


def _thinned(records: Records, kept: Ints, note: str) -> Records:
    notes = (*records.notes, note)
    if records.everything is None:
        return replace(records.take(kept), notes=notes)
    stays = np.isnan(records.everything.won)
    stays[records.row[kept]] = True
    everything = records.everything.take(np.flatnonzero(stays))
    everything = replace(everything, row=np.arange(everything.n_rows), notes=notes)
    return replace(everything.take(np.flatnonzero(~np.isnan(everything.won))), everything=everything)
