"""What was known of a history at some moment: which leads were settled by then, and which were open."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Bools, Ints
from leadopt.evaluate.history.records import Records
from leadopt.tables import Table
from leadopt.tables.written import NOT_WON


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What was known.

    Parameters
    ----------
    table
        the history as it was
    settled
        bool (n_rows,), which rows had an outcome
    still_open
        int64, the rows that had none, and were assigned
    """

    table: Table
    settled: Bools
    still_open: Ints


def known_by(everything: Records, moment: float, converted: str) -> Known:
    """Return what was known of all rows of a history before a moment, in seconds since 1970.

    Of a lead that nobody knows to have been assigned by then, nothing was known before it was settled.
    """
    none = np.full(everything.n_rows, np.nan)
    time, began = (none if found is None else found for found in (everything.time, everything.began))
    settled, there = time < moment, began < moment  # where it is not known, neither is so
    still = np.flatnonzero(there & ~settled)
    rows = np.flatnonzero(settled | there)
    outcomes = [NOT_WON[int(everything.won[row])] if settled[row] else NOT_WON[None] for row in rows.tolist()]
    return Known(table=everything.table.take(rows).with_text(converted, outcomes), settled=settled, still_open=still)
