r"""From a draft to an exact answer by moves of leads between reps: the residual graph with one node a rep.

Of all leads of rep a the one that loses least by going to b stands for the arc from a to b, so that a hundred thousand
leads of two hundred reps are a graph of two hundred nodes, found in one look at the gains. An answer is best exactly if
no cycle of moves gains; a draft in which some reps have a few leads too many or too few becomes one by as many cheapest
paths. Ties cost nothing here: however many pairs are tied, there is one arc.

References
----------
Ahuja, Magnanti and Orlin (1993), Network Flows, sections 9.6 and 9.7: successive shortest paths, cycle cancelling.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.base import Answer
from leadopt.solvers.capacities import exchange_kernels as kernels
from leadopt.solvers.capacities.free_leads import Remainder

_ULPS = 16.0  # of the largest gain or price: what a cycle of moves may gain by rounding
_CYCLES = 2_000  # that gain, in a draft: one with more was priced badly
_PATHS_A_LOOK = 100  # between looks at the clock
_ALL = 2.0**62  # pairs: never so many


@dataclass(kw_only=True)
class _Exchanges:
    """Leads at their reps, and the moves between these.

    `price` and `excess` are those of each rep, and the last ones those of the pool.
    """

    leads: kernels.Asking
    places: kernels.Places
    moves: kernels.Moves
    price: Floats
    excess: Ints
    search: kernels.Search
    tolerance: float

    @classmethod
    def of(cls, rest: Remainder, rep_of: Ints, prices: Floats) -> Self:
        """Return the graph of a draft: the rep of each lead, -1 = pool, and prices at which it is nearly best."""
        affinity, n_reps, n = rest.problem.affinity, rest.problem.n_reps, len(rest.leads)
        slots = np.where(rest.closed, 0, rest.room.upper)
        excess = np.append(np.bincount(rep_of + 1, minlength=n_reps + 1)[1:] - slots, 0)
        idle = np.where((prices > 0) & ~rest.closed, 0, np.maximum(-excess[:-1], 0))
        excess[:-1] += idle
        reserve = rest.problem.reserve
        size = max(rest.largest, float(np.abs(prices).max(initial=0.0)))
        leads = kernels.Asking(
            rates=affinity.full_rates(),
            row=affinity.row[rest.leads],
            scale=affinity.scale[rest.leads],
            reserve=reserve,
            shut=np.where(rest.closed, np.inf, 0.0),
        )
        places = kernels.Places(
            node_of=np.where(rep_of < 0, n_reps, rep_of),
            head=np.empty(n_reps + 1, dtype=np.int64),
            after=np.empty(n, dtype=np.int64),
            before=np.empty(n, dtype=np.int64),
            idle=idle,
        )
        square = (n_reps + 1, n_reps + 1)
        moves = kernels.Moves(cost=np.empty(square), lead=np.empty(square, dtype=np.int64))
        kernels.begin(leads, places, moves)
        search = kernels.Search(
            before=np.empty(n_reps + 1, dtype=np.int64),
            far=np.empty(n_reps + 1),
            done=np.empty(n_reps + 1, dtype=np.bool_),
            stale=np.empty(n_reps + 1, dtype=np.int64),
            read=np.zeros(1, dtype=np.int64),
        )
        price = np.append(np.where(rest.closed, 0.0, prices), 0.0)
        tolerance = _ULPS * float(np.finfo(np.float64).eps) * size
        return cls(
            leads=leads, places=places, moves=moves, price=price, excess=excess, search=search, tolerance=tolerance
        )

    def without_cycles(self, price: Floats, meter: Meter) -> Floats | None:
        """Return prices from given ones upwards at which no move gains, None if that takes too many moves."""
        for _ in range(_CYCLES):
            found = price.copy()
            node = kernels.raise_prices(self.moves, found, self.tolerance, self.search)
            if node < 0:
                return found
            if meter.left_s <= 0:
                raise OutOfTime
            kernels.pass_on(self.leads, self.places, self.moves, node, node, self.excess, self.search)
        return None

    def even_out(self, most_read: int, meter: Meter) -> int:
        """Pass on whoever is too many, and return how often; -1 if somebody can go nowhere, or it takes too long."""
        total = 0
        while True:
            made = kernels.even_out(
                self.leads, self.places, self.moves, self.price, self.excess, _PATHS_A_LOOK, most_read, self.search
            )
            total += made
            if made < _PATHS_A_LOOK:
                return -1 if made < 0 else total
            if meter.left_s <= 0:
                raise OutOfTime
            meter.still("core")


def finish_by_exchanges(
    rest: Remainder, rep_of: Ints, prices: Floats, meter: Meter, most_reads: float = np.inf
) -> Answer | None:
    """Return an optimal answer with its least prices, None if the draft is no help or somebody cannot be placed.

    Parameters
    ----------
    rep_of
        (n_leads,), a draft: the rep of each lead in question, -1 = pool; reps may have too many
    prices
        (n_reps,), those at which it is nearly best, and at which loads are nearly right
    most_reads
        times that all gains are read at most to weigh moves anew before it is given up

    Notes
    -----
    One look at all gains, and O(n_reps^2 + leads of a rep) for each lead that is out of place; along a line of reps,
    where one lead is the cheapest for all who are farther off, as much for every rep on its way, by reps.
    """
    if rest.all_placed and (rep_of < 0).any():
        return None
    meter.enter("core")
    graph = _Exchanges.of(rest, rep_of, prices)
    price = graph.without_cycles(graph.price, meter)
    if price is None:
        return None
    graph.price = price
    most_read = min(most_reads * max(1, rest.n_pairs), _ALL)
    n_paths = graph.even_out(int(most_read), meter)
    least = None if n_paths < 0 else graph.without_cycles(np.zeros_like(price), meter)
    if least is None:
        return None
    node = graph.places.node_of
    answer = rest.answer(np.where(node == len(least) - 1, -1, node), np.maximum(least[:-1] - least[-1], 0.0))
    answer.stats["paths"] = n_paths
    return answer
