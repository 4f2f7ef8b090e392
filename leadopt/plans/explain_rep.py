"""Why a rep got these leads: its load against every limit, who came because others are full, and what it lost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.plans.slots import Adds, one_more_slot, room_in
from leadopt.tables.cells import Id
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import count, number

_CELLS = 1 << 20  # leads x reps looked at together
_SAME = 1e-12  # relative: gains this close are equally good


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A limit that a rep is in.

    Parameters
    ----------
    name
        what it is called; the capacity comes first
    load, mine
        what all its reps use of it, and what this one does
    lower, upper
        the bounds; they give way at a cost if `soft`
    price
        the price of one more unit of room; negative where one less of a minimum has one
    adds
        what one more unit of room, or one less of a minimum, adds
    soft
        whether there is a penalty instead of a hard bound
    """

    name: str
    load: float
    mine: float
    lower: float
    upper: float
    price: float
    soft: bool
    adds: Adds

    @property
    def slack(self) -> float:
        """How much room is left; negative where a soft bound gives way."""
        return self.upper - self.load

    @property
    def state(self) -> str:
        """How full it is, in words."""
        if self.load > self.upper:
            return f"{number(self.load - self.upper)} beyond"
        if self.load < self.lower:
            return f"{number(self.lower - self.load)} short"
        if self.price > 0 or self.slack <= 0:
            return "full"
        return "at its minimum" if self.price < 0 or (self.load == self.lower > 0) else f"room for {number(self.slack)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A lead that would gain most with a rep, and went elsewhere.

    Parameters
    ----------
    lead_id, rep_id
        the lead, and who has it; None = the pool
    gain_here, gain_there
        what it would gain, and what it gains
    by
        by how much the other place is better, once what room is worth is paid at both
    """

    lead_id: Id
    rep_id: Id | None
    gain_here: float
    gain_there: float
    by: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RepExplanation(Result):
    """Why a rep got these leads.

    Parameters
    ----------
    rep_id, away, newcomer
        who
    unit
        of gains
    gain_words
        what they are called: "expected deals", or "value placed" where nobody knows chances
    n_leads, gain
        how many leads the rep has, and what they gain
    n_best
        how many of them would gain nowhere more
    from_others
        for the rest, whose best rep is held by limits: that rep, and how many
    pinned
        how many a person decided
    bounds
        every limit that the rep is in
    n_lost, lost
        how many leads would gain most here and went elsewhere, and the closest of them
    n_too_large
        how many more would gain most here, and each take more of a hard limit by itself than there is
    leads
        its leads, as columns: id, gain, best rep, best gain
    """

    rep_id: Id
    away: bool
    newcomer: bool
    unit: str
    gain_words: str
    n_leads: int
    gain: float
    n_best: int
    from_others: tuple[tuple[Id, int], ...]
    pinned: int
    bounds: tuple[Bound, ...]
    n_lost: int
    lost: tuple[Lost, ...]
    leads: dict[str, list[Any]]
    n_too_large: int = 0

    @property
    def one_more_slot(self) -> float:
        """What one more slot would add at most, or exactly where that is known."""
        return self.bounds[0].adds.amount

    @property
    def lines(self) -> list[str]:
        """The explanation in sentences."""
        who = ", away" if self.away else ", new" if self.newcomer else ""
        first = f"{self.rep_id}{who}: {count(self.n_leads, 'lead')}, {self.gain_words} {number(self.gain)}."
        return [first, *self._origin, *map(_about, self.bounds), self._slot, *self._losses]

    @property
    def _origin(self) -> list[str]:
        if not self.n_leads:
            return []
        lines = [self._at_home]
        if self.from_others:
            others = ", ".join(f"{n} of {rep}" for rep, n in self.from_others[:3])
            n_more = len(self.from_others) - 3
            more = f" and others of {count(n_more, 'more rep')}" if n_more > 0 else ""
            lines.append(f"{self.n_leads - self.n_best} came because their best rep has no room: {others}{more}.")
        return [*lines, *([f"{self.pinned} pinned by a person."] if self.pinned else [])]

    @property
    def _at_home(self) -> str:
        if self.n_best == 0:
            return "None of them is where it would gain most."
        return f"{'All' if self.n_best == self.n_leads else self.n_best} of them are where they gain most."

    @property
    def _slot(self) -> str:
        adds, held = self.bounds[0].adds, [bound.name for bound in self.bounds[1:] if bound.price > 0]
        still = f": {', '.join(held)} would still hold" if held and not adds.amount else ""
        return f"One more slot would add {adds}{still}."

    @property
    def _losses(self) -> list[str]:
        large = self.n_too_large
        more = [
            f"{count(large, 'lead')} would gain most here and {'is' if large == 1 else 'are'} too large for its limits."
        ]
        too_large = more if large else []
        if not self.n_lost:
            return too_large or ["No lead that would gain most here went elsewhere."]
        closest = "; ".join(
            f"{lead.lead_id} to {'the pool' if lead.rep_id is None else lead.rep_id}, by {number(lead.by)}"
            for lead in self.lost[:3]
        )
        return [f"{count(self.n_lost, 'lead')} would gain most here and went elsewhere, closest {closest}.", *too_large]

    @property
    def _cells(self) -> Cells:
        rows = [
            [
                bound.name,
                number(bound.mine),
                number(bound.load),
                number(bound.lower),
                "-" if np.isinf(bound.upper) else number(bound.upper),
                bound.state,
                number(bound.price),
            ]
            for bound in self.bounds
        ]
        return ["limit", "this rep", "all its reps", "at least", "at most", "", "price"], rows

    def summary(self) -> str:
        """Return how many leads the rep has and what they gain, in one sentence."""
        return self.lines[0]

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        if page:
            return Parts(lines=[*self._origin, self._slot, *self._losses], tables=[self._cells])
        return Parts(lines=self.lines[1:])


def explain_rep(plan: Answered, rep: int, most: int = 10) -> RepExplanation:
    """Return why a rep got these leads, with the `most` leads that it lost most closely."""
    case, mine = plan.case, np.flatnonzero(plan.rep_of_lead == rep)
    gains = case.gains.at(mine, np.full(len(mine), rep))
    best_rep, best_gain = _best(case, mine)
    at_best = gains >= best_gain - _SAME * np.abs(best_gain)
    best_rep = np.where(at_best, rep, best_rep)
    lost, by = _lost(plan, rep)
    fits = np.isfinite(by)
    lost, by = lost[fits], by[fits]
    return RepExplanation(
        rep_id=case.rep_ids[rep],
        away=bool(case.away[rep]),
        newcomer=bool(case.newcomer[rep]),
        unit=case.unit,
        gain_words=case.gain_words,
        n_leads=len(mine),
        gain=float(gains.sum()),
        n_best=int(at_best.sum()),
        from_others=tuple((case.rep_ids[other], n) for other, n in Counter(best_rep[~at_best].tolist()).most_common()),
        pinned=int((case.problem.pins[mine] >= 0).sum()),
        bounds=_bounds(plan, rep),
        n_lost=len(lost),
        n_too_large=int((~fits).sum()),
        lost=tuple(_as_lost(plan, rep, lost[:most], by[:most])),
        leads={
            "lead_id": [case.lead_ids[lead] for lead in mine],
            "gain": gains.tolist(),
            "best_rep": [case.rep_ids[other] for other in best_rep],
            "best_gain": best_gain.tolist(),
        },
    )


def _about(bound: Bound) -> str:
    share = "" if bound.mine == bound.load else f" ({number(bound.mine)} of them here)"
    most = "" if np.isinf(bound.upper) else f" of {number(bound.upper)}"
    least = f", at least {number(bound.lower)}" if bound.lower > 0 else ""
    price = f"; one more unit adds {bound.adds}" if bound.price > 0 else ""
    price = f"; one less of the minimum adds {bound.adds}" if bound.price < 0 else price
    return f"{bound.name}: {number(bound.load)}{most}{share}{least}, {bound.state}{price}."


def _best(case: Case, leads: Ints) -> tuple[Ints, Floats]:
    """Return the rep who is there and gains most with each lead, and how much."""
    return case.gains.best_of(leads, ~case.away)


def _lost(plan: Answered, rep: int) -> tuple[Ints, Floats]:
    """Return the leads elsewhere that would gain most with a rep, the closest first, and by how much they lost.

    inf where a lead takes more of a limit than the rep has.
    """
    case, elsewhere = plan.case, np.flatnonzero(plan.rep_of_lead != rep)
    here = case.gains.at(elsewhere, np.full(len(elsewhere), rep))
    best = _best(case, elsewhere)[1] if len(elsewhere) else here
    above = here > case.problem.reserve
    lost = elsewhere[
        np.isfinite(here) & above & (here >= best - _SAME * np.abs(best)) & (plan.gains_now(elsewhere) < here)
    ]
    by = np.zeros(len(lost))
    step = max(1, _CELLS // case.problem.n_reps)
    for start in range(0, len(lost), step):
        leads = lost[start : start + step]
        reduced = np.column_stack([plan.reduced_gains(leads), np.full(len(leads), case.pool_gain)])
        rows = np.arange(len(leads))
        by[start : start + step] = (
            reduced[rows, plan.rep_of_lead[leads]] - reduced[rows, rep]
        )  # -1 is the pool, the last
    order = np.argsort(by, kind="stable")
    return lost[order], np.maximum(by[order], 0.0)


def _as_lost(plan: Answered, rep: int, lost: Ints, by: Floats) -> Sequence[Lost]:
    case, there = plan.case, plan.rep_of_lead[lost]
    gains = zip(case.gains.at(lost, np.full(len(lost), rep)).tolist(), plan.gains_now(lost).tolist(), strict=True)
    return [
        Lost(
            lead_id=case.lead_ids[lead],
            rep_id=None if other < 0 else case.rep_ids[other],
            gain_here=gain_here,
            gain_there=gain_there,
            by=gap,
        )
        for lead, other, (gain_here, gain_there), gap in zip(
            lost.tolist(), there.tolist(), gains, by.tolist(), strict=True
        )
    ]


def _bounds(plan: Answered, rep: int) -> tuple[Bound, ...]:
    case, alone = plan.case, np.where(plan.rep_of_lead == rep, rep, -1)
    n_leads = float(plan.n_leads_of_rep[rep])
    slots = Bound(
        name=f"capacity of {case.rep_ids[rep]}",
        load=n_leads,
        mine=n_leads,
        lower=0.0,
        upper=float(case.problem.capacity[rep]),
        price=float(plan.capacity_prices[rep]),
        soft=False,
        adds=one_more_slot(plan, rep),
    )
    return (
        slots,
        *(
            Bound(
                name=plan.limit_names[k],
                load=case.problem.load(limit, plan.rep_of_lead),
                mine=case.problem.load(limit, alone),
                lower=limit.lower,
                upper=limit.upper,
                price=float(plan.limit_prices_of_problem[k]),
                soft=limit.penalty is not None,
                adds=room_in(plan, k),
            )
            for k in plan.limits_of_reps[rep]
            for limit in [case.problem.limits[k]]
        ),
    )
