"""Leads that change reps at random among themselves, within eligibility and limits."""

from typing import Any

import numpy as np

from leadopt.arrays import Ints

_ROUNDS = 60  # of random pairs; two or three mix what no rule keeps apart


def shuffled(case: Any, rep_of_lead: Ints, among: Ints, rng: np.random.Generator) -> Ints:
    """Return an answer in which some leads changed reps among themselves at random, int64 (n_leads,).

    In each round the leads are paired at random, and each pair changes reps with a chance of one half, if both may:
    a Markov chain whose moves are as likely back as forth, so that in the end all answers it can reach are equally
    likely. Loads stay as they are; hard limits that count more than leads are checked at every change.

    Parameters
    ----------
    case
        a `Case`
    rep_of_lead
        the answer before, int64 (n_leads,)
    among
        int64, the leads that change, all of them placed
    """
    affinity, answer = case.problem.affinity, rep_of_lead.copy()
    tallies = _Tallies(case, answer)
    for _ in range(_ROUNDS if len(among) > 1 else 0):
        order = rng.permutation(among)
        one, other = order[: len(order) // 2], order[len(order) // 2 : len(order) // 2 * 2]
        swap = (rng.random(len(one)) < 0.5) & (answer[one] != answer[other])
        swap &= np.isfinite(affinity.at(one, answer[other])) & np.isfinite(affinity.at(other, answer[one]))
        one, other = one[swap], other[swap]
        if tallies.kept:
            for first, second in zip(one.tolist(), other.tolist(), strict=True):
                tallies.swap_if_allowed(answer, first, second)
        else:
            answer[one], answer[other] = answer[other], answer[one]
    return answer


class _Tallies:
    """How much of each hard limit is used that a change of two leads may touch."""

    def __init__(self, case: Any, answer: Ints) -> None:
        limits = case.problem.limits
        self._case = case
        self.kept = [k for k, limit in enumerate(limits) if limit.penalty is None and not _counts_every_lead(limit)]
        self._low, self._high, self._used = {}, {}, {}
        for k in self.kept:
            used = case.problem.load(limits[k], answer)
            # What is broken already must not get worse.
            self._low[k], self._high[k], self._used[k] = min(limits[k].lower, used), max(limits[k].upper, used), used

    def swap_if_allowed(self, answer: Ints, one: int, other: int) -> None:
        changes: dict[int, float] = {}
        a, b = int(answer[one]), int(answer[other])
        for lead, rep, sign in ((one, a, -1.0), (other, b, -1.0), (one, b, 1.0), (other, a, 1.0)):
            for k, usage in self._case.limits_around(lead, rep, self.kept_of(rep)).items():
                changes[k] = changes.get(k, 0.0) + sign * usage
        slack = 1e-9
        after = {k: self._used[k] + change for k, change in changes.items()}
        if all(self._low[k] - slack <= used <= self._high[k] + slack for k, used in after.items()):
            self._used |= after
            answer[one], answer[other] = b, a

    def kept_of(self, rep: int) -> list[int]:
        limits = self._case.problem.limits
        return [k for k in self.kept if limits[k].reps is None or rep in limits[k].reps]


def _counts_every_lead(limit: Any) -> bool:
    """Return whether every lead uses the same of a limit, whose usage then follows from the loads alone."""
    return limit.leads is None and isinstance(limit.usage, float)
