"""Values in one unit: the rate of each currency, and what is refused where there is none."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput, enumerate_some
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
    meant = {code: _of_sign(name, code, rates) for code in dict.fromkeys(codes)}
    for code in meant.values():
        if code is None:
            raise InvalidInput(f"{name}: with rates, every value needs a currency ({_named(rates)}); found nothing")
        if code not in rates:
            raise InvalidInput(
                f"{name}: no rate for the currency {code}; known are {_named(rates)}. "
                f'Add it: Policy(currencies={{"{code}": ...}}), or {code} = ... under [currencies] in a policy file'
            )
    return np.array([rates[meant[code] or ""] for code in codes], dtype=np.float64).reshape(len(codes))


def _of_sign(name: str, code: str | None, rates: Mapping[str, float]) -> str | None:
    """Return the one currency with a rate that has a sign; a code is itself."""
    if code in rates or code not in FAMILIES:
        return code
    known = sorted(FAMILIES[code] & rates.keys())
    if len(known) > 1:
        raise InvalidInput(f"{name}: the sign {code} may be {' or '.join(known)}; name the currency in a column")
    return known[0] if known else code


def with_signs(table: Table, value: str, currency: str) -> Table:
    """Return the table with the currencies of signs such as € in its column of values, where it names none itself.

    Raises
    ------
    InvalidInput
        sign and column of currencies contradict each other
    """
    texts = table.texts(value) if value in table else ()
    signs = read_numbers(texts).currency if texts else {}
    if not signs:
        return table
    found = [signs.get(cell) if isinstance(cell, str) else None for cell in table.values(value)]
    if currency not in table:
        return table.with_text(currency, found)
    named = [currency_code(code) for code in table.values(currency)]
    for row, (sign, code) in enumerate(zip(found, named, strict=True)):
        if sign is not None and code is not None and sign != code and code not in FAMILIES.get(sign, ()):
            table.refuse(
                value, row, f"the sign must be that of the column {currency}, {code}", table.values(value)[row]
            )
    return table.with_text(currency, [code or sign for code, sign in zip(named, found, strict=True)])


def check_one(name: str, codes: Iterable[str | None]) -> None:
    """Refuse several currencies where nobody said what they are worth; a sign is no other than a code that has it."""
    found = sorted({code for code in codes if code is not None})
    found = [code for code in found if not FAMILIES.get(code, frozenset()).intersection(found)]
    if len(found) > 1:
        table = ", ".join(f'"{code}": ...' for code in found[:3]) + (", ..." if len(found) > 3 else "")
        raise InvalidInput(
            f"{name}: values in several currencies cannot be compared without rates; found {enumerate_some(found)}. "
            f"Say what one unit of each is worth: Policy(currencies={{{table}}}), or [currencies] in a policy file"
        )


def _named(rates: Mapping[str, float]) -> str:
    return ", ".join(sorted(rates))
