"""A case with an answer and its prices, from which every question about a plan is answered."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.case import Case
from leadopt.problem.certify import Certificate, certify
from leadopt.problem.fitting import fitting
from leadopt.problem.presolved.in_leads import in_leads
from leadopt.problem.presolved.proven import tightened
from leadopt.problem.reduced_gains import reduced_gains
from leadopt.problem.together import contraction_of
from leadopt.solvers.optimal.move_costs import Exchange
from leadopt.tables import Table


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """A case with an answer and its prices; what is asked of them for every lead alike is worked out once.

    Parameters
    ----------
    case
        the decision in arrays, with names and evidence
    rep_of_lead
        int64 (n_leads,), index of the rep of each lead, -1 = pool
    capacity_prices, limit_prices_of_problem
        float64, dual values of the capacities and of the problem's limits
    lead_prices
        as of `leadopt.matching.Match`: float64 (n_leads,), prices of leads that prove more; None = there are none
    like
        the table whose kind all tables of the answer are of
    """

    case: Case
    rep_of_lead: Ints
    capacity_prices: Floats
    limit_prices_of_problem: Floats
    lead_prices: Floats | None = None
    like: Table = field(default_factory=lambda: Table([], "leads"), repr=False)

    @cached_property
    def certificate(self) -> Certificate:
        """Objective, bound, gap and broken rules, recomputed from the case and all prices."""
        prices, limit_prices = self.capacity_prices, self.limit_prices_of_problem
        return tightened(self.case.problem, self.certificate_of_room, prices, limit_prices, self.lead_prices)

    @cached_property
    def certificate_of_room(self) -> Certificate:
        """The same by the prices of capacities and limits alone: what more room adds is said by these."""
        return certify(self.case.problem, self.rep_of_lead, self.capacity_prices, self.limit_prices_of_problem)

    @property
    def objective(self) -> float:
        """What the answer is worth, in `case.unit`, with reserves and less penalties and what moves cost.

        Where the policy explores, by the drawn chances that the answer is best for.
        """
        return self.certificate.objective - self.case.credit

    @property
    def is_best(self) -> bool:
        """Whether nothing allowed is worth more, as far as is known."""
        return self.certificate.optimal and not self.certificate.violations

    @cached_property
    def exchange(self) -> Exchange | None:
        """What moves cost; None for an answer that is not proven best, or under limits that cross."""
        return Exchange.if_nested(in_leads(self.case.problem), self.rep_of_lead) if self.is_best else None

    @cached_property
    def n_leads_of_rep(self) -> Ints:
        """How many leads each rep has, int64 (n_reps,)."""
        return np.bincount(self.rep_of_lead[self.rep_of_lead >= 0], minlength=self.case.problem.n_reps)

    @cached_property
    def gain_of_rep(self) -> Floats:
        """What the leads of each rep gain together, float64 (n_reps,)."""
        leads = np.flatnonzero(self.rep_of_lead >= 0)
        reps = self.rep_of_lead[leads]
        gains = self.case.gains.at(leads, reps)
        return np.bincount(reps, weights=gains, minlength=self.case.problem.n_reps).astype(np.float64)

    @cached_property
    def used(self) -> Floats:
        """The usage of each limit, float64 (n_limits,)."""
        return self.case.problem.loads(self.rep_of_lead)

    @cached_property
    def limit_names(self) -> list[str]:
        """What each limit is called."""
        return self.case.limit_names()

    @cached_property
    def limits_of_reps(self) -> tuple[tuple[int, ...], ...]:
        """The limits that some leads of each rep may count in, by number."""
        return self.case.limits_of_reps()

    def reduced_gains(self, leads: Ints) -> Floats:
        """Return what some leads gain with each rep once its slot and its room are paid, float64 (.., n_reps).

        Of a lead that stays with others, it is what they gain together. -inf where it is not eligible, or takes more of
        a hard limit than there is.
        """
        problem, together = fitting(self.case.problem), self.case.problem.together
        if together is None:
            return reduced_gains(problem, leads, self.capacity_prices, self.limit_prices_of_problem)
        wanted, place = np.unique(together[leads], return_inverse=True)
        members = np.flatnonzero(np.isin(together, wanted))
        each = reduced_gains(problem, members, self.capacity_prices, self.limit_prices_of_problem)
        total = np.zeros((len(wanted), problem.n_reps))
        np.add.at(total, np.searchsorted(wanted, together[members]), each)
        if (whole := contraction_of(problem)) is not None:
            total[np.isneginf(fitting(whole.problem).affinity.of(wanted))] = -np.inf
        return total[place.reshape(-1)]

    def gains_now(self, leads: Ints) -> Floats:
        """Return what some leads gain where they are, with their rep or in the pool."""
        return self.case.gains_of(leads, self.rep_of_lead[leads])
