"""Whether a log can say what another policy would have earned: how far the two overlap, or a refusal."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.evaluate.counterfactual.target import Target
from leadopt.tables.text import number, percent

LEAST_EFFECTIVE = 50.0
"""Outcomes that the weighted ones must be worth: below, intervals are too short (benchmarks/off_policy.py)."""
MOST_NEVER = 0.05
"""Share of the policy's decisions that may be of a kind that never occurred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How far a log speaks of a policy.

    Parameters
    ----------
    n
        outcomes in the log
    effective
        how many outcomes under the policy itself they are worth, ``sum(w)**2 / sum(w**2)``
    largest
        the largest weight, as a share of all
    never
        share of the policy's decisions that give a rep a kind of lead that it never had in the log
    nobody
        share of them that give a lead to a rep who had none in the log
    mean_weight, expected_weight
        what weights average, and what they would if propensities were right: the share of leads that is placed
    weight_error
        standard error of the former
    """

    n: int
    effective: float
    largest: float
    never: float
    nobody: float
    mean_weight: float
    expected_weight: float
    weight_error: float


def overlap(weight: Floats, target: Target, rep: Ints, segment: Ints) -> Overlap:
    """Return how far a log speaks of a policy.

    Parameters
    ----------
    weight
        float64 (n_rows,), chance under the policy over that under the log's
    target
        the policy
    rep, segment
        int64 (n_rows,), who had the lead, and of which kind it was
    """
    n, total = len(weight), float(weight.sum())
    placed = float(target.placed.sum())
    had = np.zeros((int(segment.max(initial=-1)) + 1, len(target.reps)))
    had[segment, rep] = 1.0
    known = float(target.expected(had, segment, np.arange(n)).sum())
    anybody = float(
        target.expected(had.max(axis=0, keepdims=True, initial=0.0), np.zeros_like(segment), np.arange(n)).sum()
    )
    return Overlap(
        n=n,
        effective=total**2 / float((weight**2).sum()) if total > 0.0 else 0.0,
        largest=float(weight.max(initial=0.0)) / total if total > 0.0 else 1.0,
        never=1.0 - known / placed if placed > 0.0 else 0.0,
        nobody=1.0 - anybody / placed if placed > 0.0 else 0.0,
        mean_weight=total / n if n else 0.0,
        expected_weight=placed / n if n else 0.0,
        weight_error=float(weight.std()) / n**0.5 if n else 0.0,
    )


def refusal(seen: Overlap, propensity: str | None) -> str | None:
    """Return in one sentence why the log cannot answer, None if it can."""
    cannot = "this log cannot say what the policy would earn"
    if seen.n == 0:
        return f"{cannot}: it holds no outcome"
    if seen.expected_weight == 0.0:
        return f"{cannot}: the policy places no lead of it"
    if propensity is None and seen.never > MOST_NEVER:
        return (
            f"{cannot}: {percent(seen.never)} of its decisions give a rep a kind of lead that it never had in the log"
        )
    if seen.nobody > MOST_NEVER:
        return f"{cannot}: {percent(seen.nobody)} of its decisions give a lead to a rep who had none in the log"
    # Chances that are known need not have occurred: what might have, but did not, is missing in the mean.
    expected = seen.expected_weight, seen.expected_weight * (1.0 - seen.never)
    off = min(abs(seen.mean_weight - one) for one in expected)
    if propensity is not None and off > max(5.0 * seen.weight_error, 0.05 * seen.expected_weight):
        return (
            f"{cannot}: {propensity} cannot be the chances with which its reps were chosen, as weights average "
            f"{number(seen.mean_weight)} and not {number(seen.expected_weight)}"
        )
    if seen.effective < LEAST_EFFECTIVE:
        return (
            f"{cannot}: the two agree too seldom, so that {seen.n:,} outcomes are worth {number(seen.effective, 2)} "
            f"and {number(LEAST_EFFECTIVE)} is the least"
        )
    return None
