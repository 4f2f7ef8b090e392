"""Prices from samples: some leads compete for as large a share of the slots, and pay about what all would pay."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers.capacities.finish import Box, finish
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.flow.every_pair import flow_seconds, solve_every_pair
from leadopt.solvers.flow.limit_tree import Room, limit_tree
from leadopt.solvers.oracles.pruning import RowOracle

# Half and twice of the next one, of _BEGIN and of _LOW change no time of a match by more than noise, a fifth (dense and
# whole gains 10,000 x 100, by bids).
_LEAST_PER_REP = 8  # leads per rep that a sample needs to say anything
_LEAST = 500  # leads in a sample that is solved exactly
_LARGER = 4  # times as many leads in the next sample: half the noise
_BEGIN = 16.0  # steps that bids begin with where no prices are known
_LOW = 4.0  # standard errors of the samples' prices by which the rest begin lower: a price too high costs a hole
_UNSURE = 4.0  # standard errors below which a sampled price counts as 0
_WIDTH = 4.0  # standard errors by which the next sample's prices may differ
_RESORT = 3.0  # times the largest gain that staying in the pool costs in a sample where all must be placed
_LARGEST = 1e290  # a reserve
# Times the first step to which bids of a sample may grow: 64 at most where bids are the quicker way, 512 and more where
# they are not.
MOST_GROWTH = 200.0
_AGREES = 3.0  # standard errors of the samples that a hint may be off
_HINT = 16  # times as large a sample that such a hint is worth


class Contested(Exception):
    """Leads want the same reps, and raise prices by next to nothing: bids are not the way to find them."""


def sampled_prices(
    problem: Problem,
    leads: Ints,
    room: Room,
    *,
    share: float | None = None,
    meter: Meter,
    most_growth: float = np.inf,
) -> tuple[Floats, float]:
    """Return prices (n_reps,) that are low for most reps, and their standard error; all 0 where there are few leads.

    Parameters
    ----------
    leads, room
        those that are to be priced, and the slots that they compete for
    share
        of the leads in each of two samples that are priced by bids; None = samples as small as they may be, solved
        exactly by numpy and flows
    most_growth
        times the first step to which those of bids may grow

    Raises
    ------
    OutOfTime
        by the `meter`
    Contested
        bids of a sample go on and on
    """
    price: Callable[[Remainder, Meter], Floats] = _price_by_flow
    size = least_sample(problem)
    if share is not None:
        size = max(int(share * len(leads)), _LEAST_PER_REP * problem.n_reps)
        price = partial(_price_by_bids, most_growth)
    if size * 8 > len(leads):
        return np.zeros(problem.n_reps), 0.0
    rng = np.random.default_rng(0)
    order = rng.permutation(len(leads))
    found = []
    for part in (order[:size], order[size : 2 * size]):
        meter.check()
        found.append(price(_sample(problem, leads, room, part, rng), meter))
    noise = float(np.sqrt(np.mean((found[0] - found[1]) ** 2))) / 2
    mean = (found[0] + found[1]) / 2
    return np.where(mean > _UNSURE * noise, np.maximum(mean - _LOW * noise, 0.0), 0.0), noise


def least_sample(problem: Problem) -> int:
    """Return how many leads a sample needs that is solved exactly."""
    return max(_LEAST_PER_REP * problem.n_reps, _LEAST)


def boxes_by_samples(rest: Remainder, hint: Floats | None, meter: Meter) -> Iterator[Box]:
    """Yield smaller and smaller boxes that should hold the prices, from larger and larger samples.

    Each sample is solved within the box that the one before gave.

    Twice as many leads have prices with half the variance, so that a box shrinks as fast as samples grow, and the cores
    of all samples are about as large. A hint that the first samples do not contradict takes the place of some others.
    """
    n, size = len(rest.leads), least_sample(rest.problem)
    prices, noise = sampled_prices(rest.problem, rest.leads, rest.room, meter=meter)
    prices = prices + np.where(prices > 0, _LOW * noise, 0.0)
    if hint is not None and np.sqrt(np.mean((prices - hint) ** 2)) <= _AGREES * noise:
        size, prices, noise = size * _HINT, hint, noise / np.sqrt(_HINT)
    rng = np.random.default_rng(0)
    order = rng.permutation(n)
    yield (box := Box.around(prices, _WIDTH * noise, _WIDTH * noise))
    while (size := _LARGER * size) < n:
        meter.check()
        meter.still("price")
        sample = _sample(rest.problem, rest.leads, rest.room, order[:size], rng)
        prices, noise = price_within(sample, box, meter), noise / np.sqrt(_LARGER)
        yield (box := Box.around(prices, _WIDTH * noise, _WIDTH * noise))


def row_oracle(rest: Remainder) -> RowOracle:
    """Return the oracle that reads the rows of the leads in question."""
    return RowOracle(affinity=rest.problem.affinity, leads=rest.leads, reserve=rest.problem.reserve)


def _sample(problem: Problem, leads: Ints, room: Room, part: Ints, rng: "np.random.Generator") -> Remainder:
    """Return some of the leads with their share of the slots, each rep's rounded up or down by lot."""
    share = np.maximum(room.upper, 0) * (len(part) / len(leads))
    slots = Room(lower=room.lower, upper=np.floor(share + rng.random(problem.n_reps)).astype(np.int64))
    return Remainder(problem=problem, tree=limit_tree(problem), room=slots, leads=leads[np.sort(part)])


def _with_pool(rest: Remainder) -> Remainder:
    """Return the same with a pool as the last resort: a share of the slots need not hold all of a sample."""
    if not rest.all_placed:
        return rest
    return replace(rest, problem=rest.problem.replace(reserve=-min(_RESORT * rest.largest, _LARGEST)))


def _price_by_bids(most_growth: float, rest: Remainder, meter: Meter) -> Floats:
    from leadopt.solvers.capacities.bids import Floor

    start = 0.0
    for _ in range(2):
        floor = Floor.of(rest.problem, rest.leads, rest.room.upper, np.full(rest.problem.n_reps, start))
        if floor.sell(floor.step(), 0.0, meter, _BEGIN, most_growth) < np.inf:
            return np.where(rest.closed, 0.0, floor.prices)
        meter.check()
        # Where slots are scarce all prices have a long way to go, and the least one has gone most of it.
        start = float(floor.prices.min())
    raise Contested


def _price_by_flow(rest: Remainder, meter: Meter) -> Floats:
    meter.check(flow_seconds(rest.n_pairs))
    rest = _with_pool(rest)
    return solve_every_pair(rest.problem, rest.tree, rest.room, rest.leads).prices


def price_within(rest: Remainder, box: Box, meter: Meter) -> Floats:
    """Return the prices of a sample, solved exactly from a box, where even those who must be placed may stay out."""
    rest = _with_pool(rest)
    return finish(rest.problem, rest.tree, rest.room, rest.leads, row_oracle(rest), box, meter).prices
