"""What a quarter's leads truly came to in an arm, in figures that only a simulation can know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.evaluate.quarters import habits
from leadopt.evaluate.quarters.by_hand import ByHand
from leadopt.evaluate.quarters.held import AtDesk
from leadopt.evaluate.quarters.hours import DAY
from leadopt.evaluate.quarters.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the leads that came in the quarter came to, spam left out.

    Parameters
    ----------
    n
        how many came
    answered
        share that somebody followed up by the end of the quarter
    days
        median of days until then, those without one at the end; inf = fewer than half were
    if_at_once
        mean true chance with those who answered, had they answered at once: what is due to who got which lead
    chance
        mean true chance of a win, given who answered when: 0 where nobody did, or let it slide
    value
        the same times the leads' values, a lead
    won
        share won by the end of the quarter
    complaints
        customers who complained
    """

    n: int
    answered: float
    days: float
    if_at_once: float
    chance: float
    value: float
    won: float
    complaints: int


def truth_by_hand(found: ByHand) -> Truth:
    """Return what the second quarter's leads came to by hand."""
    world, leads = found.world, _leads(found.world)
    answered, by = np.full(len(world.arrived), np.inf), np.full(len(world.arrived), -1)
    chance, won = np.zeros(len(world.arrived)), np.zeros(len(world.arrived), dtype=bool)
    complained = set()
    for one in found.stints:
        if one.first < min(world.end, answered[one.lead]):
            answered[one.lead], by[one.lead] = one.first, one.rep
        if one.first < world.end and not habits.slides(world, one.lead, one.rep):
            chance[one.lead] = habits.chance(world, one.lead, one.rep, one.answered, 0)
        won[one.lead] |= one.exit == habits.WON and one.until < world.end
        if one.complaint < world.end:
            complained.add(one.lead)
    return _truth(world, leads, answered, by, chance, won.astype(np.float64), complained)


def truth_at_desk(found: AtDesk) -> Truth:
    """Return what the second quarter's leads came to at the desk."""
    world, leads = found.world, _leads(found.world)
    n = len(world.arrived)
    answered, by, chance, won = np.full(n, np.inf), np.full(n, -1), np.zeros(n), np.zeros(n)
    for lead, held in found.held.items():
        answered[lead] = held.answered
    for lead, rep in found.first_by.items():
        by[lead] = rep
    for lead, one in found.expected.items():
        chance[lead] = one
    won[list(found.wins)] = 1.0
    return _truth(world, leads, answered, by, chance, won, found.complaints)


def _leads(world: World) -> Ints:
    return np.flatnonzero((world.arrived >= world.middle) & ~world.bad)


def _truth(
    world: World, leads: Ints, answered: Floats, by: Ints, chance: Floats, won: Floats, complained: set[int]
) -> Truth:
    there = leads[answered[leads] < world.end]
    waits = (answered[leads] - world.arrived[leads]) / DAY
    return Truth(
        n=len(leads),
        answered=float((answered[leads] < world.end).mean()),
        days=float(np.quantile(waits, 0.5, method="inverted_cdf")),
        if_at_once=float(world.rates[world.asked.segment[there], by[there]].mean()),
        chance=float(chance[leads].mean()),
        value=float((chance * world.asked.value)[leads].mean()),
        won=float(won[leads].mean()),
        complaints=len(complained & set(leads.tolist())),
    )
