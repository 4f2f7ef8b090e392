"""What a desk takes over from the quarter by hand, as tables: reps, past leads, and open leads with who has them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from leadopt.evaluate.quarters.by_hand import Stint
from leadopt.evaluate.quarters.habits import WON
from leadopt.evaluate.quarters.held import Clock
from leadopt.evaluate.quarters.world import World

MAX_OPEN = 60
_LONG_AGO = date(2024, 1, 1)


def rep_rows(world: World, clock: Clock, reps: Iterable[int]) -> list[dict[str, Any]]:
    """Return one row per rep, with the languages and the day of joining."""
    from leadopt.evaluate.seasons.floor import LANGUAGES

    people = world.people
    return [
        {
            "rep_id": people.names[rep],
            "max_open": MAX_OPEN,
            "languages": ";".join(np.array(LANGUAGES)[people.speaks[rep]]),
            "hired_on": _LONG_AGO if people.joined[rep] < 0 else clock.moment(people.joined[rep]).date(),
        }
        for rep in reps
    ]


def ended_rows(world: World, clock: Clock, stints: Sequence[Stint]) -> dict[str, list[Any]]:
    """Return leads that were won or lost, by whom and when."""
    moment, names = clock.moment, world.people.names
    return {
        **world.rows([one.lead for one in stints]),
        "rep_id": [names[one.rep] for one in stints],
        "received_at": [moment(float(world.arrived[one.lead])) for one in stints],
        "assigned_at": [moment(one.since) for one in stints],
        "converted": [one.exit == WON for one in stints],
        "at": [moment(one.until) for one in stints],
    }


def open_rows(
    world: World, clock: Clock, leads: Sequence[int], last: Mapping[int, Stint], begin: float
) -> dict[str, list[Any]]:
    """Return leads that are open as the desk begins, with who has them then."""
    stints = [lasting(last.get(lead), begin) for lead in leads]
    names = world.people.names
    return {
        **world.rows(list(leads)),
        "stage": ["new" if one is None else "working" if one.first < begin else "assigned" for one in stints],
        "rep_id": [None if one is None else names[one.rep] for one in stints],
        "received_at": [clock.moment(float(world.arrived[lead])) for lead in leads],
    }


def lasting(stint: Stint | None, begin: float) -> Stint | None:
    """Return a rep's time with a lead if it lasts until the desk begins."""
    return stint if stint is not None and stint.until >= begin else None
