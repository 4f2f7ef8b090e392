"""Which rule to loosen where a search found no plan: one kind of limits after another is left out, and tried."""

from leadopt.decision.case import Case
from leadopt.decision.clock import Clock, allow_more
from leadopt.errors import Infeasible, SolverFailed, enumerate_some
from leadopt.problem.limit_kinds import LimitKind

# In the order in which they are tried: what is a matter of fairness before what there is time for or was promised.
_BAND = "widen it (fairness low and high), or give it a weight"
_MEND = {
    LimitKind.VALUE_BAND: _BAND,
    LimitKind.HOT_LEAD_BAND: _BAND,
    LimitKind.FAIRNESS_BAND: _BAND,
    LimitKind.FAIR_SHARE: "ask for a band in place of maximin",
    LimitKind.NEWCOMER_CEILING: "raise max_hot_share",
    LimitKind.NEWCOMER_VALUE_QUOTA: "lower value_share",
    LimitKind.NEWCOMER_QUOTA: "lower share",
    LimitKind.NEWCOMER_MINIMUM: "lower min_leads",
    LimitKind.OWNER: "leave columns.owner out",
    LimitKind.OWN: "widen it, or give it a penalty",
    LimitKind.HOURS: "raise the hours",
    LimitKind.MINIMUM: "lower the minimums",
}


def loosened(case: Case, clock: Clock) -> str:
    """Return what to loosen so that there is a plan, as a solve without it says, and how to allow more time."""
    problem, names = case.problem, case.limit_names()
    there = {limit.kind for limit in problem.limits if limit.penalty is None}
    kinds = [kind for kind in _MEND if kind in there]
    for tried, kind in enumerate(kinds):
        gone = [k for k, limit in enumerate(problem.limits) if limit.kind is kind]
        rest = tuple(limit for limit in problem.limits if limit.kind is not kind)
        try:
            clock.solve(problem.replace(limits=rest), "a rule to loosen", part=1 / (len(kinds) - tried), capped=True)
        except (Infeasible, SolverFailed):
            continue
        what = enumerate_some((names[k] for k in gone), most=3)
        return f"Without {what} there is one: {_MEND[kind]}, or {allow_more(clock.limit_s)}."
    tried_all = " or ".join(kinds) if len(kinds) > 1 else kinds[0] if kinds else "any"
    return f"None was found without {tried_all} either: loosen several of them, or {allow_more(clock.limit_s)}."
