"""Amounts that stand in for what nobody knew: one and the same, far from where all others lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import enumerate_some
from leadopt.learning.history.codes import distinct
from leadopt.tables.amounts import Amounts
from leadopt.tables.text import as_it_stands, count

_FAR = float(np.log(30.0))
"""Of the logarithm, beyond all others: prices of a list, such as 99, 990 and 9,900, lie closer together."""
_APART = float(np.log(5.0))  # beyond all others: hardly one amount of many, and too near to be sure of it
_FEWEST = 5  # deals of one amount; of fewer, `odd` judges each by itself
_PRICES = 10  # different amounts; fewer may be a price list, in which any may be far from the others
_MOSTLY = 0.9
_SAME = 1e-7  # of the logarithm, which is rounded before it is added up


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placeholders:
    """Groups of amounts that are one amount again and again, by itself.

    Parameters
    ----------
    taken
        bool (n_groups,), those that are taken for placeholders
    unsure
        bool (n_groups,), those that may be prices as well, and count as such
    """

    taken: Bools
    unsure: Bools


def placeholders(
    amounts: Amounts, columns: Sequence[Sequence[str | None]], n_distinct: Callable[[], int]
) -> Placeholders:
    """Return which groups of amounts are placeholders: a single amount, at least 30 times beyond all others.

    It is one where the others are no price list, with ten different amounts or more, make up more than half of all, and
    no column tells it from them: what stands in levels of its own is their price.

    Parameters
    ----------
    amounts
        of groups of won leads; one of a group is within a factor of e of the others
    columns
        the levels of the lead's columns, one for each group
    n_distinct
        asks how many different amounts there are; it is asked only where something may be a placeholder
    """
    n = len(amounts.paid)
    found = Placeholders(taken=np.zeros(n, dtype=bool), unsure=np.zeros(n, dtype=bool))
    paid = np.flatnonzero(amounts.paid)
    if amounts.paid.sum() <= _FEWEST:
        return found
    held = amounts.take(paid)
    times = held.paid
    mean = held.logs / times
    scatter = np.sqrt(np.maximum(held.squared_logs / times - mean**2 - _SAME * (1.0 + np.abs(mean)), 0.0))
    reach = np.minimum(scatter * np.sqrt(times - 1.0), 1.0)  # no amount is farther from the mean of its own group
    among = [[column[group] for group in paid.tolist()] for column in columns]
    parts: list[Sequence[object]] = [*among, list(zip(*among, strict=True))] if len(among) > 1 else [*among]
    for side in (1.0, -1.0):
        beyond = 0
        for one, gap in _set_apart(side * mean, reach, scatter == 0.0, times):
            held_by = int(times[one].sum())
            rare = 2 * (beyond + held_by) < int(times.sum())
            varied = n_distinct() - len(np.unique(mean[one].round(5))) >= _PRICES
            own = any(_in_levels_of_its_own(part, one, times) for part in parts)
            if (not varied and (own or not rare or gap < _FAR)) or (beyond and not rare):
                break  # a price list, or what is not beyond the others any more
            sure = rare and varied and gap >= _FAR and not own
            (found.taken if sure else found.unsure)[paid[one]] = True
            beyond += held_by
    return found


def _set_apart(place: Floats, reach: Floats, single: Bools, times: Ints) -> list[tuple[Bools, float]]:
    """Return what lies below all others: one amount again and again, a bool (n_groups,), and the gap above it.

    Parameters
    ----------
    place, reach
        float64 (n_groups,), where a group lies on average, and by how much its amounts may differ from that
    single
        bool (n_groups,), whether a group is one amount alone
    times
        int64 (n_groups,), how many amounts it holds
    """
    order = np.argsort(place, kind="stable")
    top = np.maximum.accumulate((place + reach)[order])
    bottom = np.minimum.accumulate((place - reach)[order][::-1])[::-1]
    gaps = bottom[1:] - top[:-1]
    ends = np.flatnonzero(gaps >= _APART) + 1
    found, start = [], 0
    for end in ends.tolist():
        tail = order[start:end]
        value = np.concatenate([[0], (np.diff(place[tail]) > _SAME * (1.0 + np.abs(place[tail][1:]))).cumsum()])
        pure = np.bincount(value, ~single[tail]) == 0
        often = ((np.bincount(value, times[tail]) >= _FEWEST) & pure)[value]
        if times[tail][often].sum() >= _MOSTLY * times[tail].sum():
            one = np.zeros(len(place), dtype=bool)
            one[tail[often]] = True
            found.append((one, float(gaps[end - 1])))
            start = end
    return found


def placeholder_notes(amounts: Amounts, found: Placeholders, odd: Bools) -> list[str]:
    """Return what is said of placeholders, and of what may be some unless it is odd; nothing where there are none."""
    said = []
    for groups, so in (
        (
            found.taken,
            "taken for placeholders and left out; leave the value empty where it is not known, or if it is a price, "
            "estimate values by a column that tells these deals from the others",
        ),
        (
            found.unsure & ~odd,
            "they may be prices or placeholders, and count as prices; leave the value empty where it is not known",
        ),
    ):
        each, held = amounts.total[groups] / amounts.paid[groups], amounts.paid[groups]
        same = np.array([as_it_stands(amount) for amount in each.tolist()])
        if kinds := list(dict.fromkeys(same[np.argsort(each)].tolist())):
            times = [int(held[same == kind].sum()) for kind in kinds]
            whole = count(int(amounts.paid.sum()), "won value")
            shown = [f"{n:,} are {kind}" for n, kind in zip(times[1:], kinds[1:], strict=True)]
            first = f"{times[0]:,} of {whole} are {kinds[0]}"
            said.append(f"{enumerate_some([first, *shown])}, exactly and far from all others: {so}")
    return said


def _in_levels_of_its_own(levels: Sequence[object], one: Bools, times: Ints) -> bool:
    """Return whether levels that hold little else have half of these amounts, and more than chance would give them."""
    level = distinct(levels)[1]
    held, own = np.bincount(level, times), np.bincount(level, times * one)
    pure = (held > 1) & (own >= _MOSTLY * held)
    by_chance = own @ (own.sum() / held.sum()) ** np.maximum(held - 1.0, 0.0)
    return bool(own[pure].sum() >= max(0.5 * own.sum(), 2.0 * by_chance))
