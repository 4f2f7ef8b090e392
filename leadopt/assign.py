"""`assign`: the user's tables in, a plan out. The steps are `assign` itself; everything else here is one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from leadopt.affinity import AffinityModel
from leadopt.decision.build import build
from leadopt.decision.clock import Clock
from leadopt.decision.explore import explored
from leadopt.decision.keep import keep_current
from leadopt.decision.know import know
from leadopt.decision.sharing.even_share import evenly_shared
from leadopt.decision.solve import solved
from leadopt.errors import InvalidInput
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.learning.classifier import Classifier
from leadopt.plans.plan import Plan, plan_of
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.progress import Meter, OnProgress, telling
from leadopt.tables.dates import latest_day


def assign(
    leads: Any,
    reps: Any,
    history: Any = None,
    *,
    affinity: AffinityModel | Affinity | Classifier | ArrayLike | None = None,
    policy: Policy | None = None,
    fairness: Fairness | Sequence[Fairness] | None = None,
    newcomers: NewcomerQuota | None = None,
    pins: Mapping[Any, Any] | None = None,
    now: date | datetime | str | None = None,
    keep: Plan | Mapping[Any, Any] | None = None,
    move_cost: float | None = None,
    time_limit_s: float | None = None,
    rng: int | np.random.Generator = 0,
    on_progress: OnProgress | None = None,
) -> Plan:
    r"""Return the plan with the greatest expected gain that the policy allows, proven and explained.

    .. math:: gain_{ij} = P(\text{lead i converts with rep j}) \cdot value_i

    The chances are learned from `history` by segment, with shrinkage (`AffinityModel`). A `value` that a lead lacks is
    learned from won values where history has them (`ValueModel`), else it is the median of the others; where no lead
    has one either, each counts 1. Capacity, availability, eligibility, minimum loads, fairness band, newcomer quota and
    pins are kept exactly. Equally good plans are told apart by even loads, then by lot (`rng`).

    Parameters
    ----------
    leads
        one row per lead: `lead_id`, the columns that make its segment, perhaps `value`. Any data frame that narwhals
        knows (pandas, polars, pyarrow, ...), a list of dicts or a dict of lists; the plan's tables are of this kind
    reps
        one row per rep: `rep_id`, perhaps `capacity`, `available`, `open_leads`, `max_open`, `min_leads` and others
        (`Columns` lists them)
    history
        one row per past lead: `rep_id`, `converted`, the segment's columns, perhaps `at`, and `value`, what it was won
        for; None = no evidence
    affinity
        instead of history: gains (n_leads, n_reps) in the order of the tables (an array, or a `scipy.sparse` matrix of
        the eligible pairs alone), an `Affinity`, a fitted `AffinityModel`, or any fitted classifier with
        `predict_proba` and `feature_names_in_` (scikit-learn's conventions), asked for every kind of lead with every
        rep. With neither, all reps count as equal and the plan is a fair split
    policy
        all settings; None = `Policy()`
    fairness, newcomers
        shorthand for these two settings of the policy; several settings of fairness hold together
    pins
        lead id -> rep id, decided by a person: kept even against eligibility, counted against capacity, priced
    now
        the day that it is: tenure is counted to it, where reps have `hired_on`, and no outcome of history may be later.
        None = unknown; only with a half-life, outcomes may then not be later than today
    keep
        an earlier plan, or lead id -> rep id: who has these leads now; None = as a column `current_rep` of leads says.
        Among equally good plans, one is taken that moves few of them; `Plan.moves()` says which
    move_cost
        what taking a lead away from the rep who has it costs, in the plan's unit: a lead moves only if the plan gains
        more by it. The objective counts it, the gains in the tables do not. None = `Policy.move_cost`
    time_limit_s
        seconds after which all searches together end, where limits overlap or are in value or hours; the plan's gap
        then says what may be missing, and a note how to allow more. Until then a search may use them to find something
        better. None = a search ends as soon as it would without a limit, and after 10 seconds at the latest; inf = no
        limit: the search for the plan then ends with a proof or by its own effort, which may be minutes where reps'
        hours and bands on value bind (half a minute of a core for 300 leads by 8 reps); what is searched for on the way
        to it has as long as with None. Other plans are exact, and take less
    rng
        seed or generator that decides between equally good plans, and draws where the policy explores
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
    NoPlanFound
        the search ended without a plan that meets them, though there may be one; says which ones to loosen

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
    Clock(time_limit_s)  # refused before any work, if it is no time
    settings = _settings(policy, fairness, newcomers)
    latest_day(now)  # refused if it is no day, whether it is asked for or not
    known = know(leads, reps, history, affinity, settings, meter, now)
    meter.enter("limits")
    clock = Clock(time_limit_s, meter)
    with telling(meter):
        case = explored(build(known, settings, pins, now, clock=clock), rng)
        case = keep_current(case, known.leads, None if keep is None else _assignment(keep), move_cost)
        case = case if case.kept is None else evenly_shared(case, clock)
        found = solved(case, rng=rng, clock=clock)
        previous = None if case.kept is None else case.kept.previous
        return plan_of(case, found, known.leads, near=previous, rng=rng, clock=clock)


def _assignment(keep: Plan | Mapping[Any, Any]) -> Mapping[Any, Any]:
    if not isinstance(keep, Plan):
        return keep
    reps = [None if rep < 0 else keep.case.rep_ids[rep] for rep in keep.rep_of_lead.tolist()]
    return dict(zip(keep.case.lead_ids, reps, strict=True))


def _settings(
    policy: Policy | None, fairness: Fairness | Sequence[Fairness] | None, quota: NewcomerQuota | None
) -> Policy:
    if policy is not None and not isinstance(policy, Policy):
        raise InvalidInput(f"policy: must be a leadopt.Policy; found {type(policy).__name__}")
    changes = {name: value for name, value in (("fairness", fairness), ("newcomers", quota)) if value is not None}
    return (policy or Policy()).replace(**changes)
