"""What the simulation follows at a desk: its clock, every lead, and what came of the quarter."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from leadopt.evaluate.quarters.hours import moment_of
from leadopt.evaluate.quarters.setting import START, ZONE
from leadopt.evaluate.quarters.world import World

if TYPE_CHECKING:
    from leadopt.desk.desk import Desk

_NEVER = float("inf")


class Clock:
    """What time it is in the simulation."""

    def __init__(self, zone: str = ZONE) -> None:
        self.hours, self._zone = 0.0, ZoneInfo(zone)

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.moment(self.hours)

    def moment(self, hours: float) -> datetime:
        """Return a moment that is so many hours after the start."""
        return moment_of(START, hours, self._zone)

    def hours_at(self, moment: datetime) -> float:
        """Return the hours from the start until a moment, by the clock on the wall."""
        wall = moment.astimezone(self._zone).replace(tzinfo=None)
        return (wall - datetime(START.year, START.month, START.day)).total_seconds() / 3600.0


@dataclass(slots=True, kw_only=True)
class Held:
    """A lead as the simulation follows it."""

    owner: int | None = None
    turn: int = 0  # a new owner makes what the last one meant to do void
    answered: float = _NEVER  # by anybody
    mine: bool = False  # whether the owner has answered it
    attempts: int = 0
    tried: bool = False  # whether anybody has worked on it
    done: bool = False
    had: set[int] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class AtDesk:
    """What came of a quarter at the desk, and events worth asking about: kind -> sequence numbers."""

    world: World
    desk: Desk
    clock: Clock
    held: dict[int, Held] = field(default_factory=dict)
    events: dict[str, list[int]] = field(default_factory=dict)
    weeks: list[Counter[str]] = field(default_factory=list)
    wins: dict[int, float] = field(default_factory=dict)  # lead -> moment
    complaints: set[int] = field(default_factory=set)
    first_by: dict[int, int] = field(default_factory=dict)  # lead -> who answered first
    expected: dict[int, float] = field(default_factory=dict)  # lead -> true chance, over all attempts
