"""Which effects belong to one level of a hub each, as a rep's with each column: the precision matrix is by blocks."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Ints

MOST_TERMS, MOST_PRODUCTS = 20_000_000, 1_200_000_000
"""Numbers that the covariances of blocks may have, alone and with the rest (160 MB), and products that a step may take,
about .2 s: those of 500 reps by four columns of 6, 5, 4 and 3 levels with all pairs are .4 thousand million, by five of
six levels .05, with all pairs 5."""
_SPARSE = 8.0  # products of dense tiles that are made while sums over few numbers make one
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
    is_thin
        whether so few cells have an effect of a row and one of the rest that sums over them are sooner done
    rows, rest
        int64, the effects in blocks, block after block, and all others
    row_of, slot_of
        int64 (n_effects + 1,), where an effect stands among the rows, their number for the rest and for none; and where
        it stands in its block, or among the rest, their number for none
    block_of, start_of
        int64 (n_rows + 1,), the block of each row, -1 for none; and where its covariances with its block begin, where
        those of all blocks stand one after another
    parent_of
        int64 (n_rows,), where the row's level of the twin stands among the rest, their number where there is none
    groups
        int64 (n_blocks of one width, width), the rows of these blocks, a table for each width
    """

    hub: int
    nested: tuple[int, ...]
    twinned: tuple[int, ...]
    lone: tuple[int, ...]
    is_thin: bool
    rows: Ints
    rest: Ints
    row_of: Ints
    slot_of: Ints
    block_of: Ints
    start_of: Ints
    parent_of: Ints
    groups: tuple[Ints, ...]

    @property
    def others(self) -> tuple[int, ...]:
        """Numbers of the families among the rest, the base first."""
        return tuple(sorted((*self.twinned, *self.lone)))

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
        best: tuple[float, bool, int, list[int]] | None = None
        for hub in range(len(sizes)):
            nested = _nested_in(hub, levels, sizes)
            widths = np.bincount(np.concatenate([_hub_levels(hub, one, levels, sizes) for one in nested]))
            n_rest, n_others = 1 + sum(sizes) - int(widths.sum()), 1 + len(sizes) - len(nested)
            products, thin = n_products(widths, n_rest, n_others * np.bincount(levels[hub], minlength=len(widths)))
            affordable = (widths**2).sum() + (widths.sum() + n_rest) * n_rest <= MOST_TERMS
            if affordable and products <= MOST_PRODUCTS and (best is None or products < best[0]):
                best = products, thin, hub, nested
        return None if best is None else cls._with(*best[1:], levels, sizes)

    @classmethod
    def _with(cls, thin: bool, hub: int, nested: list[int], levels: Ints, sizes: tuple[int, ...]) -> "Nest":
        starts = np.cumsum([1, *sizes])
        n_effects = int(starts[-1])
        block = np.full(n_effects + 1, -1)
        for family in nested:
            block[starts[family] : starts[family + 1]] = _hub_levels(hub, family, levels, sizes)
        inside = np.flatnonzero(block >= 0)
        rows = inside[np.argsort(block[inside], kind="stable")]
        rest = np.flatnonzero(block[:-1] < 0)
        width = np.bincount(block[rows])
        first = width.cumsum() - width
        row_of, slot_of = np.full(n_effects + 1, len(rows)), np.full(n_effects + 1, len(rest))
        row_of[rows] = np.arange(len(rows))
        slot_of[rows] = np.arange(len(rows)) - np.repeat(first, width)
        slot_of[rest] = np.arange(len(rest))
        parent, twinned = _parents(hub, nested, levels, sizes, slot_of)
        others = (family for family in range(-1, len(sizes)) if family not in nested and family not in twinned)
        return cls(
            hub=hub,
            nested=tuple(nested),
            twinned=tuple(twinned),
            lone=tuple(others),
            is_thin=thin,
            rows=rows,
            rest=rest,
            row_of=row_of,
            slot_of=slot_of,
            block_of=np.append(block[rows], -1),
            start_of=np.append(0, np.repeat(width, width).cumsum()),
            parent_of=parent[rows],
            groups=tuple(first[width == each][:, None] + np.arange(each) for each in np.unique(width).tolist()),
        )


def n_products(widths: Ints, n_rest: int, n_links: Ints) -> tuple[float, bool]:
    """Return about how many products the covariance takes, and whether those of few numbers are fewer.

    Parameters
    ----------
    widths
        of the blocks
    n_rest
        effects that are in none
    n_links
        int64 (n_blocks,), pairs of a cell of the block and an effect of the rest
    """
    widths = np.asarray(widths, dtype=np.float64)
    tiles = 2.0 * widths.sum() * n_rest**2
    few = _SPARSE * float((widths * np.minimum(n_links, n_rest)).sum()) * n_rest
    return float((widths**3).sum() + min(tiles, few) + float(n_rest) ** 3), bool(few < tiles)


def _parents(
    hub: int, nested: list[int], levels: Ints, sizes: tuple[int, ...], slot_of: Ints
) -> tuple[Ints, list[int]]:
    """Return where the twin's level of each effect stands among the rest, and which families are twins."""
    starts, none = np.cumsum([1, *sizes]), slot_of[-1]
    parent, twinned = np.full(int(starts[-1]), none), list[int]()
    for family in [-1, *(family for family in range(len(sizes)) if family not in nested)]:
        for one in nested:
            part = slice(starts[one], starts[one + 1])
            free = bool((parent[part] == none).all())
            found = _twin_levels(one, family, hub, levels, sizes) if free else None
            if found is not None:
                parent[part] = slot_of[(0 if family < 0 else starts[family]) + found]
                twinned.append(family)
                break
    return parent, twinned


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
