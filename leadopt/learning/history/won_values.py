"""What past leads were won for, in numbers: by combination of levels, in one unit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from leadopt.arrays import Bools, Ints
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.learning.history.outcomes import truths
from leadopt.tables import Table
from leadopt.tables.amounts import MOST_AMOUNT, Amounts
from leadopt.tables.cells import as_number, as_outcome, blanked
from leadopt.tables.currencies import check_unit, currency_code, rates_of
from leadopt.tables.text import as_it_stands, count, number

_LEFT_EMPTY = "Leave it empty where it is not known."
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WonValues:
    """Won leads with a value, in groups that are alike: of the same levels, and of one magnitude.

    Parameters
    ----------
    keys
        one list for each column, with a cell for each group; missing values are None
    amounts
        their values, in the unit of the plan
    counted
        int64 (n_groups,), how many of these there are
    n_missing
        won leads without a value
    n_distinct
        asks how many different values there are; from 50 on an engine may say fewer
    currencies
        the codes that occur
    """

    keys: tuple[list[Any], ...]
    amounts: Amounts
    counted: Ints
    n_missing: int
    n_distinct: Callable[[], int]
    currencies: tuple[str, ...]

    def without(self, paid: Bools) -> tuple["WonValues", Ints]:
        """Return the same without the amounts above 0 of some groups, and which groups are left."""
        amounts, kept = self.amounts, ~paid
        rest = replace(
            amounts,
            rows=amounts.rows - paid * amounts.paid,
            known=amounts.known - paid * amounts.paid,
            **{name: getattr(amounts, name) * kept for name in ("logs", "squared_logs", "total", "squares")},
        )
        counted = self.counted - paid * amounts.paid
        left = np.flatnonzero(counted)
        return replace(
            self,
            keys=tuple([key[group] for group in left] for key in self.keys),
            amounts=rest.take(left),
            counted=counted[left],
        ), left


def won_values(
    history: Table,
    columns: Sequence[str],
    value: str,
    converted: str,
    currency: str | None = None,
    rates: Mapping[str, float] | None = None,
    *,
    zero_missing: bool = False,
) -> WonValues:
    """Return what won leads were worth, by the levels of some columns; with `zero_missing` a 0 says nothing of that.

    Raises
    ------
    InvalidInput
        a column is missing, an outcome cannot be read, a won value is below 0, or a currency has no rate
    """
    history.require(value)
    history = history.judged(converted).measured(value, asked=True)  # before a part of the column is looked at
    truth = truths(history, converted, history.grouped([converted])[0])
    won = history.where(converted, [outcome for outcome, said in truth.items() if said == 1])
    keys, amounts = won.grouped_amounts([*columns, *([] if currency is None else [currency])], value)
    if amounts.wrong.any():
        _refuse_value(history, value, converted)
    counted = amounts.paid if zero_missing else amounts.known
    valued = np.flatnonzero(counted)
    found, codes = amounts.take(valued), [None if currency is None else currency_code(keys[-1][k]) for k in valued]
    if currency is not None:
        factor = rates_of(f"{history.name}.{currency}", codes, rates)
        check_unit(f"{history.name}.{value}", np.exp(found.logs / np.maximum(found.paid, 1)), factor)
        found = found.times(factor)
    return WonValues(
        keys=tuple(blanked([key[group] for group in valued]) for key in keys[: len(columns)]),
        amounts=found,
        counted=counted[valued],
        n_missing=int((amounts.rows - counted).sum()),
        n_distinct=lambda: won.n_levels(value) - bool((amounts.rows > amounts.known).any()) - bool(amounts.free.any()),
        currencies=tuple(sorted({code for code in codes if code is not None})),
    )


def _refuse_value(history: Table, value: str, converted: str) -> NoReturn:
    history = history.combinations([value, converted])
    values, outcomes = history.amounts(value), history.values(converted)
    rows = [
        row
        for row, (found, outcome) in enumerate(zip(values, outcomes, strict=True))
        if found is not None and as_outcome(outcome) == 1 and not 0.0 <= as_number(found) <= MOST_AMOUNT
    ]
    rule, mend = f"what a won lead was worth must be a number from 0 to {MOST_AMOUNT:g}", _LEFT_EMPTY
    history.refuse(value, rows[0], rule, history.values(value)[rows[0]], mend, more=len(rows) - 1)


def tiny_notes(amounts: Amounts, odd: Bools, least_log: float) -> list[str]:
    """Return what is said of amounts that are smaller than what is ever expected, odd ones aside; nothing without any.

    Parameters
    ----------
    amounts
        groups of won leads with amounts above 0
    odd
        bool (n_groups,), which are told of already
    least_log
        logarithm of the least that is expected
    """
    tiny = ~odd & (amounts.logs < least_log * amounts.paid)
    if not tiny.any():
        return []
    are = "has an amount" if (n := int(amounts.paid[tiny].sum())) == 1 else "have amounts"
    return [
        f"{count(n, 'won lead')} of history {are} below {number(float(np.exp(least_log)))}, the least that is ever "
        "expected: write amounts in a larger unit"
    ]


def check_value_zero(name: str, meaning: Any) -> str | None:
    """Return what a value of 0 means: "missing", or None, which is that it is 0.

    Raises
    ------
    InvalidInput
        anything else
    """
    if meaning is not None and meaning != "missing":
        raise InvalidInput(f'{name}: must be "missing" where a value of 0 is one that is not known; found {meaning!r}')
    return "missing" if meaning is not None else None


def zero_note(n_zero: int, n_won: int) -> str:
    """Return what is said of won leads with a value of 0."""
    return (
        f"{n_zero:,} of {count(n_won, 'won lead')} {'was' if n_zero == 1 else 'were'} won for 0, which counts as it "
        f'is: set value_zero = "missing" where 0 means "not filled in"'
    )


def odd_notes(amounts: Amounts, odd: Bools) -> list[str]:
    """Return what is said of amounts that are far from what the others suggest, nothing where there are none."""
    if not odd.any():
        return []
    n, usual = int(amounts.paid[odd].sum()), np.exp(amounts.logs[~odd].sum() / amounts.paid[~odd].sum())
    each = (amounts.total[odd] / amounts.paid[odd]).tolist()
    found = enumerate_some(list(dict.fromkeys(map(as_it_stands, sorted(each)))), _SHOWN)
    return [
        f"{count(n, 'won lead')} of history {'has an amount' if n == 1 else 'have amounts'} far from all that the "
        f"others suggest ({found}; usual is about {number(usual)}), and hardly {'counts' if n == 1 else 'count'}: "
        f"correct {'it' if n == 1 else 'them'}, or leave {'it' if n == 1 else 'them'} empty where not known"
    ]
