"""From a history that was read to what it tells: the levels of its columns, chances, and what is said of both."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import comb
from typing import Any, Self

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.chances import Horizon, LearnedChances, learn_chances
from leadopt.learning.delays.delays import Delays, open_notes
from leadopt.learning.delays.open_chances import OpenLevels
from leadopt.learning.history.attributes import Attributes, read_attributes
from leadopt.learning.history.bins import Edges, Results, check_bins
from leadopt.learning.history.checks import check_segments, class_note, pairs_note
from leadopt.learning.history.codes import RepRow, Segment, distinct
from leadopt.learning.history.levels import Levels, weights_of
from leadopt.learning.history.open_leads import OpenLeads
from leadopt.learning.history.outcomes import OutcomeCounts
from leadopt.learning.history.past import Past, PastColumns
from leadopt.learning.history.repeats import of_one_day
from leadopt.tables import Table, check_same_kind
from leadopt.tables.cells import Id, is_number
from leadopt.tables.cells.coded import combined
from leadopt.tables.ids import IdBook, alike, respelled, spellings_note


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be learned, as it was asked for, and checked.

    Parameters
    ----------
    columns
        names of the columns
    bins
        of those that are binned, how many, or which edges
    half_life_days, drift, now
        as of `AffinityModel`
    reps
        ids as they are written elsewhere
    """

    columns: PastColumns
    bins: Mapping[str, int | Edges]
    half_life_days: float | str | None
    drift: bool | None
    now: date | datetime | str | None
    reps: tuple[Id, ...]

    @classmethod
    def of(cls, columns: PastColumns, bins: Any, half_life_days: Any, drift: Any, now: Any, reps: Sequence[Id]) -> Self:
        """Return settings.

        Raises
        ------
        InvalidInput
            one is wrong
        """
        if twice := set(columns.of_reps) & {columns.rep, *columns.kinds}:
            raise InvalidInput(
                f"AffinityModel.rep_by: {sorted(twice)[0]!r} is the id, or describes the lead; leave it out"
            )
        check_segments(columns.kinds, columns.rep, columns.converted)
        checked = check_bins("AffinityModel.bins", bins, columns.described)
        _check_half_life(half_life_days)
        _check_drift(drift)
        return cls(columns=columns, bins=checked, half_life_days=half_life_days, drift=drift, now=now, reps=tuple(reps))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedPast:
    """What a history tells.

    Parameters
    ----------
    asked
        what was to be learned
    levels
        what cells of its columns are
    chances
        what is known of every pair
    reps
        ids of all who are known
    notes
        what was noticed, in words
    """

    asked: Asked
    levels: Levels
    chances: LearnedChances
    reps: IdBook
    notes: list[str]

    def same_rep(self, rep: Id) -> Id:
        """Return the id of history that is a rep's, however it is written; one that history lacks as it is."""
        place = self.reps.place(rep)
        return rep if place is None else self.reps.ids[place]

    def rep_rows(self, table: Table, column: str, *, unique: bool) -> list[RepRow]:
        """Return each rep's id and further levels: as the table has them, else those of most of its history."""
        ids = table.ids(column, unique=unique)
        self.check_reps(f"{table.name}.{column}", ids)
        several = {text for text, n in Counter(alike(str(rep)) for rep in set(ids)).items() if n > 1}
        ids = [rep if alike(str(rep)) in several else self.same_rep(rep) for rep in ids]
        usual = [self.chances.usual_row(rep) for rep in ids]
        levels = [
            self.levels.of_table(table, name) if name in table else [row[place] for row in usual]
            for place, name in enumerate(self.levels.rep_by, 1)
        ]
        return list(zip(ids, *levels, strict=True))

    def pairs(self, segments: Sequence[Segment], reps: Sequence[Any]) -> tuple[list[RepRow], list[Segment]]:
        """Return reps, with or without their further levels, and segments as history has them."""
        rows = [rep if isinstance(rep, tuple) else self.chances.usual_row(self.same_rep(rep)) for rep in reps]
        self.check_reps("reps", [row[0] for row in rows])
        return rows, self.levels.as_known(segments)

    def by_row(self, table: Table) -> tuple[Ints, list[Ints], Ints]:
        """Return the cell and each column's code of the pairs of rep and segment in a table, and each row's pair."""
        rows, rep = distinct(self.rep_rows(table, self.asked.columns.rep, unique=False))
        segments = self.levels.of_segments(table)
        # A history repeats its pairs: each is looked up once.
        first, pair = combined([(rep, len(rows)), (segments.code, len(segments.cells))], table.n_rows)
        cell, codes = self.chances.located(rows, segments.cells, (rep[first], segments.code[first]))
        return cell, codes, pair

    def open_shares(self, table: Table, assigned: str, chance: Floats, delays: Delays, last_day: int) -> Floats:
        """Return the chances that leads, open since a day, will be won and lost, float64 (n_rows, 2).

        Raises
        ------
        InvalidInput
            a row has no day
        """
        days, segments = table.days(assigned), self.levels.of_segments(table)
        if None in days:
            table.refuse(assigned, days.index(None), "must be a date like 2026-01-31", None)
        age = np.maximum(last_day - np.array(days, dtype=np.int64), 0)
        kind = self.chances.code_book.places([], segments.cells)[1][segments.code]
        return np.column_stack(delays.shares(chance, age, kind))

    def check_reps(self, name: str, reps: Sequence[Any]) -> None:
        """Refuse ids that are whole numbers where history has text, or the other way round."""
        known = self.reps.ids  # sorted by type: where the first and the last are alike, all are
        if known and type(known[0]) is type(known[-1]):
            check_same_kind(name, reps, f"history.{self.asked.columns.rep}", known)


def learn_past(asked: Asked, past: Past) -> LearnedPast:
    """Return what a history tells."""
    columns, counts, still_open = asked.columns, past.counts, past.still_open
    other = _other_reps(counts, still_open, asked.reps)
    counts = replace(counts, keys=(counts.keys[0].replaced(other), *counts.keys[1:]))
    weights = weights_of(columns.weight, counts.keys)
    read = _read(asked, counts, weights)
    of_reps, of_leads = (
        tuple(name for name in some if name in read.levels) for some in (columns.of_reps, columns.kinds)
    )
    levels = Levels(
        asked=columns.described,
        rep_by=of_reps,
        segment_by=of_leads,
        weight=columns.weight,
        edges=read.edges,
        spellings=read.spellings,
        numbers=read.numbers,
        reps=other,
    )
    said = class_note(counts.converted, counts.count)
    notes = [*([said] if said else []), *spellings_note("reps of history", other), *read.notes]
    if counts.day is not None and counts.exact and not past.by_assignment and len(counts.count):
        # By the day on which they end, outcomes of one rep and segment that are one event share all they have.
        kinds = [read.levels[name] for name in of_leads]
        found, weight = of_one_day(counts.keys[0], kinds, counts.day, counts.count, counts.converted)
        weights = weights * weight
        notes += [told] if (told := found.note("their rep, segment and day")) else []
    horizon = None
    if asked.drift is not False and past.undated is None:
        horizon = Horizon(days=past.horizon_days(asked.now), by_assignment=past.by_assignment)
    chances = learn_chances(
        counts,
        weights,
        [read.levels[name] for name in of_reps],
        [read.levels[name] for name in of_leads],
        asked.half_life_days,
        None if still_open is None else OpenLevels.of(still_open, levels, columns.kinds),
        horizon,
    )
    notes += open_notes(counts.n_open, still_open, chances.delays, columns.assigned, columns.at)
    notes += pairs_note(levels.names, chances.posterior.fitted.left_out, comb(len(of_leads), 2))
    notes += [past.undated] if past.undated else []
    if chances.drift is not None:
        known = past.by_assignment or past.settling is not None
        notes += chances.drift.notes(columns.assigned if known else None, past.by_assignment)
    book = IdBook(rep for rep in chances.code_book.reps if rep is not None)
    return LearnedPast(asked=asked, levels=levels, chances=chances, reps=book, notes=notes)


def _other_reps(counts: OutcomeCounts, still_open: OpenLeads | None, known: Sequence[Id]) -> dict[Any, Any]:
    """Return for each id of history that is another one in another spelling that one; open leads count for none."""
    reps, n = counts.keys[0], counts.count
    if still_open is not None:
        reps = reps.joined(still_open.keys[0]).joined(still_open.early_keys[0])
        n = np.concatenate([n, np.zeros(len(reps) - len(n), dtype=np.int64)])
    return respelled(reps, n, known)


def _read(asked: Asked, counts: OutcomeCounts, weights: Floats) -> Attributes:
    described = asked.columns.described
    return read_attributes(
        "history",
        dict(zip(described, counts.keys[1 : 1 + len(described)], strict=True)),
        counts.count,
        Results.of_won(counts.converted, counts.count),
        weights=counts.count * weights,
        bins=asked.bins,
        of_reps=asked.columns.of_reps,
    )


def columns_of(setting: str, given: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return the names of columns that a setting gives, which is what messages call it."""
    columns = (given,) if isinstance(given, str) else tuple(given or ())
    if not all(isinstance(column, str) for column in columns) or len(set(columns)) < len(columns):
        raise InvalidInput(f"{setting}: must be distinct names of columns; found {given!r}")
    return columns


def _check_half_life(days: float | str | None) -> None:
    if days in (None, "learn") or (is_number(days) and 0.0 < float(days) < np.inf):
        return
    raise InvalidInput(
        f'AffinityModel.half_life_days: must be a positive number of days, "learn" or None; found {days!r}'
    )


def _check_drift(drift: object) -> None:
    if drift is not None and not isinstance(drift, bool | np.bool_):
        raise InvalidInput(f"AffinityModel.drift: must be True, False or None; found {drift!r}")
