"""What if a rep had more slots, a limit fell, somebody were away: what comes of a changed case."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.tables.cells import Id
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import count, number

_SHOWN = 10
_SAME = 1e-12  # relative: objectives closer than this are alike


P = TypeVar("P", bound=Answered)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WhatIf(Result, Generic[P]):
    """A plan beside the one that it would be after a change.

    Parameters
    ----------
    before, plan
        the plan as it was, and as it would be
    bound
        what the new plan could be worth at most, by the old prices alone, before it was solved
    notes
        what was changed, in words
    place
        of each limit of the new plan among those of the plan as it was, -1 = new
    """

    before: P
    plan: P
    bound: float
    notes: tuple[str, ...]
    place: tuple[int, ...]

    @property
    def change(self) -> float:
        """What the new plan is worth more, in the plan's unit."""
        return self.plan.objective - self.before.objective

    @property
    def change_at_most(self) -> float:
        """What the old prices said that it could be worth more at most."""
        return self.bound - self.before.objective

    @property
    def unproven(self) -> float:
        """What the best new plan may be worth more than that found, in the plan's unit; 0 where it is proven best."""
        if self.plan.is_best:
            return 0.0
        most = min(self.plan.certificate.bound - self.plan.case.credit, self.bound)
        return max(most - self.plan.objective, 0.0)

    @property
    def moved(self) -> Ints:
        """Indices of the leads that go elsewhere, int64."""
        return np.flatnonzero(self.before.rep_of_lead != self.plan.rep_of_lead)

    @property
    def _there(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Return where the leads that go elsewhere were and will be, and what they gain there, by the same gains."""
        old, new = (answer.rep_of_lead[self.moved] for answer in (self.before, self.plan))
        was, now = (self.before.case.gains_of(self.moved, reps) for reps in (old, new))
        return old, new, was, now

    @cached_property
    def moves(self) -> Any:
        """One row per lead that goes elsewhere: id, from, to (None = pool), gain before and after, and the change.

        The same kind of table as the leads were; the greatest loss and gain come last and first.
        """
        lead_id = self.before.case.policy.columns.written[0]
        columns = {lead_id if name == "lead" else name: values for name, values in self._columns.items()}
        own = (lead_id,) if lead_id == self.before.case.policy.columns.lead_id else ()
        return self.before.like.build(columns, numbers=("gain_before", "gain_after", "change"), own=own)

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        case = self.before.case
        old, new, was, now = self._there
        order = np.argsort(was - now, kind="stable")
        return {
            "lead": [case.lead_ids[lead] for lead in self.moved[order]],
            "from": [_rep(case, rep) for rep in old[order]],
            "to": [_rep(case, rep) for rep in new[order]],
            "gain_before": was[order].tolist(),
            "gain_after": now[order].tolist(),
            "change": (now - was)[order].tolist(),
        }

    @cached_property
    def loads(self) -> Any:
        """One row per rep: leads, capacity and expected gain before and after; like the leads."""
        before, after = self.before, self.plan
        return before.like.build(
            {
                before.case.policy.columns.written[1]: list(before.case.rep_ids),
                "leads_before": before.n_leads_of_rep.tolist(),
                "leads_after": after.n_leads_of_rep.tolist(),
                "capacity_before": before.case.problem.capacity.tolist(),
                "capacity_after": after.case.problem.capacity.tolist(),
                "gain_before": before.gain_of_rep.tolist(),
                "gain_after": after.gain_of_rep.tolist(),
            }
        )

    @cached_property
    def prices(self) -> Any:
        """One row per capacity and limit: its price before and after, None where it does not exist; like the leads."""
        before, after, m = self.before, self.plan, len(self.before.case.rep_ids)
        slots = [f"capacity of {rep}" for rep in before.case.rep_ids]
        names, new = after.case.limit_names(), [at for at, k in enumerate(self.place) if k < 0]
        was = [*before.capacity_prices.tolist(), *before.limit_prices_of_problem.tolist()]
        now: list[float | None] = [*after.capacity_prices.tolist(), *[None] * (len(was) - m)]
        for at, price in enumerate(after.limit_prices_of_problem.tolist()):
            if self.place[at] >= 0:
                now[m + self.place[at]] = price
        return before.like.build(
            {
                "limit": [*slots, *before.case.limit_names(), *(names[at] for at in new)],
                "before": [*was, *(None for _ in new)],
                "after": [*now, *(float(after.limit_prices_of_problem[at]) for at in new)],
            },
            numbers=("before", "after"),
        )

    def summary(self) -> str:
        """Return what changes in one sentence."""
        unit, noise = self.plan.case.unit, _SAME * max(abs(self.before.objective), abs(self.plan.objective))
        change, at_most = (0.0 if abs(value) <= noise else value for value in (self.change, self.change_at_most))
        elsewhere = f"{count(len(self.moved), 'lead')} elsewhere{self._left_open}"
        return (
            f"{'; '.join(self.notes) or 'nothing changed'}: {'+' * (change > 0)}{number(change, 4)} {unit} "
            f"(the prices said {number(at_most, 4)} at most), {elsewhere}"
        )

    @property
    def _left_open(self) -> str:
        """Return what searches that proved nothing leave open, in words; none where both plans are proven best."""
        told = ""
        if not self.plan.is_best:
            most, unit = self.change + self.unproven, self.plan.case.unit
            told = f"; the new plan is {_below(self.plan)}: the change may be up to {'+' * (most > 0)}"
            told += f"{number(most, 4)} {unit}"
        if not self.before.is_best and not self.before.certificate.violations:
            told += f"; the plan before is {_below(self.before)}"
        return told

    @property
    def _shown(self) -> list[list[str]]:
        """Return the first moves as cells."""
        leads, old, new, was, now, _ = (values[:_SHOWN] for values in self._columns.values())
        names = [["pool" if rep is None else str(rep) for rep in reps] for reps in (old, new)]
        return [list(row) for row in zip(map(str, leads), *names, map(number, was), map(number, now), strict=True)]

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        rest = len(self.moved) - _SHOWN
        more = [f"and {rest} more in .moves"] if rest > 0 else []
        if not page:
            lines = [f"{lead}: {old} -> {new}, {was} -> {now}" for lead, old, new, was, now in self._shown]
            return Parts(lines=[*lines, *more])
        table = (["lead", "from", "to", "gain before", "gain after"], self._shown)
        return Parts(tables=[table] if len(self.moved) else [], notes=[*more, str(self.plan)])

    def _told(self) -> dict[str, Any]:
        return {
            "notes": self.notes,
            "change": self.change,
            "change_at_most": self.change_at_most,
            "unproven": self.unproven,
            "before": str(self.before),
            "after": str(self.plan),
            "moves": self._columns,
        }


def _below(plan: Answered) -> str:
    return f"at most {max(0.0, plan.certificate.gap):.2%} below the best"


def _rep(case: Case, rep: int) -> Id | None:
    return None if rep < 0 else case.rep_ids[rep]
