"""What every solver is and returns. The contract is stated here once; a solver says only what differs."""

from dataclasses import dataclass, field
from numbers import Real
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.errors import InvalidInput
from leadopt.problem.problem import Problem
from leadopt.progress import OnProgress

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a solver found; nothing in it is believed before `certify` has recomputed it.

    Parameters
    ----------
    rep_of_lead
        int64 (n_leads,), -1 = pool
    prices
        (n_reps,), dual values of the capacities
    limit_prices
        (n_limits,), dual values of the limits: negative where a lower bound holds leads against their gain
    stats
        figures of the solve, such as how many nodes it had
    undecided
        the leads that may have another best choice at the prices, ascending, as far as a solver found on its way;
        None = nobody has looked
    """

    rep_of_lead: Ints
    prices: Floats
    limit_prices: Floats
    stats: dict[str, float] = field(default_factory=dict)
    lead_prices: Floats | None = None
    undecided: Ints | None = None


class Solver(Protocol):
    """A value that holds only its options; solving leaves no trace in it."""

    @property
    def name(self) -> str:
        """What `Match.solver` and reports call it."""
        ...

    def refuses(self, problem: Problem) -> str | None:
        """Return why this solver cannot take the problem, None if it can. Never solves."""
        ...

    def solve(
        self,
        problem: Problem,
        on_progress: OnProgress | None = None,
        *,
        prices: ArrayLike | None = None,
        time_limit_s: float | None = None,
    ) -> Answer:
        """Return the best answer and its prices.

        Parameters
        ----------
        problem
            what is to be solved
        on_progress
            called with a `Progress` at every stage that the solver tells of
        prices
            (n_reps,), finite and not negative: a hint where the prices of the capacities may be, such as those of an
            earlier `Match`. It may save time and never changes what is proved; who has no use for it ignores it
        time_limit_s
            seconds after which the best allowed answer so far comes back, with ``stats["stopped"] = 1``; it is seldom
            exceeded by more than a fraction, except where leads must be placed and nothing short of an exact solve
            finds out where. None = solve to the end

        Raises
        ------
        Infeasible
            no answer meets every hard limit; carries a witness
        InvalidInput
            the solver refuses the problem, cannot keep a time limit, or a hint breaks its rule
        """
        ...


def checked_prices(prices: ArrayLike | None, n_reps: int) -> Floats | None:
    """Return a hint as float64 (n_reps,), None for none; refuse what cannot be prices."""
    if prices is None:
        return None
    try:
        array = np.asarray(prices, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"prices: must be numbers, one for each of {n_reps} reps; found {prices!r}") from None
    if array.shape != (n_reps,):
        raise InvalidInput(f"prices: must be one for each of {n_reps} reps; found shape {array.shape}")
    if bad := np.flatnonzero(~(np.isfinite(array) & (array >= 0)))[:1].tolist():
        raise InvalidInput(f"prices of rep {bad[0]}: must be finite, 0 or more; found {array[bad[0]]}")
    return array


def checked_time_limit(time_limit_s: float | None) -> float | None:
    """Return a time limit in seconds, None for none; refuse what is not a positive finite number."""
    if time_limit_s is None:
        return None
    number = isinstance(time_limit_s, Real) and not isinstance(time_limit_s, bool)
    if not (number and 0 < time_limit_s < np.inf):
        raise InvalidInput(
            f"time_limit_s: must be a positive finite number of seconds, or None; found {time_limit_s!r}"
        )
    return float(time_limit_s)


def refuse_time_limit(name: str, backend: str, time_limit_s: float | None) -> None:
    """Raise InvalidInput if a solver whose backend knows no time limit is given one."""
    if checked_time_limit(time_limit_s) is not None:
        raise InvalidInput(
            f"{name} cannot keep a time limit, as {backend} has none; leave time_limit_s out or use Auction"
        )
