"""A trial in numbers: leads and conversions of both groups, by stratum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counts:
    """Leads and conversions by stratum, float64 (n_strata,): of planned leads (1) and of random ones (0)."""

    n1: Floats
    n0: Floats
    k1: Floats
    k0: Floats

    @classmethod
    def of(cls, stratum: Ints, planned: Bools, won: Floats, n: Floats) -> Counts:
        """Return the counts of leads that are given with how many are alike."""
        n_strata = int(stratum.max(initial=-1)) + 1

        def total(weight: Any) -> Floats:
            return np.bincount(stratum, weight, minlength=n_strata).astype(np.float64)

        plan, random = planned * n, ~planned * n
        return cls(n1=total(plan), n0=total(random), k1=total(plan * won), k0=total(random * won))

    @property
    def both(self) -> Counts:
        """The strata that have leads of both groups: the others compare nothing."""
        kept = (self.n1 > 0) & (self.n0 > 0)
        return Counts(n1=self.n1[kept], n0=self.n0[kept], k1=self.k1[kept], k0=self.k0[kept])

    @property
    def n(self) -> Floats:
        """Leads of each stratum."""
        return self.n1 + self.n0

    @property
    def weight(self) -> Floats:
        """What Mantel and Haenszel weight each stratum's difference by."""
        return self.n1 * self.n0 / self.n

    @property
    def difference(self) -> float:
        """Difference of rates, of Mantel and Haenszel."""
        return float(((self.k1 * self.n0 - self.k0 * self.n1) / self.n).sum() / self.weight.sum())

    @property
    def ratio(self) -> float:
        """Ratio of rates, of Mantel and Haenszel; inf where nothing converted at random, NaN where nothing did."""
        better, base = float((self.k1 * self.n0 / self.n).sum()), float((self.k0 * self.n1 / self.n).sum())
        return better / base if base else float("inf") if better else float("nan")


def coded(labels: Sequence[Any]) -> Ints:
    """Return equal labels as equal numbers from 0, int64, in the order of their first."""
    code = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    return np.array([code[label] for label in labels], dtype=np.int64)
