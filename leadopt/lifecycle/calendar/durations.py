"""Periods as people write them: "3 days", "8 working hours", 0 for at once, "off" for never."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.tables.cells import is_number, is_numeral

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# The most of each unit: what a calendar with one working hour a fortnight still ends within the years there are.
_MOST = {
    "minutes": 144_000_000,
    "hours": 2_400_000,
    "days": 100_000,
    "working hours": 100_000,
    "working days": 100_000,
}
UNITS = tuple(_MOST)
_IN_HOURS = ("hours", "working hours")  # of which there are parts, as long as they are whole minutes
_OF_ONE = {unit.removesuffix("s"): unit for unit in UNITS}
_SHAPE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([^\W\d_].*?)\s*", re.DOTALL)
_IN_DAYS = {"week": 7, "weeks": 7, "month": 30, "months": 30, "year": 365, "years": 365}
PATTERN = rf"^\s*(?:0+|off|[0-9]+(?:\.[0-9]+)?\s*(?:{'|'.join(f'{one}s?' for one in _OF_ONE)}))\s*$"
"""What text of a duration looks like, as a regular expression of a JSON schema."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A period of so many minutes, hours, days, working hours or working days; 0 of whichever is at once.

    Parameters
    ----------
    amount
        how many, 0 or more, and at most as long as 100,000 days; whole, but for hours and working hours, whose parts
        are whole minutes
    unit
        "minutes", "hours", "days", "working hours" or "working days"

    Examples
    --------
    >>> Duration.parse("3 days"), str(Duration(1, "working days")), str(Duration.parse(0))
    (Duration(amount=3, unit='days'), '1 working day', '0')
    """

    amount: int | float
    unit: str

    def __post_init__(self) -> None:
        """Refuse what is no period; make one of 0 and of 2.0."""
        if not (isinstance(self.unit, str) and self.unit in _MOST):
            raise InvalidInput(f'duration: unit "{self.unit}" is unknown{_nearest(str(self.unit))}')
        if not is_number(self.amount) or not 0 <= self.amount <= _MOST[self.unit]:
            raise InvalidInput(
                f"duration: must be from 0 to {_MOST[self.unit]:,} {self.unit}; found {self.amount!r} {self.unit}"
            )
        amount = int(self.amount) if self.amount == int(self.amount) else float(self.amount)
        parts = Decimal(str(amount)) * (60 if self.unit in _IN_HOURS else 1)
        if parts != int(parts):
            what = f"whole {self.unit}: write a part of a day in hours" if "days" in self.unit else "whole minutes"
            raise InvalidInput(f"duration: must come to {what}; found {self.amount!r} {self.unit}")
        object.__setattr__(self, "amount", amount)
        if not amount:
            object.__setattr__(self, "unit", "minutes")

    @classmethod
    def parse(cls, text: Any, where: str = "duration") -> Self | None:
        """Return the duration that a setting says, None for "off".

        Parameters
        ----------
        text
            text such as "3 days", 0 for at once, "off", or a `Duration`, which is returned
        where
            what a refusal calls the setting

        Raises
        ------
        InvalidInput
            neither of these; names the nearest unit

        Examples
        --------
        >>> Duration.parse("off") is None, Duration.parse("90 minutes")
        (True, Duration(amount=90, unit='minutes'))
        """
        if isinstance(text, cls):
            return text
        if is_number(text) and text == 0:
            return cls(0, "minutes")
        if isinstance(text, str) and text.strip() == "off":
            return None
        if isinstance(text, str) and text.strip() and not text.strip().strip("0"):
            return cls(0, "minutes")
        found = _SHAPE.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            bare = is_numeral(text) or (is_number(text) and text > 0)
            unit = f' without its unit: write "{text} days", say' if bare else ""
            raise InvalidInput(
                f'{where}: must be a duration such as "3 days" or "8 working hours", 0 or "off"; found {text!r}{unit}'
            )
        amount, unit = found[1], " ".join(found[2].split())
        unit = _OF_ONE.get(unit, unit)
        if unit not in _MOST:
            raise InvalidInput(f'{where}: unit "{found[2]}" is unknown in {text!r}{_nearest(unit, amount)}')
        try:
            return cls(float(amount) if "." in amount else int(amount), unit)
        except (InvalidInput, ValueError) as error:  # a ValueError has digits beyond what int reads
            told = str(error) if isinstance(error, InvalidInput) else f"must be at most {_MOST[unit]:,} {unit}"
            raise InvalidInput(f"{where}: {told.removeprefix('duration: ')}") from None

    @property
    def is_working(self) -> bool:
        """Whether it is counted in working time."""
        return self.unit.startswith("working")

    @property
    def microseconds(self) -> int:
        """The length in microseconds of so many minutes, hours or working hours; of a day, of one that has 24 hours."""
        one = MINUTE if self.unit == "minutes" else HOUR if self.unit in _IN_HOURS else DAY
        return self.amount * one if isinstance(self.amount, int) else round(self.amount * 60) * (one // 60)

    def __str__(self) -> str:
        """Return the text that `parse` takes back."""
        if not self.amount:
            return "0"
        return f"{self.amount} {self.unit.removesuffix('s') if self.amount == 1 else self.unit}"


def text_of(duration: Duration | None) -> str:
    """Return a setting as it is written, "off" for None."""
    return "off" if duration is None else str(duration)


def _nearest(unit: str, amount: str = "") -> str:
    days = _IN_DAYS.get(unit.casefold())
    if days is not None:
        several = f'write "{int(float(amount) * days)} days"' if amount else "count it in days"
        return f"; {several}"
    return did_you_mean(unit, UNITS)
