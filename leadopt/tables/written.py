"""`Written`: text of a table as numbers, days and outcomes, its distinct cells read once and put back in its engine."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self

from leadopt.errors import InvalidInput
from leadopt.tables.cells import as_level, as_moment, as_number, day_of, in_utc, is_hashable, is_number
from leadopt.tables.holder import Holder, distinct, is_text, utc
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.moments import Days, Moment, moment_of_number, moment_readings, read_days
from leadopt.tables.reading.numerals import Numbers, is_read, read_numbers
from leadopt.tables.reading.reader import Fault, Reading, days_in, numbers_in, outcomes_in
from leadopt.tables.text import count

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw  # 45 ms: imported where a data frame is met

_ISO_DAYS = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]00:?00)?)?$"
_TIME = r"[T ,]+(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?\s*$"
_WHOLE_HOURS = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?[+-]\d{2}:00$"
_DOUBTFUL = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # its mark may be one of thousands
_PADDED = re.compile(r"[+-]?0\d")
_FEW_UNREAD = 0.1  # part of a column's texts: with more of them, it is one of names
_EXACT = 2.0**53  # whole numbers up to here are floats
_LOOKED_AT = 50  # distinct cells of a column that tell whether the others are worth reading
NOT_WON = {1: "won", 0: "lost", None: ""}
_MOST_KINDS = 8  # as many as `learning.history.bins` makes of a measurement


class Written(Holder):
    """A table whose text is read; see `Table`."""

    __slots__ = ()

    def amounts(self, column: str) -> Sequence[Any]:
        """Return a column with the number of what is text: None where it says nothing, NaN where it is none."""
        return self._spelled(column, self.values(column))

    def spelled(self, column: str) -> list[Any]:
        """Return a column with the number of what is text, and text that is none as it is."""
        values = self.values(column)
        return [
            number if not isinstance(value, str) or is_read(number) else value
            for value, number in zip(values, self._spelled(column, values), strict=True)
        ]

    def _spelled(self, column: str, values: Sequence[Any]) -> Sequence[Any]:
        """Return values with the number of what is text, None where it says nothing and NaN where it is none."""
        self._check_mark(column)
        texts = dict.fromkeys(value for value in values if isinstance(value, str))
        if not texts:
            return values
        number_of = self._numbers_in(column, texts).value
        return [number_of[value] if isinstance(value, str) else value for value in values]

    def _check_mark(self, column: str) -> None:
        """Refuse numbers of a file that have another decimal mark than the policy says; note one that leaves doubt."""
        own = self.own(column)
        cell = "" if self.place is None else self.place.decimals.get(own, "")
        formats, mark = self.reading.formats, "," if "," in cell else "."
        asked = formats.decimal_of(self.name, own) or formats.decimal_of(self.name, column)
        if cell and self.place is not None and asked not in (None, mark):
            raise InvalidInput(
                f"{self.name}.{own}, {self.place.file}: {mark!r} is the decimal mark of its numbers, as in {cell!r}, "
                f"and the policy says that {asked!r} is. Write all in one way, or set "
                f'[formats] decimal = {{"{self.name}.{own}" = "{mark}"}}'
            )
        if asked is None and _DOUBTFUL.fullmatch(cell):
            number = float(cell.replace(",", "."))
            self.reading.note(f"{self.name}.{own}: read {cell!r} as {number:g} ([formats] decimal can say otherwise)")

    def _numbers_in(self, column: str, texts: Collection[str]) -> Numbers:
        try:
            return numbers_in(
                texts, self.name, self.own(column), self._reading_of(column), lambda: self._others(column)
            )
        except Fault as fault:
            self._refuse_text(column, fault)

    def _others(self, column: str) -> Iterable[tuple[str, Collection[str]]]:
        return text_columns(self.columns, (column,), self.texts)

    def propose_formats(self) -> Formats:
        """Return the formats in which dates and numbers are written that are text, as far as they leave no doubt."""
        return formats_of(self._others(""))

    def ways(self) -> dict[str, dict[str, str | None]]:
        """Return how each column of text that needs a setting of `Formats` is written; None = it leaves doubt."""
        return ways_of(self._others(""))

    def _reading_of(self, column: str) -> Reading:
        """Return how a column is read: settings may name it as the user does, or as all tables do."""
        if (own := self._own.get(column)) is None:
            return self.reading
        formats = self.reading.formats
        order, mark = (of(self.name, own) or of(self.name, column) for of in (formats.order_of, formats.decimal_of))
        return replace(self.reading, formats=Formats(dates=order, decimal=mark))

    def _refuse_text(self, column: str, fault: Fault) -> NoReturn:
        table = self.combinations([column])
        rows = [row for row, value in enumerate(table.values(column)) if isinstance(value, str) and value == fault.text]
        table.refuse(column, rows[0], fault.rule, fault.text, fault.mend, more=len(rows) - 1)

    def _mend(self, column: str, value: Any) -> str:
        """Return what helps who wrote a cell that is no number."""
        if isinstance(value, str) and value.strip().startswith("#"):
            return "A formula failed there: mend it in the spreadsheet, or leave the cell empty."
        mark = self._reading_of(column).formats.decimal_of(self.name, column) if isinstance(value, str) else None
        return f"The policy says that {mark!r} is the decimal mark." if mark and _holds_digits(value) else ""

    def mend_day(self, column: str, value: Any) -> str:
        """Return what helps who wrote a date in another order than the policy says."""
        order = self._reading_of(column).formats.order_of(self.name, column) if isinstance(value, str) else None
        others = [] if order is None else [one for one in moment_readings(value) if one != order]
        if not others:
            return ""
        own = self.own(column)
        return (
            f"The policy says that dates are {order}, and this one is {' or '.join(others)}: write all in one way, or "
            f'set [formats] dates = {{"{self.name}.{own}" = "{others[0]}"}}.'
        )

    def moments(self, column: str) -> tuple[list[Moment | None], list[int]]:
        """Return a column of dates as dates and datetimes, and the rows of what is neither one nor missing."""
        values = self.values(column)
        texts = dict.fromkeys(value for value in values if isinstance(value, str))
        try:
            read = (
                days_in(texts, self.name, self.own(column), self._reading_of(column), lambda: self._others(column))
                if texts
                else None
            )
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

    def _days_in(self, column: str, texts: Collection[str]) -> Days:
        return days_in(texts, self.name, self.own(column), self._reading_of(column), lambda: self._others(column))

    def _moment(self, column: str, value: Any) -> Moment | None:
        if not is_number(value):
            return as_moment(value)
        found = moment_of_number(as_number(value))
        if found is not None:
            self.reading.note(
                f"{self.name}.{self.own(column)}: numbers read as dates, as Excel, Unix or ISO count them"
            )
        return found

    def days(self, column: str) -> list[int | None]:
        """Return a column of dates as day numbers (proleptic ordinals); as of `day_of`, without times."""
        moments, wrong = self.moments(column)
        zones = {m.tzinfo is not None for m in moments if isinstance(m, datetime)}
        if wrong:
            rule = "must be a date or an ISO date like 2026-01-31"
            found = self.values(column)[wrong[0]]
            self.refuse(column, wrong[0], rule, found, self.mend_day(column, found), more=len(wrong) - 1)
        if len(zones) > 1:
            raise InvalidInput(
                f"{self.name}.{column}: times must be either all with a time zone or all without; found both"
            )
        return [None if moment is None else day_of(moment).toordinal() for moment in moments]

    def measured(self, column: str, *, asked: bool = False) -> Self:
        """Return the table with a column of text as numbers or ISO days, if it is to be, or all of it is a quantity.

        Text is one if it spells more days, or numbers, than kinds of leads have; whether whole numbers are names of
        kinds all the same say their outcomes, as of a column of numbers. Those that begin with 0 are.
        """
        texts = self.texts(column) if column in self.columns else ()
        if not texts or (len(texts) <= _MOST_KINDS and not asked):
            return self
        try:
            found = numbers_in(
                texts, self.name, self.own(column), self._reading_of(column), lambda: self._others(column)
            )
        except Fault as fault:
            if asked:
                self._refuse_text(column, fault)
            self._note_few(column, texts, [fault.text])
            return self
        if unread := [text for text, number in found.value.items() if not is_read(number)]:
            self._note_few(column, texts, unread)
            return self._with_days_that_all_are(column, texts)
        if asked or found.telling is not None or _are_measured(found.value):
            return self._in_numbers(column, found.value)
        shown = min(texts, key=lambda text: (not _is_padded(text), text))
        self.reading.note(
            f"{self.name}.{self.own(column)}: {len(texts):,} texts such as {shown!r} are taken for codes, each a level "
            f"of its own; bins={{{self.own(column)!r}: {_MOST_KINDS}}} reads them as numbers"
        )
        return self

    def _note_few(self, column: str, texts: Collection[str], unread: Collection[str]) -> None:
        """Say that a few texts keep a column from being numbers."""
        if len(unread) > _FEW_UNREAD * len(texts) or not _are_numbers(sorted(set(texts) - set(unread))[:_LOOKED_AT]):
            return
        self.reading.note(
            f"{self.name}.{self.own(column)}: {count(len(unread), 'text')} such as {min(unread)!r} of {len(texts):,} "
            f"{'is' if len(unread) == 1 else 'are'} not read as a number, so that each text is a level of its own; "
            "mend or empty these cells, and the column counts as numbers do"
        )

    def _with_days_that_all_are(self, column: str, texts: Collection[str]) -> Self:
        """Return the table with a column of text as ISO days, if all of it spells days that leave no doubt."""
        order = self._reading_of(column).formats.order_of(self.name, column)
        read = read_days(texts, order)
        if read.unread or read.nothing or read.doubt is not None or read.conflict is not None:
            return self
        return self.with_iso_days(column, times=False)

    def quantities(self, column: str) -> list[Any]:
        """Return the cells of a column that is binned: the number of text that spells one, ISO text of other days."""
        cells = self.spelled(column)
        if not any(isinstance(cell, str) for cell in cells):
            return cells
        days = self.with_iso_days(column, times=False).values(column)
        return [day if isinstance(cell, str) else cell for cell, day in zip(cells, days, strict=True)]

    def _in_numbers(self, column: str, number_of: Mapping[str, float | None]) -> Self:
        """Return the table with a column of text as these numbers."""
        if self._frame is not None and is_text(self._frame, column):
            return self._like(with_numbers(self._frame, column, number_of).to_native())
        cells = self._spelled(column, self.values(column))
        return self._like(self._columns | {column: list(cells)}) if self._frame is None else self

    def judged(self, column: str) -> Self:
        """Return the table with a column of outcomes whose words are "won", "lost", or "" while a lead is open.

        Raises
        ------
        InvalidInput
            a word that is not known; proposes the lines to write in the policy
        """
        self.require(column)
        own = self.reading.outcomes.own()
        if column not in self.columns or (self._is_numeric(column) and not own):
            return self
        cells = [cell for cell in self._each(column) if is_hashable(cell)]
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

    def with_iso_days(self, column: str, *, times: bool = True) -> Self:
        """Return the table with text in a column as ISO dates, with or without times; what is none stays as it is."""
        if not self.texts(column) or (self._frame is not None and holds_iso_days(self._frame, column)):
            return self
        bare = not times and self._frame is not None
        dated = self
        if bare and self._frame is not None:
            dated = self._like(by_hour(without_times(self._frame, column), column).to_native())
        try:
            days = days_in(
                dated.texts(column), self.name, column, self._reading_of(column), lambda: self._others(column)
            )
        except Fault:
            self.moments(column)  # refuses the cell as it is written
            raise
        text_of = {text: text if text in days.unread else iso(moment) for text, moment in days.value.items()}
        return dated._mapped(column, text_of)

    def with_days(self, column: str) -> Self:
        """Return the table with the days of a column of dates, as such or as ISO text; missing stays missing.

        Raises
        ------
        InvalidInput
            a cell is no date
        """
        frame = self._frame
        if frame is not None and column in frame.columns:
            import narwhals.stable.v2 as nw

            kind, day = frame.schema[column], nw.col(column)
            if kind == nw.Date or (kind.is_temporal() and not isinstance(kind, nw.Time | nw.Duration)):
                day = utc(day, kind)
                day = day.dt.date() if frame.implementation.is_polars() else day.dt.to_string("%Y-%m-%d")
                return self._like(frame.with_columns(day.alias(column)).to_native())
            if is_text(frame, column) and holds_iso_days(frame, column):
                return self._like(frame.with_columns(day.str.slice(0, 10)).to_native())
        short = frame is not None and column in frame.columns and is_text(frame, column)
        read = self._like(by_hour(frame, column).to_native()) if short and frame is not None else self
        return self.with_text(
            column, [None if n is None else date.fromordinal(n).isoformat() for n in read.days(column)]
        )


def without_times(frame: "nw.DataFrame[Any]", column: str) -> "nw.DataFrame[Any]":
    """Return the frame with a column of text without the times of day that it ends with: far fewer differ then."""
    import narwhals.stable.v2 as nw

    text = nw.col(column).cast(nw.String).str.replace_all(_TIME, "")
    return frame.with_columns(nw.when(~nw.col(column).is_null()).then(text).alias(column))  # pandas makes text of NaN


def by_hour(frame: "nw.DataFrame[Any]", column: str) -> "nw.DataFrame[Any]":
    """Return the frame with ISO moments of whole-hour zones at the full hour: the same days, and far fewer differ."""
    import narwhals.stable.v2 as nw

    if frame.schema[column] != nw.String:
        return frame
    text = nw.col(column)
    hour = nw.concat_str(text.str.slice(0, 13), nw.lit(":00"), text.str.slice(-6))
    return frame.with_columns(nw.when(text.str.contains(_WHOLE_HOURS)).then(hour).otherwise(text).alias(column))


def holds_iso_days(frame: "nw.DataFrame[Any]", column: str) -> bool:
    """Return whether every cell of a column of text begins with its day: an ISO date, or a moment in UTC or no zone.

    No row is touched in Python.
    """
    import narwhals.stable.v2 as nw

    if frame.schema[column] != nw.String:
        return False
    return bool(frame[column].drop_nulls().str.contains(_ISO_DAYS).all())


def with_numbers(frame: "nw.DataFrame[Any]", column: str, number_of: Mapping[str, float | None]) -> "nw.DataFrame[Any]":
    """Return the frame with a column of text as floats, NaN for what says nothing."""
    import narwhals.stable.v2 as nw

    if not number_of:
        return frame
    if not all(isinstance(cell, str) for cell in distinct(frame, column)):  # categories may be numbers, too
        known = {text: float("nan") if number is None else number for text, number in number_of.items()}
        cells = [known.get(cell) if isinstance(cell, str) else as_number(cell) for cell in frame[column].to_list()]
        return frame.with_columns(nw.new_series(column, cells, nw.Float64, backend=frame.implementation))
    numbers = [float("nan") if number is None else number for number in number_of.values()]
    plain = frame[column].cast(nw.String)
    found = plain.replace_strict(list(number_of), numbers, return_dtype=nw.Float64)
    return frame.with_columns(found.alias(column))


def iso(moment: Moment | None) -> str:
    """Return a moment as ISO text, in UTC if it has a time zone, nothing for none."""
    return "" if moment is None else (in_utc(moment) if isinstance(moment, datetime) else moment).isoformat()


def text_columns(
    columns: Sequence[str], but: Collection[str], texts_of: Callable[[str], Collection[str]]
) -> Iterator[tuple[str, Collection[str]]]:
    """Return columns with their distinct texts, those that hold any number or day among the first few."""
    for column in columns:
        if column in but:
            continue
        texts = texts_of(column)
        first = list(texts)[:_LOOKED_AT]
        if first and (_are_numbers(first) or not read_days(first).unread):
            yield column, texts


def _are_measured(number_of: Mapping[str, float | None]) -> bool:
    """Return whether each number is written in one way, and none as codes are.

    1.1 and 1.10 may be chapters, 01067 is a postcode, and floats hold no whole number of 17 digits.
    """
    numbers = [number for number in number_of.values() if number is not None]
    if all(number.is_integer() for number in numbers) and (
        any(map(_is_padded, number_of)) or any(abs(number) > _EXACT for number in numbers)
    ):
        return False
    return len(set(numbers)) == len(numbers)


def _is_padded(text: str) -> bool:
    """Return whether a whole number begins with 0."""
    return _PADDED.match(text.strip()) is not None


def _are_numbers(texts: Iterable[str]) -> bool:
    return all(map(is_read, read_numbers(texts).value.values()))


def own_meaning(value: Any, own: Mapping[str, str]) -> str | None:
    """Return what a setting says that a cell which is no text means: 2 where it lists "2"."""
    level = as_level(value)
    return None if level is None else own.get(level.casefold())


def formats_of(columns: Iterable[tuple[str, Collection[str]]]) -> Formats:
    """Return the formats of columns of text that leave no doubt: one way where all agree, else each column's own.

    Columns that need no setting, as every text is one number or day only, are those that tell; those in doubt get what
    the others have.
    """
    told = {setting: {c: way for c, way in each.items() if way} for setting, each in ways_of(columns).items()}
    return Formats(**{setting: _one_way(each) for setting, each in told.items()})


def ways_of(columns: Iterable[tuple[str, Collection[str]]]) -> dict[str, dict[str, str | None]]:
    """Return how each column of text is written, by setting; None where it leaves doubt."""
    ways: dict[str, dict[str, str | None]] = {"dates": {}, "decimal": {}}
    for column, texts in columns:
        days = read_days(texts)
        if not days.unread:
            ways["dates"] |= {column: None} if days.doubt else {column: days.order} if days.order else {}
        elif _are_numbers(texts):
            numbers = read_numbers(texts)
            ways["decimal"] |= {column: None} if numbers.doubt else {column: numbers.decimal} if numbers.decimal else {}
    return ways


def _one_way(ways: dict[str, str]) -> str | dict[str, str] | None:
    distinct_ways = set(ways.values())
    return next(iter(distinct_ways)) if len(distinct_ways) == 1 else (ways or None)


def _holds_digits(value: object) -> bool:
    """Return whether a value is text that a person would read as a number, such as "1,200" or "$20"."""
    return isinstance(value, str) and any(map(str.isdigit, value)) and not any(map(str.isalpha, value))
