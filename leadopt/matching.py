"""`match`: arrays in, the best assignment with its prices and its certificate out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from leadopt.arrays import Floats, Ints
from leadopt.errors import Infeasible, InvalidInput, PrecisionWarning, SolverFailed, enumerate_some
from leadopt.problem.certify import OPTIMAL_GAP, Bound, Certificate
from leadopt.problem.fitting import fitting
from leadopt.problem.gains import Affinity
from leadopt.problem.presolved.in_leads import Folded, in_leads, takes
from leadopt.problem.presolved.proven import proven, tightened
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.together import Contraction, contraction_of
from leadopt.progress import Meter, OnProgress, telling
from leadopt.solvers import Answer, Auto, Milp, MinCostFlow, Near, Solver
from leadopt.solvers.base import checked_time_limit, near_groups
from leadopt.solvers.optimal.evened import evened
from leadopt.solvers.optimal.ties import spread_ties
from leadopt.tables.result import Result
from leadopt.tables.text import count, number

_SEARCHED = 20_000  # pairs up to which a search takes up what rounding leaves open
_NO_LOSS = 1e-12  # of the objective: what adding up in another order can do to it
_GRACE = 0.05  # of a time limit
_MOMENT_S = 1e-9  # that is left to solve where building took all the time: for what is plain to see


class Status(Enum):
    """What is proved about a match; the value is advice."""

    OPTIMAL = "No allowed assignment is worth more; the certificate proves it."
    SOLVED = "Best as far as the backend's search can be believed; the certificate alone proves no more than `gap`."
    FEASIBLE = "Allowed, and at most `gap` below the best; if that is too much, allow more time or another solver."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Match(Result):
    """An assignment in arrays, with everything needed to check it.

    Parameters
    ----------
    problem
        what was solved
    rep_of_lead
        int64 (n_leads,), the rep of each lead, -1 = pool
    objective
        gains of the placed leads, plus the reserve of each other (where finite), less penalties
    bound, gap
        no allowed assignment is worth more than `bound`; ``gap`` as in `Certificate`
    prices
        float64 (n_reps,), dual values: with one more slot of a rep no answer is worth more than the bound by these
        prices alone (`certify`), and this. Where that proves the answer, it is what one more slot adds at most, and one
        fewer costs at least. Where leads stay together, as many slots as a group takes have room for one more: a price
        is a slot's part of what that adds
    limit_prices
        float64 (n_limits,), the same for each limit; negative where a minimum costs gain
    lead_prices
        float64 (n_leads,), prices of leads that bound more tightly (`leadopt.problem.knapsack_bound`), where limits on
        each rep's time leave a gap; where leads stay together, each has an equal part of its group's. None elsewhere
    status
        OPTIMAL only with a certified gap of 1e-9 or less
    solver
        name of the solver that found it
    stats
        figures of the solve
    """

    problem: Problem
    rep_of_lead: Ints
    objective: float
    bound: float
    gap: float
    prices: Floats
    limit_prices: Floats
    status: Status
    solver: str
    stats: dict[str, float]
    lead_prices: Floats | None = None

    def summary(self) -> str:
        """Return how many leads are placed, what that is worth, and what is proved of it, in one sentence."""
        placed = int((self.rep_of_lead >= 0).sum())
        # Of a complete search the gap says little; rounded to whole percents, a gap of 0.3% would be none.
        lacks = f", at most {100.0 * self.gap:.2g}% below the best" if self.status is Status.FEASIBLE else ""
        of = f"{placed} of {count(len(self.rep_of_lead), 'lead')} placed"
        return f"{of}, worth {number(self.objective)}: {self.status.name} ({self.solver}){lacks}"

    def _told(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__ if name != "problem"}
        return told | {"status": self.status.name}


def match(
    affinity: Affinity | ArrayLike,
    capacity: ArrayLike,
    *,
    limits: Sequence[Limit] = (),
    pins: Mapping[int, int] | ArrayLike | None = None,
    reserve: float = 0.0,
    together: ArrayLike | None = None,
    solver: Solver | None = None,
    rng: int | np.random.Generator = 0,
    prices: ArrayLike | None = None,
    time_limit_s: float | None = None,
    on_progress: OnProgress | None = None,
) -> Match:
    r"""Return the assignment of leads to reps with the greatest total gain, and the proof.

    .. math:: \max_x \sum_{ij} gain_{ij} x_{ij} + reserve \cdot \#pool \quad\text{under capacities, limits and pins}

    Parameters
    ----------
    affinity
        `Affinity` or a matrix (n_leads, n_reps) of gains; -inf where a pair is ineligible. Or a matrix of
        `scipy.sparse` (csr, csc or coo), of which what is stored is eligible, also where it is 0, and nothing else:
        where territories or skills leave each lead few reps, time and memory are in proportion to the eligible pairs
    capacity
        whole numbers (n_reps,), most leads each rep may get, or one number for all. A pandas Series is put in the
        order of the columns of `affinity` by its labels, if that is a data frame; all else counts by position
    limits
        further limits, of any kind
    pins
        rep a lead is fixed to: a mapping from lead to rep, or int (n_leads,) with -1 = free
    reserve
        gain of leaving a lead in the pool, where it stays if no eligible slot is left or none is worth more;
        -inf = every lead must be placed
    together
        whole numbers (n_leads,): leads with the same number go to one rep or to the pool together, -1 = alone
    solver
        None = `Auto()`
    rng
        seed or generator that decides between equally good assignments, once loads are as even as these allow
    prices
        (n_reps,), finite and not negative: a hint where the prices may be, such as those of an earlier `Match`. Solving
        anew after a small change is faster with it, and just as exact; solvers without a use for it ignore it
    time_limit_s
        seconds after which the best allowed answer so far comes back, with its honest gap and ``stats["stopped"] = 1``;
        a tenth later at most and a tenth of a second, for proving it, or for want of any allowed answer: `SolverFailed`
        then says which limits are in the way. `Auction`, `Envelope` and `Milp` keep one, and exceed it where only an
        exact solve finds out who can be placed, or where it is too short for a few looks at every pair; `Auto` chooses
        one of them, or who surely ends in time without looking at the clock. None or inf = no limit
    on_progress
        called with a `Progress` at every stage

    Returns
    -------
    Match
        its status is OPTIMAL only if the certificate, which shares no code with the solver, says so

    Raises
    ------
    InvalidInput
        the input breaks a rule, or the given solver takes no such limits or no limit of time
    Infeasible
        no assignment meets every hard limit; carries a witness

    Examples
    --------
    >>> m = match([[0.3, 0.1], [0.4, 0.3], [0.2, 0.1]], capacity=[1, 1])
    >>> m.rep_of_lead, m.prices.round(2), m.status.name
    (array([ 0,  1, -1]), array([0.2, 0.1]), 'OPTIMAL')
    """
    limit_s = checked_time_limit(time_limit_s)
    meter = Meter(on_progress, limit_s)
    meter.enter("build")
    rules: dict[str, Any] = {"limits": limits, "pins": pins, "reserve": reserve, "together": together}
    problem = Problem(affinity=affinity, capacity=_in_order(capacity, affinity), **rules)  # type: ignore[arg-type]
    near = Near(prices=prices)  # type: ignore[arg-type]
    return solve(problem, solver, rng=rng, near=near, time_limit_s=_left_s(meter), on_progress=meter.relay)


def _left_s(meter: Meter) -> float | None:
    """Return the seconds that are left, a moment at least; None where there is no limit."""
    return None if meter.limit_s is None else max(meter.left_s, _MOMENT_S)


def _in_order(capacity: Any, affinity: Any) -> Any:
    """Return capacities in the order of the columns of a data frame, where their own labels tell it."""
    labels, columns = getattr(capacity, "index", None), getattr(affinity, "columns", None)
    if labels is None or columns is None or callable(labels) or getattr(capacity, "ndim", 1) != 1:
        return capacity
    for name, ids in (("capacity: its labels", labels), ("affinity: its columns", columns)):
        if twice := [one for one, times in Counter(map(str, ids)).items() if times > 1]:
            raise InvalidInput(f"{name} must each stand there once, to be told apart; found {twice[0]} twice")
    reps, most = [str(column) for column in columns], dict(zip(map(str, labels), capacity, strict=True))
    by_position = [str(k) for k in range(len(most))]
    if sorted(most) != sorted(reps) and by_position in (list(most), reps):
        return capacity
    if gone := [rep for rep in reps if rep not in most] or [rep for rep in most if rep not in reps]:
        raise InvalidInput(
            f"capacity: its labels must be the columns of affinity ({enumerate_some(reps, 3)}); "
            f"found {enumerate_some(most, 3)}, and {gone[0]} has no other"
        )
    return [most[rep] for rep in reps]


def solve(
    problem: Problem,
    solver: Solver | None = None,
    *,
    rng: int | np.random.Generator = 0,
    near: Near | None = None,
    time_limit_s: float | None = None,
    capped: bool = False,
    on_progress: OnProgress | None = None,
) -> Match:
    """Return what `match` does, for a problem that is built already: solve, certify, share out ties, certify.

    A search that is `capped` ends as one without a time limit does, and is not to use time for something better.
    """
    limit_s = checked_time_limit(time_limit_s)
    meter = Meter(on_progress, limit_s)
    rng = _checked_rng(rng)
    hints = (near or Near()).checked(problem)
    if (smaller := contraction_of(problem)) is not None:
        again = partial(solve, smaller.problem, solver, rng=rng, on_progress=meter.relay)
        try:
            groups = again(near=near_groups(smaller, hints), time_limit_s=_left_s(meter), capped=capped)
        except Infeasible as error:
            raise smaller.refusal(error) from None
        return _of_leads(problem, smaller, groups)
    if (fits := fitting(problem)) is not problem:
        again = partial(solve, fits, solver, rng=rng, near=hints, capped=capped, on_progress=meter.relay)
        with suppress(Infeasible):  # a solve with all pairs says which limits are in the way
            return _proven_anew(problem, again(time_limit_s=_left_s(meter)))
    if solver is None or isinstance(solver, Auto):
        again = partial(solve, rng=rng, capped=capped, on_progress=meter.relay)
        if (found := _said_otherwise(problem, again, hints, meter)) is not None:
            return found
    if (leaner := _lean(problem, solver)) is not None:
        again = partial(solve, leaner, rng=rng, near=hints, capped=capped, on_progress=meter.relay)
        return _proven_anew(problem, again(time_limit_s=_left_s(meter)))
    chosen = _chosen(Auto() if solver is None else solver, problem, limit_s)
    meter.enter("solve")
    timed = Meter(meter.relay, _left_s(meter), capped=capped)
    with telling(meter):
        answer = chosen.solve(problem, hints, timed)
        meter.enter("certify")
        bound = Bound.at(problem, answer.prices, answer.limit_prices)
        certificate = _certified(bound, answer, answer.rep_of_lead, chosen)
        if not certificate.optimal and answer.rounding and problem.n_leads * problem.n_reps <= _SEARCHED:
            chosen, answer, certificate = _searched(problem, answer, certificate, chosen, timed)
            bound = Bound.at(problem, answer.prices, answer.limit_prices)
        meter.enter("spread ties", certificate.objective, certificate.bound)
        sharing = _Sharing(bound=bound, answer=answer, certificate=certificate, solver=chosen, rng=rng)
        rep_of_lead, certificate = sharing.nested() if sharing.is_nested else sharing.any(hints.rep_of_lead, timed)
    meter.enter("done", certificate.objective, certificate.bound)
    return _as_match(problem, answer, rep_of_lead, certificate, chosen)


def _of_leads(problem: Problem, smaller: Contraction, groups: Match) -> Match:
    """Return the match of leads that stay together, given that of their groups."""
    prices, limit_prices = smaller.prices_of_leads(groups.prices, groups.limit_prices)
    lead_prices = None if groups.lead_prices is None else smaller.shared_out(groups.lead_prices)
    rep_of_lead = smaller.expanded(groups.rep_of_lead)
    leads = replace(groups, rep_of_lead=rep_of_lead, prices=prices, limit_prices=limit_prices, lead_prices=lead_prices)
    return _proven_anew(problem, leads)


def _proven_anew(problem: Problem, found: Match) -> Match:
    """Return the match of a problem with what was found for one that says the same otherwise."""
    proof = proven(problem, found.rep_of_lead, found.prices, found.limit_prices, found.lead_prices)
    if proof.violations:
        raise SolverFailed(f"{found.solver} broke a rule: {proof.violations[0]}; please report this")
    unproven = Status.SOLVED if found.status is Status.OPTIMAL else found.status
    return replace(
        found,
        problem=problem,
        objective=proof.objective,
        bound=proof.bound,
        gap=proof.gap,
        status=Status.OPTIMAL if proof.optimal else unproven,
    )


def _said_otherwise(problem: Problem, again: Callable[..., Match], near: Near, meter: Meter) -> Match | None:
    """Return the match of a problem whose limits can be said in leads, or as slots.

    None where none can, or a price of what leads take is beyond float64.
    """
    if not problem.limits:
        return None
    counting, size, hints = in_leads(problem), takes(problem), near
    if near.limit_prices is not None:
        hints = replace(near, limit_prices=near.limit_prices * size)
    if (folded := Folded.of(counting)) is not None:
        with suppress(Infeasible):  # a solve with these limits says which of them are in the way
            found = again(folded.problem, near=_near_fewer(folded, hints), time_limit_s=_left_s(meter))
            prices, limit_prices = folded.prices_of_all(found.prices, found.limit_prices)
            return _by_unit(problem, replace(found, prices=prices, limit_prices=limit_prices), size)
    if counting is problem:
        return None
    found = again(counting, near=hints, time_limit_s=_left_s(meter))
    return _by_unit(problem, found, size)


def _by_unit(problem: Problem, found: Match, size: Floats) -> Match | None:
    """Return the match of a problem, given one with prices of leads that take so much; None where prices overflow."""
    with np.errstate(over="ignore"):
        limit_prices = found.limit_prices / size
    if not np.isfinite(limit_prices).all():
        return None
    return _proven_anew(problem, replace(found, limit_prices=limit_prices))


def _near_fewer(folded: Folded, near: Near) -> Near:
    """Return hints for a problem with fewer limits."""
    if near.limit_prices is None:
        return near
    if near.prices is None:
        return replace(near, limit_prices=near.limit_prices[folded.kept])
    prices, limit_prices = folded.prices_of_fewer(near.prices, near.limit_prices)
    return replace(near, prices=prices, limit_prices=limit_prices)


def _lean(problem: Problem, solver: Solver | None) -> Problem | None:
    """Return the problem of eligible pairs alone where they are few and a solver that goes by them will be chosen."""
    if not (solver is None or isinstance(solver, Auto)) or (problem.limits and MinCostFlow().refuses(problem)):
        return None
    affinity = problem.affinity.lean()
    return None if affinity is None else problem.replace(affinity=affinity)


def _chosen(solver: Solver, problem: Problem, limit_s: float | None) -> Solver:
    if isinstance(solver, type) and callable(getattr(solver, "solve", None)):
        raise InvalidInput(f"solver: must be a solver, such as {solver.__name__}(); found the class, without brackets")
    if not callable(getattr(solver, "solve", None)):
        raise InvalidInput(f"solver: must be a solver, such as Milp(), or None; found {solver!r}")
    if isinstance(solver, Auto):  # who keeps none is chosen only for what is quick
        return solver.choose(problem, limit_s)
    if limit_s is not None and solver.untimed is not None:
        raise InvalidInput(
            f"{solver.name} cannot keep a time limit, as {solver.untimed} has none; "
            "leave time_limit_s out or use Auction"
        )
    return solver


def _checked_rng(rng: int | np.random.Generator) -> int | np.random.Generator:
    """Return a seed or a generator; a seed becomes one only once something is drawn, which takes a while."""
    if type(rng) is int and rng >= 0:
        return rng
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"rng: must be a whole number, 0 or more, or a numpy Generator; found {rng!r}") from None


def _certified(bound: Bound, answer: Answer, rep_of_lead: Ints, solver: Solver) -> Certificate:
    """Return what the bound at the prices of an answer proves of some reps: its own, or others as good."""
    certificate = bound.certify(rep_of_lead)
    if certificate.violations:
        raise SolverFailed(f"{solver.name} broke a rule: {certificate.violations[0]}; please report this")
    return _tightened(bound.problem, answer, certificate)


def _tightened(problem: Problem, answer: Answer, certificate: Certificate) -> Certificate:
    return tightened(problem, certificate, answer.prices, answer.limit_prices, answer.lead_prices)


def _searched(
    problem: Problem, answer: Answer, certificate: Certificate, solver: Solver, meter: Meter
) -> tuple[Solver, Answer, Certificate]:
    """Return a better answer, or one that is known to be best, where gains too far apart were rounded to be solved."""
    search = Milp()
    found = search.solve(problem, Near(rep_of_lead=answer.rep_of_lead), meter)
    after = _certified(Bound.at(problem, found.prices, found.limit_prices), found, found.rep_of_lead, search)
    if not (found.complete or after.optimal) and after.objective <= certificate.objective:
        return solver, answer, certificate
    if after.bound <= certificate.bound:
        return search, found, after
    # The tighter bound is that of the prices before.
    found = replace(found, prices=answer.prices, limit_prices=answer.limit_prices, lead_prices=None)
    bound = Bound.at(problem, found.prices, found.limit_prices)
    return search, found, _certified(bound, found, found.rep_of_lead, search)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sharing:
    """An answer whose ties are to be shared out at no loss."""

    bound: Bound
    answer: Answer
    certificate: Certificate
    solver: Solver
    rng: int | np.random.Generator

    @property
    def problem(self) -> Problem:
        return self.bound.problem

    @property
    def is_nested(self) -> bool:
        """Whether prices prove the answer, and a flow takes its limits."""
        return self.certificate.optimal and MinCostFlow().refuses(self.problem) is None

    def nested(self) -> tuple[Ints, Certificate]:
        """Return the answer with ties shared out, unless that cost more than a certificate can tell from nothing.

        Where time is over, ties stay.
        """
        if self.answer.stopped or self.answer.is_decided:
            return self.answer.rep_of_lead, self.certificate
        even = spread_ties(self.problem, self.answer, np.random.default_rng(self.rng))
        if even is self.answer.rep_of_lead or np.array_equal(even, self.answer.rep_of_lead):
            return even, self.certificate
        evened = _certified(self.bound, self.answer, even, self.solver)
        return (even, evened) if evened.optimal else (self.answer.rep_of_lead, self.certificate)

    def any(self, near: Ints | None, timed: Meter) -> tuple[Ints, Certificate]:
        """Return the same for an answer that was searched, or under limits of any kind.

        Where time is over, a twentieth of it is taken on top at most.
        """
        if not self.problem.limits:  # and nothing is proved: whoever wants ties shared out allows more time
            return self.answer.rep_of_lead, self.certificate
        until_s = monotonic() + max(timed.left_s, _GRACE * (timed.limit_s or 0.0))
        even = evened(self.problem, self.answer, np.random.default_rng(self.rng), near, lambda: monotonic() < until_s)
        if np.array_equal(even, self.answer.rep_of_lead):
            return even, self.certificate
        found = self.bound.certify(even)
        if found.violations or found.objective < self.certificate.objective - _NO_LOSS * _size(self.certificate):
            return self.answer.rep_of_lead, self.certificate
        return even, _tightened(self.problem, self.answer, found)


def _size(certificate: Certificate) -> float:
    return max(abs(certificate.bound), abs(certificate.objective))


def _as_match(problem: Problem, answer: Answer, rep_of_lead: Ints, certificate: Certificate, solver: Solver) -> Match:
    if not certificate.optimal and answer.rounding > OPTIMAL_GAP * abs(certificate.bound):
        warnings.warn(
            f"gains were rounded to fit {solver.name}'s integers: up to {answer.rounding:.3g} of "
            f"{certificate.bound:.6g} may be lost; the gap of {certificate.gap:.3g} holds",
            PrecisionWarning,
            stacklevel=4,
        )
    return Match(
        problem=problem,
        rep_of_lead=rep_of_lead,
        objective=certificate.objective,
        bound=certificate.bound,
        gap=certificate.gap,
        prices=answer.prices,
        limit_prices=answer.limit_prices,
        status=_status(certificate, answer),
        solver=solver.name,
        stats=_figures(answer),
        lead_prices=answer.lead_prices,
    )


def _figures(answer: Answer) -> dict[str, float]:
    """Return the figures of a solve, and among them what else is worth knowing of it."""
    known = {"rounding": answer.rounding, "stopped": float(answer.stopped), "complete": float(answer.complete)}
    return answer.stats | {name: value for name, value in known.items() if value}


def _status(certificate: Certificate, answer: Answer) -> Status:
    if certificate.optimal:
        return Status.OPTIMAL
    return Status.SOLVED if answer.complete else Status.FEASIBLE
