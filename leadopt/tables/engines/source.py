"""`Source`: a lazy frame, what its engine was asked so far, and what it answered."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import narwhals.stable.v2 as nw

from leadopt.errors import InvalidInput
from leadopt.tables.amounts import Amounts
from leadopt.tables.answers import patterns
from leadopt.tables.cells import as_moment
from leadopt.tables.cells.coded import Coded
from leadopt.tables.cells.engine_codes import coded
from leadopt.tables.group_by import (
    COUNTED,
    MOST_GROUPS,
    ZONE,
    amounts_of_groups,
    mean_days,
    mixed_zones,
    span_of,
    with_amounts,
)
from leadopt.tables.holder import utc, zoned
from leadopt.tables.text import count

ALL_ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]00:?00)?)?$"
MOST_ALIKE = 2_000_000
"""Groups that an engine may send back: beyond, a column names leads, and all rows would come."""
_FIRST = 100_000  # rows that tell whether columns name leads
_EXPECTED = 80_000  # combinations among them from which asking for all at once would cost more than one by one
_MINUTES = 24 * 60  # of a day
_FIRST_DAY = date(1, 1, 1)
_OWN = 0.97  # share of them with a combination of their own, if there are `MOST_ALIKE` of these, equally frequent


class Source:
    """A lazy frame, and what its engine was asked already: no group-by runs that another one's answer holds.

    Parameters
    ----------
    frame
        the lazy frame
    name
        of its table, for messages
    times
        the column with how many leads a row stands for; None = each for one

    `names` is what its columns are called in `frame`, by their names in the frame that was given.
    """

    __slots__ = (
        "_counted",
        "_empty",
        "_iso",
        "_n_rows",
        "_wide",
        "by_day",
        "engine",
        "frame",
        "name",
        "names",
        "schema",
        "times",
    )

    def __init__(self, frame: "nw.LazyFrame[Any]", name: str, times: str | None = None) -> None:
        self.frame, self.name, self.times = frame, name, times
        self.engine: str = frame.implementation.value
        try:
            self.schema: Mapping[str, Any] = dict(frame.collect_schema())
        except Exception as error:  # engines raise their own types for what is closed, gone or wrong
            raise InvalidInput(f"{name}: {self.engine} cannot tell its columns; {said(error)}") from None
        self.frame, self.names = _plain(frame, self.schema)
        if self.frame is not frame:
            self.schema = dict(self.frame.collect_schema())
        self._counted = dict[tuple[str, ...], nw.DataFrame[Any]]()
        self._wide, self._iso = dict[str, int](), dict[str, bool]()
        self.by_day = dict[tuple[str, ...], nw.DataFrame[Any]]()  # answers by some columns and the day of the last
        self._n_rows: int | None = None
        self._empty: nw.DataFrame[Any] | None = None

    def also(self, column: str, made: "nw.Expr") -> "Source":
        """Return the source with one more column, of which all that is known of the others holds."""
        more = Source(self.frame.with_columns(made.alias(column)), self.name, self.times)
        more._counted, more._wide, more._iso, more.by_day = self._counted, self._wide, self._iso, self.by_day
        more._n_rows = self._n_rows
        return more

    def ask(self, frame: "nw.LazyFrame[Any]", columns: Sequence[str]) -> "nw.DataFrame[Any]":
        """Return what an engine answers; some columns of its own are asked about.

        Raises
        ------
        InvalidInput
            the engine cannot; says which one, of what, and its own words
        """
        try:
            return frame.collect()
        except Exception as error:  # each engine has its own types, and may fail only now
            of = f" of {', '.join(columns)}" if columns else ""
            raise InvalidInput(f"{self.name}: {self.engine} failed when asked{of}; {said(error)}") from None

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        if self._n_rows is None:
            whole = next(iter(self._counted.values()), None)
            if whole is None:
                self._n_rows = int(self.ask(self.frame.select(nw.len().alias("n")), ()).item(0, "n"))
            else:
                self._n_rows = sum(map(int, whole["rows"].to_list()))
        return self._n_rows

    @property
    def empty(self) -> "nw.DataFrame[Any]":
        """The frame without rows, in memory: what an answer of its kind is like."""
        if self._empty is None:
            self._empty = self.ask(self.frame.head(0), ())
        return self._empty

    def counted(self, columns: Sequence[str]) -> "nw.DataFrame[Any]":
        """Return each combination of some columns' cells: "k0", "k1", ..., its rows ("rows") and leads ("count").

        Raises
        ------
        InvalidInput
            the engine cannot group by them, or hardly two rows agree in them
        """
        wanted = tuple(dict.fromkeys(columns))
        known = next((found for found in self._counted if set(wanted) <= set(found)), None)
        if known is None:
            self._check_alike(wanted)
            self._counted[wanted] = self._group(wanted)
            known = wanted
        place = {column: f"k{known.index(column)}" for column in wanted}
        found = self._counted[known].select(*place.values(), "rows", "count")
        if len(wanted) < len(known):
            found = _added(found, list(place.values()), ["rows", "count"])
        return found.select(
            *(nw.col(place[column]).alias(f"k{k}") for k, column in enumerate(columns)), "rows", "count"
        )

    def _group(self, columns: Sequence[str]) -> "nw.DataFrame[Any]":
        keys = {f"k{place}": column for place, column in enumerate(columns)}
        frame = self.frame.select(*(nw.col(column).alias(key) for key, column in keys.items()), *self.leads())
        sums = [nw.len().alias("rows"), *([nw.col("count").sum()] if self.times else [])]
        found = self.ask(frame.group_by(list(keys)).agg(*sums) if keys else frame.select(*sums), columns)
        return _whole(found if self.times else found.with_columns(nw.col("rows").alias("count")), ["rows", "count"])

    def leads(self) -> "list[nw.Expr]":
        """Return how many leads a row stands for, as a column "count"; nothing where it is one."""
        return [nw.col(self.times).cast(nw.Int64).alias("count")] if self.times else []

    def all_iso(self, column: str) -> bool:
        """Return whether all text of a column is ISO dates, or moments in UTC or of no zone, or null.

        Raises
        ------
        InvalidInput
            some times have a zone and others none
        """
        if column not in self._iso:
            text = nw.col(column).cast(nw.String)
            there = self.frame.filter(~nw.col(column).is_null())
            other = there.filter(~text.str.contains(ALL_ISO)).select(column).head(1)
            self._iso[column] = not len(self.ask(other, [column]))
            zoned = text.str.contains(ZONE)
            both = [there.filter(each).select(column).head(1) for each in (zoned, ~zoned)]
            if self._iso[column] and all(len(self.ask(each, [column])) for each in both):
                raise InvalidInput(mixed_zones(self.name, column))
        return self._iso[column]

    def n_levels(self, column: str, most: int) -> int:
        """Return how many distinct cells a column has; `most` + 1 where the first rows alone have more than `most`."""
        if column not in self._wide and any(column in known for known in self._counted):
            self._wide[column] = len(self.counted([column]))
        if column not in self._wide:
            first = self.ask(self.frame.select(column).head(_FIRST).unique(), [column])
            self._wide[column] = len(first) if len(first) > most else len(self.counted([column]))
        return self._wide[column]

    def expect(self, columns: Sequence[str]) -> None:
        """Ask for the combinations of some columns at once, from which each alone is known; not if there are many."""
        if self.n_rows > _FIRST and self._own_of_first(columns) < _EXPECTED:
            self.counted(columns)

    def _own_of_first(self, columns: Sequence[str]) -> int:
        """Return how many combinations of some columns the first rows hold."""
        first = self.frame.select(*columns).head(_FIRST).unique().select(nw.len().alias("n"))
        return int(self.ask(first, columns).item(0, "n"))

    def _check_alike(self, columns: Sequence[str]) -> None:
        """Refuse columns in which hardly two rows agree, where all of a long history would come back."""
        if not columns or self.n_rows <= MOST_ALIKE:
            return
        if (own := self._own_of_first(columns)) > _OWN * _FIRST:
            raise InvalidInput(
                f"{self.name}: {own:,} of the first {_FIRST:,} of {count(self.n_rows, 'row')} in {self.engine} have a "
                f"combination of {', '.join(columns)} of their own, so that millions of counts would come back; leave "
                "out what names leads, and make bins of measurements in the engine"
            )


def days_counted(
    source: Source, columns: Sequence[str], at: str, day_of: Mapping[Any, str | None] | None
) -> "tuple[nw.DataFrame[Any], Coded, int]":
    """Return the combinations of some columns' cells and the day of `at`, the days, and of how many days a span is one.

    Parameters
    ----------
    at
        a column of dates or moments, or of text
    day_of
        the day of each cell, where it is none that the engine reads; None = it reads all
    """
    kind, keys = source.schema[at], {f"k{place}": column for place, column in enumerate(columns)}
    day, is_text = nw.col(at), not kind.is_temporal() and day_of is None
    if is_text:
        day = day.cast(nw.String).str.slice(0, 10)
    elif day_of is None and kind != nw.Date:
        day = utc(day, kind).dt.date()
    frame = source.frame.select(
        *(nw.col(column).alias(key) for key, column in keys.items()), day.alias("day"), *source.leads()
    )
    sums, asked = [nw.col("count").sum() if source.times else nw.len().alias("count")], [*columns, at]
    span = 1 if day_of is not None else _span(source, columns, at)
    if span == 1:
        if (*columns, at) not in source.by_day:
            source.by_day[(*columns, at)] = _whole(
                source.ask(frame.group_by([*keys, "day"]).agg(*sums), asked), ["count"]
            )
        found = source.by_day[(*columns, at)]
        days = coded(found["day"])
        return found, days if day_of is None else days.replaced(day_of), 1
    if is_text:
        frame = frame.with_columns(nw.col("day").str.to_date(format="%Y-%m-%d"))
    total = 1 + days_between(frame, _FIRST_DAY, "day")
    frame = frame.with_columns(total.alias("total")).with_columns(
        (nw.col("total") - nw.col("total") % span).alias("part")
    )
    if source.times:
        frame = frame.with_columns(nw.col("total") * nw.col("count"))
    sums.append(nw.col("total").sum())
    found = _whole(source.ask(frame.group_by([*keys, "part"]).agg(*sums), asked), ["count", "total"])
    return found, mean_days(found), span


def _span(source: Source, columns: Sequence[str], at: str) -> int:
    """Return how many days are counted as one."""
    if len(columns) <= 1 or source.n_rows <= MOST_GROUPS:
        return 1
    n_cells = len(source.counted(columns))
    # By days alone with the last column, which is the outcome: the latest day of an outcome is asked for next.
    _, days, _ = days_counted(source, columns[-1:], at, None)
    known = [moment for day in set(days) if (moment := as_moment(day)) is not None]
    return span_of(n_cells, max(known).toordinal() - min(known).toordinal() + 1) if known else 1


def days_between(frame: "nw.LazyFrame[Any]", begin: str | date, end: str | date) -> "nw.Expr":
    """Return how many days it is from one day to another, of which one at least is a column of dates.

    Engines differ in what the difference of dates is: where it is no number, days are counted by the calendar, which
    takes several times as long.
    """
    first, last = (nw.lit(day) if isinstance(day, date) else nw.col(day) for day in (begin, end))
    try:
        kind = frame.select((last - first).alias("days")).collect_schema()["days"]
    except NotImplementedError:
        kind = nw.Unknown()
    if kind.is_integer():
        return last - first
    if isinstance(kind, nw.Duration):
        return (last - first).dt.total_minutes() // _MINUTES
    first, last = (nw.lit(day.toordinal()) if isinstance(day, date) else _ordinal(nw.col(day)) for day in (begin, end))
    return last - first


def _ordinal(day: "nw.Expr") -> "nw.Expr":
    """Return the proleptic ordinal of a day in the calendar of Gregory, as of `date.toordinal`."""
    years = (day.dt.year() - 1).cast(nw.Int64)
    return 365 * years + years // 4 - years // 100 + years // 400 + day.dt.ordinal_day().cast(nw.Int64)


def spells_counted(source: Source, columns: Sequence[str], days: tuple[str, str], since: int) -> list[list[Any]]:
    """Return what `Table.grouped_spells` does, of two columns of dates."""
    begin, end = days
    names, first = {f"k{place}": column for place, column in enumerate(columns)}, date.fromordinal(max(1, since))
    frame = source.frame.filter(~nw.col(begin).is_null(), ~nw.col(end).is_null()).select(
        *(nw.col(column).alias(key) for key, column in names.items()),
        days_between(source.frame, begin, end).alias("took"),
        *([days_between(source.frame, begin, first).alias("before")] if since else []),
        *source.leads(),
    )
    if since:
        frame = frame.with_columns(nw.when(nw.col("before") > 0).then(nw.col("before")).otherwise(0).alias("before"))
    keys = [*names, "took", *(["before"] if since else [])]
    sums = nw.col("count").sum() if source.times else nw.len().alias("count")
    found = source.ask(frame.group_by(keys).agg(sums), [*columns, begin, end])
    found = _whole(found, [*keys[len(names) :], "count"])
    before = found["before"].to_list() if since else [0] * len(found)
    return [*(found[name].to_list() for name in (*names, "took")), before, found["count"].to_list()]


def added_amounts(source: Source, columns: Sequence[str], number: str) -> tuple[list[list[Any]], Amounts]:
    """Return combinations of some columns' cells by magnitude, and what a column of numbers adds up to in each.

    Engines add floats in any order, so that the last digits of a sum may differ from one time to the next: amounts are
    added up in whole numbers, in a unit of their magnitude that is as fine as the number of rows allows.
    """
    names = {f"k{place}": column for place, column in enumerate(columns)}
    keys = [nw.col(column).alias(key) for key, column in names.items()]
    frame = with_amounts(source.frame.select(*keys, nw.col(number).alias("total")))
    asked = [*columns, number]
    unit = 2.0 ** (max(1, source.n_rows).bit_length() - 62)
    share = nw.col("total") / (nw.col("magnitude") + 1).cast(nw.Float64).exp()  # above 1/e, at most 1
    frame = frame.with_columns(total=share).with_columns(squares=nw.col("total") * nw.col("total"))
    whole = ("total", "squares")
    frame = frame.with_columns(*((nw.col(name) / unit).round(0).cast(nw.Int64) for name in whole))
    added = (*COUNTED, *whole)
    sums = [nw.len().alias("rows"), *(nw.col(name).sum() for name in added)]
    found = source.ask(frame.group_by([*names, "magnitude"]).agg(*sums), asked)
    return amounts_of_groups(_whole(found, ["rows", "magnitude", *added]), list(names), unit)


def _plain(frame: "nw.LazyFrame[Any]", schema: Mapping[str, Any]) -> "tuple[nw.LazyFrame[Any], dict[str, str]]":
    """Return a frame whose names are no patterns and whose moments are in UTC, and what each column is called there.

    DuckDB would tell days by the time zone of its session.
    """
    names = {column: column for column in schema}
    odd = patterns(frame.implementation, schema)
    names |= {column: f"{'_' * len(max(schema, key=len))}{place}" for place, column in enumerate(odd)}
    if frame.implementation.is_duckdb() and (odd or any(map(zoned, schema.values()))):
        columns = []
        for name, kind in schema.items():
            own, called = ('"{}"'.format(each.replace('"', '""')) for each in (name, names[name]))
            columns.append(f"timezone('UTC', {own}) AS {called}" if zoned(kind) else f"{own} AS {called}")
        return nw.from_native(frame.to_native().project(", ".join(columns))), names
    return frame.rename({column: names[column] for column in odd}) if odd else frame, names


def _added(found: "nw.DataFrame[Any]", keys: list[str], sums: Sequence[str]) -> "nw.DataFrame[Any]":
    added = [nw.col(name).sum() for name in sums]
    return found.group_by(keys).agg(*added) if keys else found.select(*added)


def _whole(found: "nw.DataFrame[Any]", columns: Sequence[str]) -> "nw.DataFrame[Any]":
    """Return an answer with some columns as int64: some engines add up in decimals."""
    return found.with_columns(nw.col(name).cast(nw.Int64) for name in columns)


def said(error: Exception) -> str:
    """Return an engine's error in its own first line."""
    words = next((line.strip() for line in str(error).splitlines() if line.strip()), "it gives no reason")
    return f"it says {words!r:.300} ({type(error).__name__})"
