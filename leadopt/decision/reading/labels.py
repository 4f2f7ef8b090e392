"""Gains whose rows and columns have labels: a data frame is aligned by ids, and positions count where it has none."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput, did_you_mean, enumerate_some
from leadopt.problem.gains import Affinity
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_level, as_number
from leadopt.tables.ids import IdBook
from leadopt.tables.reading.words import folded
from leadopt.tables.text import count

_ID_NAMES = frozenset({"id", "ids", "lead", "leads", "lead id", "leadid", "nr", "no", "key", "index"})


def given_gains(
    affinity: Any, lead_ids: Sequence[Id], rep_ids: Sequence[Id], lead_id: str = "lead_id"
) -> tuple[Affinity, list[str]]:
    """Return the gains that the user brings in the order of the tables, and what was noticed.

    A table (a data frame, a dict of columns, a list of dicts) whose columns are ids of reps is put in their order, and
    in that of the leads where its index, or a column, has their ids. Arrays count by position, and so do labels that
    are but numbers from 0 and not the ids.

    Parameters
    ----------
    affinity
        an `Affinity`, a `scipy.sparse` matrix of eligible pairs, anything that numpy makes a matrix of, or a table
    lead_ids, rep_ids
        in the order of the tables
    lead_id
        what the column of ids of leads is called

    Raises
    ------
    InvalidInput
        some ids have no row or column, one has several, a cell is no number, or the shape is not (leads, reps)
    """
    if not _is_table(affinity):
        return _by_position(affinity, len(lead_ids), len(rep_ids)), []
    table, leads, reps = Table(affinity, "affinity"), _Ids("lead", "row", lead_ids), _Ids("rep", "column", rep_ids)
    notes = list[str]()
    named = _named_column(table, leads, reps, lead_id)
    index = _index_of(affinity) if named is None else table.values(named)
    by_index = named is None and index is not None
    if by_index and _is_default(affinity.index):
        index = None
    columns = [column for column in table.columns if column != named]
    if not _is_numbered(columns) and not reps.known(columns) and leads.known(columns):
        raise InvalidInput(
            "affinity: must have a row per lead and a column per rep; its columns are ids of leads "
            f"({enumerate_some(columns, 3)}): turn it round"
        )
    by_names = _index_of(affinity) is None or not _is_default(affinity.columns)
    column_of_rep = reps.places(columns, notes) if by_names else None
    row_of_lead = None if index is None else leads.places(index, notes)
    if (column_of_rep is None and len(columns) != len(rep_ids)) or (
        row_of_lead is None and table.n_rows != len(lead_ids)
    ):
        raise InvalidInput(_shape(len(lead_ids), len(rep_ids), table.n_rows, len(columns)))
    chosen = columns if column_of_rep is None else [columns[place] for place in column_of_rep]
    gains = _matrix(table, chosen)
    if named is not None and named not in (lead_id, "lead_id") and leads.could_be_counts(index):
        notes.append(
            f'affinity: its column "{named}" was taken as the ids of leads, by which its rows are put in order'
        )
    elif by_index and leads.numbered(affinity.index):
        taken = "count by position: its index is only counted" if index is None else "go by its index as ids of leads"
        notes.append(f'affinity: its rows {taken}; a column "{lead_id}" says otherwise')
    if reps.numbered(columns):
        taken = "go by their names as ids of reps" if by_names else "count by position: their names are only counted"
        notes.append(f"affinity: its columns {taken}; an array (to_numpy()) has none")
    return Affinity(rates=gains if row_of_lead is None else gains[row_of_lead]), notes


class _Ids:
    """Ids that rows or columns may be labelled with."""

    def __init__(self, noun: str, line: str, ids: Sequence[Id]) -> None:
        self.noun, self.line, self.ids = noun, line, ids
        self._book = IdBook([str(one) for one in ids])

    def place(self, label: Any) -> int | None:
        return self._book.place(as_level(label) or "")

    def known(self, labels: Sequence[Any]) -> int:
        """Return how many of these labels are ids."""
        return sum(self.place(label) is not None for label in labels)

    def ordered(self, labels: Sequence[Any] | None) -> bool:
        """Return whether these labels are the ids in their order."""
        return labels is None or [self.place(label) for label in labels] == list(range(len(self.ids)))

    def could_be_counts(self, labels: Sequence[Any] | None) -> bool:
        """Return whether these labels put the ids in another order, and are numbers that might mean another thing."""
        return not self.ordered(labels) and all(str(one).isdigit() for one in self.ids)

    def numbered(self, labels: Sequence[Any]) -> bool:
        """Return whether these labels are the ids in another order, and but numbers from 0."""
        every = set(map(self.place, labels)) >= set(range(len(self.ids)))
        return bool(self.ids) and every and _is_numbered(labels) and not self.ordered(labels)

    def places(self, labels: Sequence[Any], notes: list[str]) -> Ints | None:
        """Return which label each id has; None where labels are but numbers from 0, as frames have them by default."""
        found = [self.place(label) for label in labels]
        if _is_numbered(labels) and len(set(found) - {None}) < len(self.ids):
            return None
        place_of = dict[int | None, int]()
        for place, one in enumerate(found):
            if one is not None and one in place_of:
                raise InvalidInput(f"affinity: {self.noun} {self.ids[one]!r} has more than one {self.line}; keep one")
            place_of[one] = place
        others = [labels[place] for place, one in enumerate(found) if one is None]
        self._check_all(place_of, others)
        if others:
            left_out = f"{count(len(others), self.line)} of no {self.noun} in this batch"
            notes.append(f"affinity: {left_out}, left out: {enumerate_some(others, 3)}")
        return np.array([place_of[k] for k in range(len(self.ids))], dtype=np.int64)

    def _check_all(self, place_of: Mapping[int | None, int], others: Sequence[Any]) -> None:
        gone = [one for k, one in enumerate(self.ids) if k not in place_of]
        if gone:
            raise InvalidInput(
                f"affinity: {count(len(gone), self.noun)} without a {self.line}: {enumerate_some(gone)}"
                f"{did_you_mean(str(gone[0]), map(str, others))} (where rows and columns are in the order of the "
                "tables, pass an array: to_numpy())"
            )


def _is_numbered(labels: Sequence[Any]) -> bool:
    """Return whether labels are numbers from 0, as frames have them where nobody has said any."""
    return [as_level(label) for label in labels] == [str(k) for k in range(len(labels))]


def _is_default(labels: Any) -> bool:
    """Return whether labels of a frame are those that it has where nobody has said any."""
    return type(labels).__name__ == "RangeIndex" and labels.name is None and labels.start == 0 and labels.step == 1


def _is_table(data: Any) -> bool:
    # Asked of the type: a lazy frame would be planned to tell its columns.
    if isinstance(data, Mapping) or hasattr(type(data), "columns"):
        return True
    return isinstance(data, Sequence) and len(data) > 0 and isinstance(data[0], Mapping)


def _index_of(data: Any) -> list[Any] | None:
    """Return the labels of the rows of a frame that has any, such as one of pandas."""
    index = getattr(data, "index", None)
    return None if index is None or callable(index) else list(index)


def _named_column(table: Table, leads: _Ids, reps: _Ids, lead_id: str) -> str | None:
    """Return the column that holds the labels of the rows: the one of ids, or one with nothing but ids of leads."""
    named = [name for name in (lead_id, "lead_id") if name in table]
    others = [column for column in table.columns if reps.place(column) is None] if leads.ids else []
    full = (column for column in others if _are_ids(table.values(column), leads))
    found = named[0] if named else next(full, None)
    if found is None or named or leads.ordered(table.values(found)) or folded(found) in _ID_NAMES:
        return found
    if sorted(map(str, leads.ids)) in (_counted(len(leads.ids), 0), _counted(len(leads.ids), 1)):
        raise InvalidInput(
            f'affinity: its column "{found}" may hold the ids of leads, in another order, or be a ranking; '
            f'call it "{lead_id}" if it is the ids, or leave it out'
        )
    return found


def _counted(n: int, first: int) -> list[str]:
    return sorted(str(k) for k in range(first, first + n))


def _are_ids(cells: Sequence[Any], leads: _Ids) -> bool:
    found = [leads.place(cell) for cell in cells]
    return len(set(found)) == len(found) >= len(leads.ids) and len(set(found) - {None}) == len(leads.ids)


def _matrix(table: Table, columns: Sequence[str]) -> Floats:
    found = np.empty((table.n_rows, len(columns)))
    for place, column in enumerate(columns):
        found[:, place] = _gains(table, column)
    return found


def _gains(table: Table, column: str) -> Floats:
    cells = table.values(column)
    gains = np.array([_gain(cell) for cell in cells], dtype=np.float64)
    if wrong := np.flatnonzero(np.isnan(gains)).tolist():
        rule = "gains must be numbers, -inf for a pair that must not be"
        table.refuse(column, wrong[0], rule, cells[wrong[0]], more=len(wrong) - 1)
    return gains


def _gain(cell: Any) -> float:
    """Return a cell as a number, NaN where it is none; a file may have made text of it."""
    try:
        return float(cell) if isinstance(cell, str | bool | np.bool_) else as_number(cell)
    except ValueError:
        return float("nan")


def _by_position(affinity: Affinity | ArrayLike, n_leads: int, n_reps: int) -> Affinity:
    gains = Affinity.coerce(affinity)
    if (gains.n_leads, gains.n_reps) != (n_leads, n_reps):
        raise InvalidInput(_shape(n_leads, n_reps, gains.n_leads, gains.n_reps))
    return gains


def _shape(n_leads: int, n_reps: int, rows: int, columns: int) -> str:
    return f"affinity: must have a row per lead and a column per rep, ({n_leads}, {n_reps}); found ({rows}, {columns})"
