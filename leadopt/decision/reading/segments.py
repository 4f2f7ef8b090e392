"""Which columns of leads make their segments, where nobody named any: categories that leads and history share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.learning.history.foretold import LevelCounts, why_foretold
from leadopt.learning.history.outcomes import settled_as
from leadopt.tables import Table
from leadopt.tables.cells import as_level
from leadopt.tables.cells.coded import Coded
from leadopt.tables.columns import NAMED, Columns
from leadopt.tables.headers import same_header
from leadopt.tables.ids import alike, level_alike

_MOST_LEVELS = 50  # a column with more categories is taken for a name or a number, unless segment_by asks for it
_MOST_SPELLINGS = 10 * _MOST_LEVELS
_FEWEST = 5  # past leads a rep, below which they have one level by accident
_ONE_LEVEL = 0.98  # of each rep's past leads: a column of the rep's own, but for who changed team


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSegments:
    """The columns that make segments, and what is said of them in words."""

    columns: tuple[str, ...]
    notes: tuple[str, ...]


def found_segments(
    history: Table, columns: Columns, leads: Table | None = None, together: str | None = None
) -> FoundSegments:
    """Return the columns that leads and history share, with 2 to 50 categories in history.

    Those that have a meaning of their own are no segments, and neither are those that seem to be filled in after the
    outcome (`why_foretold`), which are told. Of a history alone, columns that describe the rep are no segments either:
    leads would not have them.

    Parameters
    ----------
    history
        past leads
    columns
        what the user's columns are called
    leads
        leads to come; None = there are none to look at
    together
        the column of accounts whose leads stay together
    """
    of_reps = {columns.hours, columns.open_hours, columns.pace, columns.credit, columns.carried, columns.in_fairness}
    reserved = {getattr(columns, name) for name in NAMED} - of_reps - {columns.territory} | {together}
    there = history if leads is None else leads
    shared = [
        column
        for column in there.columns
        if column in history and column not in reserved and there.is_categorical(column)
    ]
    history.expect([columns.rep_id, *shared, columns.converted])
    shared = [column for column in shared if 2 <= _n_levels(history, column) <= _MOST_LEVELS]
    of_whom = [] if leads is not None else [name for name in shared if _describes_reps(history, columns.rep_id, name)]
    why = {name: told_by(history, name, columns, leads) for name in shared if name not in of_whom}
    used = tuple(column for column, reason in why.items() if reason is None)
    setting = "segment_by and known_before" if leads is None else "segment_by"
    notes = [f"segments by {', '.join(used) or _none(shared, leads)} (set segment_by to choose)"]
    notes += [
        f"{column} is no segment: {reason}, so it seems to be filled in after the outcome; name it in {setting} if it "
        "is known when a lead arrives"
        for column, reason in why.items()
        if reason is not None
    ]
    if of_whom:
        notes.append(f"{' and '.join(of_whom)} describe{'s' * (len(of_whom) == 1)} reps and not leads: no segment")
    return FoundSegments(columns=used, notes=(*notes, *([] if leads is None else _nearly_shared(leads, history))))


def _none(shared: Sequence[str], leads: Table | None) -> str:
    if shared:
        return "no column"
    whose = "history has" if leads is None else "leads and history share"
    return f"no column: {whose} none with 2 to 50 categories"


def _describes_reps(history: Table, rep: str, column: str) -> bool:
    """Return whether nearly all past leads of a rep have one level, and reps differ in it."""
    try:
        reps, _, _, counts = history.grouped([rep, column])
    except InvalidInput:  # a column of collections, which is no segment
        return False
    most: dict[Any, int] = {}
    for one, n in zip(reps, counts, strict=True):
        most[one] = max(most.get(one, 0), int(n))
    total = sum(map(int, counts))
    return 1 < len(most) <= total / _FEWEST and sum(most.values()) >= _ONE_LEVEL * total


def insisted_notes(leads: Table, history: Table, asked: Sequence[str], columns: Columns) -> list[str]:
    """Return notes on columns that a setting names though they seem to be filled in after the outcome."""
    there = [column for column in asked if column in leads and column in history]
    why = {column: told_by(history, column, columns, leads) for column in there}
    return [
        f"{column} seems to be filled in after the outcome: {reason}; it is used, as segment_by names it"
        for column, reason in why.items()
        if reason is not None
    ]


def told_by(history: Table, column: str, columns: Columns, leads: Table | None = None) -> str | None:
    """Return in words why a column seems to be filled in after the outcome; None where it does not.

    Parameters
    ----------
    history
        past leads
    column
        the column in question
    columns
        what the columns of outcomes and of reps are called
    leads
        leads to come; None = those of history that are still open
    """
    try:
        cells, outcomes, reps, _, counts = history.grouped([column, columns.converted, columns.rep_id])
    except InvalidInput:  # a column of collections; who uses it is told
        return None
    truth = settled_as(history, columns.converted, outcomes)
    levels = cells.mapped(_plain)
    settled = np.flatnonzero(truth >= 0)
    of_history = LevelCounts.of(
        levels.take(settled), truth[settled], counts[settled], reps.mapped(as_level).take(settled)
    )
    if leads is not None:
        return why_foretold(of_history, _counted(leads.coded(column).mapped(_plain)))
    still_open = np.flatnonzero(truth < 0)
    return why_foretold(of_history, _counted(levels.take(still_open), counts[still_open]))


def _plain(cell: Any) -> str | None:
    return level_alike(as_level(cell))


def _counted(levels: Coded, counts: Ints | None = None) -> Counter[str | None]:
    return Counter(dict(zip(levels.cells, levels.times(counts).tolist(), strict=True)))


def _n_levels(table: Table, column: str) -> int:
    """Return how many levels a column has, each in one spelling; where it has far more cells than that, of these."""
    found = table.n_levels(column)
    if not 2 <= found <= _MOST_SPELLINGS:
        return found
    try:
        cells, *_ = table.grouped([column])
    except InvalidInput:  # a column of collections, which is no segment
        return found
    return len({None if (level := as_level(cell)) is None else alike(level) for cell in cells.cells})


def _nearly_shared(leads: Table, history: Table) -> list[str]:
    """Return a note on columns of two tables that are one but for letter case and blanks in their headers."""
    others = [column for column in history.columns if column not in leads]
    pairs = ((column, same_header(column, others)) for column in leads.columns if column not in history)
    found = [f'"{column}" of leads may be "{other}" of history' for column, other in pairs if other is not None]
    return [f"no segments, though {enumerate_some(found, 3)}: call them alike"] if found else []
