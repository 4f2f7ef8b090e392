"""Where leads want the same reps: prices of ever larger samples, by a network simplex over the rows of gains.

The simplex begins with the options of leads at prices that are known, and so has little to do where these are good. It
begins with a few leads a rep; each sample after that is drawn so that leads who are alike by the prices before, in
their best two reps and in how near a tie they are, come in as large a share as among all: then loads are in the sample
what they are among all, and so are prices.
"""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import in_parts
from leadopt.progress import Meter
from leadopt.solvers.base import Answer
from leadopt.solvers.capacities import row_simplex_kernels as kernels
from leadopt.solvers.capacities.bid_kernels import Leads
from leadopt.solvers.capacities.exchanges import finish_by_exchanges
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.row_simplex_kernels import Drift, Options, Ways
from leadopt.solvers.flow.simplex_kernels import Basis, Tree

_LARGER = 8  # times as many leads in the next sample
_TOLERANCE = 1e-12  # of the largest gain, by which a pair must be better to enter
_PIVOTS_A_LOOK = 20_000  # between looks at the clock, some 50 ms
_MOST_PIVOTS = 100  # by lead and rep
_NOWHERE = 4.0  # times the largest gain, by rep, that the pool costs where all must be placed


def sampled_by_simplex(rest: Remainder, meter: Meter) -> Floats:
    """Return the prices of an eighth of the leads, float64 (n_reps,); 0 where that is fewer than there are reps."""
    n, n_open = len(rest.leads), int((~rest.closed).sum())
    sizes = [n // _LARGER]
    if sizes[0] < n_open:
        return np.zeros(rest.problem.n_reps)
    while sizes[-1] >= _LARGER * n_open:
        sizes.append(sizes[-1] // _LARGER)
    slots, rng = np.where(rest.closed, 0, np.minimum(rest.room.upper, n)), np.random.default_rng(0)
    prices, order = np.zeros(rest.problem.n_reps), np.arange(n)
    for size in sizes[::-1]:
        cuts = np.arange(size + 1) * n // size
        some = np.sort(order[cuts[:-1] + (rng.random(size) * np.diff(cuts)).astype(np.int64)])
        upto = np.rint(np.cumsum(slots) * (size / n)).astype(np.int64)
        _, prices = solved_from(rest, rest.leads[some], np.diff(upto, prepend=0), prices, meter)
        if size < sizes[0]:
            options = _options(_asking(rest, rest.leads), np.where(rest.closed, np.inf, prices))
            order = np.lexsort((options.margin, options.second, options.first))
    return prices


def solve_by_simplex(rest: Remainder, prices: Floats, meter: Meter) -> Answer | None:
    """Return the best answer and its least prices from some prices, None if somebody cannot be placed."""
    slots = np.where(rest.closed, 0, np.minimum(rest.room.upper, len(rest.leads)))
    rep_of, prices = solved_from(rest, rest.leads, slots, prices, meter)
    return finish_by_exchanges(rest, rep_of, np.maximum(prices, 0.0), meter)


def seated(rest: Remainder, prices: Floats) -> Ints:
    """Return the rep of each lead, -1 = pool: in turn the best one at some prices that has a slot left."""
    slots = np.where(rest.closed, 0, np.minimum(rest.room.upper, len(rest.leads)))
    tree = _first_tree(_asking(rest, rest.leads), slots, np.where(slots > 0, prices, np.inf))[1]
    rep_of = np.empty(len(rest.leads), dtype=np.int64)
    kernels.read_off(tree, rep_of)
    return rep_of


def solved_from(rest: Remainder, some: Ints, slots: Ints, prices: Floats, meter: Meter) -> tuple[Ints, Floats]:
    """Return where some leads are best, -1 = pool, and prices that prove it but for rounding.

    Parameters
    ----------
    slots
        int64 (n_reps,), what there is for them
    prices
        (n_reps,), at which their options are nearly what they are in the end

    Raises
    ------
    OutOfTime
        by the `meter`
    """
    n, n_reps, leads = len(some), len(slots), _asking(rest, some)
    begun = np.where(slots > 0, prices, np.inf)
    options, tree = _first_tree(leads, slots, begun)
    price = np.append(np.where(slots > 0, 0.0, np.inf), 0.0)
    drift = Drift(np.append(begun, 0.0), np.zeros(2))
    kernels.begin(leads, tree, price, drift)
    row, left = 0, _MOST_PIVOTS * n * n_reps
    while row >= 0 and left > 0:
        meter.check()
        meter.still("price")
        made, row = kernels.climb(leads, options, tree, price, drift, _TOLERANCE * rest.largest, _PIVOTS_A_LOOK, row)
        left -= made
    rep_of = np.empty(n, dtype=np.int64)
    kernels.read_off(tree, rep_of)
    return rep_of, np.where(slots > 0, price[:-1], 0.0)


def _asking(rest: Remainder, some: Ints) -> Leads:
    affinity, reserve = rest.problem.affinity, rest.problem.reserve
    if rest.all_placed:
        reserve = -_NOWHERE * (rest.problem.n_reps + 1) * rest.largest
    return Leads(affinity.full_rates(), affinity.row[some], affinity.scale[some], reserve)


def _first_tree(leads: Leads, slots: Ints, begun: Floats) -> tuple[Options, Tree]:
    """Return the options of leads at some prices, and a tree in which most leads have their best one."""
    options = _options(leads, begun)
    basis, tree, ways = _empty(len(leads.row), len(slots))
    order = np.argsort(-options.margin, kind="stable")
    kernels.settle(leads, options, order, slots.copy(), begun.copy(), basis, ways)
    return options, tree


def _options(leads: Leads, prices: Floats) -> Options:
    n = len(leads.row)
    options = Options(np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n))
    in_parts(n, len(prices), lambda start, stop: kernels.write_options(leads, prices, start, stop, options))
    return options


def _empty(n: int, n_reps: int) -> tuple[Basis, Tree, Ways]:
    basis = Basis(*np.full((3, n_reps + n + 2), -1, dtype=np.int64))
    square = (n_reps + 1, n_reps + 1)
    ways = Ways(
        loss=np.empty(square),
        lead=np.empty(square, dtype=np.int64),
        far=np.empty(n_reps + 1),
        done=np.empty(n_reps + 1, dtype=np.bool_),
    )
    return basis, Tree.of(basis, n_reps + 1), ways
