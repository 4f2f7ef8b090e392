"""Round robin by hand: leads are dealt in turn twice a day; nobody reminds, and nobody takes a lead back."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from leadopt.evaluate.quarters import habits
from leadopt.evaluate.quarters.hours import DAY, moment_of
from leadopt.evaluate.quarters.setting import START, ZONE
from leadopt.evaluate.quarters.world import World

DEALT_AT = (8.0, 13.0)  # hours of a working day
_NEVER = float("inf")


@dataclass(slots=True, kw_only=True)
class Stint:
    """A rep's time with a lead: moments in hours, inf = never; how it ended, "" = it did not."""

    lead: int
    rep: int
    since: float
    first: float = _NEVER
    until: float = _NEVER
    exit: str = ""
    complaint: float = _NEVER
    answered: float = _NEVER  # by anybody


@dataclass(slots=True, kw_only=True)
class ByHand:
    """What came of all leads by hand: every stint, and those who refused each lead."""

    world: World
    stints: list[Stint] = field(default_factory=list)
    refused: dict[int, set[int]] = field(default_factory=dict)


def by_hand(world: World) -> ByHand:
    """Return what comes of all leads of both quarters if they are dealt in turn.

    Who is away or has left gets none, who does not want a lead hands it back to be dealt again, and the leads of who
    leaves are dealt again. What is forgotten stays forgotten.
    """
    found, turn = ByHand(world=world), 0
    waiting: list[tuple[float, int, float]] = [
        (next_deal(float(at)), lead, _NEVER) for lead, at in enumerate(world.arrived)
    ]
    heapq.heapify(waiting)
    while waiting:
        now, lead, answered = heapq.heappop(waiting)
        if now >= world.end:
            continue
        rep, turn = _next_in_turn(world, now, turn, found.refused.get(lead, set()))
        if rep is None:
            heapq.heappush(waiting, (next_deal(now + 1.0), lead, answered))
            continue
        stint = _stint(world, lead, rep, now, answered)
        found.stints.append(stint)
        if stint.exit == habits.REFUSES:
            found.refused.setdefault(lead, set()).add(rep)
        if stint.exit in (habits.REFUSES, "left"):
            heapq.heappush(waiting, (next_deal(stint.until), lead, stint.answered))
    return found


def next_deal(moment: float) -> float:
    """Return when leads are dealt next, at or after a moment.

    >>> next_deal(8.0), next_deal(9.0), next_deal(4 * 24 + 14.0)
    (8.0, 13.0, 176.0)
    """
    day, hour = divmod(moment, DAY)
    while True:
        later = [at for at in DEALT_AT if at >= hour] if day % 7 < 5 else []
        if later:
            return day * DAY + later[0]
        day, hour = day + 1, 0.0


def _next_in_turn(world: World, now: float, turn: int, refused: set[int]) -> tuple[int | None, int]:
    """Return whose turn it is and whose it is next; who refused a lead is passed over, unless all did."""
    n = len(world.people.names)
    order = [(turn + k) % n for k in range(n)]
    there = [rep for rep in order if world.people.is_there(rep, now)]
    chosen = next((rep for rep in there if rep not in refused), there[0] if there else None)
    return chosen, turn if chosen is None else (chosen + 1) % n


def _stint(world: World, lead: int, rep: int, now: float, answered: float) -> Stint:
    found = Stint(lead=lead, rep=rep, since=now, answered=answered)
    act, left = habits.answer(world, lead, rep, now), float(world.people.left[rep])
    if act is not None and act.at < left:
        if act.what == habits.REFUSES:
            found.until, found.exit = act.at, act.what
        else:
            _worked_on(world, found, act)
    if found.until == _NEVER and left < _NEVER:
        found.until, found.exit = left, "left"
    found.complaint = _complaint(world, found)
    return found


def _worked_on(world: World, stint: Stint, act: habits.Act) -> None:
    """Let a rep answer a lead, and perhaps win or lose it."""
    stint.first, stint.answered = act.at, min(stint.answered, act.at)
    if act.what == habits.BAD:
        stint.until, stint.exit = act.at, habits.LOST
    elif not habits.slides(world, stint.lead, stint.rep):
        end = habits.ending(world, stint.lead, stint.rep, act.at, stint.answered, 0)
        if end.at < _NEVER:
            stint.until, stint.exit = end.at, habits.WON if end.what == habits.WON else habits.LOST


def _complaint(world: World, stint: Stint) -> float:
    at = habits.complaint(world, stint.lead)
    return at if stint.since <= at < min(stint.until, stint.answered) else _NEVER


def history(found: ByHand, begin: float, end: float) -> dict[str, list[Any]]:
    """Return the CRM's history of leads that came in a time, as it stood at its end: a row for each stint."""
    world = found.world
    came = np.flatnonzero((world.arrived >= begin) & (world.arrived < end))
    inside = set(came.tolist())
    stints = [one for one in found.stints if one.lead in inside and one.since < end]
    leads = world.rows([one.lead for one in stints])

    def shown(at: float) -> Any:
        return moment_of(START, at, ZoneInfo(ZONE)) if at < end else None

    ended = [one.until < end and one.exit in (habits.WON, habits.LOST) for one in stints]
    return {
        **leads,
        "rep_id": [world.people.names[one.rep] for one in stints],
        "received_at": [shown(float(world.arrived[one.lead])) for one in stints],
        "assigned_at": [shown(one.since) for one in stints],
        "first_response_at": [shown(one.first) for one in stints],
        "converted": [one.exit == habits.WON if over else None for one, over in zip(stints, ended, strict=True)],
        "at": [shown(one.until) if over else None for one, over in zip(stints, ended, strict=True)],
        "complaints": [int(one.complaint < end) for one in stints],
    }
