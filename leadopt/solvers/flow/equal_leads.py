"""Identical leads as one: leads with the same gains and limits are one node with a supply, however many there are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.gains import Affinity
from leadopt.problem.rates.sparse_rows import SparseRows

# Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators: splitmix64. doi:10.1145/2714064.2660195
_ODD = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)
_SAMPLED = 1_000  # leads whose likeness says whether all are worth comparing
_COLUMNS = (4, 16, 64)  # in which rows are compared before they are as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Leads that no solver can tell apart.

    Parameters
    ----------
    example
        (n_groups,), one lead of each
    size
        (n_groups,), how many leads each has
    members
        the leads, group by group; group g is ``members[start[g]:start[g + 1]]``
    start
        (n_groups + 1,)
    """

    example: Ints
    size: Ints
    members: Ints
    start: Ints

    def deal_out(self, group: Ints, rep: Ints, amount: Ints, rep_of_lead: Ints) -> None:
        """Write `amount` leads of `group` into `rep_of_lead` as `rep`, for every entry; each group in order."""
        order = np.argsort(group, kind="stable")
        group, rep, amount = group[order], rep[order], amount[order]
        before = np.cumsum(amount) - amount
        first_of_group = np.searchsorted(group, group)
        place = self.start[group] + before - before[first_of_group]
        taken = np.repeat(place - before, amount) + np.arange(int(amount.sum()))
        rep_of_lead[self.members[taken]] = np.repeat(rep, amount)


def group_leads(affinity: Affinity, class_of_lead: Ints, leads: Ints) -> Groups:
    """Return the given leads grouped by row of rates (equal rows count as one), scale and class of limits."""
    row = equal_rows(affinity, leads)
    scale = np.unique(affinity.scale[leads], return_inverse=True)[1].reshape(-1)
    kinds = class_of_lead[leads]
    return grouped((row * (scale.max(initial=0) + 1) + scale) * (kinds.max(initial=0) + 1) + kinds, leads)


def grouped(key: Ints, leads: Ints) -> Groups:
    """Return the given leads grouped by a number for each."""
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    size = np.bincount(group.reshape(-1), minlength=len(first)).astype(np.int64)
    return Groups(
        example=leads[first],
        size=size,
        members=leads[np.argsort(group.reshape(-1), kind="stable")],
        start=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
    )


def distinct_share(affinity: Affinity, leads: Ints, most: float = 0.25) -> float | None:
    """Return which share of the leads are distinct, None if it is more than `most`; quick where gains are real numbers.

    If as few as a quarter were distinct, a sample of a thousand would hold hundreds of equal ones.
    """
    some = leads[:: 1 + len(leads) // _SAMPLED]
    if len(some) < len(leads) and most <= 0.25 and _n_kinds(affinity, some) > 0.95 * len(some):
        return None
    n_kinds = _n_kinds(affinity, leads)
    return n_kinds / max(1, len(leads)) if n_kinds <= most * len(leads) else None


def _n_kinds(affinity: Affinity, leads: Ints) -> int:
    rows = equal_rows(affinity, leads)
    if affinity.is_dense:
        return len(np.unique(rows))
    scales = np.unique(affinity.scale[leads], return_inverse=True)[1]
    return len(np.unique(scales * affinity.n_rows + rows))


def few_kinds(affinity: Affinity, most_pairs: int = 2_000_000) -> bool:
    """Return whether merging equal leads leaves at most so many pairs; a dense matrix is looked at for many alike."""
    leads = np.arange(affinity.n_leads)
    if affinity.is_dense:
        most = min(0.25, most_pairs / max(1, affinity.n_leads * affinity.n_reps))
        return distinct_share(affinity, leads, most) is not None
    order, first = affinity.by_size
    new = np.diff(affinity.scale[order], prepend=-1.0) != 0
    new[first[:-1][np.diff(first) > 0]] = True
    n_kinds = int(np.count_nonzero(new))
    return 4 * n_kinds <= affinity.n_leads and n_kinds * affinity.n_reps <= most_pairs


def equal_rows(affinity: Affinity, leads: Ints) -> Ints:
    """Return for each lead one index for all rows of rates that equal its own; only rows in use are read."""
    rows = affinity.row[leads]
    used = np.zeros(affinity.n_rows, dtype=bool)
    used[rows] = True
    some, place = np.flatnonzero(used), np.cumsum(used) - 1
    if affinity.is_sparse:
        ids = _ids_by_pairs(affinity.rows.pairs(None if len(some) == len(used) else some))
    else:
        ids = _row_ids(affinity.rows.full(), some)
    return np.asarray(ids[place[rows]])


def _ids_by_pairs(rows: SparseRows) -> Ints:
    """Return the same as `_row_ids` for rows of which only the eligible pairs are held."""
    size, ids = rows.n_of_row, np.arange(len(rows))
    mixed = (rows.gain + 0.0).view(np.uint64) + (rows.rep.view(np.uint64) + np.uint64(1)) * _ODD[0]
    for shift, odd in zip((30, 27), _ODD[1:], strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * odd
    mixed ^= mixed >> np.uint64(31)
    hashes = np.zeros(len(rows), dtype=np.uint64)
    filled = np.flatnonzero(size)
    if len(filled):
        hashes[filled] = np.add.reduceat(mixed, rows.first[filled])
    _, first, inverse, count = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    alike = np.flatnonzero(count[inverse.reshape(-1)] > 1)
    if len(alike):
        ids[alike] = first[inverse.reshape(-1)[alike]]
        mine, theirs = rows.take(alike), rows.take(ids[alike])
        same = np.array_equal(mine.first, theirs.first) and np.array_equal(mine.rep, theirs.rep)
        if not (same and np.array_equal(mine.gain, theirs.gain)):  # two rows with one hash
            return _ids_one_by_one(rows)
    return ids


def _ids_one_by_one(rows: SparseRows) -> Ints:
    known: dict[tuple[bytes, bytes], int] = {}
    parts = [rows.pairs_between(row, row + 1) for row in range(len(rows))]
    return np.array(
        [known.setdefault((part.rep.tobytes(), (part.gain + 0.0).tobytes()), row) for row, part in enumerate(parts)],
        dtype=np.int64,
    )


def _row_ids(rates: Floats, rows: Ints) -> Ints:
    """Return for each of some rows the place among them of one that equals it, the same for all equal ones.

    Rows that some columns tell apart need no closer look: a few are enough where gains are real numbers, and some more
    where they are rounded or mostly ineligible. The rest are hashed in one pass and compared to the first with their
    hash, as a sort of whole rows would take many times as long.
    """
    ids: Ints = np.arange(len(rows))
    if rates.size == 0:
        return np.zeros_like(ids)
    alike = ids
    for n_columns in _COLUMNS:
        if 2 * n_columns > rates.shape[1]:
            break
        found = _hashes(rates, rows[alike], _few(rates.shape[1], n_columns))
        _, inverse, count = np.unique(found, return_inverse=True, return_counts=True)
        alike = alike[count[inverse.reshape(-1)] > 1]
        if not len(alike):
            return ids
    ids[alike] = alike[_whole_row_ids(rates, rows[alike])]
    return ids


def _few(n_columns: int, n: int) -> Ints:
    """Return up to so many columns that lie far apart."""
    return np.unique(np.linspace(0, n_columns - 1, n).astype(np.int64))


def _whole_row_ids(rates: Floats, some: Ints) -> Ints:
    """Return for each of some rows the place among them of the first that equals it, or, by chance, of another."""
    _, first, group = np.unique(_hashes(rates, some), return_index=True, return_inverse=True)
    ids = np.asarray(first[group.reshape(-1)], dtype=np.int64)

    def same(start: int, stop: int, _: Floats) -> bool:
        other = np.flatnonzero(ids[start:stop] != np.arange(start, stop)) + start
        return np.array_equal(rates[some[other]], rates[some[ids[other]]])

    if all(over_blocks(len(some), rates.shape[1], same)):
        return ids
    return np.unique(rates[some], axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _hashes(rates: Floats, rows: Ints, columns: Ints | None = None) -> NDArray[np.uint64]:
    """Return a number for each of some rows, the same for rows that are equal in some columns; None = in all."""
    n_columns = rates.shape[1] if columns is None else len(columns)
    odd = np.random.default_rng(0).integers(1, 2**63, size=n_columns, dtype=np.uint64) * np.uint64(2) + np.uint64(1)

    def hashed(start: int, stop: int, scratch: Floats) -> NDArray[np.uint64]:
        part = rows[start:stop]
        if columns is None:
            rates.take(part, axis=0, out=scratch, mode="clip")
        else:
            scratch[:] = rates[part[:, None], columns]
        scratch += 0.0  # makes -0.0 and 0.0 one
        bits = scratch.view(np.uint64)
        bits ^= bits >> np.uint64(29)
        bits *= odd
        return np.asarray(bits.sum(axis=1, dtype=np.uint64))

    parts = over_blocks(len(rows), n_columns, hashed)
    return np.concatenate([np.zeros(0, dtype=np.uint64), *parts])
