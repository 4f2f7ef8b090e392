r"""The certificate's bound in numbers of twice the length, for prices or penalties that dwarf what is gained.

What is charged and given back would leave more rounding behind than an answer is worth. Here each reduced gain is an
unevaluated sum of two floating-point numbers, of which nothing is lost but a part of the second (error-free
transformations), and all of them are added up as if in fractions and rounded once. With u = 2**-53, k charges of a lead
and M what it gains and is charged in all, a reduced gain is off by at most ``8 (k + 2)**2 u**2 M``: each of the k steps
rounds a second number of at most ``2 (k + 1) u M`` three times.

References
----------
Ogita, Rump and Oishi (2005), Accurate sum and dot product, algorithms 3.1 and 3.3. doi:10.1137/030601818
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import fsum, isfinite

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.rates.sparse_rows import SparseRows

_UNIT = 2.0**-53
_LEAST = float(np.finfo(np.float64).tiny)  # what a product below it may be off by: it has no second number
_SPLIT = 2.0**27 + 1.0
_HUGE = 2.0**996  # so many times as much would be too large a number


def doubled_bound(problem: Problem, prices: Floats, limit_prices: Floats) -> tuple[float, float]:
    """Return what `certify` bounds an answer by at given prices, finite ones, and by how much it may be off.

    Examples
    --------
    >>> problem = Problem(affinity=[[3.0, 1.0], [2.0, 1.5]], capacity=[1, 1])
    >>> doubled_bound(problem, np.array([1.0, 0.0]), np.zeros(0))[0]
    4.5
    """
    total, charged = _given(problem, prices, limit_prices), _charged(problem, prices, limit_prices)

    def best(start: int, pairs: SparseRows) -> tuple[Floats, Floats, float]:
        return _best(problem, charged, start, pairs)

    parts = problem.affinity.over_pairs(None, best)
    numbers = chain.from_iterable(chain(first.tolist(), second.tolist()) for first, second, _ in parts)
    bound = fsum(chain(_split(total), numbers))
    turned_over = sum(size for _, _, size in parts)
    lost = 8.0 * (len(charged) + 2) ** 2 * _UNIT**2 * turned_over + problem.n_leads * len(charged) * _LEAST
    return bound, lost + _UNIT * abs(bound) if isfinite(bound) else 0.0


def exact_penalty(limit: Limit, rep_of_lead: Ints) -> float:
    """Return what an answer pays for a limit that gives way: its load is added up as if in fractions.

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
    used = limit.usage_at(leads, rep_of_lead[leads])
    over = fsum([*used.tolist(), -limit.upper])
    return (limit.penalty or 0.0) * max(fsum([limit.lower, *(-used).tolist()]), over, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Charge:
    """What some leads pay with each rep per unit of usage, as first and second numbers; a limit of the family."""

    limit: Limit | None  # None = every lead pays it
    price: tuple[Floats, Floats]

    def paid(self, lead: Ints, rep: Ints) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Return which pairs pay, and what, as first and second numbers."""
        first, second = (part[rep] for part in self.price)
        if self.limit is None:
            return np.arange(len(rep)), first, second
        paying = first != 0.0
        if self.limit.leads is not None:
            paying &= np.isin(lead, self.limit.leads)
        some = np.flatnonzero(paying)
        usage = self.limit.usage_at(lead[some], rep[some])
        product, rest = _product(usage, first[some])
        return some, product, rest + usage * second[some]


def _given(problem: Problem, prices: Floats, limit_prices: Floats) -> Fraction:
    """Return what prices make of all that there is, pinned leads included."""
    slots = np.minimum(problem.capacity, problem.n_leads)
    priced = np.flatnonzero(prices)
    each = zip(prices[priced].tolist(), slots[priced].tolist(), strict=True)
    total = sum((Fraction(p) * c for p, c in each), Fraction(0))
    for limit, price in zip(problem.limits, limit_prices.tolist(), strict=True):
        if price != 0.0:
            total += Fraction(price) * Fraction(limit.reachable[1 if price > 0 else 0])
    return total


def _charged(problem: Problem, prices: Floats, limit_prices: Floats) -> list[_Charge]:
    """Return what leads pay, a charge for each set of leads and usage; the first is that of every lead alike."""
    everywhere = [Fraction(price) for price in prices.tolist()]
    families: dict[tuple[int, int], tuple[Limit, list[Fraction]]] = {}
    who = zip(problem.counted.set_of.tolist(), problem.counted.usage_of.tolist(), strict=True)
    for limit, kind, price in zip(problem.limits, who, limit_prices.tolist(), strict=True):
        if price == 0.0:
            continue
        number = limit.usage if isinstance(limit.usage, float) else None
        one = limit if number is None else Limit(leads=limit.leads)
        alike = number is not None and limit.leads is None
        target = everywhere if alike else families.setdefault(kind, (one, [Fraction(0)] * problem.n_reps))[1]
        each = Fraction(price) * (1 if number is None else Fraction(number))
        for rep in range(problem.n_reps) if limit.reps is None else limit.reps.tolist():
            target[rep] += each
    return [
        _Charge(limit=None, price=_doubled(everywhere)),
        *(_Charge(limit=limit, price=_doubled(price)) for limit, price in families.values()),
    ]


def _best(problem: Problem, charged: Iterable[_Charge], start: int, pairs: SparseRows) -> tuple[Floats, Floats, float]:
    """Return the best reduced gain of some leads in a row, as first and second numbers, and what made them up."""
    lead, rep = start + pairs.row, pairs.rep
    pin = problem.pins[start : start + len(pairs)]
    first, second, size = pairs.gain.copy(), np.zeros(pairs.n_pairs), np.abs(pairs.gain)
    for charge in charged:
        some, paid, rest = charge.paid(lead, rep)
        first[some], lost = _sum(first[some], -paid)
        second[some] += lost - rest
        size[some] += np.abs(paid)
    first, second = _sum(first, second)
    # Who has no room gets nobody but who is pinned there, whatever that makes of the capacity.
    out = np.where(pin[pairs.row] >= 0, rep != pin[pairs.row], problem.capacity[rep] == 0)
    first[out], size[out] = -np.inf, 0.0
    most = pairs.mapped(lambda _: first).best(-np.inf)
    # Such sums have the order of their first numbers, and where these are equal, of their second ones.
    rest = pairs.mapped(lambda _: np.where(first == most[pairs.row], second, -np.inf)).best(-np.inf)
    pooled = (pin < 0) & ((most < problem.reserve) | ((most == problem.reserve) & (rest < 0.0)))
    made_up = float(pairs.mapped(lambda _: size).best(0.0).sum())
    return np.where(pooled, problem.reserve, most), np.where(pooled | np.isneginf(most), 0.0, rest), made_up


def _sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return a + b as a rounded sum and what rounding took."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def _product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return a * b as a rounded product and what rounding took."""
    total = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return total, a2 * b2 - (((total - a1 * b1) - a2 * b1) - a1 * b2)


def _halves(a: Floats) -> tuple[Floats, Floats]:
    """Return two numbers of half the digits that add up to one."""
    unit = np.where(np.abs(a) > _HUGE, 2.0**-28, 1.0)
    grown = _SPLIT * (a * unit)
    first = (grown - (grown - a * unit)) / unit
    return first, a - first


def _doubled(exact: list[Fraction]) -> tuple[Floats, Floats]:
    parts = np.array([tuple(_split(one)) for one in exact], dtype=np.float64).reshape(-1, 2)
    return parts[:, 0].copy(), parts[:, 1].copy()


def _split(exact: Fraction) -> Iterator[float]:
    """Yield a fraction as a rounded number and the rest, rounded."""
    first = float(exact)
    yield first
    yield float(exact - Fraction(first))
