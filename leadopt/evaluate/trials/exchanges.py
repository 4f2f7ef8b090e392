"""Markov chains whose states are assignments of the same loads, and which visit all of them equally often."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import loaded

_WIDEST = 2_048  # steps of a loop that are weighed at once


class Chain(Protocol):
    """A chain that is somewhere."""

    def round(self) -> None:
        """Go on, by about as many changes as there is to change."""
        ...

    def measures(self) -> Floats:
        """Return some numbers about where it is, which should not tell where it began."""
        ...


def luck(rng: np.random.Generator) -> Iterator[float]:
    """Yield uniform numbers below 1 one by one: drawn in blocks, they cost a tenth."""
    while True:
        yield from rng.random(1024).tolist()


def _weights(n_units: int, n_reps: int) -> tuple[Floats, Floats]:
    """Return weights of units and reps, which are the same for all chains: what these measure must be comparable."""
    fixed = np.random.default_rng(n_units * 1_000_003 + n_reps)
    return fixed.normal(size=(3, n_units)), fixed.normal(size=(3, n_reps))


class Units:
    r"""Units (leads, or leads that stay together) that change reps in loops.

    A rep and one of its units are drawn, then one of the unit's other reps, a unit of that rep, and so on, until a rep
    comes a second time: the units of that loop move on by one place, from rep to rep. A loop is as likely as the one
    that undoes it, as each rep has as many units after it as before; any two assignments of the same loads differ by
    such loops; so that all assignments are equally likely in the end, where no limit forbids a loop.

    Parameters
    ----------
    options
        the reps that each unit may go to, two or more
    rep
        int64 (n_units,), where units are
    allowed
        whether units may move: called with them and with the reps that they leave and that they go to
    rng
        generator
    """

    def __init__(
        self,
        options: Sequence[Sequence[int]],
        rep: Ints,
        rng: np.random.Generator,
        allowed: Callable[[list[int], list[int], list[int]], bool] | None = None,
    ) -> None:
        self.rep = rep.tolist()
        self._options, self._allowed, self._luck = options, allowed, luck(rng)
        self._at: dict[int, list[int]] = {}
        for unit, at in enumerate(self.rep):
            self._at.setdefault(at, []).append(unit)
        self._reps = sorted(self._at)
        self._start = rep.copy()
        self._weights = _weights(len(rep), max(self._reps, default=0) + 1)

    def round(self) -> None:
        for _ in range(len(self.rep)):
            self._loop()

    def measures(self) -> Floats:
        rep, (of_unit, of_rep) = np.array(self.rep), self._weights
        return np.append((of_unit * of_rep[:, rep]).sum(axis=1), (rep == self._start).sum())

    def _loop(self) -> None:
        draw, options, where = self._luck, self._options, self._at
        at = self._reps[int(next(draw) * len(self._reps))]
        path, places, seen = list[int](), list[int](), dict[int, int]()
        while at not in seen:
            seen[at] = len(path)
            here = where[at]
            place = int(next(draw) * len(here))
            path.append(here[place])
            places.append(place)
            others = options[here[place]]
            # One of the others: the last takes the place of its own.
            chosen = others[int(next(draw) * (len(others) - 1))]
            at = others[-1] if chosen == at else chosen
        first = seen[at]
        units, places = path[first:], places[first:]
        if next(draw) < 0.1:  # now and then nothing happens, or two states would alternate for ever
            return
        old = [self.rep[unit] for unit in units]
        new = [*old[1:], old[0]]
        if self._allowed is not None and not self._allowed(units, old, new):
            return
        for unit, rep in zip(units, new, strict=True):
            self.rep[unit] = rep
        # Who comes takes the place of who went.
        for k, rep in enumerate(new):
            where[rep][places[(k + 1) % len(places)]] = units[k]


class Classes:
    r"""How many units of each class, all of which have the same options, each rep has.

    A table N of these stands for as many assignments as there are ways to choose the units,

    .. math:: \prod_c n_c! \Big/ \prod_{c, j} N_{cj}!,

    and is visited in proportion to them. A round has three kinds of moves, each of which leaves that distribution as it
    is: two reps pool what either could have and share it out anew; a loop of reps and classes is drawn without regard
    to N, and how far units move along it as its weights say; and single units move in loops, as in `Units`.

    Parameters
    ----------
    options
        the reps that each class may go to, two or more, ascending
    counts
        int64 (n_classes, n_reps), N
    rng
        generator

    References
    ----------
    Diaconis & Sturmfels (1998), Algebraic algorithms for sampling from conditional distributions, Annals of Statistics
    26(1), sec. 2.2, for the moves along a loop; Strona et al. (2014), A fast and unbiased procedure to randomize
    ecological binary matrices with fixed row and column totals, Nature Communications 5, for the pools of two
    """

    def __init__(self, options: Sequence[Sequence[int]], counts: Ints, rng: np.random.Generator) -> None:
        loaded("scipy.special")
        from scipy.special import gammaln

        self.counts = counts.copy()
        self._options, self._rng, self._luck = options, rng, luck(rng)
        self._reps = [int(rep) for rep in np.flatnonzero(counts.sum(axis=0))]
        self._classes_of = {j: [c for c, reps in enumerate(options) if j in reps] for j in self._reps}
        self._n_units, self._load = int(counts.sum()), counts.sum(axis=0).tolist()
        self._n_moves = min(self._n_units, 2 * sum(map(len, options)))
        self._log_factorial = gammaln(np.arange(int(counts.sum(axis=1).max(initial=0)) + 2) + 1.0)
        self._start = counts.copy()
        self._weights = _weights(*counts.shape)

    def round(self) -> None:
        for _ in self._reps:
            self._pool()
            self._along_a_loop()
        for _ in range(self._n_moves):
            self._single()

    def measures(self) -> Floats:
        of_class, of_rep = self._weights
        parts = [(of_class[k] @ self.counts * of_rep[k]).sum() for k in range(len(of_class))]
        return np.append(parts, np.minimum(self.counts, self._start).sum())

    def _pick(self, among: Sequence[int]) -> int:
        return among[int(next(self._luck) * len(among))]

    def _other(self, kind: int, rep: int) -> int:
        """Return one of a class's other reps."""
        others = self._options[kind]
        chosen = others[int(next(self._luck) * (len(others) - 1))]
        return others[-1] if chosen == rep else chosen

    def _pool(self) -> None:
        """Let two reps share out anew what either could have, all ways equally likely."""
        one = self._pick(self._reps)
        other = self._pick(self._options[self._pick(self._classes_of[one])])
        if one == other:
            return
        both = [c for c in self._classes_of[one] if c in set(self._classes_of[other])]
        has = self.counts[both, one]
        pool = has + self.counts[both, other]
        if 0 < has.sum() < pool.sum():
            now = self._rng.multivariate_hypergeometric(pool, int(has.sum()))
            self.counts[both, one], self.counts[both, other] = now, pool - now

    def _along_a_loop(self) -> None:
        """Draw a loop, and how many units move along it, with the chance that the weights of the tables give it."""
        at = self._pick(self._reps)
        path, seen = list[tuple[int, int]](), dict[int, int]()
        while at not in seen:
            seen[at] = len(path)
            kind = self._pick(self._classes_of[at])
            path.append((kind, at))
            at = self._other(kind, at)
        loop = path[seen[at] :]
        change: dict[tuple[int, int], int] = {}
        for k, (kind, rep) in enumerate(loop):
            change[kind, rep] = change.get((kind, rep), 0) - 1
            to = loop[(k + 1) % len(loop)][1]
            change[kind, to] = change.get((kind, to), 0) + 1
        cells = [(cell, by) for cell, by in change.items() if by]
        if not cells:
            return
        row, column = (np.array(part) for part in zip(*(cell for cell, _ in cells), strict=True))
        by, now = np.array([by for _, by in cells]), self.counts[row, column]
        # How far it can go forward and back; a window around here if that is far, as likely from either of its ends.
        most, least = int((now // -by)[by < 0].min()), -int((now // by)[by > 0].min())
        if most - least >= _WIDEST:
            offset = int(next(self._luck) * _WIDEST)
            least, most = max(least, -offset), min(most, _WIDEST - 1 - offset)
        steps = np.arange(least, most + 1)
        logs = -self._log_factorial[now[:, None] + by[:, None] * steps].sum(axis=0)
        chance = np.cumsum(np.exp(logs - logs.max()))
        step = steps[int(np.searchsorted(chance, next(self._luck) * chance[-1], side="right"))]
        self.counts[row, column] = now + by * step

    def _single(self) -> None:
        """Move one unit of each rep of a loop on by one place."""
        at = self._pick(self._reps)
        path, seen = list[tuple[int, int]](), dict[int, int]()
        while at not in seen:
            seen[at] = len(path)
            left, kind = int(next(self._luck) * self._load[at]), -1
            for c in self._classes_of[at]:
                left -= int(self.counts[c, at])
                if left < 0:
                    kind = c
                    break
            path.append((kind, at))
            at = self._other(kind, at)
        loop = path[seen[at] :]
        if next(self._luck) < 0.1:
            return
        for k, (kind, rep) in enumerate(loop):
            self.counts[kind, rep] -= 1
            self.counts[kind, loop[(k + 1) % len(loop)][1]] += 1


def mixed(chains: Sequence[Chain], rounds: int) -> float:
    r"""Let chains go on, and return how far they differ from each other and in time: near 1 where they have mixed.

    The potential scale reduction of the worst measure, each chain's latter half cut in two,

    .. math:: \hat R = \sqrt{\frac{n - 1}{n} + \frac{B / n}{W}},

    with B / n the variance of the means of the n measures of each half, and W the mean variance within.

    References
    ----------
    Gelman & Rubin (1992), Inference from iterative simulation using multiple sequences, Statistical Science 7(4);
    Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., sec. 11.4, for halves
    """
    seen = np.empty((len(chains), rounds, len(chains[0].measures())))
    for k, chain in enumerate(chains):
        for i in range(rounds):
            chain.round()
            seen[k, i] = chain.measures()
    n = rounds // 4
    halves = np.concatenate([seen[:, rounds - 2 * n : rounds - n], seen[:, rounds - n :]])
    within, between = halves.var(axis=1, ddof=1).mean(axis=0), halves.mean(axis=1).var(axis=0, ddof=1)
    ratio = np.divide(between, within, out=np.where(between > 1e-12, np.inf, 0.0), where=within > 1e-12)
    return float(np.sqrt((n - 1.0) / n + ratio.max()))
