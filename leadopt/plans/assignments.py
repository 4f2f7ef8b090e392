"""Who got which lead as columns, each with the runner-up."""

from typing import Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.decision.case import Answered

_BLOCK = 4096  # leads looked at together


def assignment_columns(plan: Answered) -> dict[str, list[Any]]:
    """Return one entry per placed lead: ids, probability, gain, and the runner-up, the next best after prices."""
    case = plan.case
    lead_id, rep_id = case.policy.columns.written
    leads = np.flatnonzero(plan.rep_of_lead >= 0)
    reps = plan.rep_of_lead[leads]
    probability = case.probability(leads, reps)
    second = _runners_up(plan, leads, reps)
    gains = case.gains.at(leads, np.maximum(second, 0)).tolist()
    return {
        lead_id: [case.lead_ids[lead] for lead in leads],
        rep_id: [case.rep_ids[rep] for rep in reps],
        "probability": [None] * len(leads) if probability is None else probability.tolist(),
        "gain": case.gains.at(leads, reps).tolist(),
        "runner_up": [None if rep < 0 else case.rep_ids[rep] for rep in second],
        "runner_up_gain": [None if rep < 0 else gain for rep, gain in zip(second, gains, strict=True)],
    }


def _runners_up(plan: Answered, leads: Ints, reps: Ints) -> Ints:
    """Return the eligible rep with the greatest reduced gain but for the chosen one, -1 if none."""
    second = np.full(len(leads), -1, dtype=np.int64)
    for start in range(0, len(leads), _BLOCK):
        part = slice(start, start + _BLOCK)
        reduced = plan.reduced_gains(leads[part])
        rows = np.arange(len(reduced))
        reduced[rows, reps[part]] = -np.inf
        best = reduced.argmax(axis=1)
        second[part] = np.where(np.isfinite(reduced[rows, best]), best, -1)
    return second
