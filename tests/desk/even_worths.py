"""What leads are worth with whom where nothing was learned: all the same, for who may have them by the policy."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadopt.eligibility import ExcludeRule, judge
from leadopt.lifecycle.draft import Offer
from leadopt.lifecycle.records import Lead, Rep
from leadopt.policy import Policy
from leadopt.tables import Table

_EVEN = Offer(gain=1.0)


class EvenWorths:
    """Every lead is worth 1 with every rep whom the rules of eligibility let have it; all are entitled alike.

    Parameters
    ----------
    policy
        its rules of eligibility, what its fairness shares, and its reserve
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        # Pairs are told by the users' own ids, which are not in the log.
        self._rules = [rule for rule in policy.eligibility if not (isinstance(rule, ExcludeRule) and rule.pairs)]
        self._shared = {one.of for one in policy.fairnesses} or {"leads"}

    @property
    def reserve(self) -> float:
        """The gain of leaving a lead in the pool: below that of any rep."""
        return min(self._policy.reserve, 0.0)

    @property
    def ramp_days(self) -> float:
        """For how many days a rep counts as a newcomer: those of the policy's ramp."""
        newcomers = self._policy.newcomers
        return 0.0 if newcomers is None or newcomers.ramp_days is None else float(newcomers.ramp_days)

    def offers(self, leads: Sequence[Lead], reps: Sequence[Rep]) -> Mapping[str, Mapping[str, Offer]]:
        """Return lead -> rep -> offer, for pairs that are eligible."""
        if not self._rules or not leads or not reps:
            everybody = {rep.id: _EVEN for rep in reps}
            return {lead.id: everybody for lead in leads}
        lead_ids, rep_ids = [lead.id for lead in leads], [rep.id for rep in reps]
        tables = _table(leads, "leads", self._rules), _table(reps, "reps", self._rules)
        verdicts = [judge(rule, tables[0], lead_ids, tables[1], rep_ids) for rule in self._rules]
        return {
            lead: {
                rep: _EVEN
                for column, rep in enumerate(rep_ids)
                if all(one.allowed[one.kind_of_lead[row], column] for one in verdicts)
            }
            for row, lead in enumerate(lead_ids)
        }

    def shared(self, lead: Lead) -> Mapping[str, float]:
        """Return what fairness shares of a lead: itself, and its value where that is shared."""
        value = lead.columns.get(self._policy.columns.value)
        amounts = {"leads": 1.0, "value": float(value) if isinstance(value, int | float) else 0.0}
        return {of: amounts[of] for of in sorted(self._shared & amounts.keys())}

    def weights(self, reps: Sequence[Rep]) -> Mapping[str, float]:
        """Return equal weights."""
        return {rep.id: 1.0 for rep in reps}


def _table(records: Sequence[Any], name: str, rules: Sequence[Any]) -> Table:
    """Return the columns that rules look at as a table; one that nobody has is missing everywhere."""
    named = {
        column
        for rule in rules
        for column in (getattr(rule, each, None) for each in ("column", "reps_column", "needs", "has"))
        if column is not None
    }
    columns = sorted(named.union(*(one.columns for one in records)))
    return Table({column: [one.columns.get(column) for one in records] for column in columns}, name)
