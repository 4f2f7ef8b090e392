"""The most even of all best answers, where few leads have a choice: by a look at every answer there is.

Lead by lead, answers so far that have the same loads, the same use of every limit and the same gain are one. By the
prices, an answer that has lost more against each lead's best option than the best answer lacks to the bound cannot be
as good, and need not be followed.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.problem import ROUNDING
from leadopt.solvers.optimal.options import Options
from leadopt.solvers.optimal.standing import LAST_DIGITS, Standing, gained, missed
from leadopt.solvers.optimal.unevenness import Unevenness

_MOST = 4_000  # answers that are followed at a time
_ROUND = 1e-9  # relative: amounts that differ by less are the same


def most_even(standing: Standing, unevenness: Unevenness, options: Options) -> Ints | None:
    """Return the most even answer that is as good, the pool being n_reps, int64 (n_leads,).

    None if that is the one there is already, or there are too many to look at.
    """
    choices = _Choices.of(standing, options)
    return _Search.of(standing, unevenness, choices).run() if len(choices.leads) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    """Leads with a choice, where each may go, what it loses there by the prices, and what all may lose together."""

    leads: Ints
    options: tuple[Ints, ...]
    losses: tuple[Floats, ...]
    lacking: float

    @classmethod
    def of(cls, standing: Standing, options: Options) -> "_Choices":
        here, n_options = standing.rep_of_lead[options.leads], options.open.sum(axis=1)
        chosen = np.flatnonzero(n_options > 1)
        # Those with few options first: fewer answers are followed for long.
        chosen = chosen[np.lexsort((here[chosen], n_options[chosen]))]
        return cls(
            leads=options.leads[chosen],
            options=tuple(np.flatnonzero(options.open[lead]) for lead in chosen),
            losses=tuple(options.losses[lead][options.open[lead]] for lead in chosen),
            lacking=options.lacking,
        )


class _Layer(NamedTuple):
    """Answers so far, one entry each; `parent` is the one before that each comes from, and `option` the last choice."""

    loads: Ints
    used: Floats
    gain: Floats
    loss: Floats
    parent: Ints
    option: Ints

    def only(self, chosen: Ints | Bools) -> "_Layer":
        """Return some of them."""
        return _Layer(
            self.loads[chosen],
            self.used[chosen],
            self.gain[chosen],
            self.loss[chosen],
            self.parent[chosen],
            self.option[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What each lead's options gain more than where it is, what they take of the limits that could be missed, and what
    later leads take in all; and what is paid now for limits that give way.
    """

    standing: Standing
    unevenness: Unevenness
    choices: _Choices
    rows: Ints
    first: _Layer
    gains: list[Floats]
    takes: list[Floats]
    later: Floats
    paid: float

    @classmethod
    def of(cls, standing: Standing, unevenness: Unevenness, choices: _Choices) -> "_Search":
        problem, leads = standing.problem, choices.leads
        without = standing.answer
        without[leads] = -1
        used, everything = problem.loads(without), np.arange(len(problem.limits))
        places = range(problem.n_reps + 1)
        taken = np.stack([standing.takes(leads, rep, everything) for rep in places], axis=1)
        gains = np.stack([standing.gains(leads, rep) for rep in places], axis=1)
        more = gained(gains[np.arange(len(leads)), standing.rep_of_lead[leads]][:, None], gains)
        takes = [taken[i, options] for i, options in enumerate(choices.options)]
        extremes = np.array([[some.min(axis=0), some.max(axis=0)] for some in takes])
        later = np.append(np.cumsum(extremes[::-1], axis=0)[::-1], np.zeros((1, 2, len(used))), axis=0)
        low, high = used + later[0, 0], used + later[0, 1]
        rows = np.flatnonzero((high > standing.upper) | (low < standing.lower))
        first = _Layer(
            loads=np.bincount(without + 1, minlength=problem.n_reps + 1)[None, 1:],
            used=used[None, rows],
            gain=np.zeros(1),
            loss=np.zeros(1),
            parent=np.zeros(1, dtype=np.int64),
            option=np.zeros(1, dtype=np.int64),
        )
        return cls(
            standing=standing,
            unevenness=unevenness,
            choices=choices,
            rows=rows,
            first=first,
            gains=[more[i, options] for i, options in enumerate(choices.options)],
            takes=[some[:, rows] for some in takes],
            later=later[:, :, rows],
            paid=float(_paid(standing, rows, standing.used[None, rows])[0]),
        )

    def run(self) -> Ints | None:
        layers = [self.first]
        for i in range(len(self.choices.leads)):
            layer = self._distinct(self._followed(layers[-1], i))
            if not 0 < len(layer.gain) <= _MOST:
                return None
            layers.append(layer)
        best = self._best(layers[-1])
        return None if best is None else self._answer(layers, best)

    def _followed(self, before: _Layer, i: int) -> _Layer:
        """Return every answer so far with every option of the next lead, but for those that lead nowhere."""
        options, pool = self.choices.options[i], self.standing.problem.n_reps
        parent, option = (part.reshape(-1) for part in np.indices((len(before.gain), len(options))))
        loads = before.loads[parent]
        placed = np.flatnonzero(options[option] < pool)
        loads[placed, options[option[placed]]] += 1
        after = _Layer(
            loads=loads,
            used=before.used[parent] + self.takes[i][option],
            gain=before.gain[parent] + self.gains[i][option],
            loss=before.loss[parent] + self.choices.losses[i][option],
            parent=parent,
            option=options[option],
        )
        return after.only(self._may_end_well(after, i + 1))

    def _may_end_well(self, layer: _Layer, i: int) -> Bools:
        standing, rows = self.standing, self.rows
        fits = (layer.loads <= standing.problem.capacity).all(axis=1) & (layer.loss <= self.choices.lacking)
        least, most = self.later[i]
        lower, upper, hard = standing.lower[rows], standing.upper[rows], np.isinf(standing.penalty[rows])
        within = (layer.used + least <= upper + ROUNDING * upper) & (layer.used + most >= lower - ROUNDING * lower)
        now = float(self.unevenness.total(standing.n_leads_of_rep[:-1]))
        even = self.unevenness.total(layer.loads) <= now * (1.0 + _ROUND)
        return np.asarray(fits & even & (within | ~hard).all(axis=1))

    def _distinct(self, layer: _Layer) -> _Layer:
        size = np.maximum(np.abs(layer.used).max(axis=0, initial=0.0), 1e-300)
        gain = max(float(np.abs(layer.gain).max(initial=0.0)), 1e-300)
        cells = [layer.loads, np.rint(layer.used / (size * _ROUND)), np.rint(layer.gain[:, None] / (gain * _ROUND))]
        key = np.column_stack(cells).astype(np.int64).view(np.uint64)
        odd = np.random.default_rng(0).integers(1, 2**63, size=key.shape[1], dtype=np.uint64) * np.uint64(2)
        hashed = ((key ^ (key >> np.uint64(29))) * (odd + np.uint64(1))).sum(axis=1, dtype=np.uint64)
        return layer.only(np.sort(np.unique(hashed, return_index=True)[1]))

    def _best(self, layer: _Layer) -> int | None:
        """Return the most even of the whole answers that are as good, if it is better than the one there is."""
        paid = _paid(self.standing, self.rows, layer.used) * (1.0 - LAST_DIGITS)
        as_good = np.flatnonzero(layer.gain - paid >= -self.paid * (1.0 + LAST_DIGITS))
        if not len(as_good):
            return None
        total, lots = self.unevenness.total(layer.loads[as_good]), self.unevenness.lots(layer.loads[as_good])
        most_even = total <= total.min() * (1.0 + _ROUND)
        best = int(np.flatnonzero(most_even)[np.argmin(lots[most_even])])
        loads = self.standing.n_leads_of_rep[:-1]
        now = float(self.unevenness.total(loads))
        better = total[best] < now * (1.0 - _ROUND) or lots[best] < int(self.unevenness.lots(loads))
        return int(as_good[best]) if better else None

    def _answer(self, layers: list[_Layer], at: int) -> Ints:
        answer = self.standing.rep_of_lead.copy()
        for i in range(len(self.choices.leads) - 1, -1, -1):
            answer[self.choices.leads[i]] = layers[i + 1].option[at]
            at = int(layers[i + 1].parent[at])
        return answer


def _paid(standing: Standing, rows: Ints, used: Floats) -> Floats:
    """Return the penalties of some limits at given uses, float64 (n,)."""
    soft = np.isfinite(standing.penalty[rows])
    lower, upper, used = standing.lower[rows][soft], standing.upper[rows][soft], used[:, soft]
    return np.asarray(missed(used, lower, upper) @ standing.penalty[rows][soft])
