"""Units that headers state, "Tenure (months)" or "Value (k EUR)", held against what a column of that meaning counts."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from leadopt.tables.reading.numerals import FAMILIES

# As `_parts` leaves them: small letters without accents.
_TIMES: Mapping[str, frozenset[str]] = {
    unit: frozenset(words.split())
    for unit, words in {
        "minutes": "min mins minute minutes minuten minuto minutos 分钟 分",
        "hours": "h hr hrs hour hours std stunde stunden hora horas heure heures 小时",
        "days": "day days tag tage tagen arbeitstage pt dia dias jour jours jh 天 日 人天",
        "weeks": "week weeks woche wochen semana semanas semaine semaines 周 星期",
        "months": "month months mth mths monat monate monaten mes meses mois 月 个月 月数",
        "years": "year years yr yrs jahr jahre jahren ano anos ans annee annees 年 年数",
    }.items()
}
_SCALES: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in (
        ("thousands", "k tsd tausend thousand thousands mil miles milliers 000 000s keur kusd kgbp kchf teur 千 千元"),
        ("ten thousands", "万 万元 万美元 万欧元"),
        ("lakh", "lakh lakhs lac lacs"),
        ("millions", "m mm mn mio million millions millionen millon millones meur musd 百万 百万元"),
        ("crore", "cr crore crores"),
        ("hundred millions", "亿 亿元"),
        ("billions", "bn billion billions mrd milliarden milliards"),
    )
}
_PERIODS = {
    "a month": frozenset(["mrr", "monthly", "monatlich", "mensual", "mensuel", "月"]),
    "a year": frozenset(["arr", "acv", "annual", "annually", "yearly", "jahrlich", "anual", "annuel", "年"]),
}
_CODE_WORDS = """
    usd eur gbp chf cny rmb inr cad aud nzd jpy sek nok dkk pln czk huf brl mxn ars clp cop zar sgd hkd twd krw thb aed
    sar ils
"""
_CURRENCIES: Mapping[str, str] = {
    **{code: code.upper() for code in _CODE_WORDS.split()},
    **{"rmb": "CNY", "元": "CNY", "万元": "CNY", "千元": "CNY", "亿元": "CNY", "百万元": "CNY", "人民币": "CNY"},
    **{"美元": "USD", "万美元": "USD", "欧元": "EUR", "万欧元": "EUR", "euro": "EUR", "euros": "EUR", "yen": "JPY"},
    **{"keur": "EUR", "teur": "EUR", "meur": "EUR", "kusd": "USD", "musd": "USD", "kgbp": "GBP", "kchf": "CHF"},
    **{"dollar": "$", "dollars": "$", "$": "$", "€": "EUR", "£": "GBP", "¥": "¥", "₹": "INR"},
}
_MONEY_WORDS = """
    value values amount amounts revenue volume wert betrag volumen umsatz valor importe monto valeur montant 金额 价值
"""
_MONEY = frozenset(_MONEY_WORDS.split())
_PER = frozenset(["per", "pro", "je", "par", "por", "each", "a", "every"])
_COUNTS = ("capacity", "open_leads", "max_open", "min_leads")
_IN = {"tenure_days": "days", "effort": "hours", "hours": "hours", "open_hours": "hours"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a header says an amount of money is in; None = it does not say.

    Parameters
    ----------
    scale
        such as "thousands"
    currency
        its code, or a sign that several currencies have
    period
        "a month" or "a year"
    """

    scale: str | None = None
    currency: str | None = None
    period: str | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, ("in", self.scale, self.currency, self.period)))


def misstated(field: str, header: str) -> str | None:
    """Return what is wrong if a header states another unit than its field of `Columns` is in; None where nothing is.

    Examples
    --------
    >>> misstated("tenure_days", "Tenure (months)")
    'its header says months, and tenure_days is in days'
    >>> misstated("effort", "Aufwand (h)"), misstated("capacity", "Leads per day")
    (None, None)
    """
    parts = _stated(header)
    if field in _IN:
        units = [unit for unit, words in _TIMES.items() if words & parts]
        if _IN[field] in units:  # of "Hours (per week)" and "Hours (Woche)" the second is no unit
            units = ["minutes"] if _TIMES["minutes"] & _bracketed(header) else []
        wrong = [*units, *(["per cent"] if _percent(header) else [])]
        return f"its header says {wrong[0]}, and {field} is in {_IN[field]}" if wrong else None
    if field in _COUNTS:
        if _percent(header):
            return f"its header says per cent, and {field} is a number of leads"
        if parts & (_TIMES["hours"] | _TIMES["minutes"] - {"min"}):
            return f"its header says hours, and {field} is a number of leads"
        if parts & _MONEY or unit_of(header).currency:
            return f"its header says an amount, and {field} is a number of leads"
    if field in ("pace", "value") and _percent(header):
        return f"its header says per cent, and {field} is {'a factor' if field == 'pace' else 'an amount'}"
    if field == "pace" and (units := [unit for unit, words in _TIMES.items() if words & parts]):
        return f"its header says {units[0]}, and pace is a factor"
    return None


def unit_of(header: str) -> Unit:
    """Return what a header says an amount is in.

    >>> str(unit_of("Betrag (Tsd. €)")), str(unit_of("金额（万元）")), str(unit_of("MRR $"))
    ('in thousands EUR', 'in ten thousands CNY', 'in $ a month')
    """
    parts = frozenset(_parts(header))
    currency = next((code for word, code in _CURRENCIES.items() if word in parts), None)
    scale = next((name for name, words in _SCALES.items() if words & parts), None)
    if scale is None and currency is not None and "t" in parts:  # T€, as Germans write thousands
        scale = "thousands"
    period = next((name for name, words in _PERIODS.items() if words & parts), None)
    return Unit(scale=scale, currency=currency, period=period)


def unlike(one: Unit, other: Unit) -> bool:
    """Return whether amounts of two headers cannot be compared: other currencies, scales or periods.

    A scale that only one states is a difference, and a currency or a period is not.
    """
    return (
        one.scale != other.scale
        or not alike_currencies(one.currency, other.currency)
        or (None not in (one.period, other.period) and one.period != other.period)
    )


def alike_currencies(one: str | None, other: str | None) -> bool:
    """Return whether two codes or signs may be one currency; None may be any.

    >>> alike_currencies("$", "CAD"), alike_currencies("USD", "EUR"), alike_currencies(None, "EUR")
    (True, False, True)
    """
    if one is None or other is None or one == other:
        return True
    return one in FAMILIES.get(other, ()) or other in FAMILIES.get(one, ())


def _percent(header: str) -> bool:
    words = {"percent", "percentage", "prozent", "pct"}
    return not words.isdisjoint(_parts(header)) or "%" in header or "％" in header


def _stated(header: str) -> frozenset[str]:
    """Return the parts of a header but for a period: "Leads per day" says nothing of days."""
    parts = _parts(header.replace("/", " per "))
    return frozenset(part for before, part in zip(["", *parts], parts, strict=False) if before not in _PER)


def _bracketed(header: str) -> frozenset[str]:
    inside = re.findall(r"[(\[（【](.*?)[)\]）】]", header)
    return _stated(" ".join(inside))


def _parts(header: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z\d])(?=[A-Z][a-z])", " ", header)
    plain = unicodedata.normalize("NFKD", spaced).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[^\W\d_]+|\d+s?|[€$£¥₹]", plain)
