"""`Table`: one of the user's tables, whatever holds it, and where a column and a row get named in a message.

Inside leadopt a table is a `Table`: it hands out columns as Python lists or float arrays with every kind of
missing value made one (None, or NaN in numbers), and builds answers of the same kind as the table that came in.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from types import NoneType
from typing import Any, NoReturn, cast

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.tables.amounts import Amounts, magnitudes
from leadopt.tables.cells import (
    Id,
    as_id,
    as_level,
    as_number,
    as_set,
    as_share,
    each_once,
    is_hashable,
    kind_of,
)
from leadopt.tables.cells.coded import Coded, counted
from leadopt.tables.group_by import MOST_GROUPS, amounts_of_frame, groups_of_frame, reads_days, spells_of_frame
from leadopt.tables.holder import is_text
from leadopt.tables.reading.numerals import is_read
from leadopt.tables.written import (
    Written,
    holds_iso_days,
    with_numbers,
)

_PLAIN_WORDS = {"true", "false", "yes", "no", "1", "0", "y", "n"}
_EXACT = 2.0**53  # floats beyond are no exact whole numbers
MOST_LEADS = 1e12  # of all rows that stand for several; beyond, what is learned drowns in the rounding of sums


class Table(Written):
    """One of the user's tables, whatever holds it.

    Parameters
    ----------
    data
        a data frame that narwhals knows (a lazy one is collected), a list of dicts or of rows that know their columns,
        a dict of lists, the URL of a database with a table or query (`leadopt.tables.sql.read_sql`), or what
        SQLAlchemy answers a query with
    name
        what messages call it: "leads", "reps", "history"
    reading
        how its text is read; None = as another table is, if it is made of one, else by itself
    place
        where its rows stand in a file; None = as in the other table, else in none
    ids
        columns of ids, whose text in a database stays text even if it spells numbers
    """

    __slots__ = ()

    def held(self, columns: Collection[str] | None = None) -> "Table":
        """Return the table with its rows at hand: itself, unless they stay in an engine, of which some columns do."""
        return self

    def numbers(
        self,
        column: str,
        *,
        low: float = -np.inf,
        high: float = np.inf,
        whole: bool = False,
        missing: float | None = None,
    ) -> Floats:
        """Return a column of finite numbers within [low, high] as float64 (n_rows,).

        `missing` replaces missing values; None refuses them.
        """
        written = self.values(column)
        values = self._spelled(column, written)
        plain = np.array([as_number(value) for value in values], dtype=np.float64).reshape(len(values))
        gone = np.array([value is None for value in values], dtype=bool)
        wrong = np.isnan(plain) & ~gone
        bad = wrong | np.isinf(plain) | (plain < low) | (plain > high)
        if whole:
            bad |= (plain != np.floor(plain)) & ~np.isnan(plain)
        if missing is None:
            bad |= gone
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            # A bound that only keeps the arithmetic exact is no news, except to who exceeds it.
            floor = low if low > -_EXACT or plain[row] < low else -np.inf
            ceiling = high if high < _EXACT or plain[row] > high else np.inf
            rule = _range_rule(floor, ceiling, whole=whole)
            self.refuse(column, row, rule, written[row], self._mend(column, written[row]), more=int(bad.sum()) - 1)
        return np.where(gone, 0.0 if missing is None else missing, plain)

    def fractions(self, column: str) -> Floats:
        """Return a column of true/false or numbers in [0, 1] as float64; missing means 1 (fully there)."""
        values = self.values(column)
        words = {value: as_share(value) for value in values if isinstance(value, str)}
        numerals = [word for word, share in words.items() if share is None]
        said = {word: share for word, share in words.items() if share is not None and as_number(word) != share}
        if {word.strip().casefold() for word in said} - _PLAIN_WORDS:
            told = ", ".join(f"{word!r} as {share:g}" for word, share in said.items())
            self.reading.note(f"{self.name}.{self.own(column)}: read {told}")
        words |= {word: as_share(n) for word, n in self._numbers_in(column, numerals).value.items()} if numerals else {}
        shares = [words[value] if isinstance(value, str) else as_share(value) for value in values]
        if wrong := [row for row, share in enumerate(shares) if share is None]:
            rule = "must be true, false or a number from 0 to 1"
            self.refuse(column, wrong[0], rule, values[wrong[0]], more=len(wrong) - 1)
        return np.array(shares, dtype=np.float64).reshape(len(shares))

    def ids(self, column: str, *, unique: bool = True) -> list[Id]:
        """Return a column of ids: whole numbers, text or UUIDs, one kind throughout, none missing.

        Whole numbers that a frame holds as floats (because a neighbour was missing once) come back as ints.
        """
        ids = [as_id(value) for value in self.values(column)]
        if None in ids or len(set(map(type, ids))) > 1:
            self._refuse_id(column, ids)
        known = cast(list[Id], ids)
        if unique and len(set(known)) < len(known):
            self._refuse_duplicate(column, known)
        return known

    def _refuse_id(self, column: str, ids: Sequence[Id | None]) -> NoReturn:
        for row, value in enumerate(ids):
            if value is None:
                more = ids.count(None) - 1
                self.refuse(column, row, "an id must be text or a whole number", self.values(column)[row], more=more)
            if type(value) is not type(ids[0]):
                rule = f"ids must be of one kind, and {self.row_name(0)} holds {kind_of(ids[0])} ({ids[0]!r})"
                more = sum(type(other) is not type(ids[0]) for other in ids) - 1
                self.refuse(column, row, rule, value, "Read the column as text.", more=more)
        raise AssertionError("called without an id to refuse")

    def _refuse_duplicate(self, column: str, ids: Sequence[Id]) -> NoReturn:
        first: dict[Id, int] = {}
        for row, value in enumerate(ids):
            if value in first:
                rule = f"ids must be unique, and {self.row_name(first[value])} has the same"
                mend, more = "Remove the duplicate or give it an id of its own.", len(ids) - len(set(ids)) - 1
                self.refuse(column, row, rule, value, mend, more=more)
            first[value] = row
        raise AssertionError("called without a duplicate")

    def levels(self, column: str) -> list[str | None]:
        """Return a column of categories as text, so that 1, 1.0 and "1" are one level; missing stays None."""
        return list(self.coded(column).mapped(as_level))

    def n_levels(self, column: str) -> int:
        """Return how many distinct values a column has, a missing one counted as one."""
        if self._frame is None:
            return len(self.coded(column).mapped(as_level).cells)
        try:
            return int(self._frame[self.here(column)].n_unique())
        except Exception:  # engines raise their own types for columns of collections
            return len(set(self.levels(column)))

    def is_categorical(self, column: str) -> bool:
        """Return whether a column holds text, true/false or whole numbers alone, missing ones aside."""
        values = self.values(column)
        kinds = set(map(type, values)) - {NoneType}
        open_kinds = {kind for kind in kinds if not issubclass(kind, str | bool | np.bool_)}
        return bool(kinds) and all(as_id(value) is not None for value in values if type(value) in open_kinds)

    def sets(self, column: str) -> list[frozenset[str]]:
        """Return a column of lists (or of text separated by ; or |) as sets of text; missing is the empty set."""
        return each_once(as_set, self.values(column))

    def grouped(self, columns: Sequence[str], at: str | None = None) -> list[Any]:
        """Return the distinct combinations of some columns' cells (and the day of `at`), and how often each occurs.

        A `Coded` column for each, one for the days (None without `at`), and the counts, int64 (n_groups,): one group-by
        in the engine that holds the table, which touches no row in Python. Where groups by day would be more than
        `MOST_GROUPS`, days are counted by spans, each with the mean day of its rows, and that is noted.
        """
        for column in [*columns, *([at] if at else [])]:
            self.require(column)
        columns, frame = [self.here(column) for column in columns], self._frame
        if frame is not None and at is not None and is_text(frame, at) and not holds_iso_days(frame, at):
            frame = self.with_iso_days(at, times=False)._frame
        if frame is None or (at is not None and not reads_days(frame, at)):
            return self._group_rows(columns, at)
        groups, span = groups_of_frame(frame, self.name, columns, at, self.times)
        self._note_span(at, span)
        self._check_plain(columns, groups)
        return groups

    def _check_plain(self, columns: Sequence[str], cells: Sequence[Coded]) -> None:
        """Refuse collections among the cells of columns: an engine may group lists."""
        for column, its in zip(columns, cells, strict=False):
            if not all(map(is_hashable, its.cells)):
                self._refuse_unhashable([column])

    def _note_span(self, at: str | None, span: int) -> None:
        self.span = span
        if span > 1:
            self.reading.note(
                f"{self.name}.{self._own.get(at or '', at)}: counted by spans of {span} days, each at the mean day of "
                f"its rows, as groups by day would be more than {MOST_GROUPS:,}"
            )

    def counting(self, column: str | None) -> "Table":
        """Return the table in which each row stands for as many leads, all alike, as a column says; None = for one.

        Raises
        ------
        InvalidInput
            the column is missing, a cell is no whole number, 0 or more, or they add up to more leads than there are
        """
        if column is None:
            return self
        self.require(column)
        if column in self.columns:
            self._check_leads(column, float(self.numbers(column, low=0.0, high=_EXACT, whole=True).sum()))
        table = type(self)(self, self.name, self.reading)
        table.times, table._own = column, self._own
        return table

    def _check_leads(self, column: str, total: float) -> None:
        if total > MOST_LEADS:
            raise InvalidInput(
                f"{self.name}.{self.own(column)}: rows stand for at most {MOST_LEADS:,.0f} leads "
                f"together; found {total:.3g}. Name the column that counts them."
            )

    def grouped_spells(self, columns: Sequence[str], begin: str, end: str, since: int = 0) -> list[Any]:
        """Return the distinct combinations of some columns' cells and of how long it is from one day to another.

        A `Coded` column for each, then int64 (n_groups,) the days from `begin` to `end`, those from `begin` to the
        proleptic ordinal `since`, 0 if that is earlier, and how often each occurs: one group-by in the engine that
        holds the table. Rows without both days are left out; `with_days` has read the columns of these.
        """
        columns = [self.here(column) for column in columns]
        if self._frame is not None:
            return spells_of_frame(self._frame, self.name, columns, (begin, end), since, self.times)
        first, last = (
            np.array([-1 if number is None else number for number in self.days(day)], dtype=np.int64)
            for day in (begin, end)
        )
        rows = np.flatnonzero((first >= 0) & (last >= 0))
        spell = (last - first)[rows], np.maximum(since - first, 0)[rows]
        *cells, took, before, counts = self._counted_rows(columns, map(Coded.of_numbers, spell), rows)
        return [*cells, took.numbers(), before.numbers(), counts]

    def _group_rows(self, columns: Sequence[str], at: str | None) -> list[Any]:
        days = Coded.of(self.days(at) if at else [None] * self.n_rows)
        also = days.mapped(lambda day: None if day is None else date.fromordinal(day))
        return self._counted_rows(columns, [also], np.arange(self.n_rows))

    def _counted_rows(self, columns: Sequence[str], also: Iterable[Coded], rows: Ints) -> list[Any]:
        """Return combinations of some columns' cells, and of what else some rows have, and how many leads have each."""
        cells = [self.coded(column).take(rows) for column in columns]
        self._check_plain(columns, cells)
        times = None if self.times is None else self.numbers(self.times).astype(np.int64)[rows]
        return counted([*cells, *also], len(rows), times)

    def grouped_amounts(self, columns: Sequence[str], number: str) -> tuple[list[list[Any]], Amounts]:
        """Return combinations of some columns' cells, a list for each column, and their amounts.

        Those of one combination are apart by magnitude, so that none hides among others that it is far from.
        One group-by in the engine that holds the table, where the column is one of numbers.
        """
        for column in [*columns, number]:
            self.require(column)
        self._check_mark(number)
        columns, frame = [self.here(column) for column in columns], self._frame
        if frame is not None and is_text(frame, number):
            number_of = self._numbers_in(number, self.texts(number)).value
            frame = with_numbers(frame, number, number_of) if all(map(is_read, number_of.values())) else None
        if frame is None or not columns or self.times or not frame.schema[number].is_numeric():
            return self._group_amounts_of_rows(columns, number)
        return amounts_of_frame(frame, self.name, columns, number)

    def _group_amounts_of_rows(self, columns: Sequence[str], number: str) -> tuple[list[list[Any]], Amounts]:
        values = self.amounts(number)
        plain = np.array([as_number(value) for value in values], dtype=np.float64).reshape(len(values))
        rows = list(zip(*(self.values(column) for column in columns), magnitudes(plain).tolist(), strict=True))
        try:
            place = {key: group for group, key in enumerate(dict.fromkeys(rows))}
        except TypeError:
            self._refuse_unhashable(columns)
        keys = [[key[at] for key in place] for at in range(len(columns))]
        group = np.array([place[row] for row in rows], dtype=np.int64)
        known = np.array([value is not None for value in values], dtype=bool)
        times = None if self.times is None else self.numbers(self.times).astype(np.int64)
        return keys, Amounts.of_rows(group, plain, known, times)

    def _refuse_unhashable(self, columns: Sequence[str]) -> NoReturn:
        for column in columns:
            for row, value in enumerate(self.values(column)):
                if not is_hashable(value):
                    self.refuse(column, row, "must be a plain value, not a collection", value)
        raise AssertionError("called without an unhashable value")

    def n_copies(self) -> int:
        """Return how many rows repeat an earlier one in every column."""
        rows = zip(*(each_once(as_level, self.values(column)) for column in self.columns), strict=True)
        return self.n_rows - len(set(rows)) if self.columns else 0

    def n_repeated(self, columns: Sequence[str], known: Collection[str]) -> int:
        """Return how many rows have the cells of an earlier one in some columns, among those that miss none of `known`.

        One pass in the engine that holds the table.
        """
        if self._frame is None:
            return self._n_repeated_rows(columns, known)
        import narwhals.stable.v2 as nw

        whole = self._frame.filter(*(~nw.col(name).is_null() for name in known)).select(*columns)
        try:
            return len(whole) - len(whole.unique())
        except Exception:  # engines raise their own types for columns of collections
            return self._n_repeated_rows(columns, known)

    def _n_repeated_rows(self, columns: Sequence[str], known: Collection[str]) -> int:
        there = [[value is not None for value in self.values(name)] for name in known]
        rows = [row for row, each in enumerate(zip(*there, strict=True)) if all(each)]
        cells = [each_once(as_level, self.values(name)) for name in columns]
        return len(rows) - len({tuple(column[row] for column in cells) for row in rows})


def check_same_kind(name: str, ids: Sequence[Id], other_name: str, other_ids: Sequence[Id]) -> None:
    """Refuse ids that are whole numbers in one table and text in the other: they could never meet."""
    if ids and other_ids and kind_of(ids[0]) != kind_of(other_ids[0]):
        raise InvalidInput(
            f"{name} holds {kind_of(ids[0])} ({ids[0]!r}) and {other_name} holds {kind_of(other_ids[0])} "
            f"({other_ids[0]!r}): ids must be of one kind to match. Read both columns as text."
        )


def _range_rule(low: float, high: float, *, whole: bool) -> str:
    kind = "a whole number" if whole else "a finite number"
    if np.isfinite(low) and np.isfinite(high):
        return f"must be {kind} from {low:g} to {high:g}"
    if np.isfinite(low):
        return f"must be {kind}, {low:g} or more"
    return f"must be {kind}" if np.isinf(high) else f"must be {kind}, {high:g} or less"
