"""Which columns of a history make segments: those that are asked for, or those that `assign` would find."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from leadopt.decision.reading.footers import without_footer
from leadopt.decision.reading.segments import found_segments
from leadopt.errors import InvalidInput
from leadopt.evaluate.history.records import Records
from leadopt.learning.history.foretold import LevelCounts, why_foretold
from leadopt.tables import Table
from leadopt.tables.columns import Columns


def asked_segments(
    history: Table, asked: Sequence[str] | None, columns: Columns
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that make segments, found where nobody asks for any, and what is said of them.

    Parameters
    ----------
    history
        past leads
    asked
        the columns that a setting names; None = none is named
    columns
        what the user's columns are called
    """
    if asked is not None or not {columns.rep_id, columns.converted} <= set(history.columns):
        return tuple(asked or ()), ()  # what is missing is refused later
    past = without_footer(history, columns.rep_id)[0].judged(columns.converted)
    found = found_segments(past, columns)
    return found.columns, tuple(f"{note}." for note in found.notes)


def check_known_before(records: Records, asked: Sequence[str], insisted: Sequence[str]) -> None:
    """Refuse segments that seem to be filled in after the outcome.

    Parameters
    ----------
    records
        outcomes, each counted once
    asked
        the columns that make segments
    insisted
        those of them that are known when a lead arrives, whatever they tell

    Raises
    ------
    InvalidInput
        says which column, and why; or a column that is insisted on makes no segment
    """
    if stray := [column for column in insisted if column not in asked]:
        raise InvalidInput(
            f"known_before: {stray[0]!r} is none of the segments ({', '.join(asked) or 'none'}); name it in segment_by "
            "too"
        )
    every = records.everything
    for place, column in enumerate(records.columns):
        if column in insisted:
            continue
        settled = LevelCounts.of(
            records.levels[place].tolist(),
            records.won.astype(np.int64),
            np.ones(records.n_rows, int),
            records.rep.tolist(),
        )
        coming = None if every is None else Counter(every.levels[place][np.isnan(every.won)].tolist())
        if reason := why_foretold(settled, coming):
            raise InvalidInput(
                f"segment_by: {column!r} seems to be filled in after the outcome ({reason}), and would foretell what "
                f"nobody knows when a lead arrives: leave it out, or set known_before={column!r} if it is known then"
            )
