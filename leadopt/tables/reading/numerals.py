"""Text that spells a number, as people write it: marks between thousands, decimal commas, money, per cents.

What could be two numbers is read as both; a column as a whole decides, and says so where it does not.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isnan

from leadopt.tables.reading.words import says_nothing

DECIMALS = (".", ",")
OWN_DECIMAL = "٫"
"""A decimal mark that is nothing else, and so tells nothing of the others: of what a workbook holds as a number."""

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_SCIENTIFIC = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)[eE][+-]?\d+")
_BODY = re.compile(r"[.,]?\d(?:[\d.,' ]*\d)?")
_GROUPS = r"(?:[1-9]\d{{0,2}}(?:{mark}\d{{3}})+|[1-9]\d{{0,2}}(?:'\d{{3}})+|[1-9]\d{{0,2}}(?: \d{{3}})+|\d+)?"
_LAKHS = r"|[1-9]\d?(?:,\d{2})+,\d{3}"
_SHAPES = {
    ".": re.compile(rf"(?:{_GROUPS.format(mark=',')}{_LAKHS})(\.\d+)?"),
    ",": re.compile(rf"{_GROUPS.format(mark=chr(92) + '.')}(,\d+)?"),
}
_SAME = str.maketrans({"−": "-", "–": "-", "—": "-", "’": "'", "ʼ": "'", "′": "'", "`": "'", "٬": "'", "_": "'"})
_TRAILING = re.compile(r"(?<=\d),-{1,2}")  # 1.000,- is how prices without cents are written

SIGNS = {
    **{"€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "₹": "INR", "rs": "INR", "rs.": "INR", "₽": "RUB"},
    **{"руб": "RUB", "руб.": "RUB", "₩": "KRW", "₺": "TRY", "tl": "TRY", "₪": "ILS", "₫": "VND", "฿": "THB"},
    **{"zł": "PLN", "kč": "CZK", "ft": "HUF", "fr.": "CHF", "sfr.": "CHF", "r$": "BRL", "us$": "USD", "u$s": "USD"},
    **{"a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "can$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD"},
    **{"mx$": "MXN", "nt$": "TWD", "rmb": "CNY", "元": "CNY", "人民币": "CNY", "円": "JPY", "cn¥": "CNY", "jp¥": "JPY"},
    **{"$": "$", "¥": "¥", "kr": "kr", "kr.": "kr"},
}
"""The currency of each sign; one that several countries have stands for itself."""
FAMILIES = {
    "$": frozenset(("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "DOP")),
    "¥": frozenset(("CNY", "JPY")),
    "kr": frozenset(("SEK", "NOK", "DKK", "ISK")),
}
"""The currencies that share a sign."""
_THREE_DECIMALS = frozenset(("KWD", "BHD", "OMR", "JOD", "TND", "IQD", "LYD"))  # ISO 4217: their unit has 1,000 parts
_CODE = re.compile(r"[A-Z]{3}")
_TIMES = {
    **{"k": 1e3, "tsd": 1e3, "tsd.": 1e3, "m": 1e6, "mio": 1e6, "mio.": 1e6, "mn": 1e6, "bn": 1e9, "mrd": 1e9},
    **{
        "mrd.": 1e9,
        "lakh": 1e5,
        "lakhs": 1e5,
        "lac": 1e5,
        "crore": 1e7,
        "crores": 1e7,
        "cr": 1e7,
        "万": 1e4,
        "亿": 1e8,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeral:
    """Text that spells a number.

    Parameters
    ----------
    readings
        the number for each decimal mark that it can be read with
    currency
        the code of its sign, None without one
    percent
        whether it is a number of hundredths
    plain
        whether a program would read it alike: digits, and at most a point
    """

    readings: dict[str, float]
    currency: str | None = None
    percent: bool = False
    plain: bool = False


def tidy(text: str) -> str:
    """Return text with ASCII digits, blanks and marks for those of other scripts, and without blanks around it."""
    if text.isascii():
        return text.strip()
    found = unicodedata.normalize("NFKC", text).translate(_SAME)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in found).strip()


def numeral(text: str) -> Numeral | None:
    """Return what number text spells, None where it spells none.

    >>> numeral("22.700,00 €")
    Numeral(readings={',': 22700.0}, currency='EUR', percent=False, plain=False)
    >>> numeral("1,000").readings, numeral("$1,000").readings, numeral("many")
    ({'.': 1000.0, ',': 1.0}, {'.': 1000.0}, None)
    """
    found = tidy(text)
    if OWN_DECIMAL in found and _PLAIN.fullmatch(found.replace(OWN_DECIMAL, ".")):
        return Numeral(readings=dict.fromkeys(DECIMALS, float(found.replace(OWN_DECIMAL, "."))), plain=True)
    if _SCIENTIFIC.fullmatch(found):  # its mark is a decimal one; without any it tells nothing of others: 1E+09
        marks = [mark for mark in DECIMALS if mark in found] or DECIMALS
        return Numeral(readings=dict.fromkeys(marks, float(found.replace(",", "."))), plain="," not in found)
    negative = found.startswith("(") and found.endswith(")")
    found = found[1:-1].strip() if negative else found
    if _PLAIN.fullmatch(found) and not negative:
        return _plain(found)
    body = _BODY.search(found)
    around = None if body is None else _around(found[: body.start()], found[body.end() :])
    if body is None or around is None:
        return None
    minus, factor, currency, percent = around
    sign = -1.0 if minus or negative else 1.0
    money = currency is not None and currency not in _THREE_DECIMALS and factor == 1.0
    found_comma = _TRAILING.search(found) is not None
    readings = {
        mark: sign * factor * number
        for mark in ((",",) if found_comma else DECIMALS)
        if (number := _read(body[0], mark, money=money)) is not None
    }
    return Numeral(readings=readings, currency=currency, percent=percent) if readings else None


def _plain(text: str) -> Numeral:
    digits = text.lstrip("+-")
    sign = -1.0 if text.startswith("-") else 1.0
    other = _read(digits, ",", money=False)
    readings = {".": float(text)} | ({} if other is None else {",": sign * other})
    return Numeral(readings=readings, plain=True)


def _read(body: str, mark: str, *, money: bool) -> float | None:
    """Return the number that digits with marks are with a decimal mark; money has no three decimals."""
    shape = _SHAPES[mark].fullmatch(body)
    if shape is None or (money and len(shape[1] or "") == 4):
        return None
    return float("".join(c for c in body.replace(mark, "!") if c.isdigit() or c == "!").replace("!", "."))


def _around(before: str, after: str) -> tuple[bool, float, str | None, bool] | None:
    """Return what stands around digits: whether it is below 0, factor, currency, and whether it is per cents."""
    parts = [part.strip() for part in (before, "" if after in (".-", ",-", ".--", ",--") else after)]
    minus = False
    for place, part in enumerate(parts):
        if part.startswith(("-", "+")) or part.endswith(("-", "+")):
            if minus:
                return None
            minus = "-" in (part[0], part[-1])
            parts[place] = (part[1:] if part[0] in "+-" else part[:-1]).strip()
    words = [word for part in parts for word in part.split()]
    factor, currency, percent = 1.0, None, False
    for word in words:
        for piece in _pieces(word):
            times, code = _TIMES.get(piece.casefold()), _currency(piece)
            if piece == "%" and not percent:
                percent, factor = True, factor / 100.0
            elif code is not None and (currency in (None, code) or _same_family(currency, code)):
                currency = code if currency is None or code not in FAMILIES else currency
            elif times is not None and factor == 1.0:
                factor = times
            else:
                return None
    return minus, factor, currency, percent


def _pieces(word: str) -> list[str]:
    """Return a word, or its parts where a factor and a currency stand together: 3万元, $1.5M."""
    if word.casefold() in SIGNS or word.casefold() in _TIMES or _CODE.fullmatch(word):
        return [word]
    for cut in range(1, len(word)):
        halves = (word[:cut], word[cut:])
        if all(half.casefold() in SIGNS or half.casefold() in _TIMES or _CODE.fullmatch(half) for half in halves):
            return list(halves)
    return [word]


def _currency(word: str) -> str | None:
    return SIGNS.get(word.casefold()) or (word if _CODE.fullmatch(word) else None)


def _same_family(one: str | None, other: str) -> bool:
    return one is not None and (one in FAMILIES.get(other, ()) or other in FAMILIES.get(one, ()))


def is_read(number: float | None) -> bool:
    """Return whether text was read: NaN stands for what spells no number."""
    return number is None or not isnan(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A column of text, read as numbers.

    Parameters
    ----------
    value
        the number of each text: None where it says nothing, NaN where it spells no number
    currency
        the code of each text that has a sign
    decimal
        the decimal mark, None where every text is the same number with either
    doubt
        a text that could be two numbers, and these with a point and with a comma as decimal mark; None = no doubt
    conflict
        two texts that cannot have the same decimal mark, or of which one is in per cents and the other not
    telling
        a text that a program would not read alike, if possible one that tells the mark; None = there is none
    nothing
        words that stand for nothing
    """

    value: dict[str, float | None]
    currency: dict[str, str] = field(default_factory=dict)
    decimal: str | None = None
    doubt: tuple[str, float, float] | None = None
    conflict: tuple[str, str] | None = None
    telling: str | None = None
    nothing: tuple[str, ...] = ()


def read_numbers(texts: Iterable[str], decimal: str | None = None) -> Numbers:
    """Return what numbers distinct texts of one column spell, with a decimal mark or with the only one that fits all.

    >>> read_numbers(["1.500", "0,25"]).value
    {'1.500': 1500.0, '0,25': 0.25}
    >>> read_numbers(["1.500", "2.750"]).doubt
    ('1.500', 1.5, 1500.0)
    """
    value: dict[str, float | None] = {}
    found: dict[str, Numeral] = {}
    for text in texts:
        read = None if says_nothing(text) else numeral(text)
        value[text] = None if says_nothing(text) else float("nan")
        if read is not None:
            found[text] = read
    fits = [mark for mark in DECIMALS if all(mark in read.readings for read in found.values())]
    marks = [decimal] if decimal else fits
    doubt = _doubt(found) if len(marks) == 2 else None
    if marks:
        value |= {text: read.readings.get(marks[0], float("nan")) for text, read in found.items()}
    return Numbers(
        value=value,
        currency={text: read.currency for text, read in found.items() if read.currency is not None},
        decimal=marks[0] if len(marks) == 1 else None,
        doubt=doubt,
        conflict=_conflict(found, value) if found else None,
        telling=_telling(found, marks),
        nothing=tuple(text.strip() for text in value if says_nothing(text) and text.strip()),
    )


def _telling(found: dict[str, Numeral], marks: list[str]) -> str | None:
    telling = [text for text, read in found.items() if not read.plain or marks == [","]]
    return next((text for text in telling if len(found[text].readings) == 1), telling[0] if telling else None)


def _doubt(found: dict[str, Numeral]) -> tuple[str, float, float] | None:
    for text, read in found.items():
        if len(set(read.readings.values())) > 1:
            return text, read.readings["."], read.readings[","]
    return None


def _conflict(found: dict[str, Numeral], value: dict[str, float | None]) -> tuple[str, str] | None:
    """Return two texts that no decimal mark fits both, or one in per cents beside a number other than 0 that is not."""
    alone = {mark: next((t for t, r in found.items() if set(r.readings) == {mark}), None) for mark in DECIMALS}
    point, comma = alone["."], alone[","]
    if point is not None and comma is not None and not all(is_read(value[text]) for text in (point, comma)):
        return point, comma
    hundredths = next((text for text, read in found.items() if read.percent), None)
    whole = next((text for text, read in found.items() if not read.percent and value[text]), None)
    return None if hundredths is None or whole is None else (hundredths, whole)
