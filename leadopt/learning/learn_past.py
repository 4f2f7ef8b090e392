"""From a history that was read to what it tells: the levels of its columns, chances, and what is said of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import comb
from typing import Any, Self

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput
from leadopt.learning.chances import Horizon, LearnedChances, learn_chances
from leadopt.learning.delays import open_notes
from leadopt.learning.history.attributes import Attributes, read_attributes
from leadopt.learning.history.bins import Edges, Results, check_bins
from leadopt.learning.history.checks import check_segments, class_note, pairs_note
from leadopt.learning.history.levels import Levels, weights_of
from leadopt.learning.history.open_leads import OpenLeads
from leadopt.learning.history.outcomes import OutcomeCounts
from leadopt.learning.history.past import Past, PastColumns
from leadopt.learning.history.repeats import of_one_day
from leadopt.learning.open_chances import OpenLevels
from leadopt.tables.cells import Id, is_number
from leadopt.tables.ids import respelled, spellings_note


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
    levels
        what cells of its columns are
    chances
        what is known of every pair
    notes
        what was noticed, in words
    """

    levels: Levels
    chances: LearnedChances
    notes: list[str]


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
    return LearnedPast(levels=levels, chances=chances, notes=notes)


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
