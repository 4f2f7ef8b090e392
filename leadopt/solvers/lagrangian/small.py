"""So few leads that all options of all of them are in one core: shares, chains, and then branch and bound.

Where each rep has so much time, one by packings comes first (`packings`), and is all where there is no other rule.
"""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import SolverFailed
from leadopt.problem.knapsack_bound import Knapsacks
from leadopt.solvers.base import Answer
from leadopt.solvers.lagrangian.by_packings import MOST_PACKED, in_loops, lead_prices_at
from leadopt.solvers.lagrangian.ejection_chains import improved, losses
from leadopt.solvers.lagrangian.infeasible import none_found, refuse_conflict, refuse_whole
from leadopt.solvers.lagrangian.lead_prices import lead_prices
from leadopt.solvers.lagrangian.neighbourhoods import nearest, searched_around
from leadopt.solvers.lagrangian.packings import Search
from leadopt.solvers.lagrangian.program import Core, Relaxed
from leadopt.solvers.lagrangian.relax_and_fix import largest, rounded
from leadopt.solvers.lagrangian.work import DEAR, DEARER, Work

_CLOSED = 0.5  # of the open options: where more stay open, a second search would get no farther
_AT_FIRST, _AROUND = 0.4, 0.9  # parts of the time left for a search of all, and for one of neighbourhoods after it
# Part of the time left for branch and bound among so many options a lead at first, if there are more than twice as many
# open. At E 200 x 20 of generalised assignment, 0.8 s of a core bring 21,923 down to 21,654; among all, to 21,910.
_NARROW, _FEW = 0.3, 2
# Options a lead that are still open, up to which branch and bound among all of them is begun where time is limited:
# none with more came to its end in its part of 30 s (generalised assignment, 100 to 200 leads).
_FARTHEST = 8
_CAPPED = 0.8  # the first of these where a search is to end by itself, if it can
_SEARCH = 0.9  # part of the time left that a search may take if a bound is to be found after it
_BY_PACKINGS = 0.5  # the same of a search by packings if another one is to follow
_BESIDE = 0.02  # and of the work of one that is to end by itself, where there are rules beside the time
_NOTHING = 1e-12  # of all gains: what rounding can hide is next to nothing
_NOISE = 1e-14  # of all that is added up, gains and charges
_TRIES = 4  # how often shares that break bounds are made to pay more for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Options of a core's leads: are they allowed, can nothing be better, and did chains find none?"""

    at: Ints
    fits: bool
    complete: bool = False
    stuck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """The way of a problem all of whose options are in the core.

    Parameters
    ----------
    most_work
        effort of an exact search, in seconds as the backend counts them
    exactly
        open options up to which a search is exact
    most_nodes
        of branch and bound where more are open
    searched, searched_in_time
        open options up to which a search is begun; the second where time is limited, as it may find something better
        there though it does not end
    """

    work: Work
    most_work: float
    exactly: int
    most_nodes: int
    searched: int
    searched_in_time: int

    def answer(self) -> Answer:
        """Return the answer, searched as far as the nodes last."""
        work, meter = self.work, self.work.meter
        if work.draft is not None:
            meter.check()
        core, others = work.opened(np.zeros(work.rows.n), work.n_leads)
        meter.enter("core")
        shares = self._shares(core)
        y = shares.prices
        found, most, noise = self._begun(core, shares, others), core.bound(y), _NOISE * core.turnover(y)
        if found.fits and most - core.worth(found.at) <= noise <= _NOTHING * np.abs(core.gain[found.at]).sum():
            return work.answer(work.rep_of_lead(core, found.at, others), core, y)
        meter.enter("search")
        packs, u = Knapsacks.of(work.problem, up=True), None
        if packs is not None and in_loops(packs):
            found, u = self._packed(core, found, y, packs)
        if u is None or packs is None or not (found.fits and (found.complete or (packs.exact and packs.alone))):
            found = self._branched(core, y, found, most + noise, packs if u is None else None)
        rep_of_lead = work.rep_of_lead(core, found.at, others)
        answer = work.answer(rep_of_lead, core, y, complete=found.complete)
        if packs is None or (u is None and found.complete):
            return answer
        if u is None:
            meter.enter("price leads")
            u = self._lead_prices(core, found, packs, y)
        return replace(answer, lead_prices=u)

    def _packed(self, core: Core, found: Found, y: Floats, packs: Knapsacks) -> tuple[Found, Floats]:
        """Return what a search by packings finds from what is found, and prices of leads."""
        work, left_s = self.work, max(self.work.meter.left_s, 0.0)
        until_s = 0.0 if (packs.exact and packs.alone) or np.isinf(left_s) else (1.0 - _BY_PACKINGS) * left_s
        searched = self._search(core, found, y, packs, until_s).run()
        if searched.rep_of_lead is not None:
            at = work.options(core, searched.rep_of_lead)
            found = Found(at=at, fits=core.allows(at), complete=searched.complete)
        return found, searched.lead_prices

    def _search(self, core: Core, found: Found, y: Floats, packs: Knapsacks, until_s: float) -> Search:
        work = self.work
        known = work.rep_of_lead(core, found.at, work.problem.pins) if found.fits else None
        u = lead_prices_at(work.problem, core, y)
        if packs.alone:
            return Search(work.problem, packs, known, u, work.meter, until_s, MOST_PACKED)
        most_work = int(_BESIDE * MOST_PACKED)  # as other searches follow
        return Search(work.problem, packs, known, u, work.meter, until_s, most_work, y)

    def _branched(self, core: Core, y: Floats, found: Found, best: float, packs: Knapsacks | None) -> Found:
        """Return what other searches find; where `packs` are given, time is kept for their prices."""
        work, meter = self.work, self.work.meter
        reserved_s = (1.0 - _SEARCH) * meter.left_s if packs and np.isfinite(meter.left_s) else 0.0
        found = self._searched(core, y, found, best, reserved_s)
        if not found.fits:
            if found.complete:
                refuse_whole(work.problem, core, meter)
            remedy = "allow more work (Milp(most_work=...)), or loosen a limit"
            raise none_found(work.problem, core, found.at, remedy)
        return found

    def _shares(self, core: Core) -> Relaxed:
        """Return the best shares; raise `Infeasible` if even they must break a hard bound.

        Where the backend cannot tell them, for numbers too far apart, they are each lead's best option at no price: a
        search does without them.
        """
        work, first = self.work, DEAR * self.work.dual.unit
        dear = first
        for _ in range(_TRIES):
            try:
                found = work.relaxed(core, dear)
            except SolverFailed:
                return _unpriced(core)
            if not core.breaks(found.broken):
                break
            if work.draft is None and dear is first:
                refuse_conflict(work.problem, core, work.dual.unit, work.meter)
            dear = DEARER * dear
        return found

    def _begun(self, core: Core, shares: Relaxed, others: Ints) -> Found:
        """Return what a search begins with, the better one of shares made whole and the draft."""
        work, meter, unit = self.work, self.work.meter, self.work.dual.unit
        meter.enter("round")
        # A search to come makes up for a rough beginning.
        rough = len(core.rep) <= self.searched
        start = largest(core, shares.z) if rough else rounded(core, shares.z, shares.prices, unit, meter)
        at, best = work.chained(core, shares.prices, start, others)
        if best is None:
            return Found(at=at, fits=False)
        there, stuck = work.options(core, best), not core.allows(at)
        if stuck or core.worth(there) > core.worth(at):
            at, _ = improved(core, shares.prices, there, unit, meter, work.grace_s)
        return Found(at=at, fits=core.allows(at), stuck=stuck)

    def _searched(self, core: Core, y: Floats, begun: Found, best: float, reserved_s: float) -> Found:
        """Return what a search finds; nothing is worth more than `best`.

        Where branch and bound does not end, neighbourhoods are searched: if a better answer closes
        many options, it is tried once more.
        """
        meter, loss = self.work.meter, losses(core, y)
        begun = self._among_few(core, begun, loss, best, reserved_s)
        # An allowed answer is needed to search around; and where chains found none, there is little around a draft.
        at_first = _CAPPED if meter.ends_by_itself else _AT_FIRST
        found = self._whole(core, begun, loss, best, at_first if begun.fits and not begun.stuck else 1.0, reserved_s)
        if found.complete or not found.fits or meter.left_s <= reserved_s:
            return found
        left_s = meter.left_s - reserved_s
        until_s = reserved_s + (1.0 - _AROUND) * left_s if np.isfinite(left_s) else 0.0
        around = searched_around(core, y, found.at, meter, until_s)
        before, after = ((loss <= best - core.worth(some)).sum() for some in (found.at, around))
        last = Found(at=around, fits=True)
        return self._whole(core, last, loss, best, 1.0, reserved_s) if after <= _CLOSED * before else last

    def _among_few(self, core: Core, known: Found, loss: Floats, best: float, reserved_s: float) -> Found:
        """Return what branch and bound finds among few options a lead where time is limited, to begin with."""
        left_s, few = self.work.meter.left_s - reserved_s, _FEW * len(core.leads)
        n_open = (loss <= best - core.worth(known.at)).sum()
        if self.work.meter.ends_by_itself or not known.fits or known.stuck or left_s <= 0 or n_open <= 2 * few:
            return known
        open_ = nearest(loss, few)
        open_[known.at] = True
        at = core.whole(open_, known.at, self.most_work, _NARROW * left_s, self.most_nodes).at
        if at is None or not core.allows(at) or core.worth(at) <= core.worth(known.at):
            return known
        return replace(known, at=at)

    def _whole(self, core: Core, known: Found, loss: Floats, best: float, share: float, reserved_s: float) -> Found:
        """Return what branch and bound finds in a share of the time left, what is known where it finds nothing."""
        left_s = self.work.meter.left_s
        # An answer that lacks less has no option that loses more.
        open_ = loss <= best - core.worth(known.at) if known.fits else np.ones(len(core.rep), dtype=bool)
        if known.fits and open_.sum() > self._most_open(len(core.leads)):
            return known
        seconds = max(share * (left_s - reserved_s), 0.0 if known.fits else self.work.grace_s)
        nodes = self.most_nodes if open_.sum() > self.exactly else None
        found = core.whole(open_, known.at, self.most_work, seconds, nodes)
        at = found.at
        if at is None or (core.allows(at) and known.fits and core.worth(at) <= core.worth(known.at)):
            return replace(known, complete=found.complete)
        if not core.allows(at):  # by less than the steps of the search can tell
            return known
        return Found(at=at, fits=True, complete=found.complete)

    def _most_open(self, n_leads: int) -> int:
        """Return how many open options branch and bound is begun with, if something allowed is known."""
        if self.work.meter.ends_by_itself:
            return self.searched
        return min(self.searched_in_time, max(self.exactly, _FARTHEST * n_leads))

    def _lead_prices(self, core: Core, found: Found, packs: Knapsacks, y: Floats) -> Floats:
        """Return prices of leads for the bound by knapsacks."""
        if in_loops(packs):
            return self._search(core, found, y, packs, 0.0).u
        problem = self.work.problem
        reserve = problem.reserve if np.isfinite(problem.reserve) else 0.0
        least = core.worth(found.at) + reserve * len(core.leads)
        return lead_prices(packs, problem.reserve, lead_prices_at(problem, core, y), least, self.work.meter)


def _unpriced(core: Core) -> Relaxed:
    """Return each lead's best option as shares, with no prices."""
    none = np.zeros(len(core.lower))
    z = np.zeros(len(core.rep))
    z[largest(core, core.gain)] = 1.0
    return Relaxed(z, none, none)
