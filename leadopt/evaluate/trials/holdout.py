"""`holdout`: which leads to send at random, so that a trial can measure what a plan brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from leadopt.arrays import Bools, Ints
from leadopt.errors import InvalidInput
from leadopt.evaluate.history.records import checked_columns
from leadopt.evaluate.trials.power import detectable_lift, leads_needed
from leadopt.evaluate.trials.shuffle import shuffled
from leadopt.tables import Table
from leadopt.tables.cells import Id, is_number
from leadopt.tables.result import Result
from leadopt.tables.text import count, percent

PLANNED, AT_RANDOM, OUTSIDE = "plan", "random", "outside"
_TALK_OF = 0.1  # the lift that summaries speak of


class Planned(Protocol):
    """What is read of a `leadopt.Plan`."""

    @property
    def case(self) -> Any: ...
    @property
    def rep_of_lead(self) -> Ints: ...


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Holdout(Result):
    """A trial: which leads go as planned, which at random, and to whom.

    Parameters
    ----------
    lead_ids
        of all leads, in their order
    group
        of each: "plan", "random", or "outside" the trial (in the pool, or only one rep may have it)
    rep_of_lead
        the rep to send each lead to: as planned, or drawn at random; None = the pool, or there is no plan
    planned
        whom the plan gives it to; None likewise
    base_rate
        chance of conversion that power is reckoned with; None if unknown
    lead_column, rep_column
        names of the columns of ids
    """

    lead_ids: tuple[Id, ...]
    group: tuple[str, ...]
    rep_of_lead: tuple[Id | None, ...]
    planned: tuple[Id | None, ...]
    base_rate: float | None
    lead_column: str
    rep_column: str
    like: Table = field(repr=False)

    @property
    def n_random(self) -> int:
        """How many leads go at random."""
        return self.group.count(AT_RANDOM)

    @property
    def n_planned(self) -> int:
        """How many leads of the trial go as planned."""
        return self.group.count(PLANNED)

    def frame(self) -> Any:
        """Return one row per lead: its id, group, rep, and the rep that the plan gives it to; the leads' kind of table.

        Keep it: with the outcomes beside it, it is what `leadopt.evaluate.measure_lift` takes.
        """
        parts: dict[str, Sequence[Any]] = {self.lead_column: self.lead_ids, "group": self.group}
        if any(rep is not None for rep in self.planned):
            parts |= {self.rep_column: self.rep_of_lead, "planned": self.planned}
        return self.like.build({name: list(part) for name, part in parts.items()})

    def detectable_lift(self, base_rate: float | None = None, *, batches: int = 1, power: float = 0.8) -> float:
        """Return the least lift that so many such batches show; see `leadopt.evaluate.detectable_lift`."""
        n, share, rate = self._trial(base_rate)
        return detectable_lift(n * batches, rate, share=share, power=power)

    def batches_needed(self, lift: float, base_rate: float | None = None, *, power: float = 0.8) -> int:
        """Return how many such batches show a lift; see `leadopt.evaluate.leads_needed`."""
        n, share, rate = self._trial(base_rate)
        return -(-leads_needed(rate, lift, share=share, power=power) // n)

    def _trial(self, base_rate: float | None) -> tuple[int, float, float]:
        n = self.n_random + self.n_planned
        if not (self.n_random and self.n_planned):
            raise InvalidInput("holdout: a trial needs leads in both groups; there are too few, or share is too small")
        rate = self.base_rate if base_rate is None else base_rate
        if rate is None:
            raise InvalidInput("base_rate: is not known from a plan; give the chance that a lead converts")
        return n, self.n_random / n, rate

    def summary(self) -> str:
        """Return the trial in one sentence, with what it can show."""
        outside = self.group.count(OUTSIDE)
        said = f"{count(self.n_random, 'lead')} at random, {self.n_planned:,} as planned"
        said += f", {outside:,} outside the trial" if outside else ""
        if self.base_rate is None or not (self.n_random and self.n_planned):
            return said
        shown, batches = self.detectable_lift(), self.batches_needed(_TALK_OF)
        one = f"one such batch shows a lift of {percent(shown)}" if shown < 10.0 else "one such batch shows no lift"
        return f"{said}; at a base rate of {percent(self.base_rate)} {one}, and {batches:,} show {percent(_TALK_OF)}"


def holdout(
    leads: Any,
    *,
    plan: Planned | None = None,
    share: float = 0.1,
    stratify_by: Sequence[str] | str | None = None,
    base_rate: float | None = None,
    lead_id: str = "lead_id",
    rng: int | np.random.Generator = 0,
) -> Holdout:
    """Return which leads to send at random, every lead with the same chance, so that the others' lift can be measured.

    Within each stratum the drawn leads are `share` of it, give or take one; systematic sampling in random order makes
    each lead's chance exactly `share`. With a plan, the leads that are drawn change reps among themselves, at random
    among all the ways in which every lead goes to a rep who may have it and no limit of the plan breaks: each rep gets
    as many leads as planned, and no slot is wasted. What is measured is then what the plan's choice of *who gets
    which* brings, at the same loads. Leads in the pool, and those that only one rep may have (pinned ones), stay
    outside.

    Parameters
    ----------
    leads
        table with a row for each lead
    plan
        a `leadopt.Plan` of these leads; None = the groups alone, and the leads at random are yours to hand out by lot
    share
        of the leads that goes at random, in (0, 1); one half measures best, less costs less
    stratify_by
        columns whose levels are to be alike in both groups
    base_rate
        chance that a lead converts, for the power; None = as the plan expects on average, if it has evidence
    lead_id
        name of the column of ids
    rng
        seed or generator: the same seed, the same draw

    Returns
    -------
    Holdout
        `.frame()`, `.summary()`, `.detectable_lift()`, `.batches_needed(lift)`

    Raises
    ------
    InvalidInput
        a setting is wrong, a column is missing, or the plan is of other leads

    Notes
    -----
    Reps should not know which leads are at random. Afterwards, compare by `leadopt.evaluate.measure_lift`.

    References
    ----------
    Gerber & Green (2012), Field Experiments, ch. 2 to 4; Madow & Madow (1944), On the theory of systematic sampling,
    Annals of Mathematical Statistics 15(1).

    Examples
    --------
    >>> leads = {"lead_id": list(range(1000)), "source": ["web", "fair"] * 500}
    >>> trial = holdout(leads, share=0.2, stratify_by="source", base_rate=0.16)
    >>> print(trial.summary())
    200 leads at random, 800 as planned; at a base rate of 16% one such batch shows a lift of 57%, and 28 show 10%
    """
    if not (is_number(share) and 0.0 < share < 1.0):
        raise InvalidInput(f"share: must be a number between 0 and 1, such as 0.1; found {share!r}")
    generator = np.random.default_rng(rng)
    table = Table(leads, "leads", ids=(lead_id,))
    ids = table.ids(lead_id)
    levels = [table.levels(column) for column in checked_columns(stratify_by, "stratify_by")]
    strata = list(zip(*levels, strict=True)) if levels else [()] * len(ids)
    place = _places(plan, ids)
    inside = np.ones(len(ids), dtype=bool) if plan is None else _can_change(plan)[place]
    chosen = np.zeros(len(ids), dtype=bool)
    chosen[inside] = drawn([strata[k] for k in np.flatnonzero(inside)], share, generator)
    planned = after = np.full(len(ids), -1, dtype=np.int64)
    if plan is not None:
        planned = plan.rep_of_lead[place]
        after = shuffled(plan.case, plan.rep_of_lead, place[chosen], generator)[place]
    reps = () if plan is None else plan.case.rep_ids
    return Holdout(
        lead_ids=tuple(ids),
        group=tuple(np.select([chosen, inside], [AT_RANDOM, PLANNED], OUTSIDE).tolist()),
        rep_of_lead=tuple(None if rep < 0 else reps[rep] for rep in after.tolist()),
        planned=tuple(None if rep < 0 else reps[rep] for rep in planned.tolist()),
        base_rate=_base_rate(plan, place[inside]) if base_rate is None else base_rate,
        lead_column=lead_id,
        rep_column="rep_id" if plan is None else plan.case.policy.columns.rep_id,
        like=table,
    )


def drawn(strata: Sequence[Any], share: float, rng: np.random.Generator) -> Bools:
    """Return which items are drawn, bool: each with the chance `share`, and that share of each stratum but for one."""
    code = {stratum: number for number, stratum in enumerate(dict.fromkeys(strata))}
    place = np.array([code[stratum] for stratum in strata], dtype=np.int64)
    order = np.lexsort((rng.random(len(strata)), place))
    steps = np.floor(share * np.arange(len(strata) + 1) + rng.random())
    chosen = np.zeros(len(strata), dtype=bool)
    chosen[order] = np.diff(steps) > 0
    return chosen


def _places(plan: Planned | None, ids: Sequence[Id]) -> Ints:
    """Return where each lead stands in the plan."""
    if plan is None:
        return np.arange(len(ids))
    place = {lead: number for number, lead in enumerate(plan.case.lead_ids)}
    missing = next((lead for lead in ids if lead not in place), None)
    if missing is not None:
        raise InvalidInput(f"plan: has no lead {missing!r}; give holdout the leads that were planned")
    return np.array([place[lead] for lead in ids], dtype=np.int64)


def _can_change(plan: Planned) -> Bools:
    """Return which leads of a plan are placed, not pinned, and may go to another rep too."""
    problem = plan.case.problem
    options = np.isfinite(problem.affinity.rates).sum(axis=1)[problem.affinity.row]
    return np.asarray((plan.rep_of_lead >= 0) & (options > 1) & (problem.pins < 0))


def _base_rate(plan: Planned | None, leads: Ints) -> float | None:
    if plan is None or not len(leads):
        return None
    chance = plan.case.probability(leads, plan.rep_of_lead[leads])
    return None if chance is None else float(chance.mean())
