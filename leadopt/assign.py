"""`assign`: the user's tables in, a plan out. The steps are `assign` itself; everything else here is one of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from leadopt.affinity import AffinityModel
from leadopt.building import build, know
from leadopt.case import Case
from leadopt.errors import Infeasible, InvalidInput, Witness, enumerate_some
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.frames import Table
from leadopt.gains import Affinity
from leadopt.matching import Match, solve
from leadopt.plan import Plan
from leadopt.policy import Policy
from leadopt.progress import Meter, OnProgress


def assign(
    leads: Any,
    reps: Any,
    history: Any = None,
    *,
    affinity: AffinityModel | Affinity | ArrayLike | None = None,
    policy: Policy | None = None,
    fairness: Fairness | Sequence[Fairness] | None = None,
    newcomers: NewcomerQuota | None = None,
    pins: Mapping[Any, Any] | None = None,
    now: date | datetime | str | None = None,
    rng: "int | np.random.Generator" = 0,
    on_progress: OnProgress | None = None,
) -> Plan:
    r"""Return the plan with the greatest expected gain that the policy allows, proven and explained.

    .. math:: gain_{ij} = P(\text{lead i converts with rep j}) \cdot value_i

    The chances are learned from `history` by segment, with shrinkage (`AffinityModel`); the value is 1 for leads
    without a `value` column. Capacity, availability, eligibility, minimum loads, fairness band, newcomer quota and pins
    are kept exactly. Equally good plans are told apart by even loads, then by lot (`rng`).

    Parameters
    ----------
    leads
        one row per lead: `lead_id`, the columns that make its segment, perhaps `value`. Any data frame that narwhals
        knows (pandas, polars, pyarrow, ...), a list of dicts or a dict of lists; the plan's tables are of this kind
    reps
        one row per rep: `rep_id`, perhaps `capacity`, `available`, `open_leads`, `max_open`, `min_leads` and others
        (`Columns` lists them)
    history
        one row per past lead: `rep_id`, `converted`, the segment's columns, perhaps `at`; None = no evidence
    affinity
        instead of history: gains (n_leads, n_reps) in the order of the tables, an `Affinity`, or a fitted
        `AffinityModel`. With neither, all reps count as equal and the plan is a fair split
    policy
        all settings; None = `Policy()`
    fairness, newcomers
        shorthand for these two settings of the policy; several settings of fairness hold together
    pins
        lead id -> rep id, decided by a person: kept even against eligibility, counted against capacity, priced
    now
        the date that tenure is counted to, where reps have `hired_on`
    rng
        seed or generator that decides between equally good plans
    on_progress
        called with a `Progress` at every stage

    Returns
    -------
    Plan
        `.assignments`, `.unassigned`, `.explain(lead_id)`, `.report()`, `.compare()`, `.to_json()`

    Raises
    ------
    InvalidInput
        a table or setting breaks a rule; says where, which rule, what was found
    Infeasible
        the hard limits contradict each other; names leads, reps and limits that cannot be met together

    Notes
    -----
    5,000 leads, 50 reps and 200,000 history rows take about half a second. Leads that are alike are merged, so that
    50,000 leads of 60 segments by 200 reps take about as long.

    Examples
    --------
    >>> leads = [{"lead_id": 1, "source": "web"}, {"lead_id": 2, "source": "fair"}]
    >>> reps = [{"rep_id": "Ann", "capacity": 1}, {"rep_id": "Bo", "capacity": 1}]
    >>> won = [("Ann", "web", 9, 10), ("Ann", "fair", 5, 10), ("Bo", "web", 5, 10), ("Bo", "fair", 5, 10)]
    >>> history = [
    ...     {"rep_id": rep, "source": source, "converted": number < k}
    ...     for rep, source, k, n in won for number in range(n)
    ... ]
    >>> plan = assign(leads, reps, history)
    >>> [(row["lead_id"], row["rep_id"]) for row in plan.assignments]
    [(1, 'Ann'), (2, 'Bo')]
    """
    meter = Meter(on_progress)
    settings = _settings(policy, fairness, newcomers)
    known = know(leads, reps, history, affinity, settings, meter)
    meter.enter("limits")
    case = build(known, settings, pins, now)
    return _as_plan(case, _solve(case, rng, meter), known.leads)


def _settings(
    policy: Policy | None, fairness: Fairness | Sequence[Fairness] | None, quota: NewcomerQuota | None
) -> Policy:
    if policy is not None and not isinstance(policy, Policy):
        raise InvalidInput(f"policy: must be a leadopt.Policy; found {type(policy).__name__}")
    changes = {name: value for name, value in (("fairness", fairness), ("newcomers", quota)) if value is not None}
    return (policy or Policy()).replace(**changes)


def _solve(case: Case, rng: "int | np.random.Generator", meter: Meter) -> Match:
    try:
        return solve(case.problem, rng=rng, on_progress=meter.relay)
    except Infeasible as error:
        _refuse(case, error.witness)


def _refuse(case: Case, witness: Witness) -> NoReturn:
    """Raise `Infeasible` in the user's names, with what would mend it."""
    leads = enumerate_some(case.lead_ids[lead] for lead in witness.leads)
    reps = enumerate_some(case.rep_ids[rep] for rep in witness.reps)
    named = [name for name in witness.limits if not name.startswith("capacity of rep ")]
    under = f" under {enumerate_some(named)}" if named else ""
    if witness.leads and witness.room < (case.problem.pins[list(witness.leads)] >= 0).sum():
        text = f"{witness.need} leads ({leads}) are pinned to {reps}, with room for {witness.room}{under}"
        mend = "Remove a pin, or raise that limit."
    elif witness.leads:
        text = f"every lead must be placed (reserve = -inf), but {witness.need} leads ({leads}) "
        where = f"can only go to {reps}, with room for {witness.room}{under}"
        text += where if witness.reps else "are eligible for no rep"
        mend = "Raise a capacity, let other reps take these leads, or set a finite reserve."
    else:
        text = (
            f"{enumerate_some(witness.limits)} cannot be met: {reps} must get {witness.need} leads or more, "
            f"and can get {witness.room}"
        )
        mend = "Lower these minimums, raise these reps' capacity, or let them take more kinds of leads."
    raise Infeasible(f"no plan meets every limit: {text}. {mend}", witness) from None


def _as_plan(case: Case, found: Match, leads: Table) -> Plan:
    return Plan(
        case=case,
        rep_of_lead=found.rep_of_lead,
        capacity_prices=found.prices,
        limit_prices_of_problem=found.limit_prices,
        method=found.solver,
        like=leads,
    )
