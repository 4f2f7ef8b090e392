r"""Prices of limits on counts and on value, without a look at every lead: lines in the scale, by class and row.

Leads of one class are counted by the same limits. Where amounts have the rows and scales of the gains, as value has,
what a lead of row r and scale s is left with at prices y is

.. math:: \max\big(reserve, \max_j (rate_{rj} - \sum_f c_f(j)\, amount_{rj})\, s - \sum_g c_g(j)\big)

over the families f of amounts and g of counts that the class is in: an upper envelope of lines, whose slopes move with
the prices too. The dual and all loads cost O(classes x rows x reps x log), whatever the number of leads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.gains import Affinity
from leadopt.problem.linear_algebra import inner
from leadopt.progress import loaded
from leadopt.solvers.drafts.rows import Family
from leadopt.solvers.lagrangian.dual import PairOracle
from leadopt.solvers.oracles.envelopes import EnvelopeOracle
from leadopt.solvers.oracles.protocols import Loads

_SHARED_BY = 16  # leads a row and class from which on lines are quicker than pairs,
# and pairs of leads and reps. Two factored instances of 20,000 x 100 under bands take 6 and 14 s of a core to gaps of
# 8.1e-5 and 1.3e-4 along lines, 50 and 23 s to 1.4e-4 and 2.1e-4 by pairs; 50,000 x 100 16 s to 3.1e-5 and 93 s to
# 9.1e-5; 10,000 x 50 2.3 s to 7.6e-5 and 7.6 s to 6.0e-5.
_LEAST_PAIRS = 2_000_000
_CELLS = 1 << 18  # lines walked along together


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOracle:
    """What `PairOracle` says of some leads, from the envelopes of each class.

    Parameters
    ----------
    pairs
        the same leads pair by pair
    envelopes
        of each class, at prices of 0
    families
        each with its reps as a sparse matrix, and the classes that it counts
    """

    pairs: PairOracle
    envelopes: tuple[EnvelopeOracle, ...]
    families: tuple[tuple[Family, Any, Ints], ...]

    @classmethod
    def if_lines(cls, pairs: PairOracle) -> "LineOracle | None":
        """Return the oracle, None where limits count other amounts, or there are few leads, or few share a row."""
        affinity = pairs.problem.affinity
        n_kinds = affinity.n_rows * (len(pairs.starts) - 1)
        n_leads = len(pairs.leads)
        few = n_leads < max(1, _SHARED_BY * n_kinds) or n_leads * affinity.n_reps < _LEAST_PAIRS
        if few or not all(_is_line(f, affinity) for f in pairs.rows.families):
            return None
        classes = zip(pairs.starts[:-1], pairs.starts[1:], strict=True)
        reserve = pairs.problem.reserve
        loaded("scipy.sparse")
        from scipy.sparse import csr_array

        return cls(
            pairs=pairs,
            families=tuple(
                (
                    family,
                    csr_array(family.reps),
                    np.flatnonzero([any(family is f for f in counted) for counted in pairs.counted]),
                )
                for family in pairs.rows.families
            ),
            envelopes=tuple(EnvelopeOracle.of(affinity, pairs.leads[start:stop], reserve) for start, stop in classes),
        )

    @property
    def n_rows(self) -> int:
        """How many rows of rates there are; each class has all of them."""
        return self.pairs.problem.affinity.n_rows

    def lines(self, y: Floats) -> tuple[Floats, Floats]:
        """Return the slopes of each row of each class, (n_classes * n_rows, n_reps), and what a class pays per lead."""
        affinity = self.pairs.problem.affinity
        slopes = np.tile(affinity.full_rates(), (len(self.envelopes), 1))
        paid = np.zeros((len(self.envelopes), affinity.n_reps))
        for family, reps, classes in self.families:
            cost = y[family.member] @ reps
            if (usage := _amounts(family)) is None:
                paid[classes] += cost
            elif cost.any():
                charged = usage.full_rates() * cost
                for k in classes:
                    slopes[k * self.n_rows : (k + 1) * self.n_rows] -= charged
        return slopes, paid

    def taken(self, count: Floats, summed: Floats) -> Floats:
        """Return the load of each row of the problem.

        Parameters
        ----------
        count
            (n_classes, n_reps), leads of each class with each rep
        summed
            (n_classes * n_rows, n_reps), their scales added up, by row
        """
        found = np.zeros(self.pairs.rows.n)
        by_class = summed.reshape(len(count), self.n_rows, -1)
        for family, reps, classes in self.families:
            usage = _amounts(family)
            if usage is None:
                taken = count[classes].sum(axis=0)
            else:
                taken = np.einsum("krj,rj->j", by_class[classes], usage.full_rates())
            found[family.member] += reps @ taken
        return found

    def quantities(self) -> tuple[list[int], list[Affinity]]:
        """Return which quantity each family counts, 0 = leads, else one of the amounts, and these."""
        kinds: list[int] = []
        amounts: list[Affinity] = []
        for family, _, _ in self.families:
            usage = _amounts(family)
            if usage is not None and not any(usage is other for other in amounts):
                amounts.append(usage)
            kinds.append(0 if usage is None else 1 + [usage is other for other in amounts].index(True))
        return kinds, amounts

    def loads(self, y: Floats) -> Loads:
        """Return the dual sum and the loads at some prices."""
        m, total = self.pairs.problem.n_reps, 0.0
        slopes, paid = self.lines(y)
        count, summed = np.zeros_like(paid), np.zeros(slopes.shape)
        for k, envelope in enumerate(self._turned(slopes)):
            pieces = envelope.pieces(paid[k])
            size = (pieces.stop - pieces.start).astype(np.float64)
            scales = envelope.sums[pieces.stop] - envelope.sums[pieces.start]
            placed = pieces.option < m
            row, rep = pieces.row[placed], pieces.option[placed]
            total += inner(envelope.lines[row, rep], scales[placed]) - inner(paid[k, rep], size[placed])
            if pooled := float(size[~placed].sum()):
                total += envelope.reserve * pooled
            count[k] = np.bincount(rep, size[placed], minlength=m)
            np.add.at(summed, (k * self.n_rows + row, rep), scales[placed])
        return Loads(load=self.taken(count, summed), value=total)

    def margins(self, y: Floats) -> tuple[Ints, Floats]:
        """Return what `PairOracle.margins` does: best reps, and by how much each beats the next option.

        The next option is the best one without it: the same walk once more, along each piece.
        """
        slopes, paid = self.lines(y)
        found = [_margins(envelope, cost) for envelope, cost in zip(self._turned(slopes), paid, strict=True)]
        return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])

    def _turned(self, slopes: Floats) -> Sequence[EnvelopeOracle]:
        """Return the envelopes with other slopes."""
        return [
            envelope.sloped(slopes[k * self.n_rows : (k + 1) * self.n_rows])
            for k, envelope in enumerate(self.envelopes)
        ]


def _margins(envelope: EnvelopeOracle, prices: Floats) -> tuple[Ints, Floats]:
    pieces = envelope.pieces(prices)
    first = _worth(envelope, prices, pieces.row, pieces.option, pieces.start, pieces.stop)
    second = np.empty_like(first)
    filled = np.flatnonzero(pieces.stop > pieces.start)
    step = max(1, _CELLS // (envelope.n_reps + 1))
    for start in range(0, len(filled), step):
        some = filled[start : start + step]
        lines = envelope.lines[pieces.row[some]]
        lines[np.arange(len(some)), pieces.option[some]] = -np.inf
        # Each piece is a row of its own.
        bounds = np.append(pieces.start[some], pieces.stop[some[-1]])
        alone = replace(envelope, lines=lines, rising=envelope.rising[pieces.row[some]], first=bounds)
        others = alone.pieces(prices)
        worth = _worth(alone, prices, others.row, others.option, others.start, others.stop)
        nobody = others.option == pieces.option[some][others.row]  # where nothing else is left, the walk says pool
        worth[np.repeat(nobody, others.stop - others.start)] = -np.inf
        second[bounds[0] : bounds[-1]] = worth
    best, margin = np.empty(len(envelope.order), dtype=np.int64), np.empty(len(envelope.order))
    option = np.repeat(pieces.option, pieces.stop - pieces.start)
    best[envelope.order] = np.where(option == envelope.n_reps, -1, option)
    with np.errstate(invalid="ignore"):
        margin[envelope.order] = np.where(np.isneginf(second), np.inf, np.maximum(first - second, 0.0))
    return best, margin


def _worth(envelope: EnvelopeOracle, prices: Floats, row: Ints, option: Ints, start: Ints, stop: Ints) -> Floats:
    """Return what the leads of some pieces, one after the other, have there after prices; -inf where nobody is."""
    pool = option == envelope.n_reps
    rate = np.where(pool, 0.0, envelope.lines[row, option])
    height = np.append(-prices, envelope.reserve)[option]
    n = stop - start
    return np.asarray(np.repeat(rate, n) * envelope.scales[start[0] : stop[-1]] + np.repeat(height, n))


def _is_line(family: Family, affinity: Affinity) -> bool:
    limit = family.limit
    if limit is None or family.counts_leads:
        return True
    return isinstance(limit.usage, Affinity) and limit.usage.is_along(affinity)


def _amounts(family: Family) -> Affinity | None:
    usage = None if family.limit is None else family.limit.usage
    return usage if isinstance(usage, Affinity) else None
