"""`Table`: one of the user's tables, whatever holds it, and where a column and a row get named in a message.

Inside leadopt a table is a `Table`: it hands out columns as Python lists or float arrays with every kind of
missing value made one (None, or NaN in numbers), and builds answers of the same kind as the table that came in.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from types import NoneType
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.tables.amounts import Amounts
from leadopt.tables.answers import frame_beside, frame_of
from leadopt.tables.cells import (
    Id,
    as_id,
    as_level,
    as_moment,
    as_number,
    as_set,
    as_share,
    blanked,
    each_once,
    is_hashable,
    is_number,
    kind_of,
)
from leadopt.tables.formats import (
    NOT_WON,
    distinct,
    formats_of,
    holds_iso_days,
    is_text,
    iso,
    mapped,
    own_meaning,
    text_columns,
    with_numbers,
)
from leadopt.tables.group_by import amounts_of_frame, groups_of_frame, reads_days
from leadopt.tables.headers import header_for, same_header
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.moments import Moment, moment_of_number
from leadopt.tables.reading.numerals import Numbers, is_read
from leadopt.tables.reading.place import Place
from leadopt.tables.reading.reader import Fault, Reading, days_in, numbers_in, outcomes_in
from leadopt.tables.sql import is_database, read_sql

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw  # 45 ms: imported where a data frame is met


_EXACT = 2.0**53  # floats beyond are no exact whole numbers


class Table:
    """One of the user's tables, whatever holds it.

    Parameters
    ----------
    data
        a data frame that narwhals knows (a lazy one is collected), a list of dicts, a dict of lists, or the URL of a
        database with a table or query (`leadopt.tables.sql.read_sql`)
    name
        what messages call it: "leads", "reps", "history"
    reading
        how its text is read; None = as another table is, if it is made of one, else by itself
    place
        where its rows stand in a file; None = as in the other table, else in none
    ids
        columns of ids, whose text in a database stays text even if it spells numbers
    """

    __slots__ = ("_columns", "_frame", "_own", "columns", "n_rows", "name", "place", "reading")

    def __init__(
        self,
        data: Any,
        name: str,
        reading: Reading | None = None,
        place: Place | None = None,
        ids: Collection[str] = ("lead_id", "rep_id"),
    ) -> None:
        self.name = name
        made_of = data if isinstance(data, Table) else None
        self.reading: Reading = reading or (made_of.reading if made_of is not None else Reading())
        for note in {} if made_of is None else made_of.reading.notes:
            self.reading.note(note)
        self.place: Place | None = place or (made_of.place if made_of is not None else None)
        self._frame: nw.DataFrame[Any] | None = None
        self._columns: dict[str, list[Any]] = {}
        self._own: Mapping[str, str] = {}  # what the user calls columns that have another name here
        if isinstance(data, Table):
            self._frame, self._columns, self._own = data._frame, data._columns, data._own
        elif isinstance(data, Mapping):
            self._columns = self._from_mapping(data)
        elif isinstance(data, str) and is_database(data):
            self._columns = read_sql(data, ids)
        elif isinstance(data, Sequence) and not isinstance(data, str | bytes):
            self._columns = self._from_rows(data)
        else:
            self._frame = self._from_native(data)
        self.columns: tuple[str, ...] = tuple(self._columns if self._frame is None else self._frame.columns)
        self.n_rows: int = (
            len(next(iter(self._columns.values()), [])) if self._frame is None else int(self._frame.shape[0])
        )

    def _from_mapping(self, data: Mapping[Any, Any]) -> dict[str, list[Any]]:
        for key, values in data.items():
            if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
                raise InvalidInput(
                    f"{self.name}.{key}: a dict of columns must hold a list for each; found {type(values).__name__}"
                )
        columns = {str(key): list(values) for key, values in data.items()}
        lengths = {key: len(values) for key, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise InvalidInput(f"{self.name}: every column must have the same length; found {lengths}")
        return columns

    def _from_rows(self, rows: Sequence[Any]) -> dict[str, list[Any]]:
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Mapping):
                raise InvalidInput(
                    f"{self.name}, row {number}: a list must hold dicts, one per row; found {type(row).__name__}"
                )
        names = dict.fromkeys(str(key) for row in rows for key in row)
        return {name: [row.get(name) for row in rows] for name in names}

    def _from_native(self, data: Any) -> "nw.DataFrame[Any]":
        import narwhals.stable.v2 as nw
        from narwhals.exceptions import NarwhalsError

        try:
            frame = nw.from_native(_with_text_headers(data))
            return frame.collect() if isinstance(frame, nw.LazyFrame) else frame
        except (TypeError, ValueError, NarwhalsError) as error:
            raise InvalidInput(
                f"{self.name}: must be a data frame (pandas, polars, pyarrow, ...), a list of dicts or a dict of "
                f"lists; found {type(data).__name__} ({str(error).splitlines()[0] if str(error) else 'not readable'})"
            ) from None

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def refuse(self, column: str, row: int, rule: str, found: object, mend: str = "", more: int = 0) -> NoReturn:
        """Raise `InvalidInput` for one cell, and say how many more rows break the rule.

        A table of a file names its line; rows of others are counted from 1, as in a spreadsheet without its header.
        """
        shown = "nothing" if found is None else str(found) if isinstance(found, date) else repr(found)
        shown += f" (and {more:,} more {'row' if more == 1 else 'rows'})" if more else ""
        where = f"{self.name}.{self._own.get(column, column)}, {self.row_name(row)}"
        raise InvalidInput(f"{where}: {rule}; found {shown}{'. ' + mend if mend else ''}")

    def row_name(self, row: int) -> str:
        """Return how a message calls a row, by its number from 0."""
        return f"row {row + 1}" if self.place is None else self.place.of(row)

    def require(self, column: str, setting: str = "") -> None:
        """Raise `InvalidInput`, naming the likely column, if the table lacks this one; `setting` is what names it."""
        if column not in self.columns and (self.columns or self.n_rows):
            raise InvalidInput(f"{self.name}: {missing(column, self.columns, setting)}")

    def holds(self, column: str, usual: str) -> bool:
        """Return whether the table has a column that may be absent; one not of the usual name was asked for.

        Raises
        ------
        InvalidInput
            the column is missing, and it has another name than the usual one
        """
        if column != usual:
            self.require(column)
        return column in self.columns

    def called(self, names: Mapping[str, str]) -> "Table":
        """Return the table with some columns under other names, which hide columns that have these names already.

        Messages still have the user's own.
        """
        found = {own: shared for own, shared in names.items() if own in self.columns and own != shared}
        if not found:
            return self
        hidden = [name for name in found.values() if name in self.columns and name not in found]
        table = Table(self, self.name)
        if self._frame is None:
            kept = {name: cells for name, cells in self._columns.items() if name not in hidden}
            table._columns = {found.get(name, name): cells for name, cells in kept.items()}
        else:
            table._frame = self._frame.drop(hidden).rename(found)
        table.columns = tuple(found.get(name, name) for name in self.columns if name not in hidden)
        table._own = {**self._own, **{shared: own for own, shared in found.items()}}
        return table

    def head(self, n_rows: int) -> "Table":
        """Return the first rows, as a table of the same kind."""
        if self._frame is None:
            return self.take(np.arange(n_rows))
        table = Table(self, self.name)
        table._frame, table.n_rows = self._frame[:n_rows], n_rows
        return table

    def values(self, column: str) -> list[Any]:
        """Return a column as Python objects; null, NaN and NaT become None."""
        self.require(column)
        if self._frame is None:
            return blanked(self._columns.get(column, []))
        if column not in self.columns:  # `require` lets an empty table pass
            return []
        series = self._frame[column]
        values = blanked(series.to_list())
        if not series.is_null().any():
            return values
        missing = series.is_null().to_numpy()  # in pandas also what has no sign of its own, like a complex NaN
        return [None if gone else value for gone, value in zip(missing, values, strict=True)]

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

    def amounts(self, column: str) -> Sequence[Any]:
        """Return a column with the number of what is text: None where it says nothing, NaN where it is none."""
        return self._spelled(column, self.values(column))

    def _spelled(self, column: str, values: Sequence[Any]) -> Sequence[Any]:
        """Return values with the number of what is text, None where it says nothing and NaN where it is none."""
        texts = dict.fromkeys(value for value in values if isinstance(value, str))
        if not texts:
            return values
        number_of = self._numbers_in(column, texts).value
        return [number_of[value] if isinstance(value, str) else value for value in values]

    def _numbers_in(self, column: str, texts: Collection[str]) -> Numbers:
        try:
            return numbers_in(texts, self.name, column, self.reading, lambda: self._others(column))
        except Fault as fault:
            self._refuse_text(column, fault)

    def _others(self, column: str) -> Iterable[tuple[str, Collection[str]]]:
        return text_columns(self.columns, (column,), self.texts)

    def texts(self, column: str) -> Collection[str]:
        """Return the distinct cells of a column that are text."""
        if self._frame is not None and not is_text(self._frame, column) and self._frame.schema[column].is_numeric():
            return ()
        values = self.values(column) if self._frame is None else distinct(self._frame, column)
        return dict.fromkeys(value for value in values if isinstance(value, str))

    def propose_formats(self) -> Formats:
        """Return the formats in which dates and numbers are written that are text, as far as they leave no doubt."""
        return formats_of(self._others(""))

    def _refuse_text(self, column: str, fault: Fault) -> NoReturn:
        values = self.values(column)
        rows = [row for row, value in enumerate(values) if value == fault.text]
        self.refuse(column, rows[0], fault.rule, fault.text, fault.mend, more=len(rows) - 1)

    def _mend(self, column: str, value: Any) -> str:
        """Return what helps who wrote a cell that is no number."""
        if isinstance(value, str) and value.strip().startswith("#"):
            return "A formula failed there: mend it in the spreadsheet, or leave the cell empty."
        mark = self.reading.formats.decimal_of(self.name, column) if isinstance(value, str) else None
        return f"The policy says that {mark!r} is the decimal mark." if mark and _holds_digits(value) else ""

    def fractions(self, column: str) -> Floats:
        """Return a column of true/false or numbers in [0, 1] as float64; missing means 1 (fully there)."""
        values = self.values(column)
        words = {value: as_share(value) for value in values if isinstance(value, str)}
        numerals = [word for word, share in words.items() if share is None]
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
        return each_once(as_level, self.values(column))

    def n_levels(self, column: str) -> int:
        """Return how many distinct values a column has, a missing one counted as one."""
        if self._frame is None:
            return len(set(self.levels(column)))
        try:
            return int(self._frame[column].n_unique())
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

    def moments(self, column: str) -> tuple[list[Moment | None], list[int]]:
        """Return a column of dates as dates and datetimes, and the rows of what is neither one nor missing."""
        values = self.values(column)
        texts = dict.fromkeys(value for value in values if isinstance(value, str))
        try:
            read = days_in(texts, self.name, column, self.reading, lambda: self._others(column)) if texts else None
        except Fault as fault:
            self._refuse_text(column, fault)
        of_text: Mapping[str, Moment | None] = {} if read is None else read.value
        unread = frozenset() if read is None else read.unread
        moments = [of_text[value] if isinstance(value, str) else self._moment(column, value) for value in values]
        wrong = [
            row
            for row, (moment, value) in enumerate(zip(moments, values, strict=True))
            if moment is None and (value in unread if isinstance(value, str) else value is not None)
        ]
        return moments, wrong

    def _moment(self, column: str, value: Any) -> Moment | None:
        if not is_number(value):
            return as_moment(value)
        found = moment_of_number(as_number(value))
        if found is not None:
            self.reading.note(f"{self.name}.{column}: numbers read as dates, as Excel, Unix or ISO count them")
        return found

    def days(self, column: str) -> list[int | None]:
        """Return a column of dates as day numbers (proleptic ordinals); times of day are dropped."""
        moments, wrong = self.moments(column)
        zones = {m.tzinfo is not None for m in moments if isinstance(m, datetime)}
        if wrong:
            rule = "must be a date or an ISO date like 2026-01-31"
            self.refuse(column, wrong[0], rule, self.values(column)[wrong[0]], more=len(wrong) - 1)
        if len(zones) > 1:
            raise InvalidInput(
                f"{self.name}.{column}: times must be either all with a time zone or all without; found both"
            )
        return [None if moment is None else moment.toordinal() for moment in moments]

    def grouped(self, columns: Sequence[str], at: str | None = None) -> list[list[Any]]:
        """Return the distinct combinations of some columns' cells (and the day of `at`), and how often each occurs.

        A list for each column, one for the days (None without `at`), and one for the counts: one group-by in the engine
        that holds the table, which touches no row in Python.
        """
        for column in [*columns, *([at] if at else [])]:
            self.require(column)
        frame = self._frame
        if frame is not None and at is not None and is_text(frame, at) and not holds_iso_days(frame, at):
            frame = self._with_iso_days(at)._frame
        if frame is None or (at is not None and not reads_days(frame, at)):
            return self._group_rows(columns, at)
        groups = groups_of_frame(frame, self.name, columns, at)
        try:
            for values in groups[: len(columns)]:
                set(values)
        except TypeError:  # an engine may group lists
            self._refuse_unhashable(columns)
        return groups

    def _group_rows(self, columns: Sequence[str], at: str | None) -> list[list[Any]]:
        ordinals = self.days(at) if at else [None] * self.n_rows
        days = [None if ordinal is None else date.fromordinal(ordinal) for ordinal in ordinals]
        try:
            counts = Counter(zip(*(self.values(column) for column in columns), days, strict=True))
        except TypeError:
            self._refuse_unhashable(columns)
        keys = list(map(list, zip(*counts, strict=True))) if counts else [[] for _ in range(len(columns) + 1)]
        return [*keys, list(counts.values())]

    def _with_iso_days(self, column: str) -> "Table":
        """Return the table with a column of text as ISO dates; what is none stays as it is."""
        texts = self.texts(column)
        try:
            days = days_in(texts, self.name, column, self.reading, lambda: self._others(column))
        except Fault as fault:
            self._refuse_text(column, fault)
        text_of = {text: text if text in days.unread else iso(moment) for text, moment in days.value.items()}
        return self._mapped(column, text_of)

    def _mapped(self, column: str, text_of: Mapping[Any, str]) -> "Table":
        """Return the table with a column in which each of these cells is another text."""
        if self._frame is not None:
            return self._like(mapped(self._frame, column, text_of).to_native())
        values = [text_of.get(value, value) if is_hashable(value) else value for value in self.values(column)]
        return self._like(self._columns | {column: values})

    def _like(self, data: Any, place: Place | None = None) -> "Table":
        return Table(data, self.name, self.reading, place or self.place)

    def judged(self, column: str) -> "Table":
        """Return the table with a column of outcomes whose words are "won", "lost", or "" while a lead is open.

        Raises
        ------
        InvalidInput
            a word that is not known; proposes the lines to write in the policy
        """
        self.require(column)
        own = self.reading.outcomes.own()
        if column not in self.columns or (
            self._frame is not None and self._frame.schema[column].is_numeric() and not own
        ):
            return self
        cells = self.values(column) if self._frame is None else distinct(self._frame, column)
        cells = [cell for cell in cells if is_hashable(cell)]
        words = dict.fromkeys(cell for cell in cells if isinstance(cell, str))
        if not words.keys() - set(NOT_WON.values()) and not own:
            return self
        try:
            truth: dict[Any, int | None] = dict(outcomes_in(words, self.name, column, self.reading))
        except Fault as fault:
            self._refuse_text(column, fault)
        meant = {cell: own_meaning(cell, own) for cell in cells if not isinstance(cell, str)}
        truth |= {cell: None if said == "open" else int(said == "won") for cell, said in meant.items() if said}
        others = {cell: as_level(cell) or "" for cell, said in meant.items() if not said}
        return self._mapped(column, others | {cell: NOT_WON[said] for cell, said in truth.items()}) if truth else self

    def grouped_amounts(self, columns: Sequence[str], number: str) -> tuple[list[list[Any]], Amounts]:
        """Return the distinct combinations of some columns' cells, a list for each column, and their amounts.

        One group-by in the engine that holds the table, where the column is one of numbers.
        """
        for column in [*columns, number]:
            self.require(column)
        frame = self._frame
        if frame is not None and is_text(frame, number):
            number_of = self._numbers_in(number, self.texts(number)).value
            frame = with_numbers(frame, number, number_of) if all(map(is_read, number_of.values())) else None
        if frame is None or not columns or not frame.schema[number].is_numeric():
            return self._group_amounts_of_rows(columns, number)
        return amounts_of_frame(frame, self.name, columns, number)

    def _group_amounts_of_rows(self, columns: Sequence[str], number: str) -> tuple[list[list[Any]], Amounts]:
        rows = list(zip(*(self.values(column) for column in columns), strict=True)) or [()] * self.n_rows
        try:
            place = {key: group for group, key in enumerate(dict.fromkeys(rows))}
        except TypeError:
            self._refuse_unhashable(columns)
        keys = [list(cells) for cells in zip(*place, strict=True)] or [[] for _ in columns]
        values, group = self.amounts(number), np.array([place[row] for row in rows], dtype=np.int64)
        plain = np.array([as_number(value) for value in values], dtype=np.float64).reshape(len(values))
        return keys, Amounts.of_rows(group, plain, np.array([value is not None for value in values], dtype=bool))

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

    def with_text(self, column: str, texts: Sequence[str | None]) -> "Table":
        """Return the table with a column of text, one more or in place of its own."""
        if self._frame is None:
            return self._like(self._columns | {column: list(texts)})
        import narwhals.stable.v2 as nw

        series = nw.new_series(column, texts, nw.String, backend=self._frame.implementation)
        return self._like(self._frame.with_columns(series).to_native())

    def where(self, column: str, cells: Collection[Any]) -> "Table":
        """Return the rows in which a column holds one of these cells, as a table of the same kind."""
        if self._frame is None:
            chosen = set(cells)
            return self.take(np.flatnonzero([value in chosen for value in self.values(column)]))
        import narwhals.stable.v2 as nw

        return Table(self._frame.filter(nw.col(column).is_in(list(cells))).to_native(), self.name, self.reading)

    def take(self, rows: Ints) -> "Table":
        """Return some rows, by number and in that order, as a table of the same kind."""
        place = None if self.place is None else self.place.take(rows.tolist())
        if self._frame is not None:
            return Table(self._frame[rows.tolist()].to_native(), self.name, self.reading, place)
        taken = Table({}, self.name, self.reading, place)
        taken._columns = {name: [values[row] for row in rows.tolist()] for name, values in self._columns.items()}
        taken.columns, taken.n_rows = self.columns, len(rows)
        return taken

    @property
    def native(self) -> Any:
        """The table as the user has it; a list of dicts where it is no data frame."""
        return self.build(self._columns) if self._frame is None else self._frame.to_native()

    def beside(self, other: "Table", mine: Sequence[str], others: Sequence[str], order: Sequence[str]) -> "Table":
        """Return some columns of this table and of one with as many rows, in an order, as a table of this kind."""
        if self._frame is None:
            columns = {name: self.values(name) for name in mine} | {name: other.values(name) for name in others}
            return self._like({name: columns[name] for name in order})
        return self._like(frame_beside(self._frame, other._frame, others, other.values, order))

    def build(
        self, data: Mapping[str, Sequence[Any]], *, numbers: Collection[str] = (), own: Collection[str] = ()
    ) -> Any:
        """Return columns as a table of the kind that this one came in: frame for frame, list of dicts for the rest.

        Missing cells are None; a column with no other cells is typed as text, or as float if it is one of `numbers`.
        Those of `own` get the type that they have in this table, so that the two can be joined.
        """
        if self._frame is None:
            names = list(data)
            return [dict(zip(names, row, strict=True)) for row in zip(*data.values(), strict=True)]
        return frame_of(self._frame, data, numbers, own)


def check_same_kind(name: str, ids: Sequence[Id], other_name: str, other_ids: Sequence[Id]) -> None:
    """Refuse ids that are whole numbers in one table and text in the other: they could never meet."""
    if ids and other_ids and kind_of(ids[0]) != kind_of(other_ids[0]):
        raise InvalidInput(
            f"{name} holds {kind_of(ids[0])} ({ids[0]!r}) and {other_name} holds {kind_of(other_ids[0])} "
            f"({other_ids[0]!r}): ids must be of one kind to match. Read both columns as text."
        )


def missing(column: str, columns: Sequence[str], setting: str = "", *, field: str = "", table: str = "") -> str:
    """Return that a column is missing, with the one that is probably meant and the line that would say so.

    Parameters
    ----------
    column
        what is missing
    columns
        those that there are
    setting
        what names the column; "" = nothing but leadopt's own default
    field
        which of `Columns` it is; "" = the one of this name
    table
        whose name alone is to be set, where other tables have the column; "" = that of all

    Examples
    --------
    >>> missing("On duty", ["rep_id", "On Duty"]).partition(" (")[0]
    'column "On duty" is missing; did you mean "On Duty"?'
    >>> missing("lead_id", ["Anfrage-Nr.", "Firma"]).partition(": ")[0]
    'column "lead_id" is missing; "Anfrage-Nr." looks like it'
    """
    said = f'column "{column}"{f" ({setting})" if setting else ""} is missing'
    near = same_header(column, columns)
    meant = header_for(field or column, columns)
    if meant is not None:
        named = f'{field or column}="{meant}"'
        policy = f'Columns({table}={{"{field or column}": "{meant}"}})' if table else f"Columns({named})"
        line = f'{field or column} = "{meant}" under [columns{f".{table}" if table else ""}]'
        return f'{said}; "{meant}" looks like it: Policy(columns={policy}), or {line} in a policy file'
    asked = f'; did you mean "{near}"?' if near is not None else did_you_mean(column, columns)
    if setting and not setting.startswith("columns."):
        return said + asked
    return f"{said}{asked} (column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)"


def _with_text_headers(data: Any) -> Any:
    """Return a data frame whose headers are text: in pandas they may be numbers, as where a file had no header."""
    headers = list(getattr(data, "columns", ())) if hasattr(data, "set_axis") else []
    if all(isinstance(header, str) for header in headers):
        return data
    return data.set_axis(list(map(str, headers)), axis=1)


def _holds_digits(value: object) -> bool:
    """Return whether a value is text that a person would read as a number, such as "1,200" or "$20"."""
    return isinstance(value, str) and any(map(str.isdigit, value)) and not any(map(str.isalpha, value))


def _range_rule(low: float, high: float, *, whole: bool) -> str:
    kind = "a whole number" if whole else "a finite number"
    if np.isfinite(low) and np.isfinite(high):
        return f"must be {kind} from {low:g} to {high:g}"
    if np.isfinite(low):
        return f"must be {kind}, {low:g} or more"
    return f"must be {kind}" if np.isinf(high) else f"must be {kind}, {high:g} or less"
