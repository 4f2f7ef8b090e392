"""How often each cell was tried and won: outcomes by rep and segment, discounted by age."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.tables.cells.coded import compacted

_EXACT = 2.0**52  # floats up to here hold every whole number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """What happened in each cell, and one more cell at the end, empty, for all that never happened.

    Parameters
    ----------
    keys
        int64 (n_cells,), ascending, the number that stands for a cell
    tried, converted
        int64 (n_cells + 1,), outcomes as they are
    weighted_tried, weighted_converted
        float64 (n_cells + 1,), outcomes times their weights, discounted by age
    still_open
        int64 (n_cells + 1,), leads without an outcome that count by how long they are open
    """

    keys: Ints
    tried: Ints
    converted: Ints
    weighted_tried: Floats
    weighted_converted: Floats
    still_open: Ints

    @classmethod
    def of(
        cls,
        keys: Ints,
        count: Ints,
        converted: Ints,
        *,
        weight: Floats | None = None,
        day: Ints | None = None,
        half_life: float | None = None,
        latest: int | None = None,
        open_keys: Ints | None = None,
        open_count: Ints | None = None,
    ) -> "Tally":
        """Return the tally of groups of outcomes: their cell's key, how many, whether won, their weight, and when.

        Leads that are open still have a cell's key and a number as well.

        A group of age t days, counted back from the latest, counts ``0.5**(t / half_life)`` times its weight.
        """
        age = np.zeros(len(keys)) if day is None else (day.max(initial=0) if latest is None else latest) - day
        each = np.ones(len(keys)) if weight is None else weight
        still = np.zeros(0, dtype=np.int64) if open_keys is None else open_keys
        known = np.concatenate([keys, still])
        first, cell = compacted(known, int(known.max(initial=-1)) + 1)
        cells, (cell, open_cell) = known[first], np.split(cell, [len(keys)])
        n, k, counts_as = count, count * converted, each
        if half_life is not None or not are_whole(n * each):
            # In this order the sums, and so the last digits of everything, do not depend on the order of the history.
            order = np.lexsort((count, converted, each, age, keys))
            cell, n, k = cell[order], n[order], k[order]
            counts_as = each[order] * 0.5 ** (age[order] / (half_life or np.inf))
        tried, won, weighted_tried, weighted_won = (
            np.bincount(cell, number, minlength=len(cells) + 1).astype(np.float64)
            for number in (n, k, n * counts_as, k * counts_as)
        )
        return cls(
            keys=cells,
            tried=tried.astype(np.int64),
            converted=won.astype(np.int64),
            weighted_tried=weighted_tried,
            weighted_converted=weighted_won,
            still_open=np.bincount(open_cell, open_count, minlength=len(cells) + 1).astype(np.int64),
        )

    def find(self, keys: Ints) -> Ints:
        """Return each key's cell, the empty one where it has none."""
        place = np.searchsorted(self.keys, keys)
        return np.where(np.append(self.keys, -1)[place] == keys, place, len(self.keys))


def are_whole(numbers: Floats) -> bool:
    """Return whether sums of numbers that are 0 or more are exact, and so the same in any order."""
    return bool((numbers == np.floor(numbers)).all()) and float(numbers.sum()) < _EXACT
