"""What the columns of a CRM's history are called."""

from __future__ import annotations

from dataclasses import dataclass, fields

from leadopt.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryColumns:
    """What the columns of a CRM's history are called; all but the first may be absent.

    Parameters
    ----------
    rep_id
        who had the lead
    lead_id
        the lead; several rows of one are several owners, one after the other. Absent: every row is a lead
    assigned_at
        when the rep got it
    converted, at
        whether it was won (missing while open), and when that was settled
    received_at
        when the lead came; absent: when it was first given to somebody
    first_response_at
        the first follow-up of the rep
    due_at
        when that was due
    complaints
        how many there were, or true and false
    source
        where the lead came from
    hired_on, left_on
        of the table of reps: first day, and the day after the last one; missing = still there

    Examples
    --------
    >>> HistoryColumns(rep_id="Owner", first_response_at="First call").assigned_at
    'assigned_at'
    """

    rep_id: str = "rep_id"
    lead_id: str = "lead_id"
    assigned_at: str = "assigned_at"
    converted: str = "converted"
    at: str = "at"
    received_at: str = "received_at"
    first_response_at: str = "first_response_at"
    due_at: str = "due_at"
    complaints: str = "complaints"
    source: str = "source"
    hired_on: str = "hired_on"
    left_on: str = "left_on"

    def __post_init__(self) -> None:
        """Refuse what is no name of a column."""
        for one in fields(self):
            name = getattr(self, one.name)
            if not (isinstance(name, str) and name):
                raise InvalidInput(f"columns.{one.name}: must be the name of a column; found {name!r}")
