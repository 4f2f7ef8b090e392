"""What room is worth: what one more slot or one more unit of a limit adds, exactly where that is known, else at most.

A price says what more room adds at most, and that only of an answer that is proven best. What another answer lacks to
the bound may be gained as well by whoever solves again. Where limits nest, what one more slot adds is known exactly: a
price may stand for a slot that a band beside it keeps empty.
"""

from typing import NamedTuple

from leadopt.decision.case import Answered
from leadopt.tables.text import number

_MOST_PAIRS = 20_000_000  # of which all moves are compared: 160 MB
_NOTHING = 1e-14  # of the objective: what sums of gains are rounded by
_QUICK, _FEW_REPS = 500_000, 200  # pairs and reps up to which that takes no longer than a table may


class Adds(NamedTuple):
    """What more room adds: so much if `exact`, else so much at most."""

    amount: float
    exact: bool = False

    def __str__(self) -> str:
        if self.exact:
            return number(self.amount) if self.amount else "nothing"
        return f"{number(self.amount)} at most"


def one_more_slot(plan: Answered, rep: int) -> Adds:
    """Return what one more slot of a rep adds."""
    at_most = more_room(plan, float(plan.capacity_prices[rep]))
    if not at_most.amount or not plan.case.problem.limits:
        return Adds(at_most.amount, exact=plan.certificate.optimal)
    if plan.case.problem.n_leads * plan.case.problem.n_reps > _MOST_PAIRS or plan.exchange is None:
        return at_most
    adds = min(at_most.amount, plan.exchange.slot_gain(rep))
    return Adds(adds if adds > _NOTHING * abs(plan.objective) else 0.0, exact=True)


def most_added(plan: Answered) -> list[float]:
    """Return what one more slot of each rep adds at most: a look at each rep beside the others, where that is quick."""
    problem = plan.case.problem
    if problem.n_leads * problem.n_reps > _QUICK or problem.n_reps > _FEW_REPS:
        return [more_room(plan, price).amount for price in plan.capacity_prices.tolist()]
    return [one_more_slot(plan, rep).amount for rep in range(problem.n_reps)]


def more_room(plan: Answered, price: float) -> Adds:
    """Return what so much more room as costs `price` adds at most, whatever else is there."""
    certificate = plan.certificate
    lacking = 0.0 if certificate.optimal else max(0.0, certificate.bound - certificate.objective)
    return Adds(max(0.0, price) + lacking)


def all_known(plan: Answered) -> bool:
    """Return whether prices alone say exactly what slots add: nothing but slots holds, and the answer is proven."""
    return plan.certificate.optimal and not plan.case.problem.limits
