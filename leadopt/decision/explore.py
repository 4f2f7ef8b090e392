"""Exploration: a plan by one draw of the chances from what the evidence leaves open (Thompson sampling)."""

from dataclasses import replace

import numpy as np

from leadopt.decision.answered import Answered
from leadopt.decision.case import Case, Explored
from leadopt.decision.draws import drawn_rates
from leadopt.decision.keep import with_stay_bonus
from leadopt.decision.solve import solved
from leadopt.problem.certify import certify
from leadopt.solvers import Near
from leadopt.tables.text import number


def explored(case: Case, rng: "int | np.random.Generator") -> Case:
    r"""Return the case as the policy explores it: solved by drawn chances, told by the estimates.

    .. math:: rates = \hat p + explore \cdot (\tilde p - \hat p), \quad \tilde p \sim \text{posterior}

    Reps and segments of which little is known are drawn far from their estimates and so get leads now and then, as
    often as they may be the best; what is well known stays where it is. Limits hold as ever: they count what is
    estimated. The same rates hold for all leads of the batch.

    Notes
    -----
    It is no free lunch. On the floors of `leadopt.evaluate.simulate` newcomers were trained sooner (92% beside 86% over
    six seasons), but estimates of them became no better, and the value lost was not won back: a plan without it learns
    enough of newcomers, as shrinkage counts them as average and not as bad.

    References
    ----------
    Thompson (1933), On the likelihood that one unknown probability exceeds another, Biometrika 25(3/4),
    doi:10.1093/biomet/25.3-4.285; Chapelle & Li (2011), An empirical evaluation of Thompson sampling, NIPS 24, sec. 4
    for the share (they call it posterior reshaping).
    """
    share, evidence = case.policy.explore, case.evidence
    if not share:
        return case
    if evidence is None:
        note = "explores nothing: without evidence all reps count as equal"
        return replace(case, notes=(*case.notes, note))
    estimate = evidence.estimates.probability
    n_segments, n_reps = estimate.shape
    segment, rep = np.divmod(np.arange(n_segments * n_reps), n_reps)
    drawn = drawn_rates(evidence, segment, rep, 1, np.random.default_rng(rng)).reshape(n_segments, n_reps)
    gains = case.problem.affinity
    # Rules divide segments into rows of their own: each is drawn as its segment.
    segment_of_row = np.zeros(gains.n_rows, dtype=np.int64)
    segment_of_row[gains.row] = evidence.segment_of_lead
    drawn_gains = gains.shifted(share * (drawn - estimate), segment_of_row)
    note = (
        f"explores: planned by chances drawn from what the evidence leaves open ({share:g} of the way), so that reps "
        "and segments of which little is known get leads to learn from; all figures are by the estimates"
    )
    return replace(
        case,
        problem=case.problem.replace(affinity=drawn_gains),
        explored=Explored(share=share, gains=gains),
        notes=(*case.notes, note),
    )


def unexplored(case: Case) -> Case:
    """Return the case by the estimates alone."""
    if case.explored is None:
        return case
    problem = case.problem.replace(affinity=case.explored.gains)
    if case.kept is not None:
        problem = with_stay_bonus(problem, case.kept.previous, case.kept.move_cost)
    return replace(case, problem=problem, explored=None)


def exploration_cost(plan: Answered) -> float:
    """Return what exploring costs by the estimates: the best plan's objective less this one's; 0 without exploring.

    One solve more.
    """
    if plan.case.explored is None:
        return 0.0
    case = unexplored(plan.case)
    known = Near(prices=plan.capacity_prices, limit_prices=plan.limit_prices_of_problem, rep_of_lead=plan.rep_of_lead)
    best = solved(case, near=known)
    return max(0.0, best.objective - certify(case.problem, plan.rep_of_lead).objective)


def cost_in_words(cost: float, unit: str) -> str:
    """Return what exploring costs as a sentence for the report."""
    return f"Exploring costs {number(cost)} expected {unit}, for what is learned from it."
