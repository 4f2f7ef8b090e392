"""Facts of a CRM's history: a row for each lead that somebody had; a desk's "before" on its first day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.desk.figures.facts import Facts, Leads, Ownerships, Reps, Texts
from leadopt.desk.figures.figure import DAY
from leadopt.desk.figures.history_columns import HistoryColumns
from leadopt.errors import InvalidInput
from leadopt.learning.history.outcomes import rep_ids
from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.calendar.zones import Zone, zone_of
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_level, as_moment, as_outcome, each_once
from leadopt.tables.engines import history_table
from leadopt.tables.text import count, quoted

_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1).toordinal()


def facts_of_history(
    history: Any,
    *,
    reps: Any = None,
    columns: HistoryColumns | None = None,
    mix: Sequence[str] | str | None = None,
    calendar: Calendar | None = None,
    zone: str | None = None,
    now: Any = None,
) -> Facts:
    """Return the facts of a history, such as a CRM exports it; what it does not tell is said in `.missing`.

    Parameters
    ----------
    history
        a row for each time that a rep had a lead; the kind of table is the user's
    reps
        table of reps with `hired_on` and `left_on`; None = nobody knows who left
    columns
        what columns are called; None = as `HistoryColumns` has them
    mix
        columns that say what a lead is like, by which two periods are made alike; None = none
    calendar
        working time, for figures in working hours; None = none of these
    zone
        of days and of times that do not name one; None = that of the calendar, else UTC
    now
        the moment of the export, or its day, to the end of it; None = the end of the last day on which anything
        happened

    Raises
    ------
    InvalidInput
        a column that is needed is missing; a cell cannot be read; a lead was settled before it was given to somebody;
        something happened after `now`

    Examples
    --------
    >>> history = [
    ...     {"rep_id": "Ann", "assigned_at": "2026-01-05T09:00", "first_response_at": "2026-01-05T10:30"},
    ...     {"rep_id": "Bo", "assigned_at": "2026-01-06T09:00", "first_response_at": None},
    ... ]
    >>> facts = facts_of_history(history)
    >>> facts.why_missing("won")
    'history has no column "converted"'
    """
    names = columns or HistoryColumns()
    if zone is None:
        zone = calendar.zone if calendar is not None else "UTC"
    by = (mix,) if isinstance(mix, str) else tuple(mix or ())
    needed = {getattr(names, one.name) for one in fields(names)} | set(by)
    table = history_table(history, ids=(names.rep_id, names.lead_id)).held(needed)
    for name in (names.rep_id, names.assigned_at, *by):
        table.require(name)
    read = _Moments(table, zone_of(zone))
    rows = _rows(table, read, names)
    known_until = _known_until(table, rows, read, names, now)
    staff = None if reps is None else Table(reps, "reps", ids=(names.rep_id,))
    people, rep = _reps(rows, table, staff, names, zone_of(zone))
    place, number = _places(table, rows, names)
    return Facts(
        leads=_leads(table, rows, place, number, names, by),
        owned=_ownerships(table, rows, place, number, rep, names),
        reps=people,
        known_until=known_until,
        zone=zone,
        calendar=calendar,
        missing=_missing(table, staff, names),
        notes=_notes(table, rows, names),
        like=table,
    )


class _Rows(NamedTuple):
    """Rows in which somebody had a lead."""

    row: Ints
    rep: list[Id]
    assigned: Floats
    received: Floats
    settled: Floats
    first: Floats | None
    due: Floats | None
    outcome: Floats  # 1, 0, NaN = open


class _Moments:
    """Reads columns of days and moments of a table, in a zone."""

    def __init__(self, table: Table, zone: Zone) -> None:
        self._table, self._zone = table, zone
        self.latest = float("-inf")  # the end of the last day on which anything happened

    def column(self, name: str, *, may_come: bool = False) -> Floats | None:
        """Return a column as microseconds, None where there is no such one; `may_come`: it may be in the future."""
        return self.needed(name, may_come=may_come) if name in self._table else None

    def needed(self, name: str, *, may_come: bool = False) -> Floats:
        """Return a column that has to be there as microseconds."""
        moments, wrong = self._table.moments(name)
        if wrong:
            found = self._table.values(name)[wrong[0]]
            rule = "must be a moment like 2026-01-31T09:30, or a date"
            self._table.refuse(name, wrong[0], rule, found, self._table.mend_day(name, found), more=len(wrong) - 1)
        found = np.array(each_once(self.moment, moments), dtype=np.float64)
        if not may_come and not np.isnan(found).all():
            self.latest = max(self.latest, self.end_of_day(float(np.nanmax(found))))
        return found

    def moment(self, value: Any) -> float:
        """Return a date or datetime in microseconds since 1970, NaN for None."""
        if value is None:
            return float("nan")
        if not isinstance(value, datetime):
            return float(self._zone.moment((value.toordinal() - _EPOCH) * _DAY))
        if value.tzinfo is not None:
            return float(_microseconds(value.astimezone(UTC).replace(tzinfo=None)))
        return float(self._zone.moment(_microseconds(value)))

    def end_of_day(self, moment: float) -> float:
        """Return when the day of a moment ends."""
        return float(self._zone.moment((self._zone.local(int(moment)) // _DAY + 1) * _DAY))


def _microseconds(naive: datetime) -> int:
    days = (naive.toordinal() - _EPOCH) * _DAY
    return days + ((naive.hour * 60 + naive.minute) * 60 + naive.second) * 1_000_000 + naive.microsecond


def _rows(table: Table, read: _Moments, names: HistoryColumns) -> _Rows:
    """Return the rows that tell who had a lead and since when; others tell nothing that figures are read off."""
    assigned = read.needed(names.assigned_at)
    ids = rep_ids(table, names.rep_id, table.values(names.rep_id))
    received, settled, first = (read.column(name) for name in (names.received_at, names.at, names.first_response_at))
    due = read.column(names.due_at, may_come=True)
    outcome = _outcomes(table, names.converted)
    row = np.flatnonzero(~np.isnan(assigned) & np.array([one is not None for one in ids], dtype=bool))
    closed = np.full(len(ids), np.nan) if settled is None else settled
    for k in row.tolist():
        if closed[k] < assigned[k] and not np.isnan(outcome[k]) and not _same_day(assigned[k], closed[k]):
            rule = f"a lead cannot be settled before it was given to somebody, in {names.assigned_at}"
            table.refuse(names.at, k, rule, table.values(names.at)[k], "Mend one of the dates.")
    came = assigned if received is None else np.where(np.isnan(received), assigned, received)
    return _Rows(
        row=row,
        rep=[one for k in row.tolist() if (one := ids[k]) is not None],
        assigned=assigned[row],
        received=np.minimum(came, assigned)[row],
        settled=np.where(np.isnan(outcome), np.nan, closed)[row],
        first=None if first is None else first[row],
        due=None if due is None else due[row],
        outcome=outcome[row],
    )


def _same_day(one: float, other: float) -> bool:
    """Return whether a moment may be no earlier than another: a day without a time of day is its first moment."""
    return abs(one - other) < DAY


def _outcomes(table: Table, name: str) -> Floats:
    if name not in table:
        return np.full(table.n_rows, np.nan)
    values = each_once(as_outcome, table.judged(name).values(name))
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _known_until(table: Table, rows: _Rows, read: _Moments, names: HistoryColumns, now: Any) -> int:
    if not len(rows.row):
        raise InvalidInput(f"history.{names.assigned_at}: no row tells when a rep got a lead; there is no figure")
    if now is None:
        return int(read.latest)
    moment = as_moment(now)
    if moment is None:
        raise InvalidInput(f"now: must be a date or a moment like 2026-01-31T09:30; found {now!r}")
    is_day = not isinstance(moment, datetime) or (isinstance(now, str) and len(now.strip()) == len("2026-01-31"))
    until = int(read.end_of_day(read.moment(moment)) if is_day else read.moment(moment))
    for name in (names.assigned_at, names.at, names.first_response_at):
        found = read.column(name)
        late = [] if found is None else np.flatnonzero(found > until).tolist()
        if late:
            cell, rule = table.values(name)[late[0]], f"cannot be after now, {now}"
            table.refuse(name, late[0], rule, cell, "Mend it, or now.", more=len(late) - 1)
    return until


def _places(table: Table, rows: _Rows, names: HistoryColumns) -> tuple[Ints, Ints]:
    """Return which lead each row is of, from 0, and which of its owners, from 1."""
    n = len(rows.row)
    if names.lead_id not in table:
        return np.arange(n), np.ones(n, dtype=np.int64)
    values = each_once(as_level, table.values(names.lead_id))
    known: dict[Any, int] = {}
    keys = [values[row] if values[row] is not None else (row,) for row in rows.row.tolist()]
    place = np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)
    number = np.empty(n, dtype=np.int64)
    order = np.lexsort((rows.row, rows.assigned, place))
    begins = np.flatnonzero(np.r_[True, np.diff(place[order]) != 0]) if n else np.zeros(0, dtype=np.int64)
    length = np.diff(np.append(begins, n))
    number[order] = np.arange(n) - np.repeat(begins, length) + 1
    return place, number


def _leads(table: Table, rows: _Rows, place: Ints, number: Ints, names: HistoryColumns, by: Texts) -> Leads:
    n = int(place.max(initial=-1)) + 1
    received, first, won = (np.full(n, np.nan) for _ in range(3))
    np.fmin.at(received, place, rows.received)
    if rows.first is not None:
        np.fmin.at(first, place, rows.first)
    is_won = rows.outcome == 1.0
    np.fmin.at(won, place[is_won], rows.settled[is_won])
    last = np.flatnonzero(number == np.bincount(place, minlength=n)[place])
    ended = np.full(n, np.nan)
    ended[place[last]] = rows.settled[last]
    of_first = np.empty(n, dtype=np.int64)
    of_first[place[number == 1]] = rows.row[number == 1]
    dated = names.converted in table and names.at in table
    like = [table.measured(name).values(name) for name in by]
    return Leads(
        received=received,
        seen=np.ones(n, dtype=bool),
        first=None if rows.first is None else first,
        won=won if dated else None,
        ended=np.where(np.isnan(ended), won, ended),
        bad=np.zeros(n, dtype=bool),
        source=_texts(table, names.source, of_first),
        kind=tuple(tuple(column[row] for column in like) for row in of_first.tolist()),
    )


def _ownerships(table: Table, rows: _Rows, place: Ints, number: Ints, rep: Ints, names: HistoryColumns) -> Ownerships:
    until, exits = _ends(rows, place, number)
    complaints = _complaints(table, names.complaints)
    n = len(rows.row)
    return Ownerships(
        lead=place,
        rep=rep,
        number=number,
        via=("",) * n,
        since=rows.assigned,
        until=until,
        exit=exits,
        reason=("",) * n,
        due=rows.due,
        first=rows.first,
        next_due=None,
        won=rows.outcome == 1.0,
        chance=None,
        complaints=None if complaints is None else complaints[rows.row],
        override=None,
    )


def _ends(rows: _Rows, place: Ints, number: Ints) -> tuple[Floats, Texts]:
    """Return when each ownership ended and how: with its outcome, or when the next owner got the lead."""
    until = rows.settled.copy()
    exits = ["" if np.isnan(one) else "won" if one else "lost" for one in rows.outcome.tolist()]
    order = np.lexsort((number, place))
    for this, following in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        if place[this] == place[following] and not until[this] <= rows.assigned[following]:
            until[this] = rows.assigned[following]
            exits[this] = exits[this] or "passed on"
    return until, tuple(exits)


def _complaints(table: Table, name: str) -> Floats | None:
    if name not in table:
        return None
    values = table.values(name)
    truths = each_once(as_outcome, values)
    blank = [cell is None or (isinstance(cell, str) and not cell.strip()) for cell in values]
    if all(value is not None or none for value, none in zip(truths, blank, strict=True)):  # true and false, 1 and 0
        return np.array([value or 0 for value in truths], dtype=np.float64)
    return table.numbers(name, low=0.0, missing=0.0)


def _reps(rows: _Rows, table: Table, staff: Table | None, names: HistoryColumns, zone: Zone) -> tuple[Reps, Ints]:
    """Return the reps, those of their own table first, and who each row's is."""
    listed = [] if staff is None else staff.ids(names.rep_id)
    known: dict[Any, int] = {one: place for place, one in enumerate(listed)}
    rep = np.array([known.setdefault(one, len(known)) for one in rows.rep], dtype=np.int64)
    joined = np.full(len(known), np.nan)
    np.fmin.at(joined, rep, rows.assigned)
    left: Floats | None = None
    if staff is not None:
        read = _Moments(staff, zone)
        hired, gone = read.column(names.hired_on), read.column(names.left_on, may_come=True)
        if hired is not None:
            joined[: len(listed)] = np.where(np.isnan(hired), joined[: len(listed)], hired)
        if gone is not None:
            left = np.append(gone, np.full(len(known) - len(listed), np.nan))
    return Reps(names=tuple(known), joined=joined, left=left, slots=np.full(len(known), np.nan)), rep


def _texts(table: Table, name: str, rows: Ints) -> Texts:
    if name not in table:
        return ("",) * len(rows)
    levels = table.levels(name)
    return tuple(levels[row] or "" for row in rows.tolist())


def _missing(table: Table, staff: Table | None, names: HistoryColumns) -> dict[str, str]:
    told = {
        "first": names.first_response_at,
        "due": names.due_at,
        "won": names.converted if names.converted not in table else names.at,
        "complaints": names.complaints,
    }
    found = {what: f"history has no column {quoted(name)}" for what, name in told.items() if name not in table}
    if staff is None:
        found["left"] = "who left is not known without a table of reps"
    elif names.left_on not in staff:
        found["left"] = f"reps has no column {quoted(names.left_on)}"
    found |= {"exit": _NOT_TOLD, "via": _NOT_TOLD, "override": _NOT_TOLD, "slots": "history does not tell of slots"}
    return {**found, "calendar": "no calendar of working time is given", "next_due": _NOT_TOLD}


_NOT_TOLD = "history does not tell of it"


def _notes(table: Table, rows: _Rows, names: HistoryColumns) -> Texts:
    notes = list(table.reading.notes)
    if (left_out := table.n_rows - len(rows.row)) > 0:
        notes.append(f"{count(left_out, 'history row')} without a rep or {names.assigned_at}, left out")
    if names.received_at not in table:
        notes.append(f"history has no column {quoted(names.received_at)}: a lead came when it was first given to a rep")
    undated = int((~np.isnan(rows.outcome) & np.isnan(rows.settled)).sum())
    if undated and names.at in table:
        notes.append(f"{count(undated, 'outcome')} without {names.at}: these count as open")
    return tuple(notes)
