"""Prices by Newton steps on the dual under capacities alone, whoever answers for the leads.

The dual is convex, slots less loads are its gradient, and how many leads change hands by price between each two reps is
its curvature: the Laplacian of a graph of reps, and the pool. An oracle says both (`oracles/protocols`): by envelopes
of lines, or by looking at the leads near a tie.

References
----------
Levenberg (1944), A method for the solution of certain non-linear problems in least squares. doi:10.1090/qam/10666
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats
from leadopt.progress import Meter, loaded
from leadopt.solvers.capacities.finish import Box
from leadopt.solvers.oracles.protocols import SlopedLoads, SlopedOracle

# Half and twice of each bring the same answer, factored 50,000 x 200 in .21 s of a core, and in as long, .18 to .24 s,
# but for what is said.
_OFF = 6.0  # more of them by each lead that a load is off
_SHIFTS = 5  # of all prices together, after these; with 2, .37 s
_NEAR = 1.0  # leads by which the loads may be off when the steps end, per rep on average
_CHEAP = 1e-7  # of the mean price: less is nothing
_DAMPING, _LEAST_DAMPING = 1e-2, 1e-6  # without any, what lifts all prices alike may be singular; twice: .33 s
_CUT = 0.3  # share of a step that is tried where the whole one makes things worse
# By how much damping changes after a whole step, a cut one, and none; .29 s for half of the first, .36 s for twice the
# last.
_FREED, _CAREFUL, _DAMPED = 0.3, 3.0, 10.0
_PATIENCE = 5  # steps without better loads, after which damping grows
# Share of the neighbouring pieces from which densities are read; a match takes 1.6 times as long with all of them,
# factored 50,000 x 200, and hardly longer with half as many.
_BROAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """Where the Newton steps stand: the prices (inf = takes nobody), the dual value, and what leads do there."""

    slots: Floats
    prices: Floats
    value: float
    loads: SlopedLoads

    @classmethod
    def at(cls, oracle: SlopedOracle, slots: Floats, prices: Floats) -> Descent:
        """Return where one stands at some prices; reps that nobody is near come down to where somebody is."""
        loads = oracle.loads(prices, _BROAD)
        far = np.flatnonzero((_curvature(loads) == 0) & (loads.load == 0) & (prices > 0) & np.isfinite(prices))
        if len(far):
            prices = prices.copy()
            prices[far] = np.minimum(prices[far], oracle.entries(prices, far) * (1 - 1e-7))
            loads = oracle.loads(prices, _BROAD)
        paid = float(np.where(np.isfinite(prices), prices, 0.0) @ slots)
        return cls(slots=slots, prices=prices, value=loads.value + paid, loads=loads)

    @property
    def excess(self) -> Floats:
        """By how much each load is wrong: too high, or too low where the rep costs something."""
        excess = self.loads.load - self.slots
        return np.where((self.prices > 0) | (excess > 0), excess, 0.0)

    @property
    def wrong(self) -> float:
        """How many leads are out of place, at least."""
        return float(np.abs(self.excess).sum())

    @property
    def surplus(self) -> float:
        """How many leads too many all reps that cost something have together."""
        return float(self.excess[self.prices > 0].sum())

    def together(self) -> Floats:
        """Return the prices, raised or lowered alike for all reps that cost something, so that they have no surplus.

        Newton steps get each load right, but hardly this sum, which moves only the few leads between these reps and
        those that are free. A box leaves few of them open: if the surplus cannot pass, all prices jump.
        """
        costs = np.append((self.prices > 0) & np.isfinite(self.prices), False)
        between = float(self.loads.weight[costs[self.loads.a] != costs[self.loads.b]].sum())
        shift = self.surplus / between if between > 0 else 0.0
        return np.where(costs[:-1], np.maximum(self.prices + shift, 0.0), self.prices)

    def is_better_than(self, other: Descent) -> bool:
        """Return whether the dual or the loads are better; near the end, the value alone is blurred by rounding."""
        return self.value < other.value - 1e-13 * abs(other.value) or self.wrong < other.wrong

    def step(self, damping: float) -> Floats:
        """Return where to go: the prices at which loads would be right, if leads lay as densely everywhere as here."""
        loaded("scipy.sparse.linalg")
        from scipy.sparse import coo_array, diags_array
        from scipy.sparse.linalg import splu

        excess, n = self.excess, len(self.slots)
        curvature = _curvature(self.loads)
        moving = np.isfinite(self.prices) & ((excess != 0) | (self.prices > 0))
        reached, alone = np.flatnonzero(moving & (curvature > 0)), np.flatnonzero(moving & (curvature <= 0))
        place = np.full(n + 1, -1)
        place[reached] = np.arange(len(reached))
        a, b = place[self.loads.a], place[self.loads.b]
        both = (a >= 0) & (b >= 0)
        a, b, weight = a[both], b[both], -self.loads.weight[both]
        shape = (len(reached), len(reached))
        prices = self.prices.copy()
        if len(reached):
            between = coo_array((np.tile(weight, 2), (np.append(a, b), np.append(b, a))), shape=shape)
            system = between + diags_array((1 + damping) * curvature[reached])
            prices[reached] += splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A").solve(excess[reached])
        prices[alone] -= 0.5 / (1 + damping) * prices[alone]
        prices[prices < _CHEAP * _mean(self.prices[moving])] = 0.0
        return np.maximum(prices, 0.0)

    def box(self, open_leads: float) -> Box:
        """Return the box that leaves so many leads of each rep open on either side, and more where loads are off."""
        diagonal = _curvature(self.loads)
        leads = open_leads + _OFF * np.abs(self.excess)
        width = np.divide(leads, diagonal, out=np.zeros_like(leads), where=diagonal > 0)
        usual = float(np.median(width[width > 0])) if (width > 0).any() else 1e-3 * float(self.prices.max(initial=1e-9))
        width = np.where(width > 0, width, usual)
        prices = np.where(np.isfinite(self.prices), self.prices, 0.0)
        return Box.around(prices, width, width)


def descend(oracle: SlopedOracle, slots: Floats, start: Floats, meter: Meter, most_steps: int) -> Descent:
    r"""Return where the dual is nearly as low as it gets, by damped Newton steps.

    .. math:: \min_{p \ge 0} \sum_i h_i(p) + \sum_j p_j\, slots_j

    A step solves ``(curvature + damping * diagonal) step = loads - slots`` for the reps that are overfull or cost
    something; it is taken if the dual or the loads get better, else damped more (Levenberg).
    """
    here = Descent.at(oracle, slots, np.where(slots > 0, start, np.inf))
    damping, least, since = _DAMPING, here.wrong, 0
    for _ in range(most_steps):
        if here.wrong <= _NEAR * len(slots) or damping > 1e9 or meter.left_s <= 0:
            break
        meter.still("price")
        goal = here.step(damping)
        for share, change in ((1.0, _FREED), (_CUT, _CAREFUL)):
            there = Descent.at(oracle, slots, _between(here.prices, goal, share))
            if there.is_better_than(here):
                here, damping = there, max(damping * change, _LEAST_DAMPING)
                break
        else:
            damping *= _DAMPED
        least, since = (here.wrong, 0) if here.wrong < least else (least, since + 1)
        if since >= _PATIENCE:  # value and loads can get better in turn, for ever
            damping, since = damping * _DAMPED**2, 0
    for _ in range(_SHIFTS):
        there = Descent.at(oracle, slots, here.together())
        if abs(there.surplus) >= abs(here.surplus):
            break
        here = there
    return here


def _curvature(loads: SlopedLoads) -> Floats:
    """Return how fast each load falls with its own price, (n_reps,)."""
    n = len(loads.load)
    both = [np.bincount(side, weights=loads.weight, minlength=n + 1)[:n] for side in (loads.a, loads.b)]
    return np.asarray(both[0] + both[1], dtype=np.float64)


def _mean(prices: Floats) -> float:
    return float(prices.mean()) if len(prices) else 0.0


def _between(prices: Floats, goal: Floats, share: float) -> Floats:
    """Return the prices a share of the way to the goal; what is infinite stays so."""
    way = np.where(np.isfinite(prices), goal, 0.0) - np.where(np.isfinite(prices), prices, 0.0)
    return np.asarray(prices + share * way)
