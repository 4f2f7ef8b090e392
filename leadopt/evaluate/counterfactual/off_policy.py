"""`off_policy`: what a policy would have earned on leads that another one handed out, from a log of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from leadopt.affinity import AffinityModel
from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.evaluate.counterfactual.estimate import Estimate, OffPolicy
from leadopt.evaluate.counterfactual.intervals import spreads
from leadopt.evaluate.counterfactual.overlap import MOST_NEVER, Overlap, overlap, refusal
from leadopt.evaluate.counterfactual.propensity import log_propensities
from leadopt.evaluate.counterfactual.target import Target, target_of
from leadopt.evaluate.history.counted_once import DEAL, counted_once
from leadopt.evaluate.history.folds import random_folds, splits
from leadopt.evaluate.history.records import Records, checked_columns, read_records
from leadopt.evaluate.history.segments import check_known_before
from leadopt.learning.estimates import check_level
from leadopt.tables.cells import is_number
from leadopt.tables.columns import Columns
from leadopt.tables.text import count, number, percent

_FOLDS = 5
_ROUNDING = 1e-13
"""Of the terms of a sum: what is left by which they cancel each other is an error of rounding, and reads as 0."""
_SETTLED = 0.95  # part of the leads that are settled by the age from which they count: the level matters, not the power


class Planned(Protocol):
    """What is read of a `leadopt.Plan`."""

    @property
    def case(self) -> Any: ...
    @property
    def rep_of_lead(self) -> Ints: ...


Policy = Planned | Mapping[Any, Any] | ArrayLike


def off_policy(
    log: Any,
    policy: Policy,
    *,
    segment_by: Sequence[str] | str | None = None,
    known_before: Sequence[str] | str = (),
    reps: Sequence[Any] | None = None,
    propensity: str | None = None,
    value: str | None = None,
    rep: str = "rep_id",
    converted: str = "converted",
    at: str = "at",
    assigned: str = "assigned_at",
    lead_id: str = "lead_id",
    group: str = DEAL,
    level: float = 0.9,
    replicates: int = 1000,
    rng: int | np.random.Generator = 0,
) -> OffPolicy:
    r"""Return what a policy would have earned a lead on the leads of a log, with intervals, or why nobody can tell.

    With a_i the rep who had lead i, r_i what it earned, p_i the chance with which the log's policy chose a_i,
    pi(a | i) the chance with which the policy in question gives lead i to rep a, and q(i, a) an estimate of what that
    earns, made from other folds of the log,

    .. math:: w_i = \frac{\pi(a_i | i)}{p_i}, \quad IPS = \frac1n \sum_i w_i r_i, \quad
              SNIPS = s \frac{\sum_i w_i r_i}{\sum_i w_i}, \quad
              DR = \frac1n \sum_i \Big( \sum_a \pi(a | i) q(i, a) + w_i (r_i - q(i, a_i)) \Big),

    where s is the share of leads that the policy places; the pool earns nothing. The doubly robust estimate DR is right
    if either the propensities p or the estimates q are; it is what the summary states.

    Parameters
    ----------
    log
        table with a row for each past lead: who had it, what came of it, its attributes. Rows without an outcome are
        left out; where the log has dates, so are all leads that were assigned so late that not 95 of 100 like them are
        settled (`Records.mature`), as the quick ones among them would count for all. It must be of other leads than
        those that the policy was learned from, or the policy will look better than it is
    policy
        a `leadopt.Plan` or a mapping from lead id to rep id (a lead that is not in it stays in the pool), which are
        looked up by `lead_id`; or an array (n_rows, n_reps) of chances, each row summing to 1 or less (the rest is the
        pool)
    segment_by
        columns that the log's policy may have gone by, and that q depends on; what is filled in after the outcome is
        refused where it shows
    known_before
        columns of `segment_by` that are known when a lead arrives though they tell outcomes as if they were not
    reps
        ids of the columns of an array; None = those of the log, sorted
    propensity
        column with the chance with which the rep who had the lead was chosen for it; None = estimated from how often
        reps had leads of a segment (`propensity.log_propensities`), which is right only if nothing else decided
    value
        column with what a conversion is worth; None = 1
    rep, converted, at, assigned, lead_id
        names of columns
    group
        column of deals or accounts: rows of one deal, rep and segment, or else rows that repeat each other, count as
        often as they tell anything of their own (`history.counted_once`)
    level
        of the intervals
    replicates
        bootstrap samples of rows
    rng
        seed or generator

    Returns
    -------
    OffPolicy
        `.value`, `.lift` (over what the log earned), `.frame()`, `.overlap`; or `.refusal`, a sentence, and no
        estimates where the log cannot answer

    Raises
    ------
    InvalidInput
        a column is missing, cannot be read or seems to be filled in after the outcome, a rep is not named, chances are
        none, or a plan lacks a lead of the log

    Notes
    -----
    Time grows with rows x replicates, and with rows x reps for an array. Intervals take propensities and q as known;
    they are bootstraps, wider where few conversions carry the weight (`intervals`). Chances that are known, and never 0
    where the policy's are not, answer for pairs that were never seen as well; estimated ones do not.

    References
    ----------
    Dudik, Erhan, Langford & Li (2014), Doubly robust policy evaluation and optimization, Statistical Science 29(4),
    doi:10.1214/14-STS500; Swaminathan & Joachims (2015), The self-normalized estimator for counterfactual learning,
    NeurIPS; Owen (2013), Monte Carlo theory, methods and examples, sec. 9.3, for the effective sample size.

    Examples
    --------
    >>> rows = [("ann", "web", 30), ("ann", "fair", 10), ("bob", "web", 10), ("bob", "fair", 30)]
    >>> log = [
    ...     {"lead_id": f"{rep} {source} {i}", "rep_id": rep, "source": source, "converted": i < won}
    ...     for rep, source, won in rows for i in range(50)
    ... ]
    >>> policy = {row["lead_id"]: "ann" if row["source"] == "web" else "bob" for row in log}
    >>> found = off_policy(log, policy, segment_by="source")
    >>> print(found.summary())
    0.6... conversions a lead (90% interval 0.5... to 0.6...), 0.2... more than the log's 0.4 (0.1... to 0.2...)
    """
    asked, insisted = checked_columns(segment_by), checked_columns(known_before, "known_before")
    _check_settings(level, replicates)
    generator = np.random.default_rng(rng)
    whole = read_records(
        log,
        segment_by=asked,
        columns=Columns(lead_id=lead_id, rep_id=rep, converted=converted, at=at, assigned_at=assigned),
        name="log",
        also=(value, propensity, lead_id, group),
    )
    about = (column for column in (value, propensity) if column)  # no event by themselves
    whole, _ = counted_once(whole, group, (lead_id, rep, converted, *about))
    check_known_before(whole, asked, insisted)
    records = whole.take(np.flatnonzero(whole.mature(_SETTLED))) if whole.n_open else whole
    columns = records.columns
    _check_reps(records, rep)
    worth = np.ones(records.n_rows) if value is None else records.table.numbers(value, low=0.0)
    target = target_of(policy, records, reps, lead_id)
    chance = _propensities(records, propensity)
    weight = target.of(records.rep) / chance
    seen = overlap(weight, target, records.rep, records.segment)
    why = refusal(seen, propensity) or _one_lead(weight * worth, worth, value)
    estimates: tuple[Estimate, ...] = ()
    if why is None:
        model = AffinityModel(segment_by=columns, rep=rep, converted=converted, drift=False)  # a log is of all its days
        parts = _parts(records, target, weight, worth, model, generator)
        if value is None:
            parts["missed"] = weight * (1.0 - records.won)
        dearest = float(parts["reward"].max()) or float(worth.max())  # of a conversion; where none was seen, of a lead
        estimates = _estimates(parts, dearest, level, replicates, generator)
    return OffPolicy(
        estimates=estimates,
        refusal=why,
        overlap=seen,
        level=level,
        unit="conversions" if value is None else value,
        notes=_notes(whole, records, columns, propensity, seen),
        like=records.table,
    )


def _check_settings(level: Any, replicates: Any) -> None:
    check_level(level)
    if not (is_number(replicates) and replicates == replicates // 1 and replicates >= 100):
        raise InvalidInput(f"replicates: must be a whole number, 100 or more; found {replicates!r}")


def _check_reps(records: Records, rep: str) -> None:
    nobody = np.flatnonzero(records.rep < 0)
    if len(nobody):
        records.table.refuse(rep, int(nobody[0]), "every settled row of a log needs the rep who had the lead", None)


def _one_lead(weighted: Floats, worth: Floats, value: str | None) -> str | None:
    """Return in one sentence that one lead outweighs all others together, None if none does."""
    most = int(weighted.argmax()) if len(weighted) else 0
    if value is None or not weighted.sum() or weighted[most] <= 0.5 * weighted.sum():
        return None
    return (
        f"this log cannot say what the policy would earn: one lead with {value} {number(float(worth[most]))} outweighs "
        "all others together; mend it, or leave it out, if it is none of their kind"
    )


def _propensities(records: Records, column: str | None) -> Floats:
    if column is None:
        return log_propensities(records.rep, records.segment)
    chance = records.table.numbers(column, low=0.0, high=1.0)
    if (never := np.flatnonzero(chance == 0.0)[:1]).size:
        records.table.refuse(column, int(never[0]), "what was done cannot have had a chance of 0", 0.0)
    return chance


def _parts(
    records: Records, target: Target, weight: Floats, worth: Floats, model: AffinityModel, rng: np.random.Generator
) -> dict[str, Floats]:
    """Return what each row adds to the sums that estimates are made of."""
    reward = records.won * worth
    promised, foreseen = np.zeros(records.n_rows), np.zeros(records.n_rows)
    fold = random_folds(records.n_rows, min(_FOLDS, max(2, records.n_rows)), rng)
    first = np.unique(records.segment, return_index=True)[1]
    kinds = {"": [0] * len(first)} | {
        name: records.table.take(first).values(name) for name in checked_columns(model.segment_by)
    }
    for _, learned, judged in splits(fold, by_time=False):
        rows = np.flatnonzero(judged)
        fitted = model.fit(records.table.take(np.flatnonzero(learned)))
        affinity = fitted.affinity(kinds, {model.rep: list(target.reps)}, value=None)
        rates, segment = affinity.rates_of(affinity.row), records.segment[rows]
        promised[rows] = worth[rows] * target.expected(rates, segment, rows)
        foreseen[rows] = worth[rows] * rates[segment, records.rep[rows]]
    return {
        "reward": reward,
        "weighted": weight * reward,
        "weight": weight,
        "placed": target.placed,
        "robust": promised + weight * (reward - foreseen),
    }


def _estimates(
    parts: dict[str, Floats], dearest: float, level: float, replicates: int, rng: np.random.Generator
) -> tuple[Estimate, ...]:
    """Return every estimate with its bootstrap error and its interval."""
    least = _ROUNDING * max(float(np.abs(parts[name]).mean()) for name in ("reward", "weighted", "robust"))
    means = {name: float(part.mean()) for name, part in parts.items()}
    found = {method: _beyond(least, value) for method, value in _from_means(means).items()}
    spread = spreads(parts, found, dearest, level, replicates, rng)
    return tuple(
        Estimate(
            method=method,
            value=value,
            error=_beyond(least, spread[method].error),
            low=_beyond(least, spread[method].low),
            high=_beyond(least, spread[method].high),
        )
        for method, value in found.items()
    )


def _beyond(least: float, value: float) -> float:
    return value if abs(value) > least else 0.0


def _from_means(mean: Mapping[str, float]) -> dict[str, float]:
    return {
        "DR": mean["robust"],
        "SNIPS": mean["placed"] * mean["weighted"] / max(mean["weight"], 1e-300),
        "IPS": mean["weighted"],
        "log": mean["reward"],
        "lift": mean["robust"] - mean["reward"],
    }


def _notes(
    whole: Records, records: Records, columns: Sequence[str], propensity: str | None, seen: Overlap
) -> tuple[str, ...]:
    notes = [*records.notes]
    if records.n_open:
        as_if = "" if whole.everything is not None else ", as if wins and losses took equally long"
        notes.append(f"{count(records.n_open, 'row')} without an outcome yet: left out{as_if}.")
    if young := whole.n_rows - records.n_rows:
        notes.append(f"{count(young, 'outcome')} of leads that are younger than most are when they end: left out.")
    if propensity is None:
        by = " and ".join(columns) if columns else "nothing"
        notes.append(f"Chances of the log's choices are estimated, as if reps had been chosen by {by} and by lot.")
    elif seen.never > MOST_NEVER:
        notes.append(
            f"{percent(seen.never)} of the policy's decisions give a rep a kind of lead that it never had in the log; "
            f"{propensity} says that it could have, so what is said of these rests on estimates alone."
        )
    return tuple(notes)
