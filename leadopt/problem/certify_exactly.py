"""The certificate's bound in fractions, for small problems whose prices or penalties dwarf what is gained.

In floating-point numbers, what is charged and given back would leave more rounding behind than an answer is worth.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Limit, Problem

_MOST = 50_000  # pairs times limits: a tenth of a second


def is_small(problem: Problem) -> bool:
    """Return whether a bound in fractions takes no time to speak of."""
    return problem.n_leads * problem.n_reps * (1 + len(problem.limits)) <= _MOST


def exact_bound(problem: Problem, prices: Floats, limit_prices: Floats) -> float:
    """Return what `certify` bounds an answer by at given prices, rounded up and not before.

    Examples
    --------
    >>> problem = Problem(affinity=[[3.0, 1.0], [2.0, 1.5]], capacity=[1, 1])
    >>> exact_bound(problem, np.array([1.0, 0.0]), np.zeros(0))
    4.5
    """
    gains = problem.affinity.dense()
    p, q = [[Fraction(price) for price in some.tolist()] for some in (prices, limit_prices)]
    priced = [(limit, price, _counted(problem, limit)) for limit, price in zip(problem.limits, q, strict=True) if price]
    total = sum((price * int(most) for price, most in zip(p, problem.capacity.tolist(), strict=True)), Fraction(0))
    for limit, price, _ in priced:
        total += price * Fraction(limit.reachable[1 if price > 0 else 0])
    for lead, pin in enumerate(problem.pins.tolist()):
        reps = range(problem.n_reps) if pin < 0 else [pin]
        options = [] if pin >= 0 or np.isneginf(problem.reserve) else [Fraction(problem.reserve)]
        for rep in reps:
            if gains[lead, rep] > -np.inf:
                charged = sum((price * counted[lead][rep] for _, price, counted in priced), p[rep])
                options.append(Fraction(float(gains[lead, rep])) - charged)
        if not options:
            return -np.inf
        total += max(options)
    return _up(total)


def exact_penalty(limit: Limit, rep_of_lead: Ints) -> float:
    """Return what an answer pays for a limit that gives way, rounded once.

    Examples
    --------
    >>> round(exact_penalty(Limit(usage=[0.1, 0.2], upper=0.3, penalty=1e16), np.array([0, 0])), 9)
    0.277555756
    """
    leads = np.flatnonzero(rep_of_lead >= 0)
    if limit.leads is not None:
        leads = leads[np.isin(leads, limit.leads)]
    if limit.reps is not None:
        leads = leads[np.isin(rep_of_lead[leads], limit.reps)]
    load = sum(map(Fraction, limit.usage_at(leads, rep_of_lead[leads]).tolist()), Fraction(0))
    over = load - Fraction(limit.upper) if np.isfinite(limit.upper) else Fraction(0)
    return float(Fraction(limit.penalty or 0.0) * max(Fraction(limit.lower) - load, over, Fraction(0)))


def _counted(problem: Problem, limit: Limit) -> Sequence[Sequence[Fraction]]:
    """Return what each lead takes of a limit with each rep."""
    found = np.zeros((problem.n_leads, problem.n_reps))
    leads = np.arange(problem.n_leads) if limit.leads is None else limit.leads
    found[leads] = limit.usage_of(leads)
    if limit.reps is not None:
        found[:, np.setdiff1d(np.arange(problem.n_reps), limit.reps)] = 0.0
    return [[Fraction(amount) for amount in row] for row in found.tolist()]


def _up(exact: Fraction) -> float:
    """Return the least floating-point number that is no less."""
    found = float(exact)
    return found if Fraction(found) >= exact else float(np.nextafter(found, np.inf))
