"""Which outcomes of a history were judged by which others, and what was left out, in words."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from leadopt.arrays import Floats
from leadopt.evaluate.backtests.out_of_fold import Foretold
from leadopt.learning.delays.delays import as_if_alike
from leadopt.tables.columns import Columns
from leadopt.tables.text import count


def scheme(found: Foretold, columns: Columns) -> str:
    """Return how outcomes were foretold from others, and which were judged."""
    records, fold, judged, by_time = found.records, found.fold, found.judged, found.by_time
    at, assigned = columns.at, columns.assigned_at
    n_folds, n = int((np.unique(fold) > 0).sum()), int(judged.sum())
    of = f"{n:,} of {count(records.n_rows, 'outcome')} judged"
    if not n:
        return f"{of}."
    if by_time and records.began is not None:
        first, last = (datetime.fromtimestamp(s, UTC).date() for s in _ends(records.began[judged]))
        return (
            f"Rolling origin by {assigned}: {of}, of leads from {first} to {last}, in {count(n_folds, 'block')}, each "
            "by what was known when its first lead came."
        )
    if by_time and records.day is not None:
        first, last = (date.fromordinal(int(day)) for day in (records.day[judged].min(), records.day[judged].max()))
        return (
            f"Rolling origin by {at}: {of}, from {first} to {last}, in {count(n_folds, 'block')}, "
            f"each by what was known before it."
        )
    why = f"as all have one date in {at}" if records.day is not None else f"as history has no dates in {at}"
    return f"Folds drawn by lot, {why}: {of}, in {count(n_folds, 'fold')}, each by what the others say."


def _ends(seconds: Floats) -> tuple[float, float]:
    return float(seconds.min()), float(seconds.max())


def left_out_notes(found: Foretold, columns: Columns, segment_by: Sequence[str]) -> tuple[str, ...]:
    """Return what was left out of learning or of judging, and rows that may be one event."""
    records, by_time, at, assigned = found.records, found.by_time, columns.at, columns.assigned_at
    used = {columns.rep_id, *segment_by, columns.converted}
    notes = [*records.notes]
    if records.n_open:
        by_age = by_time and records.began is not None
        without = f"left out {as_if_alike(assigned, at)}" if records.began is None else "left out"
        how = "learned from by how long they are open, not judged" if by_age else without
        notes.append(f"{count(records.n_open, 'row')} without an outcome yet: {how}.")
    if by_time and records.began is not None and (young := int((~records.mature()).sum())):
        notes.append(f"{count(young, 'outcome')} of the latest leads: not judged, as too many of them ended quickly.")
    if nobody := int((records.rep < 0).sum()):
        notes.append(f"{count(nobody, 'outcome')} without a rep: learned from, not judged.")
    if not by_time and set(records.table.columns) - used and (copies := records.table.n_copies()):
        notes.append(
            f"{copies:,} of {count(records.n_rows, 'row')} repeat another in every column: with folds drawn by lot, "
            "one may be judged by the other; remove those that are one event."
        )
    return tuple(notes)
