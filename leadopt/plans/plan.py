"""`Plan`: the answer in the user's terms, with its certificate, its reasons and its reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any, Self

import numpy as np

from leadopt.arrays import Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.decision.explore import cost_in_words, exploration_cost, unexplored
from leadopt.decision.solve import solved
from leadopt.decision.substitutes import substitutes
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.matching import Match, Status
from leadopt.plans.assignments import assignment_columns, to_sql
from leadopt.plans.baselines import ALL
from leadopt.plans.changed_case import bound_by_prices, changed
from leadopt.plans.compare import Comparison, compare
from leadopt.plans.credit import carry
from leadopt.plans.explain_lead import Explanation, explain
from leadopt.plans.explain_rep import RepExplanation, explain_rep
from leadopt.plans.moves import moves_of, settled
from leadopt.plans.outcome import expected_in_words, value_in_words
from leadopt.plans.pins import pin_costs
from leadopt.plans.quota_cost import quota_cost
from leadopt.plans.report import load_columns, rep_table, report
from leadopt.plans.saved.formats import PARTS, read, written
from leadopt.plans.slots import most_added
from leadopt.plans.what_if import WhatIf
from leadopt.plans.why_unassigned.barriers import Pool
from leadopt.plans.why_unassigned.reasons import Unassigned, why_unassigned
from leadopt.problem.certify import certify
from leadopt.problem.problem import Limit
from leadopt.solvers import Near
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.result import Parts, Result
from leadopt.tables.sql import load_saved
from leadopt.tables.text import number

_SHOWN = 20  # reps, in a notebook


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Plan(Result, Answered):
    """Who gets which lead, and why.

    Made by `leadopt.assign`; everything in it can be recomputed from `case` and `rep_of_lead`.

    Parameters
    ----------
    case, rep_of_lead, capacity_prices, limit_prices_of_problem, lead_prices, like
        as of `leadopt.decision.case.Answered`
    method
        the solver, or the baseline, that made it
    turn
        index of the rep whose turn is next, for round robin
    told_worth
        what `worth` said of a plan that an earlier version saved, from which it cannot be found out; None elsewhere
    complete
        whether the solver has searched all answers, so that none is better though the bound is higher
    time_limit_s
        seconds after which the search was ended; None = it ended by itself
    """

    method: str
    turn: int = 0
    complete: bool = False
    time_limit_s: float | None = None
    told_worth: str | None = None

    @cached_property
    def expected(self) -> float:
        """The objective by the estimates: other than `objective` only where the policy explores."""
        if self.case.explored is None:
            return self.objective
        return certify(unexplored(self.case).problem, self.rep_of_lead).objective - self.case.credit

    @cached_property
    def exploration_cost(self) -> float:
        """What exploring costs in `unit`, by the estimates: the best plan's objective less `expected`."""
        return exploration_cost(self)

    @property
    def bound(self) -> float:
        """What no allowed plan exceeds."""
        return self.certificate.bound - self.case.credit

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, relative."""
        return self.certificate.gap

    @property
    def status(self) -> str:
        """OPTIMAL where the certificate proves it, SOLVED where the solver alone says so after a complete search.

        Else FEASIBLE, or BROKEN where a baseline breaks a rule.
        """
        if self.certificate.violations:
            return "BROKEN"
        return "OPTIMAL" if self.certificate.optimal else "SOLVED" if self.complete else "FEASIBLE"

    @property
    def is_best(self) -> bool:
        """Whether the certificate, or a complete search, says that nothing allowed is worth more."""
        return self.status in ("OPTIMAL", "SOLVED")

    @property
    def unit(self) -> str:
        """What a gain of 1 is: "deals", "value", "leads" or "gain"."""
        return self.case.unit

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed or noticed, in words."""
        return self.case.notes

    @property
    def prices(self) -> dict[Id, float]:
        """What one more slot of each rep would add to the objective at most, if the plan is the best.

        Its dual value; under limits exactly what it adds, where that is quick (500,000 pairs). Of another plan, it is
        at most so much more than the bound by such prices alone. `explain_rep` says which of these it is.
        """
        added = most_added(self) if self.is_best else self.capacity_prices.tolist()
        return dict(zip(self.case.rep_ids, added, strict=True))

    @property
    def limit_prices(self) -> dict[str, float]:
        """What a unit of room in each limit is worth to whole leads that fit in it; negative where a minimum costs.

        `explain_rep` says what one more unit adds: room for a lead that takes two adds nothing by halves.
        """
        return dict(zip(self.limit_names, self.limit_prices_of_problem.tolist(), strict=True))

    @cached_property
    def assignments(self) -> Any:
        """One row per placed lead: ids, probability, gain, and the runner-up, the next best after prices.

        The same kind of table as the leads were.
        """
        names = ("probability", "gain", "runner_up_gain")
        return self._by_lead(assignment_columns(self), numbers=names)

    @cached_property
    def unassigned(self) -> Any:
        """One row per lead in the pool: id, reason (a code), because (a sentence) and remedy."""
        rows = self.unassigned_leads
        return self._by_lead(
            {
                self.case.policy.columns.written[0]: [row.lead_id for row in rows],
                "reason": [row.reason.value for row in rows],
                "because": [row.because for row in rows],
                "remedy": [row.remedy for row in rows],
            }
        )

    def _by_lead(self, columns: Mapping[str, list[Any]], numbers: Collection[str] = ()) -> Any:
        """Return columns with ids of leads as a table that can be joined with that of the leads."""
        lead_id, (written, _) = self.case.policy.columns.lead_id, self.case.policy.columns.written
        return self.like.build(columns, numbers=numbers, own=(lead_id,) if lead_id == written else ())

    @cached_property
    def unassigned_leads(self) -> tuple[Unassigned, ...]:
        """Why each lead in the pool is there, as objects."""
        pool = Pool(self)
        return tuple(why_unassigned(pool, lead) for lead in np.flatnonzero(self.rep_of_lead < 0).tolist())

    def explain(self, lead_id: Id | str, most: int = 3) -> Explanation:
        """Return why a lead is where it is, with up to `most` runners-up, 1 or more.

        Raises
        ------
        InvalidInput
            the plan has no such lead; names the nearest id
        """
        return explain(self, self.case.lead(lead_id), _shown_at_most(most))

    def explain_rep(self, rep_id: Id | str, most: int = 10) -> RepExplanation:
        """Return why a rep got these leads: load against every limit, whose leads they are, and what was lost.

        Parameters
        ----------
        most
            leads that would gain most with this rep and went elsewhere, of which the closest are listed

        Raises
        ------
        InvalidInput
            the plan has no such rep; names the nearest id
        """
        return explain_rep(self, self.case.rep(rep_id), _shown_at_most(most))

    def what_if(
        self,
        *,
        capacity: Mapping[Any, int] | None = None,
        without: Collection[str] = (),
        away: Collection[Any] = (),
        limits: Mapping[str, Limit | Mapping[str, float | None]] | None = None,
        pins: Mapping[Any, Any] | None = None,
        time_limit_s: float | None = None,
    ) -> WhatIf[Plan]:
        """Return what the plan would be after a change: solved anew, from the prices of this one.

        Of all best plans, one with few moves is taken. Entitlements are not computed again: a fairness band stays
        where it is when a capacity changes.

        Parameters
        ----------
        capacity
            rep id -> how many slots more, or fewer (below 0)
        without
            limits to leave out: the one of exactly this name, as `limit_prices` has it; where none is called so, all
            of a kind that these words fit ("band", "fairness band", "newcomer"). A `LimitKind` always means the kind
        away
            reps who get nothing; minimums that are theirs alone fall, and the notes say so
        limits
            limit name -> what changes, as in ``{"newcomer quota": {"lower": 3}}``, or a `Limit` to add (one of that
            name is replaced)
        pins
            lead id -> rep id, or None to remove a pin
        time_limit_s
            as of `assign`

        Returns
        -------
        WhatIf
            `.plan`, `.change`, `.change_at_most` (known before solving), `.unproven` (how much more it may be where the
            search ended before it proved its plan the best), `.moves`, `.loads`, `.prices`

        Raises
        ------
        InvalidInput
            an unknown rep, lead or limit (names the nearest), or a change that breaks a rule
        Infeasible
            no plan meets every limit then; says which

        Examples
        --------
        >>> from leadopt.assign import assign
        >>> plan = assign({"lead_id": [1, 2]}, {"rep_id": ["Ann"], "capacity": [1]}, affinity=[[3.0], [2.0]])
        >>> print(plan.what_if(capacity={"Ann": 1}))
        +1 slot for Ann: +2 gain (the prices said 2 at most), 1 lead elsewhere
          2: pool -> Ann, 0 -> 2
        """
        clock = Clock(time_limit_s)
        change = changed(
            self.case,
            self.limit_prices_of_problem,
            capacity=capacity or {},
            without=without,
            away=away,
            limits=limits or {},
            pins=pins or {},
            clock=clock,
        )
        near = Near(prices=self.capacity_prices, limit_prices=change.limit_prices, rep_of_lead=self.rep_of_lead)
        found = solved(change.case, near=near, clock=clock)
        return WhatIf(
            before=self,
            plan=plan_of(change.case, found, self.like, near=self.rep_of_lead, clock=clock),
            bound=bound_by_prices(change, self.capacity_prices, self.lead_prices),
            notes=change.notes,
            place=change.place,
        )

    def compare(self, others: Mapping[str, Mapping[Any, Any]] | None = None) -> Comparison:
        """Return this plan beside round robin, territory, performance, profile and greedy, on the same estimates.

        Parameters
        ----------
        others
            further assignments by name, each from lead id to rep id, such as what really happened; leads that one
            leaves out stay in the pool there

        Raises
        ------
        InvalidInput
            an assignment names a lead or a rep that the plan does not know
        """
        answers = {name: self.case.answer(assignment) for name, assignment in (others or {}).items()}
        return compare(unexplored(self.case), "this plan", self.rep_of_lead, answers, self.like)

    def baseline(self, name: str, turn: Id | None = None) -> Plan:
        """Return what a baseline makes of the same case, as a plan.

        Parameters
        ----------
        name
            "round robin", "territory", "performance", "profile" or "greedy"
        turn
            the rep who is next in turn: `next_in_turn` of the last round robin

        Raises
        ------
        InvalidInput
            an unknown name, or a territory baseline without territories
        """
        if name not in ALL:
            raise InvalidInput(f"baseline {name!r} is unknown{did_you_mean(name, ALL)}")
        case = unexplored(self.case)
        dealt = ALL[name](case, 0 if turn is None else self.case.rep(turn))
        return Plan(
            case=case,
            rep_of_lead=dealt.rep_of_lead,
            capacity_prices=self.capacity_prices,
            limit_prices_of_problem=self.limit_prices_of_problem,
            lead_prices=self.lead_prices,
            method=name,
            turn=dealt.turn,
            like=self.like,
        )

    # Questions that need nothing but the answer.
    moves = moves_of
    substitutes = substitutes
    carry = carry
    quota_cost = quota_cost
    pin_costs = pin_costs
    to_sql = to_sql

    @property
    def carried(self) -> dict[Id, float]:
        """The part of a slot that each rep has left for next time, where capacities are fractions: column `carried`."""
        left = self.case.carried
        return {} if left is None else dict(zip(self.case.rep_ids, left.tolist(), strict=True))

    @property
    def next_in_turn(self) -> Id | None:
        """The rep whose turn is next after a round robin."""
        return self.case.rep_ids[self.turn] if self.case.rep_ids else None

    def loads(self) -> Any:
        """One row per rep: leads, capacity, fill, expected gain, price of a slot (as `prices`); like the leads."""
        return self.like.build(load_columns(self))

    def summary(self) -> str:
        """Return the plan in one sentence."""
        placed = int((self.rep_of_lead >= 0).sum())
        total = len(self.rep_of_lead)
        # Without evidence every placed lead counts 1, and there is nothing to expect.
        worth = "" if self.unit == "leads" else expected_in_words(self)
        how = {
            "OPTIMAL": "proven best" + " for the drawn chances" * (self.case.explored is not None),
            "SOLVED": "best of a complete search",
            "FEASIBLE": f"at most {max(0.0, self.gap):.2%} below the best",
            "BROKEN": f"breaks {len(self.certificate.violations)} rules",
        }
        ended = "" if self.time_limit_s is None else f", ended by its time limit of {number(self.time_limit_s)} s"
        return f"{placed} of {total} leads placed{worth}, {how[self.status]} ({self.method}{ended})"

    def report(self) -> str:
        """Return the plan as a Markdown report: worth, loads, newcomers, prices, pins, what is left, and notes."""
        return report(self, summary=self.summary(), unassigned=self.unassigned_leads, worth=self.worth)

    @cached_property
    def worth(self) -> str:
        """What the plan will bring, and what exploring costs, in words; found out when it is first asked for."""
        if self.told_worth is not None:
            return self.told_worth
        cost = [cost_in_words(self.exploration_cost, self.unit)] if self.case.explored else []
        return " ".join(filter(None, [value_in_words(self), *cost]))

    def to_json(self) -> str:
        """Return the whole plan as JSON: `from_json` gives back one that explains, compares and certifies the same."""
        optional = {"worth": self.told_worth, "time_limit_s": self.time_limit_s, "lead_prices": self.lead_prices}
        told = {"summary": self.summary(), **optional}
        told = {name: value for name, value in told.items() if value is not None}
        return written({**told, **{name: getattr(self, name) for name in (*PARTS, "complete")}})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the plan that `to_json` of this or an earlier version wrote, its tables as lists of dicts.

        Raises
        ------
        InvalidInput
            the text is no plan, one of a later format, or damaged: says which version wrote it, and where
        """
        return cls(**read(text))

    @classmethod
    def from_sql(cls, source: str) -> Self:
        """Return the plan whose table `to_sql` wrote: the URL of the database with that table; as `from_json`."""
        return cls.from_json(load_saved(source))

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        if not page:
            return Parts()
        headers, rows = rep_table(self)
        more = [f"{len(rows) - _SHOWN} more reps in plan.loads()"] if len(rows) > _SHOWN else []
        return Parts(tables=[(headers, rows[:_SHOWN])], notes=[*more, *self.notes])


def plan_of(
    case: Case,
    found: Match,
    like: Table,
    *,
    near: Ints | None = None,
    rng: int | np.random.Generator = 0,
    clock: Clock | None = None,
) -> Plan:
    """Return a match as a plan; of equally good answers, one that moves few leads from where they are `near`.

    The notes say if the clock ended the search, and how to allow more; or that it ended by itself and proved nothing.
    """
    answer = found.rep_of_lead if near is None else settled(case.problem, found, near, rng)
    limit_s = clock.limit_s if clock is not None and clock.ended else None
    if clock is not None and (ending := clock.ending(found)) is not None:
        case = replace(case, notes=(*case.notes, ending))
    return Plan(
        case=case,
        rep_of_lead=answer,
        capacity_prices=found.prices,
        limit_prices_of_problem=found.limit_prices,
        lead_prices=found.lead_prices,
        method=found.solver,
        complete=found.status is Status.SOLVED,
        time_limit_s=limit_s,
        like=like,
    )


def _shown_at_most(most: int) -> int:
    if isinstance(most, bool) or not isinstance(most, Integral) or most < 1:
        raise InvalidInput(f"most: must be a whole number, 1 or more; found {most!r}")
    return int(most)
