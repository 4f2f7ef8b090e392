"""What past leads were won for, in numbers: by combination of levels, in one unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from leadopt.learning.history.outcomes import truths
from leadopt.tables import Table
from leadopt.tables.amounts import MOST_AMOUNT, Amounts
from leadopt.tables.cells import as_number, as_outcome, blanked
from leadopt.tables.currencies import currency_code, rates_of

_LEFT_EMPTY = "Leave it empty where it is not known."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WonValues:
    """Won leads with a value, in groups that are alike.

    Parameters
    ----------
    keys
        one list for each column, with a cell for each group; missing values are None
    amounts
        their values, in the unit of the plan
    n_missing
        won leads without a value
    currencies
        the codes that occur
    """

    keys: tuple[list[Any], ...]
    amounts: Amounts
    n_missing: int
    currencies: tuple[str, ...]


def won_values(
    history: Table,
    columns: Sequence[str],
    value: str,
    converted: str,
    currency: str | None = None,
    rates: Mapping[str, float] | None = None,
) -> WonValues:
    """Return what won leads were worth, by the levels of some columns.

    Raises
    ------
    InvalidInput
        a column is missing, an outcome cannot be read, a won value is not above 0, or a currency has no rate
    """
    history.require(value)
    history = history.judged(converted).measured(value, asked=True)  # before a part of the column is looked at
    truth = truths(history, converted, history.grouped([converted])[0])
    won = history.where(converted, [outcome for outcome, said in truth.items() if said == 1])
    keys, amounts = won.grouped_amounts([*columns, *([] if currency is None else [currency])], value)
    if amounts.wrong.any():
        _refuse_value(history, value, converted)
    valued = np.flatnonzero(amounts.known)
    found, codes = amounts.take(valued), [None if currency is None else currency_code(keys[-1][k]) for k in valued]
    if currency is not None:
        found = found.times(rates_of(f"{history.name}.{currency}", codes, rates))
    return WonValues(
        keys=tuple(blanked([key[group] for group in valued]) for key in keys[: len(columns)]),
        amounts=found,
        n_missing=int((amounts.rows - amounts.known).sum()),
        currencies=tuple(sorted({code for code in codes if code is not None})),
    )


def _refuse_value(history: Table, value: str, converted: str) -> NoReturn:
    history = history.combinations([value, converted])
    values, outcomes = history.amounts(value), history.values(converted)
    rows = [
        row
        for row, (found, outcome) in enumerate(zip(values, outcomes, strict=True))
        if found is not None and as_outcome(outcome) == 1 and not 0.0 < as_number(found) <= MOST_AMOUNT
    ]
    rule, mend = f"what a won lead was worth must be a number above 0, at most {MOST_AMOUNT:g}", _LEFT_EMPTY
    history.refuse(value, rows[0], rule, history.values(value)[rows[0]], mend, more=len(rows) - 1)
