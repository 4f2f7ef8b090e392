"""Accounts: whose leads stay together, who may have all of one, and who owns it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from leadopt.arrays import Ints
from leadopt.eligibility import Verdicts
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.problem.gains import Affinity
from leadopt.problem.groups import Groups, together_of
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.ids import level_alike
from leadopt.tables.text import count

_LARGE = 50  # leads of one account that are worth a look: a word for "none" may stand in that column


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Owned:
    """Who owns the leads' accounts.

    Parameters
    ----------
    owner
        int64 (n_leads,), the rep who owns each lead, -1 = nobody who is in reps
    named
        what the leads' table says, None = nothing
    most
        how many leads can be with their owner together
    proven
        whether more are impossible
    """

    owner: Ints
    named: tuple[str | None, ...]
    most: int = 0
    proven: bool = True

    def without(self, reps: Sequence[int]) -> Self:
        """Return who owns the leads where some reps do not count as owners."""
        if not len(reps):
            return self
        left = ~np.isin(self.owner, reps)
        named = tuple(one if stays else None for one, stays in zip(self.named, left.tolist(), strict=True))
        return replace(self, owner=np.where(left, self.owner, -1), named=named)


def accounts_of(leads: Table, column: str | None) -> tuple[Ints | None, list[str]]:
    """Return the number of each lead's account, None where no two leads share one; and notes.

    Letter case and blanks around a name make no other account; a lead without one is alone.

    Raises
    ------
    InvalidInput
        there is no such column; names the nearest
    """
    if column is None:
        return None, []
    leads.require(column)
    entries = [level_alike(entry) for entry in leads.levels(column)]
    times = Counter(entry for entry in entries if entry is not None)
    number = {entry: place for place, entry in enumerate(times)}
    of_lead = np.array([-1 if entry is None else number[entry] for entry in entries], dtype=np.int64)
    return together_of(of_lead, leads.n_rows), _notes(column, entries.count(None), times)


def _notes(column: str, n_alone: int, times: "Counter[str]") -> list[str]:
    shared = {entry: n for entry, n in times.items() if n > 1}
    if not shared:
        return [f"together: no two leads have the same {column}, so all go one by one"]
    largest = max(shared, key=lambda entry: shared[entry])
    found = [
        f"together: {count(sum(shared.values()), 'lead')} of {count(len(shared), 'account')} go to one rep each "
        f"({column}), at most {shared[largest]}"
    ]
    if shared[largest] >= _LARGE:
        found.append(f'{shared[largest]} leads have {column} "{largest}": leave it blank where that is no account')
    return [*found, f"{count(n_alone, 'lead')} without {column}: each alone"] if n_alone else found


def pinned_together(pinned: Ints, together: Ints | None, lead_ids: Sequence[Id], rep_ids: Sequence[Id]) -> Ints:
    """Return pins in which a pin of one lead holds for all of its account.

    Raises
    ------
    InvalidInput
        leads of one account are pinned to several reps; names them
    """
    if together is None or not (pinned >= 0).any():
        return pinned
    try:
        return Groups.of(together).pinned(pinned)
    except InvalidInput:
        first: dict[int, int] = {}
        for lead in np.flatnonzero(pinned >= 0).tolist():
            other = first.setdefault(int(together[lead]), lead)
            if pinned[other] != pinned[lead]:
                break
        raise InvalidInput(
            f"pins: leads {lead_ids[other]!r} and {lead_ids[lead]!r} stay together (policy.together), but are pinned "
            f"to {rep_ids[pinned[other]]!r} and {rep_ids[pinned[lead]]!r}; remove one of the pins"
        ) from None


def barred_together(
    gains: Affinity, together: Ints | None, lead_ids: Sequence[Id], column: str | None
) -> tuple[Affinity, list[Verdicts]]:
    """Return the gains with -inf where any lead of an account may not go to a rep, and that as a rule in words."""
    if together is None:
        return gains, []
    groups = Groups.of(together)
    first = gains.row[groups.order][groups.start]
    mixed = np.logical_or.reduceat(gains.row[groups.order] != np.repeat(first, groups.size), groups.start)
    leads = np.flatnonzero(mixed[together])
    allowed = gains.may(gains.row[leads])
    account, place = np.unique(together[leads], return_inverse=True)
    order = np.argsort(place.reshape(-1), kind="stable")
    starts = np.concatenate([[0], groups.size[account].cumsum()[:-1]]).astype(np.int64)
    by_all = np.logical_and.reduceat(allowed[order], starts, axis=0) if len(leads) else allowed
    barred = (allowed & ~by_all[place.reshape(-1)]).any(axis=1) if len(leads) else np.zeros(0, dtype=bool)
    torn = np.unique(together[leads[barred]])
    if not len(torn):
        return gains, []
    kind = np.zeros(len(together), dtype=np.int64)
    hit = np.flatnonzero(np.isin(together, torn))
    kind[hit] = 1 + np.searchsorted(torn, together[hit])
    verdict = np.vstack([np.ones(gains.n_reps, dtype=bool), by_all[np.searchsorted(account, torn)]])
    words = [f"who may have all leads of its {column} ({_ids(groups.members(g), lead_ids)})" for g in torn.tolist()]
    kinds, place = np.unique(np.column_stack([gains.row[hit], kind[hit]]), axis=0, return_inverse=True)
    own = np.where(verdict[kinds[:, 1]], gains.rates_of(kinds[:, 0]), -np.inf)
    row = gains.row.copy()
    row[hit] = gains.n_rows + place.reshape(-1)
    return gains.extended(own, row, gains.scale), [
        Verdicts(words=("anyone", *words), kind_of_lead=kind, allowed=verdict, excludes=False)
    ]


def _ids(leads: Ints, lead_ids: Sequence[Id]) -> str:
    return enumerate_some((lead_ids[lead] for lead in leads.tolist()), most=4)
