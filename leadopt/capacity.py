"""How many leads each rep can take now: capacity, availability and open work, and minimum loads as limits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadopt.columns import Columns
from leadopt.frames import Table
from leadopt.problem import Limit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_MOST = 2.0**53  # floats beyond are no exact whole numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What each rep can take in this batch.

    Parameters
    ----------
    most
        int64 (n_reps,), leads at most
    least
        int64 (n_reps,), leads at least
    available
        float64 (n_reps,), fraction of the usual capacity that is there; 0 = away
    notes
        what was assumed, in words
    """

    most: Ints
    least: Ints
    available: Floats
    notes: tuple[str, ...]

    @property
    def away(self) -> Bools:
        """Who is not there at all, bool (n_reps,)."""
        return np.asarray(self.available <= 0)


def slots(reps: Table, columns: Columns, n_leads: int) -> Slots:
    r"""Return how many leads each rep can take.

    .. math:: most = \min(\lfloor capacity \cdot available \rfloor, \max(0, max\_open - open\_leads))

    Without `max_open`, a rep's capacity is the ceiling on open work. With neither, the leads are shared evenly by
    availability, and a note says so. A minimum counts in proportion to availability.

    Raises
    ------
    InvalidInput
        a capacity that is missing, negative or fractional; availability outside [0, 1]; open work that is no number
    """
    available = _optional(reps, columns.available, np.ones(reps.n_rows))
    notes: list[str] = []
    capacity = _whole(reps, columns.capacity) if columns.capacity in reps else None
    ceiling = _whole(reps, columns.max_open) if columns.max_open in reps else capacity
    usual = ceiling if capacity is None else capacity
    if usual is None:
        most = np.ceil(_even_share(available, n_leads))
        notes.append(
            f'no column "{columns.capacity}" in {reps.name}: leads are shared evenly by availability, '
            f"at most {int(most.max(initial=0))} each"
        )
    else:
        most = np.floor(np.where(available > 0, usual * available, 0.0) + 1e-9)
    if columns.open_leads in reps and ceiling is not None:
        most = np.minimum(most, np.maximum(ceiling - _whole(reps, columns.open_leads, missing=0.0), 0.0))
        if columns.max_open not in reps:
            notes.append(
                f'"{columns.capacity}" counts open leads too, as there is no column "{columns.max_open}": '
                f'"{columns.open_leads}" was subtracted'
            )
    least = np.zeros(reps.n_rows)
    if columns.min_leads in reps:
        least = np.floor(_whole(reps, columns.min_leads, missing=0.0) * available + 1e-9)
    return Slots(most=most.astype(np.int64), least=least.astype(np.int64), available=available, notes=tuple(notes))


def minimum_limits(least: Ints, names: Sequence[str]) -> list[Limit]:
    """Return one limit for each rep with a minimum: ``least[j] <= leads of rep j``."""
    return [
        Limit(reps=[rep], lower=int(least[rep]), name=f"minimum of {names[rep]}")
        for rep in np.flatnonzero(least > 0).tolist()
    ]


def _even_share(available: Floats, n_leads: int) -> Floats:
    total = available.sum()
    return n_leads * available / total if total > 0 else np.zeros_like(available)


def _optional(table: Table, column: str, default: Floats) -> Floats:
    return table.fractions(column) if column in table else default


def _whole(table: Table, column: str, missing: float | None = None) -> Floats:
    return table.numbers(column, low=0, high=_MOST, whole=True, missing=missing)
