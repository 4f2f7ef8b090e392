"""Where gains tie: prices by Newton steps on the dual, and the exact answer by moves of leads between reps.

Bids are slow where ties are usual: leads outbid each other by next to nothing, and what prices leave open is nearly
everything. Here ties are broken by chance (`oracles/nearest`), by so little that no cycle of moves between all reps
adds up to a real difference of gains; loads then follow the prices smoothly, and a dozen Newton steps bring each to
within a lead or two of its slots. Who sits where at these prices is the draft that `exchanges` makes exact, with the
gains as they are.
"""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats
from leadopt.progress import Meter
from leadopt.solvers.base import Answer
from leadopt.solvers.capacities.descent import descend
from leadopt.solvers.capacities.exchanges import finish_by_exchanges
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.row_simplex import solve_by_simplex
from leadopt.solvers.oracles.nearest import NearestOracle

_ASKED = 1_000  # leads whose options tell whether gains tie
_TIED = 0.05  # share of leads whose best two options gain the same, from which on bids are slow
_NEARLY = 1e-3  # of how much leads differ: a margin between options as small as this is nearly a tie
# Pairs; whole gains 4,000 x 20 take a third less by bids, 2,000 x 200 a third more, and ones and noughts always more.
_WORTH_STEPS = 100_000
_LEADS_A_REP = 4  # at least; with fewer, moves of leads are no less than a flow over all pairs
_SAMPLED = 10  # leads per rep in the first sample
_LARGER = 8  # times as many in the next
_MOST_STEPS = 40
_LOST = 4.0  # leads out of place, by rep, from which on prices are no help
_FEW_STEPS = 12  # from prices that are near; more than twenty find prices in a line of reps, in as long as the simplex
_NEAR = 0.25  # of the leads, out of place at first: where there are more, gains tie or reps stand in a line
_READS = 1.0  # times that all gains are read for moves, before the simplex has its turn
_SMALL = 1e-12  # of the largest gain: a smaller jolt would drown in rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike the best options of a lead are.

    Parameters
    ----------
    tied
        share of leads whose best two reps gain the same
    margin
        what the best gains beyond the second, of the usual lead
    step
        the least usual difference of gains that is one
    spread
        how much the best gains of leads differ from each other
    """

    tied: float
    margin: float
    step: float
    spread: float

    @classmethod
    def of(cls, rest: Remainder) -> "Likeness":
        """Return what a thousand leads tell."""
        some = rest.leads[:: 1 + len(rest.leads) // _ASKED]
        gains = np.sort(rest.problem.affinity.of(some)[:, ~rest.closed], axis=1)[:, ::-1]
        gains = gains[np.isfinite(gains[:, :2]).all(axis=1)] if gains.shape[1] > 1 else gains[:0]
        if not len(gains):
            return cls(tied=0.0, margin=np.inf, step=0.0, spread=0.0)
        with np.errstate(invalid="ignore"):
            gaps = gains[:, :1] - gains
        steps = np.where(gaps > 0, gaps, np.inf).min(axis=1)
        steps = steps[np.isfinite(steps)]
        low, high = np.quantile(gains[:, 0], [0.25, 0.75])
        return cls(
            tied=float((gaps[:, 1] == 0).mean()),
            margin=float(np.median(gaps[:, 1])),
            step=float(np.quantile(steps, 0.1)) if len(steps) else 0.0,
            spread=float(high - low),
        )


def are_worth_steps(rest: Remainder) -> bool:
    """Return whether there are pairs enough, and leads enough a rep, for another way than bids."""
    n_reps = int((~rest.closed).sum())
    return n_reps > 1 and len(rest.leads) >= _LEADS_A_REP * n_reps and rest.n_pairs >= _WORTH_STEPS


def jolt_of(rest: Remainder) -> float | None:
    """Return by how much ties are to be broken where Newton steps are the quicker way; None where bids are.

    Where a twentieth of the leads has two best options, or slots are scarce and options differ far less than leads do;
    not in small problems, or where there are few leads a rep.
    """
    n_reps = int((~rest.closed).sum())
    if not are_worth_steps(rest):
        return None
    found, largest = Likeness.of(rest), rest.largest
    if found.tied >= _TIED:
        # A cycle passes each rep once at most.
        return max(found.step / (4 * (n_reps + 1)), _SMALL * largest) or 1.0
    scarce = int(np.maximum(rest.room.upper, 0).sum()) < len(rest.leads)
    return 0.0 if scarce and found.margin < _NEARLY * found.spread else None


def solve_by_newton(rest: Remainder, jolt: float, hint: Floats | None, meter: Meter) -> Answer | None:
    """Return the best answer and its least prices, None where the steps lead nowhere.

    Parameters
    ----------
    jolt
        by how much gains are raised at most, by chance, to break ties
    hint
        prices to begin with; None = those of ever larger samples

    Raises
    ------
    OutOfTime
        by the `meter`
    """
    problem, n, n_open = rest.problem, len(rest.leads), int((~rest.closed).sum())
    order = np.random.default_rng(0).permutation(n)
    prices, size = np.zeros(problem.n_reps) if hint is None else hint, _SAMPLED * n_open
    while True:
        size = size if hint is None and _LARGER * size <= _LARGER / 2 * n else n
        meter.check()
        leads = rest.leads if size == n else rest.leads[np.sort(order[:size])]
        oracle = NearestOracle.of(problem.affinity, leads, problem.reserve, jolt)
        slots = np.where(rest.closed, 0.0, rest.room.upper * (size / n))
        begin = _together(oracle, slots, np.where(rest.closed, np.inf, prices))
        found = descend(oracle, slots, begin, meter, _MOST_STEPS)
        if found.wrong > _LOST * n_open:
            return None
        prices = np.where(rest.closed, 0.0, found.prices)
        if size == n:
            break
        size *= _LARGER
    meter.check()
    return finish_by_exchanges(rest, oracle.wanted(found.prices), prices, meter)


def solve_contested(rest: Remainder, prices: Floats, meter: Meter) -> Answer | None:
    """Return the same where leads want the same reps and bids would go on and on, None if somebody cannot be placed.

    Newton steps and moves lead there from prices that are near; or the simplex over all leads where that is the quicker
    way, as where reps stand in a line, or gains tie.
    """
    meter.check()
    oracle = NearestOracle.of(rest.problem.affinity, rest.leads, rest.problem.reserve)
    slots = np.where(rest.closed, 0.0, np.minimum(rest.room.upper, len(rest.leads)))
    begin = _together(oracle, slots, np.where(rest.closed, np.inf, prices))
    if _out_of_place(oracle, slots, begin) <= _NEAR * len(rest.leads):
        found = descend(oracle, slots, begin, meter, _FEW_STEPS)
        prices = np.where(rest.closed, 0.0, found.prices)
        if found.wrong <= _LOST * np.count_nonzero(slots):
            answer = finish_by_exchanges(rest, oracle.wanted(found.prices), prices, meter, _READS)
            if answer is not None:
                return answer
    return solve_by_simplex(rest, prices, meter)


def _out_of_place(oracle: NearestOracle, slots: Floats, prices: Floats) -> int:
    """Return how many leads are too many with some rep or too few, where it costs something."""
    wanted = oracle.wanted(prices)
    excess = np.bincount(wanted[wanted >= 0], minlength=len(slots)) - slots
    return int(np.abs(np.where((prices > 0) | (excess > 0), excess, 0.0)).sum())


def _together(oracle: NearestOracle, slots: Floats, prices: Floats) -> Floats:
    """Return prices that are raised or lowered alike, so that as many leads want a slot as there are.

    Not where some slots are free: then these take who is too many.
    """
    free = (prices <= 0) & (slots > 0)
    total, n = int(slots.sum()), len(oracle.leads)
    if not np.isfinite(oracle.reserve) or total >= n or (free.any() and (prices[np.isfinite(prices)] > 0).any()):
        return prices
    over = oracle.choices(prices).worth - oracle.reserve
    level = float(np.partition(over, n - 1 - total)[n - 1 - total])
    return np.maximum(prices + level, 0.0) if np.isfinite(level) else prices
