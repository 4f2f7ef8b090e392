"""Values in one unit: the rate of each currency, and what is refused where there is none."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.tables.amounts import MOST_AMOUNT
from leadopt.tables.cells import as_level, is_number
from leadopt.tables.reading.numerals import FAMILIES, read_numbers
from leadopt.tables.table import Table


def check_currencies(name: str, rates: Any) -> dict[str, float] | None:
    """Return a table of rates with codes in capitals, None for none.

    Parameters
    ----------
    name
        what a message calls the setting
    rates
        what one unit of each currency is worth in the unit of the plan, by code

    Raises
    ------
    InvalidInput
        no mapping from codes to positive numbers, or a code twice

    Examples
    --------
    >>> check_currencies("policy.currencies", {"usd": 1, "EUR": 1.08})
    {'USD': 1.0, 'EUR': 1.08}
    """
    if rates is None:
        return None
    if not isinstance(rates, Mapping) or not rates:
        raise InvalidInput(f"{name}: must map currencies to what one unit is worth, {{USD = 1.0}}; found {rates!r}")
    found: dict[str, float] = {}
    for currency, rate in rates.items():
        code = currency_code(currency)
        if code is None or not isinstance(currency, str):
            raise InvalidInput(f"{name}: a currency must be a name such as EUR; found {currency!r}")
        if not (is_number(rate) and 0.0 < float(rate) < np.inf):
            raise InvalidInput(f"{name}.{code}: what one unit is worth must be a number above 0; found {rate!r}")
        if code in found:
            raise InvalidInput(f"{name}: capitals do not matter, so {code} must be there once; found {list(rates)}")
        found[code] = float(rate)
    return found


def currency_code(value: Any) -> str | None:
    """Return a currency in capitals, None where it is missing.

    >>> currency_code(" eur "), currency_code(None), currency_code("")
    ('EUR', None, None)
    """
    level = as_level(value)
    return None if level is None else level.strip().upper() or None


def rates_of(name: str, codes: Sequence[str | None], rates: Mapping[str, float] | None) -> Floats:
    """Return what one unit of each currency is worth, float64 (n_codes,).

    Without a table of rates there can be one currency only, whose unit is then that of the plan; a missing one is taken
    for it.

    Parameters
    ----------
    name
        the column, for messages
    codes
        of values that are used

    Raises
    ------
    InvalidInput
        a currency without a rate, a missing one, or several without a table
    """
    if rates is None:
        check_one(name, codes)
        return np.ones(len(codes))
    for code in dict.fromkeys(codes):
        if code is None:
            raise InvalidInput(f"{name}: with rates, every value needs a currency ({_named(rates)}); found nothing")
        if code not in rates:
            raise InvalidInput(
                f"{name}: no rate for the currency {code}; known are {_named(rates)}. "
                f'Add it: Policy(currencies={{"{code}": ...}}), or {code} = ... under [currencies] in a policy file'
            )
    return np.array([rates[code] for code in codes if code is not None], dtype=np.float64).reshape(len(codes))


def check_unit(name: str, amounts: Floats, rates: Floats) -> None:
    """Refuse amounts that their rates make larger than what can be added up."""
    with np.errstate(divide="ignore"):
        size = np.log(amounts) + np.log(rates)
    if (size > np.log(MOST_AMOUNT)).any():
        raise InvalidInput(
            f"{name}: what leads are worth must be at most {MOST_AMOUNT:g} in the unit of the plan; found more, by the "
            f"rates of their currencies. Choose a larger unit, with smaller rates"
        )


def with_signs(table: Table, value: str, currency: str, rates: Mapping[str, float] | None) -> Table:
    """Return the table with the currencies of signs such as € in its column of values, where it names none itself.

    Parameters
    ----------
    value, currency
        columns
    rates
        a sign that several currencies have stands for the one of them that has a rate

    Raises
    ------
    InvalidInput
        sign and column of currencies contradict each other, or a sign may be several currencies with rates
    """
    texts = table.texts(value) if value in table else ()
    signs = read_numbers(texts).currency if texts else {}
    if not signs:
        return table
    if currency not in table:
        if rates is None:
            _check_dollars(table, value, signs)
        known = {code: _of_sign(f"{table.name}.{value}", code, rates or {}) for code in dict.fromkeys(signs.values())}
        return table.with_told(currency, value, {cell: known[code] for cell, code in signs.items()})
    found = [signs.get(cell) if isinstance(cell, str) else None for cell in table.values(value)]
    if rates is None and not _all_named(table, currency, found):
        _check_dollars(table, value, signs)
    named = [currency_code(code) for code in table.values(currency)] if currency in table else [None] * len(found)
    for row, (sign, code) in enumerate(zip(found, named, strict=True)):
        if sign is not None and code is not None and sign != code and code not in FAMILIES.get(sign, ()):
            rule = f"the sign must be that of the currency in column {currency}, {code}"
            table.refuse(value, row, rule, table.values(value)[row])
    codes = [code or sign for code, sign in zip(named, found, strict=True)]
    meant = {code: _of_sign(f"{table.name}.{value}", code, rates or {}) for code in dict.fromkeys(codes)}
    return table.with_text(currency, [meant[code] for code in codes])


def _all_named(table: Table, currency: str, signs: Sequence[str | None]) -> bool:
    """Return whether a column names the currency of each value with a sign that several have."""
    named = table.values(currency) if currency in table else [None] * len(signs)
    return all(currency_code(code) is not None for code, sign in zip(named, signs, strict=True) if sign == "$")


def _check_dollars(table: Table, value: str, signs: Mapping[str, str]) -> None:
    """Refuse $ beside C$ or the like: who tells them apart means two currencies. Who writes USD and $ means one."""
    others = [cell for cell, code in signs.items() if code in FAMILIES["$"] and ("$" in cell or code != "USD")]
    plain = [cell for cell, code in signs.items() if code == "$"]
    if others and plain:
        rule = f"$ may be another currency than that of {others[0]!r} in the same column"
        mend = "Write both with their codes, USD and CAD, or name the currencies in a column."
        table = table.combinations([value])
        table.refuse(value, table.values(value).index(plain[0]), rule, plain[0], mend)


def _of_sign(name: str, code: str | None, rates: Mapping[str, float]) -> str | None:
    """Return the one currency with a rate that has a sign; a code is itself."""
    known = sorted(FAMILIES.get(code or "", frozenset()) & rates.keys())
    if len(known) > 1:
        raise InvalidInput(f"{name}: the sign {code} may be {' or '.join(known)}; name the currency in a column")
    return known[0] if known else code


def check_one(name: str, codes: Iterable[str | None]) -> None:
    """Refuse several currencies where nobody said what they are worth; a sign is no other than a code that has it."""
    found = sorted({code for code in codes if code is not None})
    families = {code: FAMILIES.get(code, FAMILIES.get(code.lower(), frozenset())) for code in found}
    found = [code for code in found if not families[code].intersection(found)]
    if len(found) > 1:
        table = ", ".join(f'"{code}": ...' for code in found[:3]) + (", ..." if len(found) > 3 else "")
        raise InvalidInput(
            f"{name}: values in several currencies cannot be compared without rates; found {enumerate_some(found)}. "
            f"Say what one unit of each is worth: Policy(currencies={{{table}}}), or [currencies] in a policy file"
        )


def _named(rates: Mapping[str, float]) -> str:
    return ", ".join(sorted(rates))
