"""Leads that ended or are held, as a history: a row for each, with who had it, since when, and what became of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.records import Columns as Cells
from leadopt.lifecycle.records import Level
from leadopt.lifecycle.stages import HELD, Stage, Via
from leadopt.tables.cells import Id
from leadopt.tables.columns import Columns

Rows = Mapping[str, Sequence[Any]]
"""A table as a dict of lists."""

STAGES = (*sorted(HELD), Stage.LOST, Stage.WON)  # the stages whose leads tell something
_HOUR = 3_600_000_000  # microseconds


class Past(Protocol):
    """What is read of a lead; a `Lead` has it."""

    @property
    def stage(self) -> Stage: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def columns(self) -> Cells: ...
    @property
    def since(self) -> int: ...
    @property
    def started(self) -> int: ...
    @property
    def received_at(self) -> int: ...
    @property
    def outcome_at(self) -> int | None: ...
    @property
    def value(self) -> float | None: ...
    @property
    def via(self) -> str | None: ...


def history_of(
    leads: Iterable[Past],
    called: Callable[[str], Id | None],
    calendar: Calendar,
    columns: Columns,
    states: Mapping[str, Mapping[str, Level]] | None = None,
) -> Rows:
    """Return the history that leads tell: open ones too, with the day since which their rep has them.

    Parameters
    ----------
    leads
        won, lost or held; others tell nothing and are passed over
    called
        what a rep is called in tables
    calendar
        tells the day of a moment
    columns
        what the columns are called, by the names that all tables share
    states
        column -> rep's random id -> cell, of columns that describe a rep: as they are now, as no log has what they were
    """
    days, told = Days(calendar), [lead for lead in leads if lead.stage in STAGES and lead.owner is not None]
    names = dict.fromkeys(name for lead in told for name in lead.columns)
    rows: dict[str, Sequence[Any]] = {name: [lead.columns.get(name) for lead in told] for name in names}
    won = {Stage.WON: True, Stage.LOST: False}
    for name, cells in (states or {}).items():
        rows[name] = [cells.get(lead.owner or "") for lead in told]
    return {
        **rows,
        columns.rep_id: [called(lead.owner) for lead in told if lead.owner is not None],
        columns.converted: [won.get(lead.stage) for lead in told],
        columns.at: [_ended(lead, days) for lead in told],
        columns.assigned_at: [_assigned(lead, days) for lead in told],
        columns.value: [lead.value if lead.stage is Stage.WON else None for lead in told],
    }


def _ended(lead: Past, days: "Days") -> date | None:
    if lead.stage in HELD:
        return None
    return days.of(lead.since if lead.outcome_at is None else lead.outcome_at)


def _assigned(lead: Past, days: "Days") -> date | None:
    """Return since when a rep had a lead: one that was imported since it came in, as far as that fits its end.

    None where nobody had it: who won a lead that came in won is named with the outcome.
    """
    at = lead.received_at if lead.via == Via.IMPORT else lead.started
    if not at:
        return None
    end = lead.outcome_at if lead.stage not in HELD else None
    return days.of(at if end is None else min(at, end))


class Days:
    """Local days of moments: one look at the calendar an hour."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar, self._known = calendar, dict[int, date]()

    def of(self, at: int) -> date:
        """Return the day of a moment; zones change their offset at whole quarters of an hour."""
        quarter = at // (_HOUR // 4)
        if quarter not in self._known:
            self._known[quarter] = self._calendar.day(at)
        return self._known[quarter]
