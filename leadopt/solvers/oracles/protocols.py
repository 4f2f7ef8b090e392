"""What pricing and pruning ask of all leads at once; the only way in which they look at leads.

Every answer is put together from those of parts of the leads, however these are divided: loads and values add up, the
highest entry counts, and what is said lead by lead is joined. So a run over shards needs an oracle that asks each of
them, and no other solver.
"""

from dataclasses import dataclass
from typing import Protocol

from leadopt.arrays import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """What a box of prices leaves open.

    Parameters
    ----------
    choice
        (n_leads,), the best option at the high prices, -1 = pool; the only one of every lead that is not open
    lead
        (n_open,), the leads with several options, ascending
    first
        (n_open + 1,), where the pairs of each begin
    rep
        (n_pairs,), the reps open to them, ascending within each lead
    """

    choice: Ints
    lead: Ints
    first: Ints
    rep: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """What leads do at some prices: the ``load`` of each priced bound, and the dual ``value`` without what bounds cost.

    Of parts of leads, both add up.
    """

    load: Floats
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopedLoads(Loads):
    """The same, and how leads change hands with the prices.

    Per unit of price, ``weight`` leads go from option ``a`` to ``b`` or back; n_reps is the pool. Of parts of leads,
    these follow one another.
    """

    a: Ints
    b: Ints
    weight: Floats


class LoadOracle(Protocol):
    """Says what leads come to at some prices; by looking at pairs or by envelopes of lines. `Dual` asks for no more."""

    def loads(self, prices: Floats, /) -> Loads:
        """Return the loads and the dual value at some prices: one a capacity, or one a row where limits have prices."""
        ...


class OpenOracle(Protocol):
    """Says what prices leave open; by short lists, by rows, or by envelopes. `finish` asks for no more."""

    def open(self, low: Floats, high: Floats) -> Open:
        """Return what is left open where all prices (n_reps,) lie from low to high; inf = the rep takes nobody.

        Of parts of the leads, the answers are joined, lead by lead.
        """
        ...


class SlopedOracle(LoadOracle, OpenOracle, Protocol):
    """Says both, and how the dual lies at some prices, which is what Newton steps need."""

    def loads(self, prices: Floats, /, broad: float = 0.0) -> SlopedLoads:
        """Return the loads, the dual value, and how leads change hands with the prices.

        Parameters
        ----------
        prices
            (n_reps,), inf = the rep takes nobody
        broad
            how far around each place where a lead changes hands others are counted, to tell how many do by price:
            among the nearest ones, or in this share of the leads that choose either option
        """
        ...

    def entries(self, prices: Floats, reps: Ints) -> Floats:
        """Return the highest price of each of some reps at which some lead would take it, all other prices as given.

        Where nobody takes it at the given one. Of parts of the leads, the highest counts; 0 where nobody would at any.
        """
        ...
