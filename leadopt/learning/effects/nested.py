"""Which effects belong to one level each of a hub: a rep's with each column, whose precision matrix is then by blocks."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Ints

MOST_TERMS, MOST_PRODUCTS = 16_000_000, 6_000_000_000
"""Numbers that blocks and their covariances with the rest may have (128 MB for each of four arrays), and products that
a step may take, about 1 s: 500 reps by five columns of six levels and their pairs take 7 and 2.4 thousand million."""
_FIRST_CELLS = 1_000  # most families that are not nested show it there


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nest:
    """Where effects stand: in the block of the hub's level that they belong to, or among the rest.

    A family is nested in the hub if each of its levels occurs with one level of the hub, as what a rep does with a
    column's levels in the rep. A nested family has a twin among the rest if its levels are those of the twin within
    each level of the hub: the column is the twin of rep x column, and the base that of the rep.

    Parameters
    ----------
    hub
        number of the hub's family
    nested, twinned, lone
        numbers of the families in the blocks, and of those among the rest that have a twin or none; -1 is the base
    block_of
        int64 (n_effects + 1,), the block of each effect, their number for the rest and for none
    slot_of
        int64 (n_effects + 1,), where an effect stands in its block, or among the rest
    members
        int64 (n_blocks, width), the effects of each block, n_effects where there is none
    rest
        int64 (n_rest,), all other effects
    parent_of
        int64 (n_blocks, width), where the effect's level of the twin stands among the rest, n_rest where there is none
    """

    hub: int
    nested: tuple[int, ...]
    twinned: tuple[int, ...]
    lone: tuple[int, ...]
    block_of: Ints
    slot_of: Ints
    members: Ints
    rest: Ints
    parent_of: Ints

    @property
    def n_products(self) -> float:
        """How many products the covariance by blocks takes, about."""
        return _n_products(*self.members.shape, len(self.rest))

    @classmethod
    def of(cls, levels: Ints, sizes: tuple[int, ...]) -> "Nest | None":
        """Return the nest that takes the fewest products; None where none of them is affordable.

        Parameters
        ----------
        levels
            int64 (n_families, n_cells)
        sizes
            how many levels each family has
        """
        best: tuple[float, int, list[int]] | None = None
        for hub in range(len(sizes)):
            nested = _nested_in(hub, levels, sizes)
            width = max(np.bincount(np.concatenate([_hub_levels(hub, each, levels, sizes) for each in nested])))
            rest = 1 + sum(size for family, size in enumerate(sizes) if family not in nested)
            terms = sizes[hub] * width * (width + rest) + rest**2
            products = _n_products(sizes[hub], width, rest)
            if terms <= MOST_TERMS and products <= MOST_PRODUCTS and (best is None or products < best[0]):
                best = products, hub, nested
        return None if best is None else cls._with(best[1], best[2], levels, sizes)

    @classmethod
    def _with(cls, hub: int, nested: list[int], levels: Ints, sizes: tuple[int, ...]) -> "Nest":
        starts = np.cumsum([1, *sizes])
        n_effects, n_blocks = int(starts[-1]), sizes[hub]
        block_of = np.full(n_effects + 1, n_blocks)
        for family in nested:
            block_of[starts[family] : starts[family + 1]] = _hub_levels(hub, family, levels, sizes)
        inside = np.flatnonzero(block_of < n_blocks)
        ordered = inside[np.argsort(block_of[inside], kind="stable")]
        count = np.bincount(block_of[inside], minlength=n_blocks)
        rest = np.flatnonzero(block_of[:-1] == n_blocks)
        slot_of = np.zeros(n_effects + 1, dtype=np.int64)
        slot_of[ordered] = np.arange(len(ordered)) - np.repeat(count.cumsum() - count, count)
        slot_of[rest] = np.arange(len(rest))
        slot_of[-1] = len(rest)
        members = np.full((n_blocks, int(count.max(initial=1))), n_effects)
        members[block_of[ordered], slot_of[ordered]] = ordered
        parent = np.full(n_effects + 1, len(rest))
        twinned = []
        for family in [-1, *(family for family in range(len(sizes)) if family not in nested)]:
            start = 0 if family < 0 else starts[family]
            for twin in nested:
                if parent[starts[twin]] == len(rest) and (
                    (levels_of := _twin_levels(twin, family, hub, levels, sizes)) is not None
                ):
                    parent[starts[twin] : starts[twin + 1]] = slot_of[start + levels_of]
                    twinned.append(family)
                    break
        others = (family for family in range(-1, len(sizes)) if family not in nested and family not in twinned)
        return cls(
            hub=hub,
            nested=tuple(nested),
            twinned=tuple(twinned),
            lone=tuple(others),
            block_of=block_of,
            slot_of=slot_of,
            members=members,
            rest=rest,
            parent_of=parent[members],
        )


def _n_products(n_blocks: int, width: int, n_rest: int) -> float:
    return float(n_blocks * width * (width**2 + 2.0 * n_rest**2) + 1.0 * n_rest**3)


def _nested_in(hub: int, levels: Ints, sizes: tuple[int, ...]) -> list[int]:
    """Return the families each of whose levels occurs with one level of the hub, itself among them."""
    first = levels[:, :_FIRST_CELLS]
    return [
        family
        for family, size in enumerate(sizes)
        if family == hub
        or (
            size >= sizes[hub]
            and _is_determined(first[hub], first[family], size)
            and _is_determined(levels[hub], levels[family], size)
        )
    ]


def _is_determined(level: Ints, by: Ints, size: int) -> bool:
    found = np.zeros(size, dtype=np.int64)
    found[by] = level
    return bool((found[by] == level).all())


def _hub_levels(hub: int, family: int, levels: Ints, sizes: tuple[int, ...]) -> Ints:
    """Return the hub's level of each level of a family that is nested in it; 0 for one that no cell has."""
    found = np.zeros(sizes[family], dtype=np.int64)
    found[levels[family]] = levels[hub]
    return np.arange(sizes[hub]) if family == hub else found


def _twin_levels(nested: int, family: int, hub: int, levels: Ints, sizes: tuple[int, ...]) -> Ints | None:
    """Return the family's level of each level of a nested one that is its twin; None where it is none."""
    size, level = (1, np.zeros_like(levels[hub])) if family < 0 else (sizes[family], levels[family])
    if not _is_determined(level, levels[nested], sizes[nested]):
        return None
    pair = levels[hub] * size + level
    if len(np.unique(pair)) != len(np.unique(levels[nested])):
        return None
    found = np.zeros(sizes[nested], dtype=np.int64)
    found[levels[nested]] = level
    return found
