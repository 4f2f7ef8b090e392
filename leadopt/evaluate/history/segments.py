"""Which columns of a history make segments: those that are asked for, or those that `assign` would find."""

from collections.abc import Sequence

from leadopt.decision.reading.footers import without_footer
from leadopt.decision.reading.segments import found_segments, told_by
from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.columns import Columns


def asked_segments(
    history: Table, asked: Sequence[str] | None, insisted: Sequence[str], columns: Columns
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that make segments, found where nobody asks for any, and what is said of them.

    Parameters
    ----------
    history
        past leads
    asked
        the columns that a setting names; None = none is named
    insisted
        those of them that are known when a lead arrives, whatever they tell
    columns
        what the user's columns are called

    Raises
    ------
    InvalidInput
        a column that is asked for seems to be filled in after the outcome
    """
    if not history.columns or columns.rep_id not in history or columns.converted not in history:
        return tuple(asked or ()), ()  # what is missing is refused later
    past = without_footer(history, columns.rep_id)[0].judged(columns.converted)
    if asked is None:
        found = found_segments(past, columns)
        return found.columns, tuple(f"{note}." for note in found.notes)
    for column in asked:
        reason = told_by(past, column, columns.converted) if column in past and column not in insisted else None
        if reason is not None:
            raise InvalidInput(
                f"segment_by: {column!r} seems to be filled in after the outcome ({reason}), and would foretell what "
                f"nobody knows when a lead arrives: leave it out, or set known_before={column!r} if it is known then"
            )
    return tuple(asked), ()
