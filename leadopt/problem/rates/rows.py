"""`Rows`: what `Affinity` asks of rates, however they are held: every pair, or the eligible ones alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, Self

from numpy.typing import NDArray

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.rates.sparse_rows import SparseRows


class Rows(Protocol):
    """Rates of rows with reps, -inf where ineligible. `FullRows` holds every pair, `SparseRows` the eligible ones.

    Where a `scale` is taken, float64 of one number a row asked for, gains are rates times it; None = 1.
    """

    is_sparse: ClassVar[bool]

    def __len__(self) -> int:
        """Return how many rows there are."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and reps there are."""
        ...

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All that is held."""
        ...

    @property
    def held(self) -> Any:
        """What `Affinity.rates` shows: a matrix, or these rows themselves."""
        ...

    @property
    def n_of_row(self) -> Ints:
        """How many pairs of each row are eligible, int64 (n_rows,)."""
        ...

    @property
    def n_negative(self) -> int:
        """How many eligible rates are below 0."""
        ...

    @property
    def are_amounts(self) -> bool:
        """Whether no pair is ineligible or negative."""
        ...

    def width(self, rows: Ints) -> int:
        """Return about how many numbers are held of each of some rows."""
        ...

    def largest(self) -> float:
        """Return the largest absolute rate, 0 without pairs; raise `InvalidInput` at NaN and +inf."""
        ...

    def largest_of_rows(self) -> Floats:
        """Return the largest absolute rate of each row, float64 (n_rows,); 0 without pairs."""
        ...

    def full(self) -> Floats:
        """Return every rate, float64 (n_rows, n_reps), to be read only."""
        ...

    def of(self, rows: Ints, scale: Floats | None = None, out: Floats | None = None) -> Floats:
        """Return gains of some rows, or of one, with every rep, float64 (..., n_reps), in `out` if that is given."""
        ...

    def between(self, start: int, stop: int, out: Floats) -> Floats:
        """Return consecutive rows with every rep, in `out` or where they always were, to be read only."""
        ...

    def at(self, rows: Ints, reps: Ints) -> Floats:
        """Return the rate of each row with the rep at the same place."""
        ...

    def pairs(self, rows: Ints | None = None, scale: Floats | None = None) -> SparseRows:
        """Return the eligible pairs of some rows, in the order given, and what they gain; None = of all, at scale 1."""
        ...

    def pairs_between(self, start: int, stop: int) -> SparseRows:
        """Return the same of consecutive rows, to be read only."""
        ...

    def best_rates(self, reps: Ints | Bools | None) -> Floats:
        """Return the largest rate of each row with some reps (None = all), -inf without any."""
        ...

    def best_of(self, rows: Ints, scale: Floats | None, open_reps: Bools) -> tuple[Ints, Floats]:
        """Return the rep with whom each of some rows gains most among those that are open, and how much.

        Rep 0 and -inf where no open one is eligible.
        """
        ...

    def summed(self, change: Callable[[Floats], NDArray[Any]], weight: Floats) -> Floats:
        """Return for each rep the sum over rows of their weights times what `change` makes of rates: of -inf, 0."""
        ...

    def mapped(self, change: Callable[[Floats], Floats]) -> Self:
        """Return the same eligible pairs with rates that `change` makes of theirs."""
        ...

    def shifted(self, by: Floats, kind_of_row: Ints) -> Self:
        """Return the same eligible pairs with rates that are higher by what the kind of their row says."""
        ...

    def extended(self, rates: Floats) -> Self:
        """Return these rows and more below them, float64 (n_more, n_reps)."""
        ...

    def ruled(self, rows: Ints, may: Callable[[Any, Any], Bools]) -> Rows:
        """Return some rows, in the order given, without the pairs that are ruled out.

        `may` says of places among `rows` and of reps, both to be taken as indices, who may be matched.
        """
        ...

    def lean(self) -> SparseRows | None:
        """Return the eligible pairs alone where these are few and were not alone before, else None."""
        ...
