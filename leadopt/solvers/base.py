"""What every solver is and returns. The contract is stated here once; a solver says only what differs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.problem.inputs import number_of
from leadopt.problem.problem import Problem
from leadopt.problem.together import Contraction
from leadopt.progress import Meter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """What is known of a similar problem: hints, which may save time and never change what is proved.

    Parameters
    ----------
    prices
        (n_reps,), finite and not negative: where the prices of the capacities may be
    limit_prices
        (n_limits,), finite: where the prices of the limits may be, in their order
    rep_of_lead
        int64 (n_leads,), -1 = pool: an answer that may be allowed, such as the plan that is kept

    Notes
    -----
    `matching.solve` checks them, once; solvers trust them.
    """

    prices: Floats | None = None
    limit_prices: Floats | None = None
    rep_of_lead: Ints | None = None

    def checked(self, problem: Problem) -> "Near":
        """Return the hints as arrays; raise `InvalidInput` where one cannot belong to the problem."""
        if self.prices is None and self.limit_prices is None and self.rep_of_lead is None:
            return self
        n_leads, n_reps, n_limits = problem.n_leads, problem.n_reps, len(problem.limits)
        return Near(
            prices=_checked("prices", self.prices, n_reps, "rep", _is_price, "finite, 0 or more"),
            limit_prices=_checked("limit_prices", self.limit_prices, n_limits, "limit", np.isfinite, "finite"),
            rep_of_lead=_checked_reps(self.rep_of_lead, n_leads, n_reps),
        )


def near_groups(smaller: Contraction, near: Near) -> Near:
    """Return hints for the problem of groups, given those for leads that stay together."""
    m, k = smaller.problem.n_reps, len(smaller.units)
    slots = np.zeros(m) if near.prices is None else near.prices
    prices, limit_prices = smaller.prices_of_groups(
        slots, np.zeros(k) if near.limit_prices is None else near.limit_prices
    )
    answer = near.rep_of_lead
    return Near(
        prices=None if near.prices is None else prices,
        limit_prices=limit_prices if near.limit_prices is not None or smaller.slots_are_limits else None,
        rep_of_lead=None if answer is None else smaller.contracted(answer),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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
    lead_prices
        (n_leads,), prices of leads from which `knapsack_bound` proves a tighter bound; None = none were sought
    undecided
        the leads that may have another best choice at the prices, ascending, as far as a solver found on its way;
        None = nobody has looked
    rounding
        how much all gains together may have changed to fit whole numbers
    stopped
        whether the time limit ended the search
    complete
        whether a search ended that leaves nothing better, though the prices cannot prove it
    stats
        figures of the solve for people, such as how many nodes it had: nothing is decided by them
    """

    rep_of_lead: Ints
    prices: Floats
    limit_prices: Floats
    lead_prices: Floats | None = None
    undecided: Ints | None = None
    rounding: float = 0.0
    stopped: bool = False
    complete: bool = False
    stats: dict[str, float] = field(default_factory=dict)

    @property
    def is_decided(self) -> bool:
        """Whether it is known that no lead has another best choice."""
        return self.undecided is not None and not len(self.undecided)


class Solver(Protocol):
    """A value that holds only its options; solving leaves no trace in it."""

    @property
    def name(self) -> str:
        """What `Match.solver` and reports call it."""
        ...

    @property
    def untimed(self) -> str | None:
        """The backend that knows no time limit, so that this solver keeps none; None if it keeps one."""
        ...

    def refuses(self, problem: Problem) -> str | None:
        """Return why this solver cannot take the problem, None if it can. Never solves."""
        ...

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the best answer and its prices.

        Parameters
        ----------
        problem
            what is to be solved
        near
            hints, checked; who has no use for one ignores it
        meter
            is told of every stage that the solver tells of. Once its time is over, the best allowed answer so far comes
            back, `stopped`; that is seldom late by more than a fraction, except where leads must be placed and nothing
            short of an exact solve finds out where. Who is `untimed` solves to the end

        Raises
        ------
        Infeasible
            no answer meets every hard limit; carries a witness
        InvalidInput
            the solver refuses the problem
        """
        ...


def checked_time_limit(time_limit_s: float | None) -> float | None:
    """Return a time limit in seconds, None for none, which inf is too; refuse what is no positive number."""
    if time_limit_s is None:
        return None
    rule = "a positive number of seconds, or inf or None for no limit"
    seconds = number_of(time_limit_s, "time_limit_s:", rule)
    if not seconds > 0:
        raise InvalidInput(f"time_limit_s: must be {rule}; found {time_limit_s!r}")
    return seconds if seconds < np.inf else None


def _is_price(prices: Floats) -> Bools:
    return np.isfinite(prices) & (prices >= 0)


def _checked(name: str, given: Any, n: int, whom: str, holds: Callable[[Floats], Bools], rule: str) -> Floats | None:
    """Return one number for each rep or limit as float64, None for none; refuse what breaks the rule."""
    if given is None:
        return None
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name}: must be numbers, one for each of {n} {whom}s; found {given!r}") from None
    if array.shape != (n,):
        raise InvalidInput(f"{name}: must be one for each of {n} {whom}s; found shape {array.shape}")
    if bad := np.flatnonzero(~holds(array))[:1].tolist():
        raise InvalidInput(f"{name} of {whom} {bad[0]}: must be {rule}; found {array[bad[0]]}")
    return array


def _checked_reps(given: Any, n_leads: int, n_reps: int) -> Ints | None:
    """Return the rep of each lead as int64, None for none; refuse what are no reps."""
    if given is None:
        return None
    array = np.asarray(given)
    if array.dtype.kind not in "iu" or array.shape != (n_leads,):
        raise InvalidInput(
            f"rep_of_lead: must be whole numbers, one for each of {n_leads} leads; "
            f"found {array.dtype} of shape {array.shape}"
        )
    if bad := np.flatnonzero((array < -1) | (array >= n_reps))[:1].tolist():
        raise InvalidInput(f"rep of lead {bad[0]}: must be -1 to {n_reps - 1}; found {array[bad[0]]}")
    return array.astype(np.int64)
