"""Working hours of a week: which spans of each day, as text, as a table, and back."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Self

from leadopt.errors import InvalidInput, did_you_mean

Span = tuple[int, int]
"""Minutes since midnight at which work begins and ends, 0 <= begin < end <= 1440."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_INDEX = {name.casefold(): k for names in (DAYS, _LONG) for k, name in enumerate(names)}
_MINUTES = 24 * 60
_LEAST = 30  # minutes a week, an hour in 14 days


def _any_case(word: str) -> str:
    """Return a pattern of a word in any letter case, as those of a JSON schema have no flags."""
    return "".join(f"[{letter.upper()}{letter.lower()}]" for letter in word)


_NAME = "|".join(f"{_any_case(long[:3])}(?:{_any_case(long[3:])})?" for long in _LONG)
_TO = r"\s*[-–]\s*"
_TIME = r"(?:[0-9]|[01][0-9]|2[0-4])(?::[0-5][0-9])?"
_DAYS = rf"(?:{_NAME})(?:{_TO}(?:{_NAME}))?"
_SPAN = rf"{_TIME}{_TO}{_TIME}"
_GROUP = rf"{_DAYS}(?:\s*,\s*{_DAYS})*\s+{_SPAN}(?:\s*,\s*{_SPAN})*"
PATTERN = rf"^\s*{_GROUP}(?:\s*;\s*{_GROUP})*\s*$"
"""What hours look like as text, as a regular expression of a JSON schema."""
SPAN_PATTERN = rf"^\s*{_SPAN}\s*$"
"""What one span looks like."""
DAY_PATTERN = rf"^\s*{_DAYS}(?:\s*,\s*{_DAYS})*\s*$"
"""What the days of a table look like."""
_LOOKS = 'must look like "Mon-Fri 9-12, 13-18; Sat 9-12"'


@dataclass(frozen=True, slots=True)
class Hours:
    """The working hours of an ordinary week.

    Parameters
    ----------
    of_day
        the spans of each day from Monday to Sunday, in minutes since midnight, in order and apart

    Examples
    --------
    >>> Hours.of("Mon-Fri 9-12, 13-18").of_day[0]
    ((540, 720), (780, 1080))
    >>> print(Hours.of({"mon": ["9-12"], "sat-sun": ["22:30-24"]}))
    Mon 9-12; Sat-Sun 22:30-24
    """

    of_day: tuple[tuple[Span, ...], ...]

    @classmethod
    def of(cls, given: Any, where: str = "hours") -> Self:
        """Return the hours that text or a table from days to spans says.

        Parameters
        ----------
        given
            text such as "Mon-Fri 9-12, 13-18", a table such as ``{"mon": ["9-12", "13-18"]}``, or `Hours`
        where
            what a refusal calls the setting

        Raises
        ------
        InvalidInput
            neither of these; spans of one day that overlap or go over midnight; less than an hour in 14 days
        """
        if isinstance(given, cls):
            return given
        if not isinstance(given, str | Mapping):
            raise InvalidInput(f"{where}: {_LOOKS}, or be a table of days; found {given!r}")
        groups = _groups_of_text(given, where) if isinstance(given, str) else _groups_of_table(given, where)
        of_day: list[list[Span]] = [[] for _ in DAYS]
        for days, spans in groups:
            for day in days:
                of_day[day] += spans
        found = cls(tuple(_in_order(spans, f"{where}: {_LONG[day]}") for day, spans in enumerate(of_day)))
        if found.minutes_a_week < _LEAST:
            raise InvalidInput(
                f"{where}: must hold a working hour in any 14 days; found "
                f"{f'{2 * found.minutes_a_week} minutes' if found.minutes_a_week else 'none'}"
            )
        return found

    @property
    def minutes_a_week(self) -> int:
        """How long a week of work is."""
        return sum(end - begin for spans in self.of_day for begin, end in spans)

    @property
    def days_a_week(self) -> int:
        """How many days of a week have hours."""
        return sum(map(bool, self.of_day))

    def __str__(self) -> str:
        """Return the text that `of` takes back: days that follow each other and have the same spans are together."""
        groups = [(spans, list(days)) for spans, days in groupby(range(len(DAYS)), key=self.of_day.__getitem__)]
        told = (f"{_between(days)} {', '.join(map(_shown, spans))}" for spans, days in groups if spans)
        return "; ".join(told)


def _groups_of_text(text: str, where: str) -> list[tuple[list[int], list[Span]]]:
    if not re.fullmatch(PATTERN, text):
        words = re.findall(r"[^\W\d_]+", text)
        strange = next((word for word in words if word.casefold() not in _INDEX), None)
        known = f'; "{strange}" is no day{did_you_mean(strange, DAYS)}' if strange else ""
        raise InvalidInput(f"{where}: {_LOOKS}; found {text!r}{known}")
    groups = []
    for group in text.split(";"):
        begin = re.search(rf"\s+{_SPAN}", group)
        assert begin is not None  # by the pattern
        spans = [_span(span, where) for span in group[begin.start() :].split(",")]
        groups.append((_days(group[: begin.start()]), spans))
    return groups


def _groups_of_table(table: Mapping[Any, Any], where: str) -> list[tuple[list[int], list[Span]]]:
    groups = []
    for days, spans in table.items():
        if not (isinstance(days, str) and re.fullmatch(DAY_PATTERN, days)):
            raise InvalidInput(f'{where}: "{days}" is no day{did_you_mean(str(days), DAYS)}')
        several = [spans] if isinstance(spans, str) else spans
        if not isinstance(several, list | tuple):
            raise InvalidInput(f'{where}.{days}: must be a list of spans such as ["9-12", "13-18"]; found {spans!r}')
        groups.append((_days(days), [_span(span, f"{where}.{days}") for span in several]))
    return groups


def _days(text: str) -> list[int]:
    """Return the days that are named, "Fri-Mon" over the weekend."""
    found = []
    for part in text.split(","):
        first, *last = (_INDEX[name.strip().casefold()] for name in re.split(r"[-–]", part))
        end = last[0] if last else first
        found += [day % 7 for day in range(first, end + 1 + 7 * (end < first))]
    return found


def _span(text: Any, where: str) -> Span:
    if not (isinstance(text, str) and re.fullmatch(SPAN_PATTERN, text)):
        raise InvalidInput(f'{where}: a span must look like "9-12" or "13:30-18"; found {text!r}')
    begin, end = (_minutes(time) for time in re.split(r"[-–]", text))
    if max(begin, end) > _MINUTES:
        raise InvalidInput(f"{where}: a day ends at 24; found {text.strip()!r}")
    if begin >= end:
        told = f'over midnight is two spans: "{_time(begin)}-24", and "0-{_time(end)}" of the next day'
        why = told if 0 < end < begin < _MINUTES else "must end after it begins"
        raise InvalidInput(f"{where}: a span {why}; found {text.strip()!r}")
    return begin, end


def _minutes(time: str) -> int:
    hour, _, minute = time.strip().partition(":")
    return int(hour) * 60 + int(minute or 0)


def _in_order(spans: Iterable[Span], where: str) -> tuple[Span, ...]:
    """Return spans by their begin; two that touch are one.

    >>> _in_order([(600, 720), (540, 600)], "hours")
    ((540, 720),)
    """
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin < found[-1][1]:
            raise InvalidInput(f"{where}: spans overlap: {_shown(found[-1])} and {_shown((begin, end))}")
        if found and begin == found[-1][1]:
            begin = found.pop()[0]  # noqa: PLW2901
        found.append((begin, end))
    return tuple(found)


def _between(days: list[int]) -> str:
    return DAYS[days[0]] if len(days) == 1 else f"{DAYS[days[0]]}-{DAYS[days[-1]]}"


def _shown(span: Span) -> str:
    return "-".join(map(_time, span))


def _time(minutes: int) -> str:
    """Return minutes since midnight as people write them.

    >>> _time(540), _time(810)
    ('9', '13:30')
    """
    return f"{minutes // 60}:{minutes % 60:02}" if minutes % 60 else str(minutes // 60)
