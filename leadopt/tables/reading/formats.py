"""How dates and numbers are written, where text does not tell: a setting of the policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.tables.reading.moments import ORDERS
from leadopt.tables.reading.numerals import DECIMALS


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """How text is read as dates and numbers; what is None is found out, and refused where a column leaves doubt.

    Each is one way for all columns, or a way for each column: ``{"at": "day first", "hired_on": "month first"}``, with
    names as they are in the table, or with the table's before them: ``{"history.at": "day first"}``.

    Parameters
    ----------
    dates
        the order of day and month in dates such as 03/04/2025: "day first", "month first" or "year first"
    decimal
        what stands before the decimals of a number: "." or ","

    Examples
    --------
    >>> Formats(dates="day first", decimal=",").decimal_of("leads", "value")
    ','
    """

    dates: str | Mapping[str, str] | None = None
    decimal: str | Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no format."""
        for setting, known in (("dates", ORDERS), ("decimal", DECIMALS)):
            asked = getattr(self, setting)
            object.__setattr__(self, setting, _checked(f"policy.formats.{setting}", asked, known))

    def order_of(self, table: str, column: str) -> str | None:
        """Return the order of day and month that is set for a column of a table."""
        return _of(self.dates, table, column)

    def decimal_of(self, table: str, column: str) -> str | None:
        """Return the decimal mark that is set for a column of a table."""
        return _of(self.decimal, table, column)

    def also_called(self, table: str, names: Mapping[str, str]) -> "Formats":
        """Return the same where columns of a table have other names: what is set for one holds for its new name."""
        found = {}
        for setting, asked in (("dates", self.dates), ("decimal", self.decimal)):
            renamed = {f"{table}.{new}": _of(asked, table, old) for old, new in names.items()}
            own = {key: way for key, way in renamed.items() if way is not None}
            found[setting] = {**own, **asked} if isinstance(asked, Mapping) else asked
        return Formats(**found)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `Formats(**data)` takes back."""
        return {
            name: dict(asked) if isinstance(asked, Mapping) else asked
            for name, asked in (("dates", self.dates), ("decimal", self.decimal))
        }


def _of(asked: str | Mapping[str, str] | None, table: str, column: str) -> str | None:
    if isinstance(asked, Mapping):
        return asked.get(f"{table}.{column}") or asked.get(column)
    return asked


def _checked(name: str, asked: Any, known: tuple[str, ...]) -> Any:
    if asked is None:
        return None
    if isinstance(asked, Mapping) and all(isinstance(column, str) for column in asked):
        return {column: _checked(f"{name}.{column}", one, known) for column, one in asked.items()} or None
    plain = " ".join(asked.replace("_", " ").replace("-", " ").split()).casefold() if isinstance(asked, str) else ""
    found = plain if plain in known else asked
    if not isinstance(found, str) or found not in known:
        choices = " or ".join(f'"{one}"' for one in known)
        near = did_you_mean(found, known) if isinstance(found, str) and found and known is ORDERS else ""
        raise InvalidInput(f"{name}: must be {choices}, or one of them for each column; found {asked!r}{near}")
    return found
