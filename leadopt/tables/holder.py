"""`Holder`: one of the user's tables as it is held, in a frame of any engine or in lists, and how rows are called."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.tables.answers import frame_beside, frame_of, patterns, refuse_twins, way_out
from leadopt.tables.cells import blanked, is_hashable
from leadopt.tables.cells.coded import Coded
from leadopt.tables.cells.engine_codes import cells_of, coded, values_of
from leadopt.tables.headers import header_for, same_header
from leadopt.tables.reading.numerals import OWN_DECIMAL
from leadopt.tables.reading.place import Place
from leadopt.tables.reading.reader import Reading
from leadopt.tables.sql import is_database, is_result, mend_of, read_result, read_sql, row_as_mapping
from leadopt.tables.text import cell, quoted, with_day

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw  # 45 ms: imported where a data frame is met


class Holder:
    """One of the user's tables, whatever holds it.

    Parameters
    ----------
    data
        a data frame that narwhals knows (a lazy one is collected), a list of dicts or of rows that know their columns,
        a dict of lists, the address of a database with a table or query (`leadopt.tables.sql.read_sql`), or what
        SQLAlchemy answers a query with
    name
        what messages call it: "leads", "reps", "history"
    reading
        how its text is read; None = as another table is, if it is made of one, else by itself
    place
        where its rows stand in a file; None = as in the other table, else in none
    ids
        columns of a database that are read as text whatever they hold
    """

    stays = False  # whether its rows stay in an engine
    __slots__ = (
        "_columns",
        "_frame",
        "_kind",
        "_n_rows",
        "_own",
        "columns",
        "name",
        "place",
        "reading",
        "span",
        "times",
    )

    def __init__(
        self,
        data: Any,
        name: str,
        reading: Reading | None = None,
        place: Place | None = None,
        ids: Collection[str] = ("lead_id", "rep_id"),
    ) -> None:
        self.name = name
        data = data.held() if isinstance(data, Holder) else data
        made_of = data if isinstance(data, Holder) else None
        self.reading: Reading = reading or (made_of.reading if made_of is not None else Reading())
        for note in {} if made_of is None else made_of.reading.notes:
            self.reading.note(note)
        self.place: Place | None = place or (made_of.place if made_of is not None else None)
        self._frame: nw.DataFrame[Any] | None = None
        self._columns: dict[str, list[Any]] = {}
        self._kind: nw.DataFrame[Any] | None = None  # what answers are like, where it is not known by the frame
        self._own: Mapping[str, str] = {}  # what the user calls columns that have another name here
        self.span = 1  # how many days the last group-by by day counted as one
        self.times: str | None = None if made_of is None else made_of.times
        if isinstance(data, Holder):
            self._frame, self._columns, self._own, self._kind = data._frame, data._columns, data._own, data._kind
        elif isinstance(data, Mapping):
            self._columns = self._from_mapping(data)
        elif isinstance(data, str) and is_database(data):
            self._columns = read_sql(data, ids)
        elif is_result(data):
            self._columns = read_result(data, name, ids)
        elif isinstance(data, Sequence) and not isinstance(data, str | bytes) and not mend_of(data):
            self._columns = self._from_rows(data)
        else:
            frame = self._from_native(data)
            if patterns(frame.implementation, frame.columns):
                self._columns, self._kind = {name: cells_of(frame[name]) for name in frame.columns}, frame[:0]
            else:
                self._frame = frame
        self.columns: tuple[str, ...] = tuple(self._columns if self._frame is None else self._frame.columns)
        self._n_rows: int = (
            len(next(iter(self._columns.values()), [])) if self._frame is None else int(self._frame.shape[0])
        )

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return self._n_rows

    def held(self, columns: Collection[str] | None = None) -> "Holder":
        """Return the table with its rows at hand: itself, unless they stay in an engine, of which some columns do."""
        return self

    def combinations(self, columns: Sequence[str]) -> Self:
        """Return the table itself, or where its rows stay in an engine one for each combination of some cells."""
        return self

    def narrowed(self, one: str, other: str) -> Self:
        """Return the table itself, or where its rows stay in an engine those with a day of `one` before `other`'s."""
        return self

    def expect(self, columns: Sequence[str]) -> None:
        """Take note that several questions about some columns will follow; only an engine cares."""

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
        rows = [row if isinstance(row, Mapping) else row_as_mapping(row) or row for row in rows]
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Mapping):
                mend = f"; {mend_of(row)}" if mend_of(row) else ""
                raise InvalidInput(
                    f"{self.name}, row {number}: a list must hold dicts, one per row; found {type(row).__name__}{mend}"
                )
        names = dict.fromkeys(str(key) for row in rows for key in row)
        return {name: [row.get(name) for row in rows] for name in names}

    def _from_native(self, data: Any) -> "nw.DataFrame[Any]":
        import narwhals.stable.v2 as nw
        from narwhals.exceptions import NarwhalsError

        data = _with_text_headers(data)
        refuse_twins(data, self.name)
        try:
            frame = nw.from_native(data)
            return frame.collect() if isinstance(frame, nw.LazyFrame) else frame
        except (TypeError, ValueError, NarwhalsError) as error:
            if mend := mend_of(data):
                raise InvalidInput(f"{self.name}: found {type(data).__name__}, which is no table; {mend}") from None
            mend = way_out(data) or f" ({str(error).splitlines()[0] if str(error) else 'not readable'})"
            raise InvalidInput(
                f"{self.name}: must be a data frame (pandas, polars, pyarrow, ...), a list of dicts or a dict of "
                f"lists; found {type(data).__name__}{mend}"
            ) from None

    def __contains__(self, column: str) -> bool:
        return self.here(column) in self.columns

    def here(self, column: str) -> str:
        """Return what a column is called here, given its name here or that which the user calls it by."""
        if column in self.columns:
            return column
        return next((shared for shared, own in self._own.items() if own == column), column)

    def own(self, column: str) -> str:
        """Return what the user calls a column, given its name here."""
        return self._own.get(column, column)

    def refuse(
        self,
        column: str,
        row: int,
        rule: str,
        found: object,
        mend: str = "",
        more: int = 0,
        day: date | None = None,
    ) -> NoReturn:
        """Raise `InvalidInput` for one cell, and say how many more rows break the rule.

        A table of a file names its line; rows of others are counted from 1, as in a spreadsheet without its header.
        Where the cell was read as a `day`, this is said too unless the cell shows it: 45000 is one in a spreadsheet.
        """
        shown = with_day(cell(found).replace(OWN_DECIMAL, "."), day)
        shown += f" (and {more:,} more {'row' if more == 1 else 'rows'})" if more else ""
        where = f"{self.name}.{self.own(column)}, {self.row_name(row)}"
        raise InvalidInput(f"{where}: {rule}; found {shown}{'. ' + mend if mend else ''}")

    def row_name(self, row: int) -> str:
        """Return how a message calls a row, by its number from 0."""
        return f"row {row + 1}" if self.place is None else self.place.of(row)

    def require(self, column: str, setting: str = "") -> None:
        """Raise `InvalidInput`, naming the likely column, if the table lacks this one; `setting` is what names it."""
        if column not in self and (self.columns or self.n_rows):
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
        return column in self

    def called(self, names: Mapping[str, str]) -> Self:
        """Return the table with some columns under other names, which hide columns that have these names already.

        Messages still have the user's own.
        """
        found = {own: shared for own, shared in names.items() if own in self.columns and own != shared}
        if not found:
            return self
        hidden = [name for name in found.values() if name in self.columns and name not in found]
        reading = replace(self.reading, formats=self.reading.formats.also_called(self.name, found))
        table = type(self)(self, self.name, reading)
        table._rename(found, hidden)
        table.columns = tuple(found.get(name, name) for name in self.columns if name not in hidden)
        table._own = {**self._own, **{shared: own for own, shared in found.items()}}
        return table

    def _rename(self, found: dict[str, str], hidden: Collection[str]) -> None:
        if self._frame is None:
            kept = {name: cells for name, cells in self._columns.items() if name not in hidden}
            self._columns = {found.get(name, name): cells for name, cells in kept.items()}
        else:
            self._frame = self._frame.drop(hidden).rename(found)

    def head(self, n_rows: int) -> Self:
        """Return the first rows, as a table of the same kind."""
        if self._frame is None:
            return self.take(np.arange(n_rows))
        table = type(self)(self, self.name)
        table._frame, table._n_rows = self._frame[:n_rows], n_rows
        return table

    def values(self, column: str) -> list[Any]:
        """Return a column as Python objects; null, NaN and NaT become None."""
        self.require(column)
        column = self.here(column)
        if self._frame is None:
            return blanked(self._columns.get(column, []))
        if column not in self.columns:  # `require` lets an empty table pass
            return []
        return values_of(self._frame[column])

    def coded(self, column: str) -> Coded:
        """Return a column with each of its cells once; null, NaN and NaT are None."""
        self.require(column)
        column = self.here(column)
        if self._frame is None:
            return Coded.of(self._columns.get(column, []))
        return coded(self._frame[column]) if column in self.columns else Coded.of([])

    def texts(self, column: str) -> Collection[str]:
        """Return the distinct cells of a column that are text."""
        if self._frame is not None and not is_text(self._frame, column) and self._frame.schema[column].is_numeric():
            return ()
        values = self.values(column) if self._frame is None else distinct(self._frame, column)
        return dict.fromkeys(value for value in values if isinstance(value, str))

    def _is_numeric(self, column: str) -> bool:
        """Return whether an engine holds a column as numbers."""
        return self._frame is not None and self._frame.schema[column].is_numeric()

    def _each(self, column: str) -> list[Any]:
        """Return the cells of a column, of an engine's the distinct ones without null."""
        return self.values(column) if self._frame is None else distinct(self._frame, column)

    def _mapped(self, column: str, text_of: Mapping[Any, str]) -> Self:
        """Return the table with a column in which each of these cells is another text."""
        if self._frame is not None:
            return self._like(mapped(self._frame, column, text_of).to_native())
        values = [text_of.get(value, value) if is_hashable(value) else value for value in self.values(column)]
        return self._like(self._columns | {column: values})

    def _like(self, data: Any, place: Place | None = None) -> Self:
        table = type(self)(data, self.name, self.reading, place or self.place)
        table._own, table.times = self._own, self.times
        table._kind = table._kind or self._kind
        return table

    def with_text(self, column: str, texts: Sequence[str | None]) -> Self:
        """Return the table with a column of text, one more or in place of its own."""
        if self._frame is None:
            return self._like(self._columns | {column: list(texts)})
        import narwhals.stable.v2 as nw

        series = nw.new_series(column, texts, nw.String, backend=self._frame.implementation)
        return self._like(self._frame.with_columns(series).to_native())

    def with_same(self, column: str, text: str) -> Self:
        """Return the table with a column that holds one text alone."""
        return self.with_text(column, [text] * self.n_rows)

    def with_told(self, column: str, by: str, text_of: Mapping[str, str | None]) -> Self:
        """Return the table with a column of text that the text in another one tells; None elsewhere."""
        cells = self.values(by)
        return self.with_text(column, [text_of.get(cell) if isinstance(cell, str) else None for cell in cells])

    def where(self, column: str, cells: Collection[Any]) -> Self:
        """Return the rows in which a column holds one of these cells, as a table of the same kind."""
        if self._frame is None:
            chosen = set(cells)
            return self.take(np.flatnonzero([value in chosen for value in self.values(column)]))
        import narwhals.stable.v2 as nw

        if not cells:  # engines ask for the type of none
            return self._part(self._frame.head(0).to_native())
        return self._part(self._frame.filter(nw.col(column).is_in(list(cells))).to_native())

    def _part(self, data: Any, place: Place | None = None) -> Self:
        """Return some rows of the table, which stand at this place."""
        part = type(self)(data, self.name, self.reading, place)
        part.times, part._kind = self.times, part._kind or self._kind
        return part

    def missing_in(self, column: str, cells: Collection[Any] = ()) -> Self:
        """Return the rows in which a column holds nothing, or one of these cells, as a table of the same kind."""
        column = self.here(column)
        if self._frame is None:
            gone = [value is None or value in cells for value in self.values(column)]
            return self.take(np.flatnonzero(gone))
        import narwhals.stable.v2 as nw

        cell = nw.col(column)
        said = [~cell.is_null()]
        if self._frame.schema[column].is_float():  # in engines that tell it from null
            said.append(~cell.is_nan())
        if cells:
            said.append(~cell.is_in(list(cells)))
        kept = self._frame.filter(~nw.all_horizontal(*said, ignore_nulls=True))
        found = self._part(kept.to_native())
        found._own = self._own
        return found

    def take(self, rows: Ints) -> Self:
        """Return some rows, by number and in that order, as a table of the same kind."""
        place = None if self.place is None else self.place.take(rows.tolist())
        if self._frame is not None:
            return self._part(self._frame[rows.tolist()].to_native(), place)
        taken = self._part({}, place)
        taken._columns = {name: [values[row] for row in rows.tolist()] for name, values in self._columns.items()}
        taken.columns, taken._n_rows = self.columns, len(rows)
        return taken

    @property
    def native(self) -> Any:
        """The table as the user has it; a list of dicts where it is no data frame."""
        return self.build(self._columns, own=self.columns) if self._frame is None else self._frame.to_native()

    def beside(self, other: "Holder", mine: Sequence[str], others: Sequence[str], order: Sequence[str]) -> Self:
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
        like = self._kind if self._frame is None else self._frame
        if like is None:
            names = list(data)
            return [dict(zip(names, row, strict=True)) for row in zip(*data.values(), strict=True)]
        return frame_of(like, data, numbers, own)


def is_text(frame: "nw.DataFrame[Any]", column: str) -> bool:
    """Return whether an engine holds a column as text."""
    import narwhals.stable.v2 as nw

    return isinstance(frame.schema[column], nw.String | nw.Categorical | nw.Enum)


def utc(moment: "nw.Expr", kind: "nw.dtypes.DType") -> "nw.Expr":
    """Return a column of moments in UTC if they have a time zone, as the same moment is one day in all of them."""
    return moment.dt.convert_time_zone("UTC") if zoned(kind) else moment


def zoned(kind: "nw.dtypes.DType") -> bool:
    """Return whether a column is of moments that have a time zone."""
    return getattr(kind, "time_zone", None) is not None


def distinct(frame: "nw.DataFrame[Any]", column: str) -> list[Any]:
    """Return the distinct cells of a column, without null; with collections, which no engine compares, all of them."""
    cells = frame[column].drop_nulls()
    try:
        return list(cells.unique(maintain_order=True).to_list())
    except Exception:  # engines raise their own types for columns of collections and of objects
        return list(cells.to_list())


def mapped(frame: "nw.DataFrame[Any]", column: str, text_of: Mapping[Any, str]) -> "nw.DataFrame[Any]":
    """Return the frame with a column of text, in which each cell has its text and null stays null."""
    import narwhals.stable.v2 as nw

    series = frame[column]
    if not text_of:
        return frame
    # Engines differ in what they can look up, and some hold other cells than text beside it.
    if not is_text(frame, column) or not all(isinstance(cell, str) for cell in distinct(frame, column)):
        values = [text_of.get(value) if is_hashable(value) else None for value in series.to_list()]
        return frame.with_columns(nw.new_series(column, values, nw.String, backend=frame.implementation))
    plain = series.cast(nw.String)
    return frame.with_columns(
        plain.replace_strict(list(text_of), list(text_of.values()), return_dtype=nw.String).alias(column)
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
    hidden = unseen_difference(column, near) if near is not None else ""
    if near is not None and hidden:
        return f"{said}; {quoted(near)} looks the same and has {hidden}: copy the name from the table"
    meant, of_rule = header_for(field or column, columns), bool(setting) and not setting.startswith("columns.")
    if meant is not None and of_rule:  # a rule looks for its own name, whatever the field is called
        return f"{said}; {quoted(meant)} looks like it: write that name in the rule"
    if meant is not None:
        name, text = field or column, quoted(meant)
        policy = f'Columns({table}={{"{name}": {text}}})' if table else f"Columns({name}={text})"
        line = f"{name} = {text} under [columns{f'.{table}' if table else ''}]"
        return f"{said}; {text} looks like it: Policy(columns={policy}), or {line} in a policy file"
    asked = f"; did you mean {quoted(near)}?" if near is not None else did_you_mean(column, columns)
    if of_rule:
        return said + asked
    return f"{said}{asked} (column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)"


def unseen_difference(one: str, other: str) -> str:
    """Return in what two names differ that look the same, "" if they do not look it or are one.

    >>> unseen_difference("Deal Size", "Deal\u00a0Size"), unseen_difference("a", "b")
    ('a blank of another kind (U+00A0)', '')
    """
    plain = [" ".join(unicodedata.normalize("NFKC", name).split()) for name in (one, other)]
    if one == other or plain[0] != plain[1]:
        return ""
    blanks = [c for c in other if (c.isspace() and c != " ")]
    if blanks:
        return f"a blank of another kind (U+{ord(blanks[0]):04X})"
    stored = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    return "letters that are stored in another way" if stored else "blanks or letters of another width"


def _with_text_headers(data: Any) -> Any:
    """Return a data frame whose headers are text: in pandas they may be numbers, as where a file had no header."""
    headers = list(getattr(data, "columns", ())) if hasattr(data, "set_axis") else []
    if all(isinstance(header, str) for header in headers):
        return data
    return data.set_axis(list(map(str, headers)), axis=1)
