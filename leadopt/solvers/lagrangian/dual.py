r"""The Lagrangian dual of capacities and limits of any kind, and prices that nearly minimise it.

With a price :math:`y_k = y_k^+ - y_k^-` of every row, positive for its upper bound and negative for its lower one, no
answer is worth more than

.. math:: D(y) = \sum_i \max\Big(reserve, \max_j gain_{ij} - \sum_k y_k usage_k(i, j)\Big)
   + \sum_k (y_k^+ upper_k - y_k^- lower_k)

D is convex and made of as many flat pieces as there are choices of leads: among thousands of them it is nearly smooth.
Its slope is bounds less loads.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import Problem
from leadopt.problem.rates.full_rows import scaled
from leadopt.problem.reduced_gains import paid_for_bounds
from leadopt.progress import Meter, OutOfTime, loaded
from leadopt.solvers.drafts.rows import Family, Rows, columns_of
from leadopt.solvers.oracles.protocols import LoadOracle, Loads

T = TypeVar("T")

# Prices of a sample only have to be near, as the next one goes on there: at dense 5,000 x 30 under bands, half and
# twice of each come to the same bound, and to gaps from 6.9e-5 to 7.7e-5 in place of 7.7e-5, in as long.
_LEAST = 4_000  # leads in the smallest sample: a load in it is off by about 1/60,
_PER_REP = 20  # and by rep, so that each is somebody's choice
_LARGER = 4  # times as many leads in the next one: half of all looks are at samples then
_MEMORY = 20  # steps that a quasi-Newton method remembers: twice SciPy's usual, as prices are many and looks are dear
# Steps, and more by price: prices near the best ones suffice, as linear programs over what they leave open find these.
# At dense 5,000 x 50 under bands (151 prices), 50, 100 and 300 end at the same bound, 25 at one 5e-7 above it, at gaps
# of 2.1e-4 (25), 1.9e-4, 2.0e-4 and 2.0e-4 in 1.2, 1.3, 2.0 and 3.5 s of a core; at 50,000 x 200 (601 prices), 50 at a
# bound that is 4e-6 above that of 100, in 11.5 s in place of 13.5.
_STEPS, _STEPS_PER_PRICE = 50, 1 / 6
_LEAST_STEPS, _LOOKS = 20, 1e9  # where pairs are many, so many looks at them in the steps on one sample


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOracle:
    """Looks at every pair of some leads, in blocks of leads that the same families count.

    Parameters
    ----------
    leads
        the leads, those of one class together
    starts
        where each class begins among them, and their number at the end
    counted
        the families of each class
    plainly
        sparse (n_classes, n_families), 1 where a family counts leads, and those of the class
    """

    problem: Problem
    rows: Rows
    leads: Ints
    starts: tuple[int, ...]
    counted: tuple[tuple[Family, ...], ...]
    plainly: Any

    @classmethod
    def of(cls, problem: Problem, rows: Rows, leads: Ints) -> "PairOracle":
        """Return the oracle for some leads."""
        classes = problem.counted.classes
        leads = leads[np.argsort(classes.of_lead[leads], kind="stable")]
        of_lead = classes.of_lead[leads]
        starts = np.flatnonzero(np.diff(of_lead, prepend=-1, append=-1)).tolist()
        by_class: list[list[Family]] = [[] for _ in range(len(classes.example))]
        for family in rows.families:
            for kind in classes.within(None if family.limit is None else family.limit.leads).tolist():
                by_class[kind].append(family)
        counted = tuple(tuple(by_class[of_lead[start]]) for start in starts[:-1])
        loaded("scipy.sparse")
        from scipy.sparse import csr_array

        number = {id(family): f for f, family in enumerate(rows.families)}
        plain = [[number[id(family)] for family in some if family.counts_leads] for some in counted]
        ends = np.cumsum([0, *map(len, plain)])
        column = np.array([f for some in plain for f in some], dtype=np.int64)
        plainly = csr_array((np.ones(len(column)), column, ends), shape=(len(counted), len(rows.families)))
        return cls(problem=problem, rows=rows, leads=leads, starts=tuple(starts), counted=counted, plainly=plainly)

    def loads(self, y: Floats) -> Loads:
        """Return the dual sum and the loads at some prices."""
        reserve = self.problem.reserve

        def work(reduced: Floats, _: int) -> tuple[Ints, Floats]:
            best = reduced.argmax(axis=1)
            worth = reduced[np.arange(len(reduced)), best]
            return np.where(worth > reserve, best, -1), np.maximum(worth, reserve)

        best, worth = _columns(self._over(y, self._everybody, work), np.int64, np.float64)
        return Loads(load=self.taken(best), value=float(worth.sum()))

    def taken(self, best: Ints) -> Floats:
        """Return what the leads take of each row where they choose (-1 = pool), float64 (n_rows,)."""
        found, m = np.zeros(self.rows.n), self.problem.n_reps
        kind = np.repeat(np.arange(len(self.counted)), np.diff(self.starts or (0,)).astype(np.int64))
        placed = np.flatnonzero(best >= 0)
        count = np.bincount(kind[placed] * m + best[placed], minlength=len(self.counted) * m)
        taken = self.plainly.T @ count.reshape(len(self.counted), m).astype(np.float64)
        for f, family in enumerate(self.rows.families):
            if family.counts_leads:
                found[family.member] = family.reps @ taken[f]
        for start, stop, counted in self._classes():
            amounts = [family for family in counted if not family.counts_leads]
            some = start + np.flatnonzero(best[start:stop] >= 0) if amounts else placed[:0]
            for family in amounts:
                assert family.limit is not None  # capacities count leads
                usage = family.limit.usage_at(self.leads[some], best[some])
                found[family.member] += family.reps @ np.bincount(best[some], usage, minlength=m)
        return found

    def margins(self, y: Floats) -> tuple[Ints, Floats]:
        """Return each lead's best rep (-1 = pool), and by how much it beats the next option (inf = there is none)."""
        reserve = self.problem.reserve

        def work(reduced: Floats, _: int) -> tuple[Ints, Floats]:
            every = np.arange(len(reduced))
            best = reduced.argmax(axis=1)
            first = reduced[every, best]
            reduced[every, best] = -np.inf
            pool = first <= reserve
            low = np.where(pool, first, np.maximum(reduced.max(axis=1), reserve))
            with np.errstate(invalid="ignore"):
                margin = np.where(pool, reserve, first) - low
            return np.where(pool, -1, best), np.where(np.isneginf(low), np.inf, margin)

        best, margin = _columns(self._over(y, self._everybody, work), np.int64, np.float64)
        return best, margin

    def options(self, y: Floats, places: Ints, dearest: Floats, at_rep: Floats) -> tuple[Ints, Ints]:
        """Return the options of some leads that lose at most so much: which of the leads, and the rep, by lead.

        Parameters
        ----------
        places
            where they are among `leads`, ascending
        dearest
            (len(places),), what an option of each may lose, or
        at_rep
            (n_reps + 1,), what one at each rep may lose, whichever is more; rep n_reps is the pool
        """

        def work(reduced: Floats, first: int) -> tuple[Ints, Ints]:
            worth, loss = self._with_pool(reduced)
            most = np.maximum(dearest[first : first + len(reduced), None], at_rep)
            lead, rep = np.nonzero((loss <= most) & (worth > -np.inf))
            return first + lead, rep

        lead, rep = _columns(self._over(y, places, work), np.int64, np.int64)
        return lead, rep

    def cheapest(self, y: Floats, places: Ints, rank: int) -> Floats:
        """Return what the rank-th cheapest move to each rep and to the pool loses among some leads, (n_reps + 1,)."""

        def work(reduced: Floats, _: int) -> tuple[Floats]:
            worth, loss = self._with_pool(reduced)
            loss[np.arange(len(loss)), worth.argmax(axis=1)] = np.inf
            return (loss,)

        loss = np.concatenate([part for (part,) in self._over(y, places, work)])
        rank = min(rank, len(loss))
        return np.asarray(np.partition(loss, rank - 1, axis=0)[rank - 1])

    def _with_pool(self, reduced: Floats) -> tuple[Floats, Floats]:
        """Return reduced gains beside that of the pool, and what each loses to the best of its lead."""
        worth = np.column_stack([reduced, np.full(len(reduced), self.problem.reserve)])
        with np.errstate(invalid="ignore"):
            return worth, worth.max(axis=1)[:, None] - worth

    def _over(self, y: Floats, places: Ints, work: Callable[[Floats, int], T]) -> list[T]:
        """Return what `work` makes of the reduced gains of some leads, by block; it takes the first's number too."""
        parts: list[T] = []
        paid = self.plainly @ np.array([family.cost(y) for family in self.rows.families])
        # Classes may be as many as leads, and who asks about one of them is not to go through all.
        kind = np.searchsorted(self.starts, places, side="right") - 1
        cuts = np.flatnonzero(np.diff(kind, prepend=-1, append=-1)) if len(places) else np.zeros(1, dtype=np.int64)
        for low, high in pairwise(cuts.tolist()):
            k = int(kind[low])

            def block(a: int, b: int, scratch: Floats, k: int = k, low: int = low) -> T:
                return work(self._reduced(y, k, paid[k], self.leads[places[low + a : low + b]], scratch), low + a)

            parts += over_blocks(high - low, self.problem.n_reps, block)
        return parts

    @property
    def _everybody(self) -> Ints:
        return np.arange(len(self.leads))

    def _reduced(self, y: Floats, k: int, paid: Floats, leads: Ints, scratch: Floats) -> Floats:
        """Return the reduced gains of some leads of class k, float64 (len(leads), n_reps); each lead has `paid`."""
        affinity = self.problem.affinity
        gains = affinity.rates_of(affinity.row[leads], out=scratch)
        charged, kept = [], np.ones(self.problem.n_reps)
        for family in self.counted[k]:
            if family.counts_leads or family.limit is None:
                continue
            if family.limit.usage is affinity:
                kept -= family.cost(y)  # several limits on value take their parts of the same gain
            else:
                charged.append((family.limit, family.cost(y)))
        gains *= kept  # all of them finite, as usage is, where any part is taken
        if not affinity.is_dense:
            gains = scaled(gains, affinity.scale[leads, None])
        gains -= paid
        for limit, cost in charged:
            columns, usage = columns_of(limit, leads, cost != 0.0)
            gains[:, columns] -= usage * cost[columns]
        return gains

    def _classes(self) -> Iterator[tuple[int, int, tuple[Family, ...]]]:
        return zip(self.starts[:-1], self.starts[1:], self.counted, strict=True)


def _columns(parts: Sequence[tuple[Any, ...]], *kinds: Any) -> list[Any]:
    """Return parts of several columns as whole columns of the given kinds."""
    return [np.concatenate([np.zeros(0, dtype=kind), *(part[k] for part in parts)]) for k, kind in enumerate(kinds)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dual:
    """The dual of some rows over the leads of an oracle, as a function of prices that are not negative.

    Parameters
    ----------
    n_leads
        how many leads the oracle answers for
    up, down
        rows with a price for their upper and for their lower bound
    unit
        (n_rows,), a usual price
    gain
        a usual gain
    """

    oracle: LoadOracle
    rows: Rows
    n_leads: int
    up: Ints
    down: Ints
    unit: Floats
    gain: float

    @classmethod
    def of(cls, oracle: PairOracle, rows: Rows) -> "Dual":
        """Return the dual of rows."""
        gain, usage = _usual(oracle)
        # Where nothing more can come than the bound allows, the price is 0.
        with np.errstate(over="ignore", divide="ignore"):
            unit = gain / usage
        binds = np.isfinite(rows.upper) & ~(
            (rows.upper >= len(oracle.leads)) & (np.arange(rows.n) < oracle.problem.n_reps)
        )
        return cls(
            oracle=oracle,
            rows=rows,
            n_leads=len(oracle.leads),
            up=np.flatnonzero(binds),
            down=np.flatnonzero(rows.lower > 0),
            unit=unit,
            gain=gain,
        )

    def y(self, x: Floats) -> Floats:
        """Return the price of each row from scaled prices of its bounds."""
        y = np.zeros(self.rows.n)
        y[self.up] += x[: len(self.up)]
        y[self.down] -= x[len(self.up) :]
        return y * self.unit

    def x(self, y: Floats) -> Floats:
        """Return scaled prices of the bounds from the price of each row."""
        scaled = y / self.unit
        return np.concatenate([np.maximum(scaled[self.up], 0.0), np.maximum(-scaled[self.down], 0.0)])

    def value(self, y: Floats, total: float) -> float:
        """Return the dual value, given what leads are left with after prices in total."""
        return total + float(paid_for_bounds(y, self.rows.lower, self.rows.upper).sum())

    def at(self, y: Floats) -> float:
        """Return the dual value at some prices: no answer is worth more."""
        return self.value(y, self.oracle.loads(y).value)

    def _slope(self, x: Floats) -> tuple[float, Floats]:
        y = self.y(x)
        found = self.oracle.loads(y)
        size = self.gain * max(1, self.n_leads)
        up, down = self.rows.upper[self.up] - found.load[self.up], found.load[self.down] - self.rows.lower[self.down]
        slope = np.concatenate([up * self.unit[self.up], down * self.unit[self.down]])
        # Both prices of a row count here, not their difference: a pair of them costs what its bounds are apart.
        paid = x @ (
            np.concatenate(
                [self.rows.upper[self.up] * self.unit[self.up], -self.rows.lower[self.down] * self.unit[self.down]]
            )
        )
        return (found.value + float(paid)) / size, slope / size

    def minimised(self, y: Floats, steps: int, tolerance: float, meter: Meter, kept_s: float = 0.0) -> Floats:
        """Return prices that nearly minimise the dual, from given ones, by quasi-Newton steps; `kept_s` are left."""
        try:
            loaded("scipy.optimize", meter.left_s - kept_s)
        except OutOfTime:
            return self.y(self.x(y))
        from scipy.optimize import minimize

        if not len(self.up) and not len(self.down):  # nothing bounds anything, and SciPy refuses no variables
            return np.zeros(self.rows.n)
        most = np.concatenate([self.rows.penalty[self.up], self.rows.penalty[self.down]])
        scale = np.concatenate([self.unit[self.up], self.unit[self.down]])
        bounds = [(0.0, limit if np.isfinite(limit) else None) for limit in (most / scale).tolist()]

        def look(_: Floats) -> None:
            meter.still("price")
            if meter.left_s <= kept_s:
                raise StopIteration

        found = minimize(  # type: ignore[call-overload]  # the stubs know no options of L-BFGS-B
            self._slope, self.x(y), jac=True, method="L-BFGS-B", bounds=bounds, callback=look,
            options={"maxiter": steps, "maxfun": 2 * steps, "maxcor": _MEMORY, "ftol": tolerance, "gtol": 0.0},
        )  # fmt: skip
        return self.y(np.asarray(found.x))


def _usual(oracle: PairOracle) -> tuple[float, Floats]:
    """Return the mean best gain of a lead, and the mean usage of each row by a lead that it counts."""
    problem, rows = oracle.problem, oracle.rows
    some = oracle.leads[:: 1 + len(oracle.leads) // _LEAST]
    gains = problem.affinity.of(some)
    finite = np.isfinite(gains)
    best = np.abs(np.where(finite, gains, 0.0)).max(axis=1, initial=0.0)
    # The mean of the smallest numbers there are may be 0.
    gain = float(best.mean()) or float(best.max()) if len(some) else 1.0
    usage = np.ones(rows.n)
    for family in rows.families:
        limit = family.limit
        if limit is not None and not isinstance(limit.usage, float):
            counted = some if limit.leads is None else np.intersect1d(some, limit.leads)
            amounts = limit.usage_of(counted)
            mean = float(amounts.mean()) if amounts.size else 0.0
            usage[family.member] = mean if mean > 0 else 1.0
        else:
            usage[family.member] = family.reps.max(axis=1, initial=0.0)
    usage = np.where(usage > 0, usage, 1.0)
    if gain == 0.0:  # nothing is won by placing leads, but by leaving them, or by what penalties spare
        soft = np.isfinite(rows.penalty)
        gain = abs(problem.reserve) if np.isfinite(problem.reserve) else 0.0
        gain = gain or float((rows.penalty[soft] * usage[soft]).max(initial=0.0)) or 1.0
    return gain, usage


def priced(problem: Problem, rows: Rows, leads: Ints, y: Floats, meter: Meter, kept_s: float = 0.0) -> Floats:
    """Return prices that nearly minimise the dual: on larger and larger samples, then on all leads, from given ones.

    It ends where no more than `kept_s` seconds are left.
    """
    size = _least_sample(problem)

    def steps(n_leads: int) -> int:
        most = max(_STEPS, int(_STEPS_PER_PRICE * rows.n))
        return int(np.clip(_LOOKS / max(1, n_leads * problem.n_reps), _LEAST_STEPS, most))

    order = _drawn(leads)
    while size * 2 < len(leads):
        y = _of_sample(problem, rows, leads, order[:size]).minimised(y, steps(size), 1e-7, meter, kept_s)
        size *= _LARGER
    return Dual.of(PairOracle.of(problem, rows, leads), rows).minimised(y, steps(len(leads)), 1e-10, meter, kept_s)


def roughly_priced(problem: Problem, rows: Rows, leads: Ints, y: Floats, meter: Meter, kept_s: float) -> Floats:
    """Return prices of the smallest sample after few steps, from given ones: loads are off by some leads in a hundred.

    It ends where no more than `kept_s` seconds are left.
    """
    some = _drawn(leads)[: _least_sample(problem)]
    return _of_sample(problem, rows, leads, some).minimised(y, _LEAST_STEPS, 1e-7, meter, kept_s)


def _least_sample(problem: Problem) -> int:
    return max(_LEAST, _PER_REP * problem.n_reps)


def _drawn(leads: Ints) -> Ints:
    """Return leads in random order, always the same."""
    return np.random.default_rng(0).permutation(leads)


def _of_sample(problem: Problem, rows: Rows, leads: Ints, some: Ints) -> Dual:
    """Return the dual of a sample of some leads under its part of the bounds."""
    sample = rows.shared(len(some) / len(leads)) if len(leads) else rows
    return Dual.of(PairOracle.of(problem, sample, some), sample)
