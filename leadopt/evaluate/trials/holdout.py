"""`holdout`: which leads to send at random, so that a trial can measure what a plan brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import comb
from typing import Any, Protocol

import numpy as np

from leadopt.arrays import Bools, Ints
from leadopt.errors import InvalidInput
from leadopt.evaluate.history.records import checked_columns
from leadopt.evaluate.trials.power import detectable_lift, leads_needed
from leadopt.evaluate.trials.shuffle import Mixing, shuffle
from leadopt.tables import Table
from leadopt.tables.cells import Id, is_number
from leadopt.tables.columns import Columns
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import count, percent

PLANNED, AT_RANDOM, OUTSIDE = "plan", "random", "outside"
DRAWN_WITH = "drawn_with"  # the column of what leads were drawn together by
_TALK_OF = 0.1  # the lift that summaries speak of
_LEAST_WAYS = 40  # of drawing clusters: below, even the rarest is more likely than the 2.5% of a 95% interval's tail


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
    drawn_with
        what each lead was drawn together with others by, such as its rep; None where each was drawn by itself
    mixing
        how far the leads at random mixed; None without a plan
    notes
        what was assumed or noticed, in words
    """

    lead_ids: tuple[Id, ...]
    group: tuple[str, ...]
    rep_of_lead: tuple[Id | None, ...]
    planned: tuple[Id | None, ...]
    base_rate: float | None
    lead_column: str
    rep_column: str
    drawn_with: tuple[Id | None, ...] | None = None
    mixing: Mixing | None = None
    notes: tuple[str, ...] = ()
    like: Table = field(repr=False)

    @property
    def n_random(self) -> int:
        """How many leads go at random."""
        return self.group.count(AT_RANDOM)

    @property
    def n_changed(self) -> int:
        """How many of these go to another rep than planned: where few do, little of the plan's lift can show."""
        return sum(rep != planned for rep, planned in zip(self.rep_of_lead, self.planned, strict=True))

    @property
    def n_clusters(self) -> tuple[int, int] | None:
        """How many clusters go as planned, and how many at random; None where each lead was drawn by itself."""
        if self.drawn_with is None:
            return None
        of = dict(zip(self.drawn_with, self.group, strict=True))
        groups = [group for cluster, group in of.items() if cluster is not None]
        return groups.count(PLANNED), groups.count(AT_RANDOM)

    @property
    def n_planned(self) -> int:
        """How many leads of the trial go as planned."""
        return self.group.count(PLANNED)

    def frame(self) -> Any:
        """Return one row per lead: its id, group, rep, and the rep that the plan gives it to; the leads' kind of table.

        Where leads were drawn together, the column "drawn_with" says by what. Keep it: with the outcomes beside it, it
        is what `leadopt.evaluate.measure_lift` takes.
        """
        parts: dict[str, Sequence[Any]] = {self.lead_column: self.lead_ids, "group": self.group}
        if any(rep is not None for rep in self.planned):
            parts |= {self.rep_column: self.rep_of_lead, "planned": self.planned}
        if self.drawn_with is not None:
            parts |= {DRAWN_WITH: self.drawn_with}
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
        if self.n_clusters is not None:
            return f"{said}; drawn as {self.n_clusters[1]:,} of {count(sum(self.n_clusters), 'cluster')}"
        if self.base_rate is None or not (self.n_random and self.n_planned):
            return said
        shown, batches = self.detectable_lift(), self.batches_needed(_TALK_OF)
        one = f"one such batch shows a lift of {percent(shown)}" if shown < 10.0 else "one such batch shows no lift"
        return f"{said}; at a base rate of {percent(self.base_rate)} {one}, and {batches:,} show {percent(_TALK_OF)}"

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary: how far the leads at random are those of any allowed way."""
        changed = [f"{self.n_changed:,} of {self.n_random:,} at random go to another rep than planned."]
        mixed = () if self.mixing is None else (*changed, *self.mixing.describe())
        return Parts(
            notes=[*([] if self._nothing else mixed), *([self._nothing] if self._nothing else []), *self.notes]
        )

    @property
    def _nothing(self) -> str:
        """Why nothing can be compared, and what to do; empty where something can."""
        if self.n_random and self.n_planned:
            return ""
        if self.group and self.group.count(OUTSIDE) == len(self.group):
            why = "every lead stays in the pool or can go to one rep alone (pinned, the only one with room or allowed)"
            return f"Nothing can be compared: {why}; free some leads for a trial."
        return "Nothing can be compared, as one group is empty: take more leads, or another share."


def holdout(
    leads: Any,
    *,
    plan: Planned | None = None,
    share: float = 0.1,
    stratify_by: Sequence[str] | str | None = None,
    cluster_by: str | None = None,
    base_rate: float | None = None,
    lead_id: str = "lead_id",
    rng: int | np.random.Generator = 0,
) -> Holdout:
    """Return which leads to send at random, every lead with the same chance, so that the others' lift can be measured.

    Within each stratum the drawn leads are `share` of it, give or take one; systematic sampling in random order makes
    each lead's chance exactly `share`. With a plan, the leads that are drawn change reps among themselves, at random
    among all the ways in which every lead goes to a rep who may have it and no limit of the plan breaks: each rep gets
    as many leads as planned, and no slot is wasted. What is measured is then what the plan's choice of *who gets
    which* brings, at the same loads. Every such way is equally likely, or `.mixing` and the text of the result say how
    far it is from that (`shuffle`). Leads in the pool, and those that only one rep may have (pinned ones), stay
    outside.

    Leads of a rep hang together in what becomes of them where reps know of the trial, or work differently in it: then
    draw whole reps, or whole days, by `cluster_by`. Leads that the plan keeps together, such as those of an account,
    are drawn together in any case. The column "drawn_with" tells `measure_lift`, whose intervals then know it.

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
    cluster_by
        column of leads by which they are drawn together (the day, the campaign), or the column of reps' ids ("rep_id"):
        all leads that the plan gives to a rep. None = each lead by itself
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
        a setting is wrong, a column is missing, a cluster has leads of several strata, or the plan is of other leads

    Notes
    -----
    How many leads it takes is reckoned as if each stood for itself; of clusters it takes more, and at least 4 of 8 at
    random, or 2 of 10: with fewer ways to draw them than 40, no difference is rare enough to show. Reps should not know
    which leads are at random. Afterwards, compare by `leadopt.evaluate.measure_lift`.

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
    if not (cluster_by is None or (isinstance(cluster_by, str) and cluster_by)):
        raise InvalidInput(f"cluster_by: must be the name of a column; found {cluster_by!r}")
    generator = np.random.default_rng(rng)
    table = Table(leads, "leads", ids=(lead_id,))
    ids = table.ids(lead_id)
    levels = [table.levels(column) for column in checked_columns(stratify_by, "stratify_by")]
    strata = list(zip(*levels, strict=True)) if levels else [()] * len(ids)
    place = _places(plan, ids)
    columns = Columns() if plan is None else plan.case.policy.columns
    lead_column, rep_column = replace(columns, lead_id=lead_id).written
    inside = np.ones(len(ids), dtype=bool) if plan is None else _can_change(plan)[place]
    cluster, notes = _clusters(table, cluster_by, plan, place, inside, rep_column)
    chosen = np.zeros(len(ids), dtype=bool)
    rows = np.flatnonzero(inside)
    if cluster is None:
        chosen[rows] = drawn([strata[k] for k in rows], share, generator)
    else:
        chosen[rows] = _drawn_together([cluster[k] for k in rows], [strata[k] for k in rows], share, generator)
        notes += _too_few(cluster, chosen, inside)
    planned = after = np.full(len(ids), -1, dtype=np.int64)
    mixing = None
    if plan is not None:
        planned = plan.rep_of_lead[place]
        answer, mixing = shuffle(plan.case, plan.rep_of_lead, place[chosen], generator)
        after = answer[place]
    reps = () if plan is None else plan.case.rep_ids
    to = tuple(None if rep < 0 else reps[rep] for rep in after.tolist())
    if cluster is not None and cluster_by == rep_column and plan is not None:
        cluster = list(to)  # who drew together was the rep; who answers a lead is who it hangs together by
    return Holdout(
        lead_ids=tuple(ids),
        group=tuple(np.select([chosen, inside], [AT_RANDOM, PLANNED], OUTSIDE).tolist()),
        rep_of_lead=to,
        planned=tuple(None if rep < 0 else reps[rep] for rep in planned.tolist()),
        base_rate=_base_rate(plan, place[inside]) if base_rate is None else base_rate,
        lead_column=lead_column,
        rep_column=rep_column,
        drawn_with=None
        if cluster is None
        else tuple(one if kept else None for one, kept in zip(cluster, inside.tolist(), strict=True)),
        mixing=mixing,
        notes=notes,
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


def _clusters(
    table: Table, cluster_by: str | None, plan: Planned | None, place: Ints, inside: Bools, rep_column: str
) -> tuple[list[Any] | None, tuple[str, ...]]:
    """Return what each lead is drawn together by, and a note; None where each is drawn by itself."""
    if cluster_by is None:
        together = None if plan is None else plan.case.problem.together
        if together is None:
            return None, ()
        first = np.unique(together, return_index=True)[1]
        names = [plan.case.lead_ids[k] for k in first[together[place]].tolist()] if plan is not None else []
        return names, ("Leads that the plan keeps together were drawn together; drawn_with has the first of each.",)
    if plan is not None and cluster_by == rep_column and cluster_by not in table:
        return [None if rep < 0 else plan.case.rep_ids[rep] for rep in plan.rep_of_lead[place].tolist()], ()
    levels = table.levels(cluster_by)
    for row in np.flatnonzero(inside).tolist():
        if levels[row] is None:
            table.refuse(cluster_by, row, "every lead of the trial needs what it is drawn together by", None)
    return list(levels), ()


def _drawn_together(clusters: Sequence[Any], strata: Sequence[Any], share: float, rng: np.random.Generator) -> Bools:
    """Return which items are drawn, bool, where all of a cluster are drawn or none."""
    stratum_of: dict[Any, Any] = {}
    for cluster, stratum in zip(clusters, strata, strict=True):
        if stratum_of.setdefault(cluster, stratum) != stratum:
            raise InvalidInput(
                f"stratify_by: leads that are drawn together, those of {cluster!r}, are of several strata, "
                f"{stratum_of[cluster]!r} and {stratum!r}; name columns that are the same for all of them"
            )
    chosen = dict(zip(stratum_of, drawn(list(stratum_of.values()), share, rng).tolist(), strict=True))
    return np.array([chosen[cluster] for cluster in clusters], dtype=bool)


def _too_few(cluster: Sequence[Any], chosen: Bools, inside: Bools) -> tuple[str, ...]:
    """Return a note where too few clusters are in a group for any difference to show."""
    groups = [{cluster[k] for k in np.flatnonzero(which).tolist()} for which in (chosen, inside & ~chosen)]
    n, at_random = sum(map(len, groups)), len(groups[0])
    ways = comb(n, at_random)
    if ways >= _LEAST_WAYS:
        return ()
    drawn = f"{at_random:,} of {count(n, 'cluster')} can be drawn in {count(ways, 'way')} only"
    return (f"{drawn}, so that no difference, however large, can show: take more clusters, or a share nearer to half.",)


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
    options = problem.affinity.n_options[problem.affinity.row]
    return np.asarray((plan.rep_of_lead >= 0) & (options > 1) & (problem.pins < 0))


def _base_rate(plan: Planned | None, leads: Ints) -> float | None:
    if plan is None or not len(leads):
        return None
    chance = plan.case.probability(leads, plan.rep_of_lead[leads])
    return None if chance is None else float(chance.mean())
