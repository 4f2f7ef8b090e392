"""Plain facts of a plan or a policy: what a later version must say as well of what an earlier one saved.

The names of the facts are ours, not the library's: where an attribute is renamed, it is renamed here, and the files of
facts stay as they are. Words are left out that may be told better one day (reports, explanations).
"""

import math
from uuid import UUID

from leadopt.errors import Infeasible, InvalidInput
from leadopt.plans.credit import carry
from leadopt.plans.pins import known_pin_costs


def plain(value):
    """Return JSON that tells int from float (json writes floats by repr); not finite ones and UUIDs as tagged text."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, dict):
        return {"pairs": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def saved_facts(plan):
    """Return what stands in the file: equal to the last digit, whatever the version and the machine."""
    case, problem = plan.case, plan.case.problem
    return plain(
        {
            "status": plan.status,
            "complete": plan.complete,
            "method": plan.method,
            "unit": plan.unit,
            "turn": plan.turn,
            "next_in_turn": plan.next_in_turn,
            "worth": plan.worth,
            "lead_ids": case.lead_ids,
            "rep_ids": case.rep_ids,
            "rep_of_lead": plan.rep_of_lead,
            "prices": dict(zip(plan.case.rep_ids, plan.capacity_prices.tolist(), strict=True)),
            "limit_prices": plan.limit_prices,
            "capacity": problem.capacity,
            "reserve": problem.reserve,
            "pins": problem.pins,
            "gains": case.gains.dense(),
            "affinity": problem.affinity.dense(),
            "away": case.away,
            "newcomer": case.newcomer,
            "limits": [
                {key: getattr(limit, key) for key in ("name", "reps", "leads", "lower", "upper", "penalty")}
                for limit in problem.limits
            ],
            "shared": [
                {key: getattr(one, key) for key in ("of", "words", "entitlement", "credit")} for one in case.shared
            ],
            "notes": plan.notes,
            "policy": case.policy.to_dict(),
            "fingerprint": case.policy.fingerprint,
        }
    )["pairs"]


def derived_facts(plan):
    """Return what is computed from it: equal to rounding."""
    case = plan.case
    return plain(
        {
            "objective": plan.objective,
            "expected": plan.expected,
            "exploration_cost": plan.exploration_cost,
            "bound": plan.bound,
            "gap": plan.gap,
            "credit": case.credit,
            "violations": len(plan.certificate.violations),
            "limit_loads": [case.problem.load(limit, plan.rep_of_lead) for limit in case.problem.limits],
            "received": [one.received(plan.rep_of_lead) for one in case.shared],
            "owed afterwards": {of: _owed(plan, of) for of in sorted({one.of for one in case.shared})},
            "assignments": plan.assignments,
            "unassigned": [[row.lead_id, row.reason.value] for row in plan.unassigned_leads],
            "loads": plan.loads(),
            "pin_costs": known_pin_costs(plan),
        }
    )["pairs"]


def facts_of(plan):
    """Return all facts of a plan."""
    return {"saved": dict(saved_facts(plan)), "derived": dict(derived_facts(plan))}


def facts_of_policy(policy):
    """Return all that a policy is."""
    return {
        "to_dict": plain(policy.to_dict()),
        "to_json": policy.to_json(),
        "fingerprint": policy.fingerprint,
        "n_fairnesses": len(policy.fairnesses),
    }


def _owed(plan, of):
    try:
        return carry(plan, of=of)
    except (Infeasible, InvalidInput) as error:
        return {"refused": type(error).__name__}
