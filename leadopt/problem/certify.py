"""Whether an answer is allowed, what it is worth, and how far from the best it can be at most.

Shares no code with any solver: everything is recomputed from the problem, the answer and the prices. Weak duality
does the rest: whatever the prices, no allowed answer is worth more than the bound they give. What pairs are charged is
added up in `reduced_gains` once more, for solvers: thirty lines twice, so that no mistake in them proves itself. Only
the sums over leads that stay together (`together`), and which leads fit in no limit (`fitting`), are shared with the
search; tests hold them against every answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, log2
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.certify_by_scale import Lines
from leadopt.problem.certify_doubled import doubled_bound, exact_penalty
from leadopt.problem.counted import Classes
from leadopt.problem.fitting import fitting
from leadopt.problem.gains import Affinity
from leadopt.problem.groups import Groups
from leadopt.problem.linear_algebra import inner
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.problem.together import contraction_of

OPTIMAL_GAP = 1e-9
_UNIT = 2.0**-53  # relative: what a sum or product is off by
_EPSILONS = 8 * _UNIT  # and a few of them
_IN_PAIRS = 64  # sums on the way of NumPy's to add up many numbers in pairs, at most, beside one for each doubling
_NOISY = 1e-10  # of an answer's turnover: rounding that could show
_LITTLE = 0.01  # of a gap: rounding that is worth no closer look
BROKEN = 1e-9  # of a bound: a hard limit that is exceeded by more is broken
# Sorting the leads pays where each row is that of many, and looking at every pair is expensive.
_SHARED_BY, _WIDE, _MANY_PAIRS = 32, 64, 1 << 22
_FEW_COLUMNS = 0.25  # share of the reps up to which charging them alone is quicker than charging all
_LEAD_COLUMNS = 8  # about as many numbers are looked at for each lead alone


class Charge(NamedTuple):
    """What some leads pay with each rep per unit of usage: all limits on these leads and this usage together."""

    limit: Limit  # the first of them
    price: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What can be proved about an answer.

    Parameters
    ----------
    objective
        gains of the placed leads, plus the reserve of each other (where finite), less penalties
    bound
        no allowed answer is worth more
    gap
        ``(bound - objective) / max(|bound|, turnover)``, the turnover being the sum of all |gains|, |reserves| and
        penalties in the objective: relative, blind to the unit, and sound where gains cancel; where these are 0, the
        least gain that any other answer could begin with. What rounding may hide of it counts where it could decide
    violations
        every broken rule in words; empty for an allowed answer
    """

    objective: float
    bound: float
    gap: float
    violations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Hold plain numbers, whatever they were added up from."""
        for name in ("objective", "bound", "gap"):
            if type(number := getattr(self, name)) is not float:
                object.__setattr__(self, name, float(number))

    @property
    def optimal(self) -> bool:
        """Whether this proves the answer allowed and best."""
        return not self.violations and abs(self.gap) <= OPTIMAL_GAP


def certify(
    problem: Problem,
    rep_of_lead: Ints,
    prices: Floats | None = None,
    limit_prices: Sequence[float] | Floats | None = None,
) -> Certificate:
    r"""Return objective, feasibility, bound and gap of any answer.

    With prices :math:`p_j` of the capacities and :math:`q_k` of the limits, the bound is the Lagrangian dual

    .. math:: \sum_i \max\Big(reserve, \max_j gain_{ij} - p_j - \sum_{k \ni ij} usage_{kij} q_k\Big)
       + \sum_j p_j\, capacity_j + \sum_k (q_k^+ upper_k - q_k^- lower_k)

    Parameters
    ----------
    problem
        what was to be solved
    rep_of_lead
        int64 (n_leads,), the rep of each lead, -1 = pool
    prices
        (n_reps,), prices of the capacities; None = 0, which bounds little but is valid; negative ones count as 0
    limit_prices
        one for each limit; clipped to where the dual is finite (the penalty; 0 above for a limit without upper bound)

    Where leads stay together, the first sum is over groups, and gains and usages of a group are those of its leads
    together.

    Notes
    -----
    One pass over the pairs, in blocks and on every core: O(n_leads x n_reps) time, 1 MB a core; over the eligible ones
    where these alone are held. Where many leads share a row and limits count leads, or amounts with the same rows and
    scales, the best of those that the same limits count is a convex function of their scale: O(n_leads) after one sort.

    References
    ----------
    Geoffrion (1974), Lagrangean relaxation for integer programming, eq. 2. doi:10.1007/BFb0120690

    Examples
    --------
    >>> problem = Problem(affinity=[[3.0, 1.0], [2.0, 1.5]], capacity=[1, 1])
    >>> certify(problem, np.array([0, 1]), np.array([1.0, 0.0]))
    Certificate(objective=4.5, bound=4.5, gap=0.0, violations=())
    """
    return Bound.at(problem, prices, limit_prices).certify(rep_of_lead)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bound:
    """What no allowed answer is worth more than at some prices: one look at the pairs, for several answers.

    Parameters
    ----------
    problem
        what was to be solved
    bounded, offset
        the problem that the bound is for, where leads that stay together are one choice and pairs that no answer has
        are left out, and what the other is worth beside it
    prices, limit_prices
        those of `bounded`
    value, charged
        the bound, and all that was charged and given back on the way to it
    rounding
        relative to what is charged and gained: how far floating-point sums of it may be off
    """

    problem: Problem
    bounded: Problem
    offset: float
    prices: Floats
    limit_prices: Floats
    value: float
    charged: float
    rounding: float

    @classmethod
    def at(
        cls, problem: Problem, prices: Floats | None = None, limit_prices: Sequence[float] | Floats | None = None
    ) -> "Bound":
        """Return the bound at some prices, as in `certify`."""
        p = np.zeros(problem.n_reps) if prices is None else np.maximum(np.asarray(prices, dtype=np.float64), 0.0)
        q = _dual_range(problem.limits, limit_prices)
        whole = contraction_of(problem)
        if whole is None:
            bounded, offset = problem, 0.0
        else:  # leads that stay together are one choice, which no sum over leads bounds as tightly
            bounded, offset = whole.problem, whole.offset
            p, q = whole.prices_of_groups(p, q)
        bounded = fitting(bounded)
        value, charged = _bound(bounded, p, q)
        return cls(
            problem=problem,
            bounded=bounded,
            offset=offset,
            prices=p,
            limit_prices=q,
            value=beside(value, offset),
            charged=charged,
            rounding=_rounding(bounded, p, q),
        )

    def certify(self, rep_of_lead: Ints) -> Certificate:
        """Return objective, feasibility, bound and gap of an answer."""
        problem, bound = self.problem, self.value
        answer = np.asarray(rep_of_lead, dtype=np.int64)
        if malformed := _malformed(problem, answer):
            return Certificate(objective=-np.inf, bound=bound, gap=np.inf, violations=malformed)
        audit = _Audit.of(problem, answer)
        objective = audit.gains + audit.reserves - audit.penalties
        size = audit.turnover + abs(audit.reserves) + audit.penalties
        noise = self.rounding * (self.charged + size)
        open_beyond = _LITTLE * (bound - objective) > max(noise, OPTIMAL_GAP * max(abs(bound), size))
        if noise > _NOISY * size and open_beyond:
            bound, noise = bound + noise, 0.0  # whatever rounding did, it decides nothing
        elif _NOISY * size < noise < np.inf:
            value, noise = doubled_bound(self.bounded, self.prices, self.limit_prices)
            bound, noise = beside(value, self.offset), noise + self.rounding * size
        if size:
            size = max(abs(bound), size)
        elif (size := _least_gain(problem)) == 0.0:
            bound, noise = 0.0, 0.0
        gap = _gap(bound, objective, size)
        if gap <= OPTIMAL_GAP < (with_noise := _gap(bound + noise, objective, size)):  # rounding decides: it counts
            bound, gap = bound + noise, with_noise
        return Certificate(objective=objective, bound=bound, gap=gap, violations=_violations(problem, answer, audit))


def _gap(bound: float, objective: float, size: float) -> float:
    return (bound - objective) / size if 0 < size < np.inf else 0.0 if bound == objective else np.inf


def _least_gain(problem: Problem) -> float:
    """Return the least that is gained by any answer worth more than 0, 0 where none can be.

    Where nothing is gained, a gap is relative to it.
    """

    def least(_: int, pairs: SparseRows) -> float:
        had = (pairs.gain > 0.0) & (problem.capacity[pairs.rep] > 0)
        return float(pairs.gain[had].min(initial=np.inf))

    pooled = problem.reserve if problem.reserve > 0.0 else np.inf
    nobody = not problem.capacity.any() or problem.affinity.best_rates().max(initial=0.0) <= 0.0
    found = np.inf if nobody else min(problem.affinity.over_pairs(None, least), default=np.inf)
    return min(found, pooled) if min(found, pooled) < np.inf else 0.0


def beside(bound: float, offset: float) -> float:
    """Return the bound of the whole, given that of a part and what the rest is worth: rounded up, never below it."""
    return bound + offset + _EPSILONS * (abs(bound) + abs(offset)) if offset else bound


def charges(problem: Problem, prices: Floats, limit_prices: Sequence[float] | Floats) -> tuple[Floats, list[Charge]]:
    """Return what each rep costs every lead alike, float64 (n_reps,), and what leads are charged differently."""
    if not problem.limits:
        return prices, []
    everywhere = np.array(prices, dtype=np.float64)
    partial: dict[tuple[int, int], Charge] = {}
    who = zip(problem.counted.set_of.tolist(), problem.counted.usage_of.tolist(), strict=True)
    for limit, kind, price in zip(problem.limits, who, limit_prices, strict=True):
        if price == 0.0:
            continue
        number = limit.usage if isinstance(limit.usage, float) else None
        if limit.leads is None and number is not None:
            target = everywhere
        else:
            if kind not in partial:
                one = limit if number is None else replace(limit, usage=1.0)
                partial[kind] = Charge(one, np.zeros(len(prices)))
            target = partial[kind].price
        target[slice(None) if limit.reps is None else limit.reps] += price * (1.0 if number is None else number)
    return everywhere, list(partial.values())


def _charge(reduced: Floats, charge: Charge, leads: Ints) -> None:
    """Subtract in place what each lead is charged with each rep."""
    rows = np.arange(len(leads)) if charge.limit.leads is None else np.flatnonzero(_inside(leads, charge.limit.leads))
    columns = np.flatnonzero(charge.price)
    some = len(columns) < _FEW_COLUMNS * len(charge.price)
    usage = charge.limit.usage_of(leads[rows])
    if some and usage.shape[1] > 1:
        usage = usage[:, columns]
    paid = usage * (charge.price[columns] if some else charge.price)
    every_row = len(rows) == len(leads)
    if every_row or not some:
        reduced[slice(None) if every_row else rows, columns if some else slice(None)] -= paid
    else:
        reduced[np.ix_(rows, columns)] -= paid


def _inside(leads: Ints, chosen: Ints) -> NDArray[np.bool_]:
    """Return which leads are among the chosen ones, which a limit holds in order: `np.isin` would sort them again."""
    if not len(chosen):
        return np.zeros(len(leads), dtype=np.bool_)
    return np.asarray(chosen.take(np.searchsorted(chosen, leads), mode="clip") == leads)


def _bound(problem: Problem, p: Floats, q: Floats) -> tuple[float, float]:
    """Return the bound at some prices, and no less than what was charged and given back on the way to it."""
    # Pinned leads take their share of every bound first: their prices would cancel, and leave rounding behind.
    pinned = problem.pinned
    room = problem.capacity
    if len(pinned):
        room = room - np.bincount(problem.pins[pinned], minlength=problem.n_reps)
    total = paid = inner(p, room)
    if len(pinned):  # and may be more than there is room for
        paid = inner(p, np.abs(room))
        total += float(problem.affinity.at(pinned, problem.pins[pinned]).sum())
    paid += abs(total)
    beside = problem.loads(problem.pins) if len(pinned) and len(q) else np.zeros(len(q))
    for limit, price, load in zip(problem.limits, q.tolist(), beside.tolist(), strict=True):
        if price != 0:
            lower, upper = limit.reachable
            total += price * ((upper if price > 0 else lower) - load)
            paid += abs(price) * ((upper if price > 0 else lower) + load)
    everywhere, partial = charges(problem, p, q)
    open_ = everywhere if np.minimum.reduce(room, initial=1) > 0 else everywhere[room > 0]
    if _rows_are_shared(problem.affinity) and _are_lines(problem.affinity, everywhere, partial):
        kind = _kinds(problem.n_leads, partial)
        if problem.n_leads >= _SHARED_BY * problem.affinity.n_rows * (int(kind.max(initial=0)) + 1):
            best = _best_by_size(problem, everywhere, partial, kind)
            return total + best, paid + abs(best) + _charged_at_most(problem, open_, partial)
    by_pair = _best_by_eligible if problem.affinity.is_sparse else _best_by_pair
    best = by_pair(problem, everywhere, partial)
    return total + best, paid + abs(best) + _charged_at_most(problem, open_, partial)


def _rounding(problem: Problem, p: Floats, q: Floats) -> float:
    """Return how far the bound may be off at most, relative to all that is charged and gained.

    NumPy adds up many numbers in pairs; prices of reps and limits, and loads of pins, one after another. A price of 0
    rounds nothing.
    """
    in_turn = int(np.count_nonzero(p)) + int(np.count_nonzero(q)) + len(problem.pinned)
    return _UNIT * (_IN_PAIRS + in_turn + log2(1 + problem.n_leads))


def _charged_at_most(problem: Problem, with_room: Floats, partial: Sequence[Charge]) -> float:
    """Return no less than what all leads are charged and given back.

    No lead pays more than the dearest rep with room costs; what it gains before that is what is left of it, and what it
    pays. A rep without room is worth nothing to anybody at a price without end, which costs nothing: what its price
    is rounded by moves no bound.
    """
    dearest = float(np.maximum.reduce(np.abs(with_room), initial=0.0))
    for charge in partial:
        dearest += float(np.abs(charge.price).max(initial=0.0)) * _most_used(charge.limit)
    return 2.0 * problem.n_leads * dearest


def _most_used(limit: Limit) -> float:
    """Return no less than what a lead takes at most."""
    if isinstance(limit.usage, float):
        return limit.usage
    return limit.usage.largest_at_most if isinstance(limit.usage, Affinity) else float(limit.usage.max(initial=0.0))


def _rows_are_shared(affinity: Affinity) -> bool:
    many = affinity.n_reps >= _WIDE and affinity.n_leads * affinity.n_reps >= _MANY_PAIRS
    return many and not affinity.is_sparse and affinity.n_leads >= _SHARED_BY * affinity.n_rows


def _best_by_pair(problem: Problem, everywhere: Floats, partial: Sequence[Charge]) -> float:
    """Return the sum of the free leads' best reduced gains, from one look at every pair."""

    def best(start: int, stop: int, scratch: Floats) -> float:
        reduced = np.subtract(problem.affinity.between(start, stop, scratch), everywhere, out=scratch)
        for charge in partial:
            _charge(reduced, charge, np.arange(start, stop))
        found = np.maximum.reduce(reduced, axis=1, initial=problem.reserve)
        if len(problem.pinned):
            found[problem.pins[start:stop] >= 0] = 0.0
        return float(np.add.reduce(found))

    return _added(over_blocks(problem.n_leads, problem.n_reps, best))


def _best_by_eligible(problem: Problem, everywhere: Floats, partial: Sequence[Charge]) -> float:
    """Return the same sum from the eligible pairs alone, where no others are held."""

    def best(start: int, pairs: SparseRows) -> float:
        lead, rep = start + pairs.row, pairs.rep
        reduced = pairs.gain - everywhere[rep]
        for charge in partial:
            paying = charge.price[rep] != 0.0
            if charge.limit.leads is not None:
                paying &= _inside(lead, charge.limit.leads)
            some = np.flatnonzero(paying)
            reduced[some] -= charge.limit.usage_at(lead[some], rep[some]) * charge.price[rep[some]]
        found = pairs.mapped(lambda _: reduced).best(problem.reserve)
        found[problem.pins[start : start + len(pairs)] >= 0] = 0.0
        return float(found.sum())

    return _added(problem.affinity.over_pairs(None, best))


def _added(parts: Sequence[float]) -> float:
    return parts[0] if len(parts) == 1 else float(np.sum(parts))


def _best_by_size(problem: Problem, everywhere: Floats, partial: Sequence[Charge], kind: Ints) -> float:
    """Return the same sum, from a few leads of each row and kind.

    Along leads of one row that are charged alike, by scale s, the best reduced gain
    ``max(reserve, max_j rates[j] * s - price[j])`` is convex: a choice that is best for two of them is best for all
    between, and together they are worth ``rate * sum(s) - price * count``. A charge on amounts that have the rows and
    scales of the gains is a change of rates.
    """
    order, _ = problem.affinity.by_size
    n_kinds, of_place = int(kind.max(initial=0)) + 1, kind[order]
    total = 0.0
    for k in range(n_kinds):
        leads = order if n_kinds == 1 else order[of_place == k]
        if len(leads):
            charged = _charged(problem.affinity, everywhere, partial, int(leads[0]))
            total += _best_of_kind(problem, leads, *charged)
    return total


def _best_of_kind(problem: Problem, leads: Ints, rates: Floats, prices: Floats) -> float:
    """Return the sum for some leads in order of row and scale, who all have these rates and prices."""
    first = np.concatenate([[0], np.bincount(problem.affinity.row[leads], minlength=len(rates)).cumsum()])
    size = _gathered(problem.affinity.scale, leads)
    stretches = Lines(rates, prices, problem.reserve).stretches(size, first)
    if stretches is None:
        return -np.inf
    start, rate, price = stretches
    count = np.diff(start, append=len(size))
    if len(problem.pinned):
        free = problem.pins[leads] < 0
        size *= free
        count = np.add.reduceat(free, start, dtype=np.int64)
    return float((rate * np.add.reduceat(size, start) - price * count).sum())


def _charged(affinity: Affinity, everywhere: Floats, partial: Sequence[Charge], lead: int) -> tuple[Floats, Floats]:
    """Return the rates and prices of the leads that are charged as one of them is."""
    rates, prices = affinity.full_rates(), everywhere
    for charge in partial:
        if charge.limit.leads is not None and not _inside(np.array([lead]), charge.limit.leads)[0]:
            continue
        if isinstance(charge.limit.usage, Affinity):
            rates = rates - charge.limit.usage.full_rates() * charge.price
        else:
            prices = prices + charge.price
    return rates, prices


def _are_lines(affinity: Affinity, everywhere: Floats, partial: Sequence[Charge]) -> bool:
    """Return whether prices are finite and what is charged is a line in the scale of a lead, for each row and kind."""
    finite = all(np.isfinite(price).all() for price in (everywhere, *(charge.price for charge in partial)))
    usages = [charge.limit.usage for charge in partial if not isinstance(charge.limit.usage, float)]
    return finite and all(isinstance(usage, Affinity) and usage.is_along(affinity) for usage in usages)


def _kinds(n_leads: int, partial: Sequence[Charge]) -> Ints:
    """Return a number for each lead, the same for all that the same charges count."""
    return Classes.of(n_leads, [one.limit.leads for one in partial if one.limit.leads is not None]).of_lead


def _gathered(values: Floats, order: Ints) -> Floats:
    found = np.empty(len(order))
    # "clip" changes no index that exists, and spares the copy that "raise" makes.
    over_blocks(len(order), 1, lambda a, b, _: values.take(order[a:b], out=found[a:b], mode="clip"))
    return found


class _Audit(NamedTuple):
    """What an answer comes to: sums of the placed leads' gains and |gains|, the rest, and what breaks a rule."""

    gains: float
    turnover: float
    reserves: float
    penalties: float
    used: tuple[float, ...]
    n_leads_of_rep: Ints
    ineligible: list[int]
    unkept: list[int]

    @classmethod
    def of(cls, problem: Problem, answer: Ints) -> "_Audit":
        """Look at each lead once, in blocks."""
        parts = over_blocks(problem.n_leads, _LEAD_COLUMNS, lambda a, b, _: _look(problem, answer, a, b))
        gains, turnover, ineligible, unkept = zip(*parts, strict=True) if parts else ((), (), (), ())
        counts = np.bincount(answer + 1, minlength=problem.n_reps + 1)
        used = tuple(problem.loads(answer).tolist()) if problem.limits else ()
        return cls(
            gains=_added(gains),
            turnover=_added(turnover),
            reserves=problem.reserve * int(counts[0]) if isfinite(problem.reserve) else 0.0,
            penalties=_penalties(problem, answer, used, _added(turnover)),
            used=used,
            n_leads_of_rep=counts[1:],
            ineligible=[lead for part in ineligible for lead in part],
            unkept=[lead for part in unkept for lead in part],
        )


def _look(problem: Problem, answer: Ints, start: int, stop: int) -> tuple[float, float, list[int], list[int]]:
    mine = answer[start:stop]
    ineligible: list[int] = []
    unkept: list[int] = []
    (placed,) = (mine >= 0).nonzero()
    gains = problem.affinity.at(placed + start if start else placed, mine[placed])
    total = float(np.add.reduce(gains))
    if total == -np.inf:
        ineligible = (placed[np.isneginf(gains)] + start).tolist()
    if len(problem.pinned):
        pins = problem.pins[start:stop]
        unkept = (np.flatnonzero((pins >= 0) & (mine != pins)) + start).tolist()
    return total, float(np.add.reduce(np.abs(gains))), ineligible, unkept


def _penalties(problem: Problem, answer: Ints, used: Sequence[float], turnover: float) -> float:
    """Return what all limits that give way cost; loads are added up as in fractions where rounding them would show."""
    penalties = 0.0
    for limit, load in zip(problem.limits, used, strict=True):
        if limit.penalty is None:
            continue
        rounding = limit.penalty * load * len(answer) * _EPSILONS
        if rounding > _NOISY * turnover:
            penalties += exact_penalty(limit, answer)
        else:
            penalties += limit.penalty * (max(0.0, load - limit.upper) + max(0.0, limit.lower - load))
    return penalties


def _dual_range(limits: Sequence[Limit], limit_prices: Sequence[float] | Floats | None) -> Floats:
    q = np.zeros(len(limits)) if limit_prices is None else np.array(limit_prices, dtype=np.float64)
    for k, limit in enumerate(limits):
        penalty = np.inf if limit.penalty is None else limit.penalty
        q[k] = np.clip(q[k], -penalty, penalty if np.isfinite(limit.upper) else 0.0)
    return q


def _malformed(problem: Problem, answer: Ints) -> tuple[str, ...]:
    # Without a sign, what is below -1 is beyond all reps.
    fits = answer.shape == (problem.n_leads,)
    if fits and np.maximum.reduce((answer + 1).view(np.uint64), initial=0) <= problem.n_reps:
        return ()
    return (f"the answer must give each of {problem.n_leads} leads a rep from 0 to {problem.n_reps - 1}, or -1",)


def _violations(problem: Problem, answer: Ints, audit: _Audit) -> tuple[str, ...]:
    found = [f"lead {lead} is not eligible for rep {answer[lead]}" for lead in audit.ineligible]
    found += [f"lead {lead} is pinned to rep {problem.pins[lead]} but went to {answer[lead]}" for lead in audit.unkept]
    loads = audit.n_leads_of_rep
    over = (loads > problem.capacity).nonzero()[0].tolist()
    found += [f"rep {rep} has {loads[rep]} leads and capacity {problem.capacity[rep]}" for rep in over]
    found += () if problem.together is None else Groups.of(problem.together).check_whole(answer)
    if problem.reserve == -np.inf:
        found += [f"lead {lead} must be placed" for lead in np.flatnonzero(answer < 0)]
    for k, (limit, load) in enumerate(zip(problem.limits, audit.used, strict=True)):
        lower, upper = limit.lower * (1.0 - BROKEN), limit.upper * (1.0 + BROKEN)
        if limit.penalty is None and not (lower <= load <= upper):
            found.append(f"limit {limit.name or k} has {load:g}, not from {limit.lower:g} to {limit.upper:g}")
    return tuple(found)
