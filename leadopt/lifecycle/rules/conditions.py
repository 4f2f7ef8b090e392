"""`where`: which leads a rule is about, as data: columns with values, comparisons, or "missing"."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Self

from leadopt.errors import InvalidInput
from leadopt.tables.cells import as_level, is_missing, is_number, is_numeral
from leadopt.tables.ids import alike

Cell = str | float | bool | None
MISSING = "missing"
NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
_COMPARISON = re.compile(rf"\s*(<=|>=|<|>)\s*({NUMBER})\s*")
VALUE_PATTERN = rf"^\s*(?:(?:<=|>=|<|>)\s*{NUMBER}\s*|[^<>=!\s][\s\S]*)$"
"""What text of a value looks like, as a regular expression of a JSON schema: no other comparison."""
_LOOKS = 'must look like {tier = "key", value = ">= 5000"}'
_MOST_DIGITS, _MOST = 40, 10**30


@dataclass(frozen=True)
class Test:
    """What one cell must be: a level, a number, at least or below a number, or missing.

    Parameters
    ----------
    says
        as it is written: `"key"`, `5`, `true`, `"< 5"` or `"missing"`
    """

    __test__ = False  # of leadopt, not of pytest
    says: str | int | float | bool
    _kind: type = field(init=False, repr=False)  # 1 and True are equal, and not the same

    def __post_init__(self) -> None:
        """Keep what it was written as."""
        object.__setattr__(self, "_kind", type(self.says))

    def holds(self, cell: Cell) -> bool:
        """Return whether a cell is that; text that spells a number is that number."""
        if is_missing(cell) or (isinstance(cell, str) and not cell.strip()):
            return self.says == MISSING
        if self.says == MISSING:
            return False
        if self._compared is None:
            wanted, number = self._level
            return alike(as_level(cell) or "") == wanted or (number is not None and _number(cell) == number)
        sign, bound = self._compared
        found = _number(cell)
        if found is None:
            return False
        return (found < bound if sign[0] == "<" else found > bound) or (sign[1:] == "=" and found == bound)

    @property
    def is_comparison(self) -> bool:
        """Whether it is one with a number."""
        return self._compared is not None

    @cached_property
    def _compared(self) -> tuple[str, Decimal] | None:
        found = _COMPARISON.fullmatch(self.says) if isinstance(self.says, str) else None
        return None if found is None else (found[1], Decimal(found[2]))

    @cached_property
    def _level(self) -> tuple[str, Decimal | None]:
        return alike(as_level(self.says) or ""), _number(self.says)

    def __str__(self) -> str:
        """Return it in words."""
        return f"is {as_level(self.says)}" if self._compared is None else f"{self._compared[0]} {self._compared[1]}"


@dataclass(frozen=True, slots=True)
class Where:
    """Which leads: those for which one of the tables holds, and a table holds where all of its columns do.

    Parameters
    ----------
    tables
        alternatives; each has columns with what their cell may be, one of several tests

    Examples
    --------
    >>> where = Where.of({"tier": ["key", "gold"], "value": ">= 5000"})
    >>> where.holds({"tier": "Gold", "value": "7500"}), where.holds({"tier": "key"}), where.columns
    (True, False, ('tier', 'value'))
    >>> print(where)
    tier is key or gold and value >= 5000
    """

    tables: tuple[tuple[tuple[str, tuple[Test, ...]], ...], ...]

    @classmethod
    def of(cls, given: Any, where: str = "where") -> Self:
        """Return the condition that plain data describe: a table, or a list of tables.

        Parameters
        ----------
        given
            from columns to a value, a list of values, "< 5", "<= 5", "> 5", ">= 5" or "missing"; or several such tables
        where
            what a refusal calls it

        Raises
        ------
        InvalidInput
            neither of these
        """
        if isinstance(given, cls):
            return given
        several = given if isinstance(given, list | tuple) else [given]
        if not several:
            raise InvalidInput(f"{where}: {_LOOKS}, or be a list of such tables; found an empty list")
        return cls(tuple(_table(one, where) for one in several))

    def holds(self, columns: Mapping[str, Cell]) -> bool:
        """Return whether it holds for a lead; a column that is not there is missing."""
        return any(
            all(any(test.holds(columns.get(column)) for test in tests) for column, tests in table)
            for table in self.tables
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names, each once."""
        return tuple(dict.fromkeys(column for table in self.tables for column, _ in table))

    def plain(self) -> Any:
        """Return plain data that `of` takes back."""
        tables = [{column: _plain(tests) for column, tests in table} for table in self.tables]
        return tables[0] if len(tables) == 1 else tables

    def __str__(self) -> str:
        """Return it in words."""
        return ", or ".join(" and ".join(_words(table)) for table in self.tables)


def _table(given: Any, where: str) -> tuple[tuple[str, tuple[Test, ...]], ...]:
    if not isinstance(given, Mapping) or not given:
        raise InvalidInput(f"{where}: {_LOOKS}; found {dict(given) if isinstance(given, Mapping) else given!r}")
    for column in given:
        if not isinstance(column, str) or not column.strip():
            raise InvalidInput(f"{where}: must name columns; found {column!r}")
    return tuple((column, _tests(value, f"{where}.{column}")) for column, value in sorted(given.items()))


def _tests(given: Any, where: str) -> tuple[Test, ...]:
    several = given if isinstance(given, list | tuple) else [given]
    if not several:
        raise InvalidInput(f"{where}: must be a value or a list of values; found an empty list")
    return tuple(Test(_value(one, where)) for one in several)


def _value(given: Any, where: str) -> str | int | float | bool:
    if isinstance(given, bool):
        return given
    if is_number(given) and abs(given) <= _MOST:
        return int(given) if given == int(given) else float(given)
    if is_number(given):
        raise InvalidInput(f"{where}: must be a number from -1e30 to 1e30; found {given!r}")
    if not isinstance(given, str) or not given.strip():
        raise InvalidInput(f'{where}: must be text, a number, true, false, "< 5" or "{MISSING}"; found {given!r}')
    text = given.strip()
    compared = _COMPARISON.fullmatch(text)
    if compared is None and text[0] in "<>=!":
        raise InvalidInput(f'{where}: a comparison is "<", "<=", ">" or ">=" and a number; found {given!r}')
    return text if compared is None else f"{compared[1]} {compared[2]}"


def _number(cell: Any) -> Decimal | None:
    """Return what a cell is as a number, exactly: a float is the number that it is written as."""
    if isinstance(cell, bool):
        return None
    if is_numeral(cell):
        return Decimal(cell.strip()) if len(cell) <= _MOST_DIGITS else None
    return Decimal(str(cell)) if is_number(cell) else None


def _plain(tests: tuple[Test, ...]) -> Any:
    return tests[0].says if len(tests) == 1 else [test.says for test in tests]


def _words(table: tuple[tuple[str, tuple[Test, ...]], ...]) -> Iterator[str]:
    for column, tests in table:
        first, *more = map(str, tests)
        yield " or ".join([f"{column} {first}", *(word.removeprefix("is ") for word in more)])
