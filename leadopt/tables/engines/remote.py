"""`Remote`: a table whose rows stay in the engine that holds them, which answers with counts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn, Self, cast

import narwhals.stable.v2 as nw
import numpy as np

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput
from leadopt.tables.amounts import Amounts, magnitudes
from leadopt.tables.answers import frame_of
from leadopt.tables.cells import as_id, as_moment, as_number, is_hashable, is_missing
from leadopt.tables.cells.coded import Coded
from leadopt.tables.cells.engine_codes import coded
from leadopt.tables.engines.combinations import Combinations
from leadopt.tables.engines.source import MOST_ALIKE, Source, added_amounts, days_counted, spells_counted
from leadopt.tables.group_by import mixed_zones, whole_numbers
from leadopt.tables.holder import utc
from leadopt.tables.reading.place import Place
from leadopt.tables.reading.reader import Fault, Reading
from leadopt.tables.table import Table
from leadopt.tables.text import count
from leadopt.tables.written import iso

_MOST_LEVELS = 100_000  # distinct cells that are looked at of a column, to read its text or to count its levels
_MOST_COMPARED = 5_000_000  # rows that are looked through for copies: that takes memory for each of them


def is_lazy(data: Any) -> bool:
    """Return whether data are a lazy frame of some engine."""
    try:
        return isinstance(nw.from_native(data, pass_through=True), nw.LazyFrame)
    except Exception:  # what it is, and why it cannot be read, says `Table`
        return False


class Remote(Table):
    """One of the user's tables, in an engine that filters and counts: a lazy frame of any kind that narwhals knows.

    Columns are known by their cells and how many rows have them; rows have no number, no order, and stay there. What
    has to see them one by one is refused by name. Parameters as of `Table`.
    """

    __slots__ = ("_meant", "_raw", "_source")

    stays = True
    _source: Source
    _raw: dict[str, str]  # what the engine calls a column
    _meant: dict[str, Mapping[Any, Any]]  # what cells of a column are read as

    def __init__(
        self,
        data: Any,
        name: str,
        reading: Reading | None = None,
        place: Place | None = None,
        ids: Collection[str] = (),
    ) -> None:
        made_of = data if isinstance(data, Remote) else None
        super().__init__({}, name, reading or (None if made_of is None else made_of.reading), place, ids)
        if made_of is not None:
            self._source, self._raw, self._meant = made_of._source, made_of._raw, made_of._meant
            self._own, self.times = made_of._own, made_of.times
        else:
            self._source = Source(nw.from_native(data), name)
            self._raw, self._meant = dict(self._source.names), {}
        self.columns = tuple(self._raw)

    @property
    def engine(self) -> str:
        """What holds the rows: "polars", "duckdb", "ibis", "pyspark"."""
        return self._source.engine

    @property
    def n_rows(self) -> int:
        """How many rows there are, which the engine is asked for once."""
        return self._source.n_rows

    def held(self, columns: Collection[str] | None = None) -> Table:
        """Return some columns with their rows at hand; None = all."""
        chosen = {name: raw for name, raw in self._raw.items() if columns is None or name in columns}
        frame = self._source.ask(self._source.frame.select(*chosen.values()), list(chosen))
        back = {raw: name for name, raw in chosen.items() if raw != name}
        table = Table((frame.rename(back) if back else frame).to_native(), self.name, self.reading)
        table._own, table.times = self._own, self.times
        return table

    def combinations(self, columns: Sequence[str]) -> Self:
        """Return a row for each combination of some columns' cells, which messages call by the rows that have it."""
        *cells, rows, _ = self._counts(columns)
        found = sorted(
            zip(zip(*cells, strict=True), rows.tolist(), strict=True), key=lambda one: (-one[1], repr(one[0]))
        )
        table = Combinations(
            {column: [row[k] for row, _ in found] for k, column in enumerate(columns)}, self.name, self.reading
        )
        table._own, table.rows = self._own, [n for _, n in found]
        return cast(Self, table)

    def values(self, column: str) -> list[Any]:
        """Refuse: rows have no order in an engine, so that columns read one by one would not fit together."""
        self.require(column)
        self._refuse_rows(column, "is needed row by row")

    def _refuse_rows(self, column: str, what: str) -> NoReturn:
        self._refuse_cells(
            column,
            f"{what}, which a lazy frame of {self.engine} cannot answer without sending all of its rows",
            "collect it first, with the columns and rows that it takes",
        )

    def _refuse_cells(self, column: str, what: str, mend: str) -> NoReturn:
        raise InvalidInput(f"{self.name}.{self.own(column)}: {what}; {mend} in {self.engine}")

    def take(self, rows: Ints) -> Self:
        """Refuse: rows have no number."""
        self._refuse_rows(self.columns[0], "rows are asked for by number")

    def n_copies(self) -> int:
        """Refuse: all columns would be read."""
        self._refuse_rows(self.columns[0], "all columns are compared")

    def _rename(self, found: dict[str, str], hidden: Collection[str]) -> None:
        self._raw = {found.get(name, name): raw for name, raw in self._raw.items() if name not in hidden}
        self._meant = {found.get(name, name): read for name, read in self._meant.items() if name not in hidden}

    def _with(self, source: Source | None = None, meant: Mapping[str, Mapping[Any, Any]] | None = None) -> Self:
        table = type(self)(self, self.name, self.reading)
        table._source = source or self._source
        table._meant = self._meant if meant is None else dict(meant)
        return table

    def counting(self, column: str | None) -> Table:
        """Return the table in which rows stand for as many leads as a column says; the engine looks through it."""
        if column is None:
            return self
        self.require(column)
        raw, source = self._raw[self.here(column)], self._source
        kind = source.schema[raw]
        number = nw.col(raw)
        if not kind.is_numeric():
            self._refuse_cells(column, f"counts of leads must be numbers; found {kind}", "cast it")
        wrong = source.frame.filter(number.is_null() | (number < 0) | (number != number.round(0))).select(raw)
        if len(found := source.ask(wrong.head(1), [column])):
            rule = f"must be a whole number, 0 or more; found {found.item(0, raw)!r}"
            raise InvalidInput(f"{self.name}.{self.own(column)}, in {self.engine}: {rule}")
        total = source.ask(source.frame.select(number.cast(nw.Float64).sum()), [column]).item(0, raw)
        self._check_leads(column, float(total or 0.0))
        table = self._with(Source(source.frame, self.name, raw))
        table.times = column
        return table

    def head(self, n_rows: int) -> Self:
        """Return some rows, which the engine calls the first."""
        return self._with(Source(self._source.frame.head(n_rows), self.name, self._source.times))

    def where(self, column: str, cells: Collection[Any]) -> Self:
        """Return the rows in which a column holds one of these cells, as they are read."""
        raw, read, chosen = self._raw[self.here(column)], self._meant.get(self.here(column)), set(cells)
        if read is not None:
            known = self._source.counted([raw])["k0"].to_list()
            chosen = {cell for cell in known if is_hashable(cell) and read.get(cell, cell) in chosen}
        frame = self._source.frame
        found = frame.filter(nw.col(raw).is_in(list(chosen))) if chosen else frame.head(0)
        return self._with(Source(found, self.name, self._source.times))

    def with_same(self, column: str, text: str) -> Self:
        """Return the table with a column that holds one text alone."""
        frame = self._source.frame.with_columns(nw.lit(text).alias(column))
        table = self._with(Source(frame, self.name, self._source.times))
        table._raw = {**self._raw, column: column}
        table.columns = tuple(table._raw)
        return table

    def with_told(self, column: str, by: str, text_of: Mapping[str, str | None]) -> Self:
        """Return the table with a column of text that the text in another one tells; None elsewhere."""
        told = dict.fromkeys(self._each(by)) | dict(text_of)
        table = self._with(meant={**self._meant, column: told})
        table._raw = {**self._raw, column: self._raw[self.here(by)]}
        table.columns = tuple(table._raw)
        return table

    def with_text(self, column: str, texts: Sequence[str | None]) -> Self:
        """Refuse: rows have no order."""
        self._refuse_rows(column, "each row gets a text of its own")

    @property
    def native(self) -> Any:
        """The lazy frame."""
        return self._source.frame.to_native()

    def build(
        self, data: Mapping[str, Sequence[Any]], *, numbers: Collection[str] = (), own: Collection[str] = ()
    ) -> Any:
        """Return columns as a frame of the kind that the engine answers in; as of `Table.build`."""
        return frame_of(self._source.empty, data, numbers, own)

    def _counts(self, columns: Sequence[str]) -> list[Any]:
        """Return the combinations of some columns' cells, and how many rows and leads have each, a column for each."""
        found = self._source.counted([self._raw[self.here(column)] for column in columns])
        cells = [self._as_read(column, coded(found[f"k{place}"])) for place, column in enumerate(columns)]
        return [*cells, *(whole_numbers(found[part]) for part in ("rows", "count"))]

    def _as_read(self, column: str, cells: Coded) -> Coded:
        try:
            return cells.replaced(self._meant.get(self.here(column), {}))
        except TypeError:  # collections, which whoever asks for them refuses
            return cells

    def _is_numeric(self, column: str) -> bool:
        column = self.here(column)
        return column not in self._meant and bool(self._source.schema[self._raw[column]].is_numeric())

    def _is_text(self, column: str) -> bool:
        return isinstance(self._source.schema[self._raw[self.here(column)]], nw.String | nw.Categorical | nw.Enum)

    def _each(self, column: str) -> list[Any]:
        """Return the distinct cells of a column, without None."""
        raw = self._raw[self.here(column)]
        n = self._source.n_levels(raw, _MOST_LEVELS)
        if n > _MOST_LEVELS:
            rule = f"has more than {_MOST_LEVELS:,} different cells that would have to be read one by one"
            self._refuse_cells(column, rule, "cast it to numbers or dates")
        cells, *_ = self._counts([column])
        # In this order what is read and said of them is the same, in whatever order an engine sends them.
        known = [cell for cell in cells if not is_missing(cell)]
        return sorted(known, key=lambda cell: (type(cell).__name__, repr(cell)))

    def texts(self, column: str) -> Collection[str]:
        """Return the distinct cells of a column that are text."""
        self.require(column)
        if not self._is_text(column):
            return ()
        return dict.fromkeys(cell for cell in self._each(column) if isinstance(cell, str))

    def _mapped(self, column: str, text_of: Mapping[Any, str]) -> Self:
        return self._with(meant=self._also_meant(column, text_of))

    def _in_numbers(self, column: str, number_of: Mapping[str, float | None]) -> Self:
        numbers = {text: None if number is None else float(number) for text, number in number_of.items()}
        return self._with(meant=self._also_meant(column, numbers))

    def _also_meant(self, column: str, meaning: Mapping[Any, Any]) -> dict[str, Mapping[Any, Any]]:
        column = self.here(column)
        before = {cell: meaning.get(read, read) for cell, read in self._meant.get(column, {}).items()}
        return {**self._meant, column: {**meaning, **before}}

    def n_levels(self, column: str) -> int:
        """Return how many distinct cells a column has; where the first rows alone have too many, that many."""
        self.require(column)
        return self._source.n_levels(self._raw[self.here(column)], _MOST_LEVELS)

    def is_categorical(self, column: str) -> bool:
        """Return whether a column holds text, true/false or whole numbers alone, missing ones aside."""
        self.require(column)
        kind = self._source.schema[self._raw[self.here(column)]]
        if self._is_text(column) or kind == nw.Boolean or kind.is_integer():
            return True
        if not kind.is_numeric() or self.n_levels(column) > _MOST_LEVELS:
            return False
        cells = self._each(column)
        return bool(cells) and all(as_id(cell) is not None for cell in cells)

    def grouped(self, columns: Sequence[str], at: str | None = None) -> list[Any]:
        """Return the distinct combinations of some columns' cells and the day of `at`; as of `Table.grouped`."""
        for column in [*columns, *([at] if at else [])]:
            self.require(column)
        if at is None:
            *cells, rows, leads = self._counts(columns)
            groups, span = [*cells, Coded.of([None] * len(rows)), leads], 1
        else:
            groups, span = self._by_day(columns, at)
        self._note_span(at, span)
        self._check_plain(columns, groups)
        return groups

    def expect(self, columns: Sequence[str]) -> None:
        """Ask once for what several questions are about, if so many combinations do not stand in the way."""
        self._source.expect([self._raw[self.here(column)] for column in columns if column in self])

    def _by_day(self, columns: Sequence[str], at: str) -> tuple[list[Any], int]:
        raw, day = [self._raw[self.here(column)] for column in columns], self._raw[self.here(at)]
        kind, days = self._source.schema[day], None
        if self.here(at) in self._meant:  # days, or nothing, as `with_days` has read them
            *cells, _, leads = self._counts([*columns, at])
            return [*cells, leads], 1
        if kind.is_numeric() or (self._is_text(at) and not self._source.all_iso(day)):
            days = self._iso_days(at)
        elif not self._is_text(at) and (not kind.is_temporal() or isinstance(kind, nw.Time | nw.Duration)):
            self._refuse_cells(at, f"must hold dates; found {kind}", "cast it")
        found, dates, span = days_counted(self._source, raw, day, days)
        cells = [self._as_read(name, coded(found[f"k{k}"])) for k, name in enumerate(columns)]
        return [*cells, dates, whole_numbers(found["count"])], span

    def _iso_days(self, at: str) -> dict[Any, str | None]:
        """Return the day of each text or number of a column, as ISO text; text that is none stays as it is."""
        cells = self._each(at)
        texts = [cell for cell in cells if isinstance(cell, str)]
        try:
            days = self._days_in(at, texts)
        except Fault as fault:
            self._refuse_text(at, fault)
        if len({moment.tzinfo is None for moment in days.value.values() if isinstance(moment, datetime)}) > 1:
            raise InvalidInput(mixed_zones(self.name, at))
        known: dict[Any, str | None] = {
            text: text if text in days.unread else iso(moment) for text, moment in days.value.items()
        }
        return known | {cell: iso(self._moment(at, cell)) for cell in cells if not isinstance(cell, str)}

    def with_iso_days(self, column: str, *, times: bool = True) -> Self:
        """Return the table itself: days are read where they are counted."""
        return self

    def with_days(self, column: str) -> Self:
        """Return the table with the days of a column of dates, found by the engine where it can; as of `Written`."""
        self.require(column)
        raw, is_text = self._raw[self.here(column)], self._is_text(column)
        if self._source.schema[raw] == nw.Date:
            return self
        if self._finds_days(column):
            day = nw.col(raw)
            if is_text:
                day = day.cast(nw.String).str.slice(0, 10).str.to_date(format="%Y-%m-%d")
            else:
                day = utc(day, self._source.schema[raw]).dt.date()
            table = self._with(self._source.also(f"{raw}, by day", day))
            table._raw = {**self._raw, column: f"{raw}, by day"}
            return table
        if self.n_rows > MOST_ALIKE:
            self._refuse_cells(
                column, f"must hold dates or ISO text in {count(self.n_rows, 'row')}", "cast it to dates"
            )
        moments = {cell: as_moment(day) for cell, day in self._iso_days(column).items()}
        if any(moment is None and not is_missing(cell) and cell != "" for cell, moment in moments.items()):
            self.combinations([column]).days(column)  # refuses what is none
        told = {cell: None if moment is None else iso(moment)[:10] for cell, moment in moments.items()}
        return self._with(meant=self._also_meant(column, told))

    def _finds_days(self, column: str) -> bool:
        """Return whether the engine finds the day of each cell of a column."""
        column, raw = self.here(column), self._raw[self.here(column)]
        if column in self._meant:
            return False
        if self._is_text(column):
            return self._source.all_iso(raw)
        kind = self._source.schema[raw]
        return bool(kind.is_temporal()) and not isinstance(kind, nw.Time | nw.Duration)

    def narrowed(self, one: str, other: str) -> Self:
        """Return the rows with a day of `one` before `other`'s, or the table itself where the engine cannot tell."""
        if not (self._finds_days(one) and self._finds_days(other)):
            return self
        dated = self.with_days(one).with_days(other)
        first, second = (nw.col(dated._raw[self.here(column)]) for column in (one, other))
        return self._with(Source(dated._source.frame.filter(first < second), self.name, self._source.times))

    def missing_in(self, column: str, cells: Collection[Any] = ()) -> Self:
        """Return the rows in which a column holds nothing, or one of these cells, as they are read."""
        raw, read = self._raw[self.here(column)], self._meant.get(self.here(column), {})
        cell = nw.col(raw)
        gone = cell.is_null()
        if self._source.schema[raw].is_float():
            gone = gone | cell.is_nan()
        if cells or read:
            known = [one for one in self._source.counted([raw])["k0"].to_list() if is_hashable(one)]
            if also := [one for one in known if not is_missing(one) and _is_one_of(read.get(one, one), cells)]:
                gone = gone | cell.is_in(also)
        return self._with(Source(self._source.frame.filter(gone), self.name, self._source.times))

    def grouped_spells(self, columns: Sequence[str], begin: str, end: str, since: int = 0) -> list[Any]:
        """Return combinations of some columns' cells and of days from one to another; as of `Table.grouped_spells`."""
        if self._finds_days(begin) and self._finds_days(end):
            raw = [self._raw[self.here(column)] for column in (*columns, begin, end)]
            *cells, took, before, leads = spells_counted(self._source, raw[:-2], (raw[-2], raw[-1]), since)
            read = [self._as_read(column, Coded.of(each)) for column, each in zip(columns, cells, strict=True)]
            return [*read, *(np.array(each, dtype=np.int64) for each in (took, before, leads))]
        *cells, _, leads = self._counts([*columns, begin, end])
        rows = Table({str(place): each for place, each in enumerate([*cells, leads.tolist()])}, self.name).counting(
            str(len(cells))
        )
        return rows.grouped_spells([*map(str, range(len(columns)))], str(len(cells) - 2), str(len(cells) - 1), since)

    def grouped_amounts(self, columns: Sequence[str], number: str) -> tuple[list[list[Any]], Amounts]:
        """Return the distinct combinations of some columns' cells and their amounts; as of `Table.grouped_amounts`."""
        for column in [*columns, number]:
            self.require(column)
        raw, value = [self._raw[self.here(column)] for column in columns], self._raw[self.here(number)]
        if self._is_numeric(number) and self.times is None:
            keys, amounts = added_amounts(self._source, raw, value)
            return [
                list(self._as_read(name, Coded.of(each))) for name, each in zip(columns, keys, strict=True)
            ], amounts
        if not self._is_text(number) and not self._is_numeric(number):
            self._refuse_cells(number, f"must hold amounts; found {self._source.schema[value]}", "cast it to numbers")
        *cells, amount, _, leads = self._counts([*columns, number])
        plain = np.array([as_number(one) for one in amount], dtype=np.float64).reshape(len(leads))
        rows = list(zip(*cells, magnitudes(plain).tolist(), strict=True))
        place = {key: group for group, key in enumerate(dict.fromkeys(rows))}
        group = [place[row] for row in rows]
        known = np.array([not is_missing(one) for one in amount], dtype=bool)
        keys = [[key[at] for key in place] for at in range(len(columns))]
        return keys, Amounts.of_rows(np.array(group, dtype=np.int64), plain, known, leads)

    def _refuse_unhashable(self, columns: Sequence[str]) -> NoReturn:
        self._refuse_cells(columns[0], "must hold plain values, not collections", "take one of each")

    def n_repeated(self, columns: Sequence[str], known: Collection[str]) -> int:
        """Return how many rows repeat another in some columns; of a long history that is not asked, and noted."""
        if self.times is not None:
            return 0
        if self.n_rows > _MOST_COMPARED:
            self.reading.note(
                f"{self.name}: not looked through for rows that repeat another's {', '.join(columns)}, as "
                f"{self.engine} holds {count(self.n_rows, 'row')}; count distinct ones there"
            )
            return 0
        raw = [self._raw[self.here(name)] for name in columns]
        there = [~nw.col(self._raw[self.here(name)]).is_null() for name in known]
        whole = self._source.frame.filter(*there).select(*raw)
        rows, distinct = (
            int(self._source.ask(each.select(nw.len().alias("n")), columns).item(0, "n"))
            for each in (whole, whole.unique())
        )
        return rows - distinct


def _is_one_of(cell: Any, cells: Collection[Any]) -> bool:
    return cell is None or cell in cells
