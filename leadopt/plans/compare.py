"""A plan beside what would have happened without it, on the same leads and by the same estimates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.case import Case
from leadopt.metrics import jain
from leadopt.plans.baselines import ALL
from leadopt.problem.certify import Certificate, certify
from leadopt.problem.presolved.in_leads import slots_of
from leadopt.tables import Table
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import markdown, number, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one way of handing the leads out comes to.

    Parameters
    ----------
    method
        its name
    gain
        expected gain of the placed leads, in the plan's unit
    deals
        expected number of deals; None without history
    lift
        by what fraction the plan is worth more, reserves included; None where this one is worth nothing
    placed
        leads with a rep
    newcomer_share
        fraction of the placed leads that newcomers have
    emptiest, fullest
        load over capacity of the emptiest and fullest rep who is there
    evenness
        Jain's index of load over capacity, 1 = all equal
    broken
        the rules it breaks, in words
    """

    method: str
    gain: float
    deals: float | None
    lift: float | None
    placed: int
    newcomer_share: float
    emptiest: float
    fullest: float
    evenness: float
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison(Result):
    """Outcomes of the plan and of the baselines; the plan comes first."""

    unit: str
    gain_words: str
    outcomes: tuple[Outcome, ...]
    like: Table = field(repr=False)

    def frame(self) -> Any:
        """Return one row per method, of the same kind of table as the leads were.

        Columns: method, gain, deals, lift, placed, newcomer_share, emptiest, fullest, evenness and rules_broken.
        """
        names = ("method", "gain", "deals", "lift", "placed", "newcomer_share", "emptiest", "fullest", "evenness")
        columns = {name: [getattr(outcome, name) for outcome in self.outcomes] for name in names}
        broken = [len(outcome.broken) for outcome in self.outcomes]
        return self.like.build({**columns, "rules_broken": broken}, numbers=names[1:])

    def summary(self) -> str:
        """Return what is compared, in one sentence."""
        first, *others = (outcome.method for outcome in self.outcomes)
        return f"{first} beside {', '.join(others)}"

    @property
    def _deals_apart(self) -> bool:
        """Whether deals are known and are not the unit itself."""
        return self.unit != "deals" and self.outcomes[0].deals is not None

    @property
    def _cells(self) -> Cells:
        deals = ("expected deals",) if self._deals_apart else ()
        names = (
            "method",
            self.gain_words,
            *deals,
            "plan's lift",
            "placed",
            "newcomers",
            "fill",
            "rules broken",
        )
        return names, [self._row(outcome) for outcome in self.outcomes]

    def _row(self, outcome: Outcome) -> list[str]:
        deals = [number(outcome.deals or 0.0, 4)] if self._deals_apart else []
        plan = outcome is self.outcomes[0]
        lift = "" if plan else "-" if outcome.lift is None else f"{100 * outcome.lift:+.1f}%"
        return [
            outcome.method,
            number(outcome.gain, 4),
            *deals,
            lift,
            str(outcome.placed),
            percent(outcome.newcomer_share),
            f"{percent(outcome.emptiest)} to {percent(outcome.fullest)}",
            str(len(outcome.broken)),
        ]

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(tables=[self._cells])

    def __str__(self) -> str:
        return markdown(*self._cells)


def compare(case: Case, method: str, rep_of_lead: Ints, others: Mapping[str, Ints], like: Table) -> Comparison:
    """Return an answer beside others and every baseline that applies to the case."""
    answers = {method: rep_of_lead, **others}
    for name, baseline in ALL.items():
        if name != "territory" or (case.territory_of_lead is not None and case.territory_of_rep is not None):
            answers[name] = baseline(case, 0).rep_of_lead
    return compare_answers(case, answers, like)


def compare_answers(case: Case, answers: dict[str, Ints], like: Table) -> Comparison:
    """Return any answers side by side; lifts are those of the first one."""
    certificates = {name: certify(case.problem, answer) for name, answer in answers.items()}
    best = next(iter(certificates.values())).objective - case.credit
    return Comparison(
        unit=case.unit,
        gain_words=case.gain_words,
        like=like,
        outcomes=tuple(_outcome(case, name, answer, certificates[name], best) for name, answer in answers.items()),
    )


def _outcome(case: Case, method: str, answer: Ints, certificate: Certificate, best: float) -> Outcome:
    leads = np.flatnonzero(answer >= 0)
    reps = answer[leads]
    probability = case.probability(leads, reps)
    fill = _fill(case, reps)
    worth = certificate.objective - case.credit
    return Outcome(
        method=method,
        gain=float(case.gains.at(leads, reps).sum()),
        deals=None if probability is None else float(probability.sum()),
        lift=best / worth - 1.0 if worth > 0 else None,
        placed=len(leads),
        newcomer_share=float(case.newcomer[reps].mean()) if len(leads) else 0.0,
        emptiest=float(fill.min(initial=1.0)) if len(fill) else 0.0,
        fullest=float(fill.max(initial=0.0)),
        evenness=jain(fill),
        broken=certificate.violations,
    )


def _fill(case: Case, reps: Ints) -> Floats:
    loads = np.bincount(reps, minlength=case.problem.n_reps)
    slots = slots_of(case.problem)
    return np.asarray(loads[slots > 0] / slots[slots > 0])
