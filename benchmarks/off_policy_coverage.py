"""Whether intervals of off-policy estimates hold the truth: simulated logs, propensities known and estimated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import Line, verdict
from leadopt.arrays import Floats
from leadopt.learning.effects.logistic import sigmoid

LOGS, ROWS = 100, 1000
N_REPS, N_SEGMENTS = 5, 3
REPS = [f"r{one}" for one in range(N_REPS)]
METHODS = ("DR", "SNIPS", "IPS")
COVERAGE = (0.85, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How often 90% intervals hold the truth, by method."""

    TITLE: ClassVar[str] = "What a log says of another policy"
    INTRO: ClassVar[str] = (
        f"{LOGS} logs of {ROWS} leads each, 3 segments by 5 reps, whose policy leans towards some reps (sd 0.7 on the\n"
        "logit). Another policy hands out every segment to its best rep (sure), or softly in proportion to\n"
        "exp(4 x chance). How often the 90% intervals of `off_policy` hold what it truly earns (goal for DR: 85 to\n"
        "95%), the bias of DR in its standard errors, and how many logs were refused as the two agree too seldom."
    )
    HEAD: ClassVar[tuple[str, ...]] = ("policy", "propensities", "DR:", "SNIPS:", "IPS:", "bias:", "refused:", "met?")

    policy: str
    propensities: str
    held: dict[str, float]
    bias: float
    refused: int

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.policy,
            self.propensities,
            *(f"{self.held[method]:.1%}" for method in METHODS),
            f"{self.bias:+.2f}",
            str(self.refused),
            verdict(COVERAGE[0] <= self.held["DR"] <= COVERAGE[1]),
        )


def simulated(seed: int, n: int, *, sure: bool = False) -> tuple[dict[str, list[Any]], Floats, float]:
    """Return a log whose policy leans towards some reps, the chances of another policy, and what that earns a lead."""
    rng = np.random.default_rng(seed)
    logit = -1.0 + rng.normal(0, 0.6, (N_SEGMENTS, 1)) + rng.normal(0, 0.4, (N_SEGMENTS, N_REPS))
    chance, odds = sigmoid(logit), np.exp(0.7 * rng.normal(size=(N_SEGMENTS, N_REPS)))
    leaning = odds / odds.sum(axis=1, keepdims=True)
    weights = np.exp(4.0 * chance)
    policy = np.eye(N_REPS)[chance.argmax(axis=1)] if sure else weights / weights.sum(axis=1, keepdims=True)
    segment = rng.integers(N_SEGMENTS, size=n)
    rep = np.array([rng.choice(N_REPS, p=leaning[one]) for one in segment])
    log = {
        "lead_id": list(range(n)),
        "rep_id": [REPS[one] for one in rep],
        "source": [f"s{one}" for one in segment],
        "converted": (rng.random(n) < chance[segment, rep]).astype(int).tolist(),
        "chosen_with": leaning[segment, rep].tolist(),
    }
    return log, policy[segment], float((policy * chance).sum(axis=1).mean())


def rows() -> Iterator[Line]:
    """Return a line for each kind of policy and of propensities."""
    for sure in (True, False):
        for propensity in ("chosen_with", None):
            yield covered(sure, propensity, LOGS)


def covered(sure: bool, propensity: str | None, n_logs: int) -> Covered:
    """Return how often intervals hold the truth.

    Raises
    ------
    AssertionError
        fewer than 80% of the intervals of DR do: that is no chance
    """
    from leadopt.evaluate import off_policy

    held: dict[str, list[bool]] = {method: [] for method in METHODS}
    bias, refused = [], 0
    for seed in range(n_logs):
        log, chances, truth = simulated(seed, ROWS, sure=sure)
        found = off_policy(log, chances, segment_by="source", propensity=propensity, reps=REPS, rng=seed)
        if found.refusal is not None:
            refused += 1
            continue
        for method in METHODS:
            one = found.estimate(method)
            held[method].append(one.low <= truth <= one.high)
        bias.append((found.value.value - truth) / found.value.error)
    line = Covered(
        policy="sure" if sure else "soft",
        propensities="estimated" if propensity is None else "known",
        held={method: float(np.mean(inside)) for method, inside in held.items()},
        bias=float(np.mean(bias)),
        refused=refused,
    )
    if n_logs >= 100 and line.held["DR"] < 0.8:
        raise AssertionError(f"intervals of DR hold the truth in {line.held['DR']:.1%} only: {line}")
    return line
