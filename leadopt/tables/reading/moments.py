"""Text that spells a day or a moment, as people and their systems write it.

`03/04/2025` is two days; a column as a whole decides which, and says so where it does not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from leadopt.tables.reading.numerals import tidy
from leadopt.tables.reading.words import folded, says_nothing

Moment = date | datetime

ORDERS = ("day first", "month first", "year first")

_MONTHS = {
    folded(name): number
    for number, names in enumerate(
        (
            "jan january januar jänner janv janvier ene enero janeiro gennaio",
            "feb february februar febr févr fév février febrero fevereiro febbraio",
            "mar march mär märz mrz mars marzo março",
            "apr april avr avril abr abril aprile",
            "may mai mayo maio maggio",
            "jun june juni juin junio junho giugno",
            "jul july juli juil juillet julio julho luglio",
            "aug august août aou ago agosto",
            "sep sept september septembre septiembre setembro settembre",
            "oct october okt oktober octobre octubre outubro ottobre",
            "nov november novembre noviembre novembro",
            "dec december dez dezember déc décembre dic diciembre dezembro dicembre",
        ),
        1,
    )
    for name in names.split()
}
_PASSED_OVER_TEXT = """
    mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday
    mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag
    lun lundi lunes mardi martes mié mer mercredi miércoles jeu jeudi jue jueves ven vendredi vie viernes
    sam samedi sáb sábado dim dimanche dom domingo
    um uhr at on the of de del el le la las à den der am
"""
_PASSED_OVER = frozenset(map(folded, _PASSED_OVER_TEXT.split()))
_TIME = re.compile(
    r"(?P<early>am|pm)?\s*(?<![\d.,/-])(?P<h>\d{1,2})(?:\s?[:h]\s?(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*(?P<half>a\.?\s?m\b\.?|p\.?\s?m\b\.?)?|\s*(?P<only>[ap]\.?m\b\.?))"
    r"\s*(?P<zone>z\b|utc\b|gmt\b)?\s*\(?(?P<offset>[+-]\d{1,2}:?\d{2}(?!\d))?\)?\s*(?P<name>\(?[a-z]{3,4}\)?(?![a-z]))?"
)
_ZONES = {"cet": 1, "mez": 1, "cest": 2, "mesz": 2, "bst": 1, "est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6}
_ZONES |= {"pst": -8, "pdt": -7, "jst": 9, "utc": 0, "gmt": 0}  # CST is left out: it is two zones
_ISO = re.compile(r"\d{4}-?(?:\d{2}|W\d{2})-?\d{1,2}(?:[T ].*)?", re.DOTALL)
_THREE = re.compile(r"(\d{1,4})\s?([-/. ])\s?(\d{1,2})\s?\2\s?(\d{1,4})\.?")
_NO_DAY = re.compile(r"0{4}-0{2}-0{2}.*")  # what MySQL writes for none
_CHINESE = str.maketrans({"年": "-", "月": "-", "日": " ", "号": " ", "时": ":", "点": ":", "分": ":", "秒": " "})
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|º|ª|o|a)\b")
_ALIKE_YEARS = 3  # of one date alone, a year this much earlier is as likely
_PIVOT = 69  # POSIX: two digits from here on are of the 20th century

SERIALS = (20_000.0, 80_000.0)  # days as Excel counts them: 1954 to 2119
_EXCEL_DAY_0 = datetime(1899, 12, 30)
_UNIX_DAY_0 = datetime(1970, 1, 1)


def moment_readings(text: str) -> dict[str, Moment]:
    """Return the moment that text spells in each order in which it spells one.

    >>> moment_readings("16 Apr, 2021 00:03")["day first"]
    datetime.datetime(2021, 4, 16, 0, 3)
    >>> {order: str(day) for order, day in moment_readings("03/04/2025").items()}
    {'day first': '2025-04-03', 'month first': '2025-03-04'}
    >>> moment_readings("soon")
    {}
    """
    known = _iso(text.strip())
    if known is not None:
        return dict.fromkeys(ORDERS, known)
    plain = tidy(text).lower()
    time, rest = _time(plain if plain.isascii() else _without_chinese(plain))
    if time is None:
        return {}
    days = _days(rest)
    clock, zone = time
    if clock is None:
        return dict(days)
    return {order: datetime.combine(day, datetime.min.time(), zone) + clock for order, day in days.items()}


def _without_chinese(text: str) -> str:
    for word, half in (("上午", " am "), ("下午", " pm "), ("晚上", " pm "), ("凌晨", " am ")):
        text = text.replace(word, half)
    return re.sub(r":\s*$", "", re.sub(r"(?:星期|周)[一二三四五六日天]", " ", text).translate(_CHINESE).strip())


def _iso(text: str) -> Moment | None:
    if _ISO.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text) if len(text) in (8, 10) else datetime.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> tuple[tuple[timedelta | None, timezone | None], str] | tuple[None, str]:
    """Return the time of day and the zone in text, and the text without them; None for what it lacks, or cannot be."""
    found = _TIME.search(text)
    if found is None:
        return (None, None), text
    half = (found["half"] or found["only"] or found["early"] or "")[:1]
    hour, name = int(found["h"]), (found["name"] or "").strip("()")
    if half:
        if not 0 <= hour <= 23:
            return None, text
        hour = hour if hour > 12 else hour % 12 + 12 * (half == "p")
    if hour > 24 or int(found["m"] or 0) > 59 or int(found["s"] or 0) > 60:
        return None, text
    zone = _zone(found["zone"] or "", found["offset"] or "", name)
    kept = f" {name} " if name and name not in _ZONES else " "
    clock = timedelta(hours=hour, minutes=int(found["m"] or 0), seconds=int(found["s"] or 0))
    clock += timedelta(microseconds=int((found["f"] or "0")[:6].ljust(6, "0")))
    return (clock, zone), text[: found.start()] + kept + text[found.end() :]


def _zone(zone: str, offset: str, name: str) -> timezone | None:
    if offset:
        hours, minutes = divmod(int(offset.replace(":", "")[1:]), 100)
        shift = timedelta(hours=hours, minutes=minutes)
        return timezone(-shift if offset[0] == "-" else shift) if shift < timedelta(days=1) else None
    return UTC if zone else timezone(timedelta(hours=_ZONES[name])) if name in _ZONES else None


@lru_cache(maxsize=4096)  # moments share their days
def _days(text: str) -> dict[str, date]:
    text = text.strip(" ,;")
    three = _THREE.fullmatch(_without_words(text))
    if three is not None:
        return _of_numbers((three[1], three[3], three[4]))
    parts = [part for part in re.split(r"[\s,./-]+", _ORDINAL.sub("", text)) if part]
    parts = [part for part in parts if folded(part) not in _PASSED_OVER or folded(part) in _MONTHS]
    named = [place for place, part in enumerate(parts) if folded(part) in _MONTHS]
    numbers = [part for part in parts if part.isdigit()]
    if len(parts) != 3 or len(named) != 1 or len(numbers) != 2:
        return {}
    year, day = (0, 1) if len(numbers[0]) == 4 else (1, 0)
    found = _date(_year(numbers[year]), _MONTHS[folded(parts[named[0]])], int(numbers[day]))
    return {} if found is None else dict.fromkeys(ORDERS, found)


def _without_words(text: str) -> str:
    words = [word for word in re.split(r"[\s,]+", text) if folded(word) not in _PASSED_OVER]
    return " ".join(words)


def _of_numbers(parts: tuple[str, str, str]) -> dict[str, date]:
    first, second, third = map(int, parts)
    if len(parts[0]) > 2:  # nobody writes the day before the month after a year
        found = _date(first, second, third) if len(parts[0]) == 4 and len(parts[2]) <= 2 else None
        return {} if found is None else dict.fromkeys(ORDERS, found)
    if len(parts[2]) == 3:
        return {}
    year = _year(parts[2])
    found_by = {"day first": _date(year, second, first), "month first": _date(year, first, second)}
    if len(parts[2]) <= 2:
        found_by["year first"] = _date(_year(parts[0]), second, third)
    return {order: found for order, found in found_by.items() if found is not None}


def _year(text: str) -> int:
    number = int(text)
    return number if len(text) > 2 else number + (1900 if number >= _PIVOT else 2000)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def moment_of_number(number: float) -> Moment | None:
    """Return the moment that a number stands for: days as Excel counts, or (milli)seconds as Unix does; else None.

    >>> moment_of_number(45678.5), moment_of_number(1.7e12), moment_of_number(7)
    (datetime.datetime(2025, 1, 21, 12, 0), datetime.datetime(2023, 11, 14, 22, 13, 20), None)
    """
    if SERIALS[0] <= number < SERIALS[1]:
        found = _EXCEL_DAY_0 + timedelta(seconds=round(86400 * number))
        return found.date() if number == int(number) else found
    for unit in (1.0, 1000.0):
        if 1e9 <= number / unit < 1e10:
            return _UNIX_DAY_0 + timedelta(seconds=number / unit)
    return _iso(f"{number:.0f}") if number == number // 1 and 19_000_000 < number < 22_000_000 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A column of text, read as moments.

    Parameters
    ----------
    value
        the moment of each text, None where it says nothing or spells none
    unread
        texts that spell no moment, in the order in use
    order
        in which day and month stand, None where it does not matter
    doubt
        a text that could be two days, and what it is in each order; None = no doubt
    conflict
        two texts that cannot have the same order
    telling
        a text that is no ISO date, if possible one that tells the order; None = there is none
    nothing
        words that stand for nothing
    """

    value: dict[str, Moment | None]
    unread: frozenset[str] = frozenset()
    order: str | None = None
    doubt: tuple[str, Mapping[str, Moment]] | None = None
    conflict: tuple[str, str] | None = None
    telling: str | None = None
    nothing: tuple[str, ...] = ()


def read_days(texts: Iterable[str], order: str | None = None) -> Days:
    """Return what moments distinct texts of one column spell, in an order or in the only one that fits all.

    Dates with points between are taken with the day first where that fits all: nobody writes 12.31.2025.

    >>> read_days(["14-11-2018 10:05", "03-04-2018"]).value["03-04-2018"]
    datetime.date(2018, 4, 3)
    >>> read_days(["03/04/2025"]).doubt[0]
    '03/04/2025'
    """
    value: dict[str, Moment | None] = {text: _iso(text) for text in texts}
    if None not in value.values():
        return Days(value=value)
    found: dict[str, dict[str, Moment]] = {}
    telling, decided = None, False
    for text in value:
        value[text] = None
        read = {} if says_nothing(text) or _NO_DAY.fullmatch(text.strip()) else moment_readings(text)
        if not read and not says_nothing(text):
            serial = _serial(text)
            read = {} if serial is None else dict.fromkeys(ORDERS, serial)
        if read:
            found[text] = read
            decides = len({"day first", "month first"} & read.keys()) == 1
            if _iso(text.strip()) is None and (telling is None or (decides and not decided)):
                telling, decided = text, decides
    nothing = [text for text in value if says_nothing(text) or _NO_DAY.fullmatch(text.strip())]
    fits = [one for one in ORDERS if all(one in read for read in found.values())]
    others = [one for one in fits if one != "year first"]
    if others and (order is not None or len(others) == len(fits) or not _may_begin_with_year(found, others)):
        fits = others
    doubtful = [text for text, read in found.items() if len({read[one] for one in fits if one in read}) > 1]
    if order is None and len(fits) > 1 and doubtful and all(re.search(r"\d\s?\.\s?\d", text) for text in doubtful):
        fits = ["day first"]
    chosen = order or (fits[0] if fits else None)
    if chosen is not None:
        value |= {text: read.get(chosen) for text, read in found.items()}
    open_question = order is None and len(fits) > 1 and doubtful
    return Days(
        value=value,
        unread=frozenset(text for text, moment in value.items() if moment is None) - frozenset(nothing),
        order=chosen if any(map(_matters, found.values())) else None,
        doubt=(doubtful[0], {one: found[doubtful[0]][one] for one in fits}) if open_question else None,
        conflict=_conflict(found) if chosen is None and found else None,
        telling=telling,
        nothing=tuple(text.strip() for text in nothing if text.strip()),
    )


def _may_begin_with_year(found: Mapping[str, Mapping[str, Moment]], others: Iterable[str]) -> bool:
    """Return whether dates such as 25-03-04 are as likely to begin with a year as to end with one.

    Years differ less from each other than days do, and few are to come.
    """
    first = [read["year first"].year for read in found.values()]
    last = [read[one].year for one in others for read in found.values()]
    if not first or max(first) > date.today().year + 1:
        return False
    spread = max(first) - min(first), max(last) - min(last)
    recent = max(first) >= max(last) - _ALIKE_YEARS
    return spread[0] < spread[1] or (spread[0] == spread[1] and recent)


def _matters(read: Mapping[str, Moment]) -> bool:
    """Return whether it matters for a text which order it has."""
    return len(set(read.values())) > 1 or not {"day first", "month first"} <= read.keys()


def _serial(text: str) -> Moment | None:
    plain = text.strip()
    return moment_of_number(float(plain)) if re.fullmatch(r"\d+(?:\.\d+)?", plain) and len(plain) < 20 else None


def _conflict(found: Mapping[str, Mapping[str, Moment]]) -> tuple[str, str] | None:
    alone = {one: next((t for t, read in found.items() if one in read and len(read) == 1), None) for one in ORDERS}
    texts = [text for text in alone.values() if text is not None]
    return (texts[0], texts[1]) if len(texts) > 1 else None
