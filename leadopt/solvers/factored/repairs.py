"""Hard bounds that are broken by little, mended at the reps that they are about.

What is lacking to the bound is measured as in `chains`. Chains begin where a bound is broken; then a lead goes, one
comes, or both, at the best pair of those that bring the bound nearest. Where a count stays broken, a lead is sent along
the cheapest path of reps, each of which passes one on, to where there is room: a rep's neighbours may all be at their
bounds too.
"""

from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, apart
from leadopt.solvers.compiled import compiled
from leadopt.solvers.drafts.rows import Family, Rows, members
from leadopt.solvers.factored.repair_kernels import Comers, Into, Path, along, swaps
from leadopt.solvers.lagrangian.chain_kernels import Bounds
from leadopt.solvers.lagrangian.ejection_chains import Search
from leadopt.solvers.lagrangian.program import Core

# Half and twice of each come to the same answer in as long, but for what is said (factored 10,000 x 50 as in `newton`,
# a gap of 7.6e-5), where bounds are broken by little.
_BROKEN = (5.0, 100.0, 1e4)  # usual prices that a unit beyond a hard bound counts: 7.5e-5 and 8.4e-5
_ROUNDS = 4
_DEPTH = 4  # of a chain: 1.0e-4 and 8.0e-5
_WORTHWHILE = 1e-4  # of what is lacking: a round that wins less is the last at its price
_LEAST = 1e-9  # of what is lacking: less is rounding
_COUNT = 30.0  # times as much counts a lead too many or too few: amounts are mended more easily
_HALF = 0.5  # leads: a count that is broken by less is not sent along a path
_HOP = 1e-3  # of a mean loss, so that paths are short
_LOOKS, _PLAIN_LOOKS = 10_000_000, 100_000
_A_SECOND = 2e6  # looks, where time is limited


def repaired(core: Core, problem: Problem, rows: Rows, y: Floats, at: Ints, unit: Floats, meter: Meter) -> Ints:
    """Return options of a core's leads that break hard bounds by less, if at all.

    Parameters
    ----------
    y, unit
        (n_rows,), prices, and usual ones
    at
        (n_leads,), the option of each lead to begin with
    """
    at, places = at.copy(), _Places.of(core, problem, rows)
    dear = unit.copy()
    for family in rows.families:
        dear[family.member] *= _COUNT if family.counts_leads else 1.0
    for broken in _BROKEN:
        search = Search.of(core, y, broken * dear, broken)
        for turn in range(_ROUNDS):
            bad = np.flatnonzero(core.broken(at) * np.isinf(core.penalty))
            if not len(bad) or meter.left_s <= 0:
                break
            before = search.lacking(at)
            if turn == 0:
                at = places.chained(search, at, bad, _looks(meter))
            else:
                places.sent_along(search, at)
            places.swapped(search, at, _looks(meter))
            if turn > 0 and before - search.lacking(at) <= _WORTHWHILE * before:
                break
    return at


class _Places:
    """Where the options at each rep are, and what each row is about."""

    def __init__(self, core: Core, problem: Problem, rows: Rows, into: Into) -> None:
        self.core, self.problem, self.rows, self.into = core, problem, rows, into
        self.touched = (core.used != 0).tocsr()
        self.family_of: dict[int, tuple[Family, int]] = {
            int(row): (family, k) for family in rows.families for k, row in enumerate(family.member)
        }

    @classmethod
    def of(cls, core: Core, problem: Problem, rows: Rows) -> "_Places":
        into = np.argsort(core.rep, kind="stable")
        first = np.searchsorted(core.rep[into], np.arange(problem.n_reps + 2))
        return cls(core, problem, rows, Into(into, first))

    def broken(self, at: Ints) -> Floats:
        return np.where(np.isinf(self.core.penalty), self.core.broken(at), 0.0)

    def reps(self, row: int) -> Ints:
        family, k = self.family_of[row]
        return np.flatnonzero(family.reps[k])

    def chained(self, search: Search, at: Ints, bad: Ints, looks: int) -> Ints:
        """Return options after chains that begin with leads in broken rows."""
        core = self.core
        touches = self.touched[bad].sum(axis=0) > 0
        starts = np.flatnonzero((touches | touches[at][core.lead]) & (at[core.lead] != np.arange(len(core.rep))))
        starts = starts[np.argsort(search.loss[starts], kind="stable")]
        return search.after_chains(starts, at, _DEPTH, looks)

    def swapped(self, search: Search, at: Ints, looks: int) -> None:
        """Change options at the reps whose bounds are broken, one lead against another."""
        pairs = [(row, rep) for row in np.flatnonzero(self.broken(at)).tolist() for rep in self.reps(row).tolist()]
        if pairs:
            bad, reps = np.array(pairs, dtype=np.int64).T.copy()
            rows, least = search.bounds(at), _LEAST * search.lacking(at)
            comers = Comers.of(self.into)
            apart(lambda: swaps(search.choices(), self.into, rows, at, bad, reps, least, looks, comers))

    def sent_along(self, search: Search, at: Ints) -> None:
        """Change options along paths that mend broken counts, where that is better on the whole."""
        core, broken = self.core, self.broken(at)
        for row in np.flatnonzero(broken >= _HALF).tolist():
            family, _ = self.family_of[row]
            if not family.counts_leads:
                continue
            inside, load = self._inside(family), core.loads(at)
            path = Path.of(self.problem.n_reps + 1)
            for rep in self.reps(row).tolist():
                tried, rows = at.copy(), Bounds(load.copy(), search.lower, search.upper, search.slopes)
                out, hop = bool(load[row] > core.upper[row]), _HOP * float(search.loss.mean())
                hops = along(search.choices(), self.into, rows, tried, inside, hop, rep, out, path)
                if hops and core.broken(tried)[row] < broken[row]:
                    at[:] = tried
                    break

    def _inside(self, family: Family) -> Bools:
        chosen: Any = None if family.limit is None else family.limit.leads
        leads = self.core.leads
        return np.ones(len(leads), dtype=bool) if chosen is None else members(chosen, self.problem.n_leads)[leads]


def _looks(meter: Meter) -> int:
    """Return how many options one search may look at: fewer where there is little time."""
    return int(min(_LOOKS if compiled() else _PLAIN_LOOKS, max(meter.left_s, 0.0) * _A_SECOND))
