"""What a policy is worth on a log: estimates with intervals, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.evaluate.counterfactual.overlap import Overlap
from leadopt.tables import Table
from leadopt.tables.records import columns_of
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import number, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One way to estimate what a lead earns.

    Parameters
    ----------
    method
        "IPS", "SNIPS", "DR", what the log earned ("log"), or by how much DR exceeds that ("lift")
    value
        mean a lead, in conversions or in the unit of value
    error
        bootstrap standard error
    low, high
        bootstrap interval
    """

    method: str
    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OffPolicy(Result):
    """What a policy would have earned on a log's leads.

    Parameters
    ----------
    estimates
        by all methods; none where the log cannot answer
    refusal
        why not, in one sentence; None if it can
    overlap
        how far the log speaks of the policy
    level
        of the intervals
    unit
        of a lead's earnings
    notes
        what was assumed, in words
    """

    estimates: tuple[Estimate, ...]
    refusal: str | None
    overlap: Overlap
    level: float
    unit: str
    notes: tuple[str, ...]
    like: Table = field(repr=False)

    def estimate(self, method: str) -> Estimate:
        """Return the estimate by a method.

        Raises
        ------
        InvalidInput
            there is no such method, or the log cannot answer
        """
        for one in self.estimates:
            if one.method == method:
                return one
        raise InvalidInput(self.refusal or f"method: must be one of {[one.method for one in self.estimates]}")

    @property
    def value(self) -> Estimate:
        """What a lead earns under the policy, doubly robust."""
        return self.estimate("DR")

    @property
    def lift(self) -> Estimate:
        """By how much that exceeds what a lead of the log earned."""
        return self.estimate("lift")

    def frame(self) -> Any:
        """Return one row per estimate: method, value, error, low, high; the same kind of table as the log."""
        return self.like.build(columns_of(self.estimates))

    def summary(self) -> str:
        """Return what is known, or why nothing is, in one sentence."""
        if self.refusal is not None:
            return self.refusal
        value, lift, log = self.value, self.lift, self.estimate("log")
        if lift.low * lift.high > 0.0:
            how = "more" if lift.value > 0.0 else "less"
            low, high = sorted((abs(lift.low), abs(lift.high)))
            beside = (
                f"{number(abs(lift.value))} {how} than the log's {number(log.value)} ({number(low)} to {number(high)})"
            )
        else:
            low, high = lift.low, lift.high
            beside = f"no clear difference from the log's {number(log.value)} ({low:+.2g} to {high:+.2g})"
        ends = f"{number(value.low)} to {number(value.high)}"
        return f"{number(value.value)} {self.unit} a lead ({percent(self.level)} interval {ends}), {beside}"

    @property
    def _cells(self) -> Cells:
        rows = [
            [one.method, *(number(part) for part in (one.value, one.error, one.low, one.high))]
            for one in self.estimates
        ]
        return ["estimate", f"{self.unit} a lead", "error", "low", "high"], rows

    @property
    def seen(self) -> str:
        """The overlap in words."""
        one = self.overlap
        return (
            f"{one.n:,} outcomes of the log are worth {one.effective:,.0f} under the policy; the largest weight is "
            f"{percent(one.largest, 1)} of all; {percent(one.never, 1)} of its decisions never occurred in the log."
        )

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(tables=[self._cells] if self.estimates else [], notes=[self.seen, *self.notes])
