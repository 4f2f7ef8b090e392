"""The loops of `repairs`, on options, bounds and loads as in `chain_kernels`."""

from typing import NamedTuple, Self

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.solvers.compiled import kernel
from leadopt.solvers.lagrangian.chain_kernels import Bounds, Choices, change, shift

_BESIDE = 8  # leads with a little more, and as many with a little less, that are tried beside one that goes


class Into(NamedTuple):
    """The options at each rep: those at rep j are ``option[first[j]:first[j + 1]]``."""

    option: Ints
    first: Ints


class Comers(NamedTuple):
    """The options of leads that may come to a rep, what each brings to a row, ascending, and room to sort them."""

    option: Ints
    brings: Floats
    option_aside: Ints
    brings_aside: Floats

    @classmethod
    def of(cls, into: Into) -> Self:
        """Return one that holds all options at any rep."""
        n = int(np.diff(into.first).max(initial=0))
        return cls(np.empty(n, dtype=np.int64), np.empty(n), np.empty(n, dtype=np.int64), np.empty(n))


class Path(NamedTuple):
    """The cheapest path to each rep: what it loses, whether that is settled, its last option, and the rep before."""

    lost: Floats
    done: Bools
    via: Ints
    origin: Ints

    @classmethod
    def of(cls, n_reps: int) -> Self:
        """Return one over so many reps, the pool among them."""
        via, origin = np.empty(n_reps, dtype=np.int64), np.empty(n_reps, dtype=np.int64)
        return cls(np.empty(n_reps), np.empty(n_reps, dtype=np.bool_), via, origin)


def taken(choices: Choices, option: int, row: int) -> float:
    """Return what an option takes of a row."""
    total = 0.0
    for a in range(choices.used_from[option], choices.used_from[option + 1]):
        if choices.used_row[a] == row:
            total += choices.used[a]
    return total


def merge(comers: Comers, begin: int, middle: int, end: int) -> None:
    """Put two sorted stretches in order, the first one's before equals of the second's."""
    option, brings, option_aside, brings_aside = comers
    a, b = begin, middle
    for k in range(begin, end):
        if b >= end or (a < middle and brings[a] <= brings[b]):
            option_aside[k], brings_aside[k] = option[a], brings[a]
            a += 1
        else:
            option_aside[k], brings_aside[k] = option[b], brings[b]
            b += 1
    for k in range(begin, end):
        option[k], brings[k] = option_aside[k], brings_aside[k]


def sort(comers: Comers, n: int) -> None:
    """Sort the first n comers by what they bring; equals stay in order."""
    width = 1
    while width < n:
        begin = 0
        while begin + width < n:
            merge(comers, begin, begin + width, min(begin + 2 * width, n))
            begin += 2 * width
        width *= 2


def first_from(brings: Floats, n: int, least: float) -> int:
    """Return the first place, of n in order, that brings so much or more."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if brings[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def swaps(
    choices: Choices, into: Into, rows: Bounds, at: Ints, bad: Ints, reps: Ints, least: float, looks: int,
    comers: Comers,
) -> tuple[float, int]:  # fmt: skip
    """At reps of broken rows, let a lead go, one come, or both, whatever wins most, as long as that is over `least`.

    Row ``bad[t]`` is tried at rep ``reps[t]``. Beside a lead that goes, those few are tried that come and bring the row
    nearest to its bound. Return (gain, looks left); `at` and the loads in `rows` are changed in place.
    """
    load, won = rows.load, 0.0
    for t in range(len(bad)):
        row, j = bad[t], reps[t]
        while looks > 0:
            beyond = max(load[row] - rows.upper[row], 0.0) - max(rows.lower[row] - load[row], 0.0)
            if beyond == 0.0:
                break
            best, goes, comes, n = -least, -1, -1, 0
            for q in range(into.first[j], into.first[j + 1]):
                option, here = into.option[q], at[choices.lead[into.option[q]]]
                if here != option:
                    comers.option[n] = option
                    comers.brings[n] = taken(choices, option, row) - taken(choices, here, row)
                    looks, n = looks - 1, n + 1
                    cost = change(choices, rows, here, option)
                    if cost < best:
                        best, comes = cost, option
            sort(comers, n)
            for q in range(into.first[j], into.first[j + 1]):
                lead, here = choices.lead[into.option[q]], into.option[q]
                if at[lead] != here:
                    continue
                for new in range(choices.first[lead], choices.first[lead + 1]):
                    if new == here:
                        continue
                    total = change(choices, rows, here, new)
                    if total < best:
                        best, goes, comes = total, new, -1
                    left = taken(choices, here, row) - taken(choices, new, row)
                    shift(choices, load, here, new)
                    middle = first_from(comers.brings, n, left - beyond)
                    for k in range(max(middle - _BESIDE, 0), min(middle + _BESIDE, n)):
                        option = comers.option[k]
                        looks -= 1
                        cost = total + change(choices, rows, at[choices.lead[option]], option)
                        if cost < best:
                            best, goes, comes = cost, new, option
                    shift(choices, load, new, here)
            if goes < 0 and comes < 0:
                break
            won -= best
            for option in (goes, comes):
                if option >= 0:
                    shift(choices, load, at[choices.lead[option]], option)
                    at[choices.lead[option]] = option
    return won, looks


def fits(choices: Choices, rows: Bounds, option: int, more: bool) -> bool:
    """Return whether one lead more (or less) that uses an option keeps every upper (or lower) bound there."""
    for a in range(choices.used_from[option], choices.used_from[option + 1]):
        row, amount = choices.used_row[a], choices.used[a]
        if more and rows.load[row] + amount > rows.upper[row]:
            return False
        if not more and rows.load[row] - amount < rows.lower[row]:
            return False
    return True


@kernel
def along(
    choices: Choices, into: Into, rows: Bounds, at: Ints, inside: Bools, hop: float, start: int, out: bool, path: Path
) -> int:
    """Send a lead on from a rep (or towards it), one from there on, and so on, to where one more (or less) fits.

    The path is the one that loses least, each hop at least `hop`; only leads `inside` go. Return its hops, 0 = none.
    """
    lost, done, via, origin = path
    lead_of, loss = choices.lead, choices.loss
    for j in range(len(lost)):
        lost[j], done[j], via[j], origin[j] = np.inf, False, -1, -1
    lost[start] = 0.0
    while True:
        j = -1
        for other in range(len(lost)):
            if not done[other] and lost[other] < np.inf and (j < 0 or lost[other] < lost[j]):
                j = other
        if j < 0:
            return 0
        done[j] = True
        if j != start and fits(choices, rows, via[j] if out else at[lead_of[via[j]]], out):
            break
        for q in range(into.first[j], into.first[j + 1]):
            lead, here = lead_of[into.option[q]], at[lead_of[into.option[q]]]
            if not inside[lead] or (out and here != into.option[q]) or (not out and here == into.option[q]):
                continue
            begin = choices.first[lead] if out else into.option[q]
            end = choices.first[lead + 1] if out else into.option[q] + 1
            for option in range(begin, end):
                other = choices.rep[option] if out else choices.rep[here]
                total = lost[j] + max(loss[option] - loss[here], 0.0) + hop
                if option != here and not done[other] and total < lost[other]:
                    lost[other], via[other], origin[other] = total, option, j
    hops = 0
    while j != start:
        lead = lead_of[via[j]]
        shift(choices, rows.load, at[lead], via[j])
        at[lead] = via[j]
        hops, j = hops + 1, origin[j]
    return hops
