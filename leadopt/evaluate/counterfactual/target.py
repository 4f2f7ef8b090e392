"""A policy in numbers: with what chance it gives each lead of a log to each rep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.evaluate.history.records import Records
from leadopt.tables.cells import Id, as_id


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """Chances of each rep for each lead: one rep for sure, or a row of chances.

    Parameters
    ----------
    reps
        ids that indices stand for, those of the log first
    rep
        int64 (n_rows,), -1 = pool; None where there are chances
    chances
        float64 (n_rows, n_reps); None where there is one rep for sure
    """

    reps: tuple[Id, ...]
    rep: Ints | None = None
    chances: Floats | None = None

    def of(self, rep: Ints) -> Floats:
        """Return the chance that each lead goes to the rep at the same place, float64 (n_rows,)."""
        if self.chances is None:
            assert self.rep is not None
            return np.equal(self.rep, rep).astype(np.float64)
        return np.asarray(self.chances[np.arange(len(rep)), rep])

    def expected(self, gains: Floats, row: Ints, leads: Ints) -> Floats:
        """Return what these leads gain on average, float64; gains[row[k], a] is what lead leads[k] gains with rep a."""
        if self.chances is not None:
            return np.asarray(np.einsum("ka,ka->k", self.chances[leads], gains[row]))
        assert self.rep is not None
        rep = self.rep[leads]
        return np.where(rep < 0, 0.0, gains[row, rep])

    @property
    def placed(self) -> Floats:
        """Chance that each lead goes to anybody, float64 (n_rows,)."""
        if self.chances is not None:
            return np.asarray(self.chances.sum(axis=1))
        assert self.rep is not None
        return (self.rep >= 0).astype(np.float64)


def target_of(policy: Any, records: Records, reps: Sequence[Any] | None, lead_id: str) -> Target:
    """Return a policy in numbers.

    Raises
    ------
    InvalidInput
        it is neither a plan, a mapping nor an array of chances that fits the log
    """
    if hasattr(policy, "rep_of_lead") and hasattr(policy, "case"):
        case = policy.case
        given = [case.rep_ids[rep] if rep >= 0 else None for rep in policy.rep_of_lead.tolist()]
        return _by_lead(dict(zip(case.lead_ids, given, strict=True)), records, lead_id, "plan")
    if isinstance(policy, Mapping):
        return _by_lead(dict(policy), records, lead_id, "policy")
    return _by_chances(policy, records, reps)


def _by_lead(rep_of: dict[Any, Any], records: Records, lead_id: str, name: str) -> Target:
    leads = records.table.ids(lead_id, unique=False) if records.n_rows else []
    if name == "plan":
        missing = next((lead for lead in leads if lead not in rep_of), None)
        if missing is not None:
            raise InvalidInput(f"policy: the plan has no lead {missing!r} of the log; plan the leads of the log")
    elif leads and not any(lead in rep_of for lead in leads):
        its = f"its leads are like {next(iter(rep_of))!r}" if rep_of else "it has none"
        raise InvalidInput(f"policy: holds no lead of the log; {its}, those of the log {leads[0]!r}")
    chosen = [_rep(rep_of.get(lead), lead) for lead in leads]
    reps = (*records.reps, *dict.fromkeys(one for one in chosen if one is not None and one not in records.reps))
    place = {one: code for code, one in enumerate(reps)}
    rep = np.array([-1 if one is None else place[one] for one in chosen], dtype=np.int64)
    return Target(reps=reps, rep=rep)


def _rep(value: Any, lead: Any) -> Id | None:
    one = None if value is None else as_id(value)
    if value is not None and one is None:
        raise InvalidInput(f"policy, lead {lead!r}: a rep must be text or a whole number, None = pool; found {value!r}")
    return one


def _by_chances(policy: Any, records: Records, reps: Sequence[Any] | None) -> Target:
    named = records.reps if reps is None else tuple(_rep(one, "reps") for one in reps)
    try:
        chances = np.asarray(policy, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(
            "policy: must be a plan, a mapping from lead id to rep id, or an array of chances (n_rows, n_reps); "
            f"found {type(policy).__name__}"
        ) from None
    n_rows = records.n_read
    if chances.shape != (n_rows, len(named)):
        raise InvalidInput(
            f"policy: chances must have a row for each of {n_rows} rows of the log and a column for each of "
            f"{len(named)} reps; found shape {chances.shape}"
        )
    bad = ~((chances >= 0.0).all(axis=1) & (chances.sum(axis=1) <= 1.0 + 1e-9))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InvalidInput(
            f"policy, row {row + 1}: chances must be 0 or more and sum to 1 or less; found sum {chances[row].sum():g} "
            f"and least {chances[row].min():g}"
        )
    unknown = [one for one in records.reps if one not in named]
    if unknown or len(set(named)) < len(named):
        raise InvalidInput(f"reps: must hold every rep of the log, each once; found {list(named)}, without {unknown}")
    order = [*records.reps, *(one for one in named if one not in records.reps)]
    columns = [named.index(one) for one in order]
    return Target(reps=tuple(one for one in order if one is not None), chances=chances[records.row][:, columns])
