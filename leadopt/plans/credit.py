"""What each rep is owed after a batch, so that shares are fair over time and not within each batch."""

from collections.abc import Iterable

import numpy as np

from leadopt.arrays import Floats
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.decision.shares import Shared
from leadopt.decision.sharing.open_work import levelled
from leadopt.errors import InvalidInput
from leadopt.fairness import entitlements
from leadopt.tables.cells import Id


def carry(
    plan: Answered, *, of: str | None = None, given_back: Iterable[Id] = (), owe_leave: bool = False
) -> dict[Id, float]:
    r"""Return what each rep is owed after a batch: the column `credit` of the next one.

    .. math:: credit'_j = credit_j + e_j - received_j

    with :math:`e` what the rep was entitled to, without credit, of all that was given out. What one rep got too much
    another is owed: credits add up to what they added up to before.

    Parameters
    ----------
    plan
        of the batch, with a setting of fairness
    of
        what is shared: "leads", "value" or "hot"; None = the only thing that is
    given_back
        ids of leads that reps gave back: these count as never received
    owe_leave
        whether a rep who was away (`available` 0) is owed the share of that time; else leave neither earns nor costs

    Returns
    -------
    dict
        by rep id. Who is not in it has no credit: a joiner begins at 0 (a missing value in the column), the credit of
        who leaves goes with them, and who stays out of fairness has none

    Raises
    ------
    InvalidInput
        the plan shares no such thing, or several; a lead given back that the plan does not have

    Examples
    --------
    >>> import leadopt
    >>> leads, reps = {"lead_id": [1, 2, 3]}, {"rep_id": ["Ann", "Bo"], "capacity": [3, 3]}
    >>> plan = leadopt.assign(leads, reps, fairness=leadopt.Fairness(), pins={1: "Ann", 2: "Ann"})
    >>> plan.carry()
    {'Ann': -0.5, 'Bo': 0.5}
    """
    case, shared = plan.case, _shared(plan.case, of)
    answer = np.array(plan.rep_of_lead)
    answer[[case.lead(lead) for lead in given_back]] = -1
    received = shared.received(answer)
    inside = np.ones(len(received), dtype=bool) if shared.outside is None else ~shared.outside
    received = np.where(inside, received, 0.0)
    owed = shared.credit + due(case, shared, float(received.sum()), owe_leave=owe_leave) - received
    return {rep: due for rep, due, counts in zip(case.rep_ids, owed.tolist(), inside, strict=True) if counts}


def _shared(case: Case, of: str | None) -> Shared:
    kinds = {one.of: one for one in case.shared}
    if of is None and len(kinds) == 1:
        return next(iter(kinds.values()))
    if of not in kinds:
        known = f"it shares {' and '.join(kinds)}" if kinds else "it has no setting of fairness"
        raise InvalidInput(f"of: must be something that the plan shares, and {known}; found {of!r}")
    return next(one for one in case.shared if one.of == of)


def due(case: Case, shared: Shared, given: float, *, owe_leave: bool = False) -> Floats:
    """Return what each rep was entitled to of what was given out; it adds up to that."""
    most = np.where(case.away, np.inf, shared.most) if owe_leave else shared.most
    held = shared.held
    found = entitlements(shared.weight, most, given) if held is None else levelled(shared.weight, most, given, held)
    return found * (given / found.sum()) if found.any() else found
