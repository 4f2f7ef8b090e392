"""Small plans under hours, bands, accounts, quotas and minimums, and what their tables alone say is allowed."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, NewcomerQuota, Policy, assign
from leadopt.problem.limit_kinds import LimitKind
from tests.oracles import brute_force

RULES = ("hours", "alike hours", "value", "leads", "together", "minimum", "newcomers")
_FROM_TABLES = (LimitKind.HOURS, LimitKind.MINIMUM)


@dataclass(frozen=True)
class Small:
    """A call of `assign` with few leads and reps."""

    gains: np.ndarray
    leads: dict[str, list[Any]]
    reps: dict[str, list[Any]]
    policy: Policy

    def plan(self, **more):
        return assign(self.leads, self.reps, affinity=self.gains, policy=self.policy, **more)

    def with_reps(self, **columns):
        """The same with other columns of reps."""
        return replace(self, reps=self.reps | columns)

    def keeps(self, answer, capacity=None):
        """Whether an answer keeps slots, hours, minimums and accounts, as the tables have them."""
        effort = self.leads.get("effort", [0.0] * len(answer))
        for rep, slots in enumerate(self.reps["capacity"] if capacity is None else capacity):
            mine = [lead for lead, one in enumerate(answer) if one == rep]
            pace = self.reps["pace"][rep] if "pace" in self.reps else 1.0
            if not self.reps.get("min_leads", [0] * 9)[rep] <= len(mine) <= slots:
                return False
            if sum(effort[lead] * pace for lead in mine) > self.reps.get("hours", [np.inf] * 9)[rep]:
                return False
        accounts = self.leads.get("account", range(len(answer)))
        return len({(account, int(rep)) for account, rep in zip(accounts, answer, strict=True)}) == len(set(accounts))

    def best(self, plan, capacity=None):
        """The most that an answer is worth which keeps the tables, bands and quotas; None = none does."""
        problem = plan.case.problem
        others = tuple(limit for limit in problem.limits if limit.kind not in _FROM_TABLES)
        free = problem.replace(capacity=problem.n_leads, limits=(), together=None)
        found = brute_force(free, limits=others)
        worth = [
            worth
            for answer, worth, allowed in zip(found.answers, found.worth, found.allowed, strict=True)
            if allowed and self.keeps(answer, capacity)
        ]
        return max(worth, default=None)


@st.composite
def small_plans(draw, *, rules=RULES, max_leads=5, max_reps=3):
    """A call that has a plan, the plan, and its rules."""
    n, m = draw(st.integers(2, max_leads)), draw(st.integers(2, max_reps))
    chosen = draw(st.sets(st.sampled_from(rules), min_size=1, max_size=3))
    cells = draw(st.lists(st.integers(1, 4).map(float), min_size=n * m, max_size=n * m))
    leads = {"lead_id": list(range(n))}
    reps = {"rep_id": list("ABC"[:m]), "capacity": draw(st.lists(st.integers(1, 3), min_size=m, max_size=m))}
    bands, more = [], {}
    if chosen & {"hours", "alike hours"}:
        size = st.sampled_from([0.5, 1.0, 2.0, 3.0])
        alike = st.lists(size, min_size=1, max_size=1).map(lambda one: one * n)
        leads["effort"] = draw(alike if "alike hours" in chosen else st.lists(size, min_size=n, max_size=n))
        reps["hours"] = draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0]), min_size=m, max_size=m))
        if draw(st.booleans()):
            reps["pace"] = draw(st.lists(st.sampled_from([0.5, 1.0, 1.5]), min_size=m, max_size=m))
    if "together" in chosen:
        leads["account"] = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
        more["together"] = "account"
    if "minimum" in chosen:
        reps["min_leads"] = draw(st.lists(st.integers(0, 1), min_size=m, max_size=m))
    if "newcomers" in chosen:
        reps["tenure_days"] = [10, *[1000] * (m - 1)]
        more["newcomers"] = NewcomerQuota(min_leads=1)
    if "value" in chosen:
        bands.append(Fairness(of="value", low=0, high=draw(st.sampled_from([1.0, 1.3, 2.0]))))
    if "leads" in chosen:
        bands.append(
            Fairness(of="leads", low=draw(st.sampled_from([0.0, 0.5])), high=draw(st.sampled_from([1.2, 2.0])))
        )
    small = Small(np.array(cells).reshape(n, m), leads, reps, Policy(fairness=bands or None, **more))
    try:
        return small, small.plan(), frozenset(chosen)
    except Infeasible:
        return assume(False)
