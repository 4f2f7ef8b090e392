"""What a plan gains, and how evenly it shares what it shares."""

from typing import Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.decision.answered import Answered
from leadopt.fairness import entitlements
from leadopt.metrics import gini, jain, largest_envy, min_max_ratio
from leadopt.problem.presolved.in_leads import slots_of


def evenness(plan: Answered) -> dict[str, Any]:
    """Return what a plan gains, and the measures of how even it is, by the names of a frontier's columns.

    The reserve of leads in the pool is no gain: `counted` has it.
    """
    entitled, loads = _received(plan)
    there = entitled > 0
    shares = loads[there] / entitled[there]
    placed = np.flatnonzero(plan.rep_of_lead >= 0)
    gain = float(plan.case.gains.at(placed, plan.rep_of_lead[placed]).sum())
    return {
        "gain": gain,
        "counted": gain + plan.case.pool_gain * (len(plan.rep_of_lead) - len(placed)),
        "gini": gini(shares),
        "jain": jain(shares),
        "min_max": min_max_ratio(shares),
        "envy": largest_envy(plan.case.gains, plan.rep_of_lead, None if (loads[~there] > 0).any() else entitled),
    }


def _received(plan: Answered) -> tuple[Floats, Floats]:
    """Return what each rep is entitled to and has, of what the first setting of fairness shares, else of leads."""
    if plan.case.shared:
        return plan.case.shared[0].entitlement, plan.case.shared[0].received(plan.rep_of_lead)
    slots, loads = slots_of(plan.case.problem), plan.n_leads_of_rep.astype(np.float64)
    return entitlements(slots, slots, loads.sum()), loads
