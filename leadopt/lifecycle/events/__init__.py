"""What may happen: one frozen dataclass a kind of event, by what it is about, as `leadopt.lifecycle.changes` has it.

An event has happened and is never refused. It holds no personal data: ids are random, reasons are codes. `event` has
what all share, and the kinds that the log knows.
"""

from leadopt.lifecycle.events import arrivals, endings, ownerships, reps, routes, whole_desk
from leadopt.lifecycle.events.arrivals import Absorbed, Changed, Imported, Merged, Received
from leadopt.lifecycle.events.endings import Closed, Erased, Lost, Parked, Reopened, Undone, Unparked, Won
from leadopt.lifecycle.events.event import KINDS, Event, event_of, frozen, register
from leadopt.lifecycle.events.ownerships import (
    BarLifted,
    Complained,
    Escalated,
    FollowedUp,
    Protected,
    Reassigned,
    Recalled,
    Refused,
    Released,
    Reminded,
    Transferred,
)
from leadopt.lifecycle.events.reps import (
    AbsenceBegan,
    AbsenceSet,
    ConductEnded,
    ConductSet,
    CreditBooked,
    CreditReversed,
    RepLeft,
    RepRenamed,
    RepReturned,
    RepSet,
)
from leadopt.lifecycle.events.routes import Assigned, Pooled, ReviewAsked, ReviewEnded, Unpooled
from leadopt.lifecycle.events.whole_desk import (
    DayBegan,
    Opened,
    PlanApplied,
    PlanMade,
    PolicySet,
    Resumed,
    RulesSet,
    Told,
)

__all__ = [
    "KINDS",
    "AbsenceBegan",
    "AbsenceSet",
    "Absorbed",
    "Assigned",
    "BarLifted",
    "Changed",
    "Closed",
    "Complained",
    "ConductEnded",
    "ConductSet",
    "CreditBooked",
    "CreditReversed",
    "DayBegan",
    "Erased",
    "Escalated",
    "Event",
    "FollowedUp",
    "Imported",
    "Lost",
    "Merged",
    "Opened",
    "Parked",
    "PlanApplied",
    "PlanMade",
    "PolicySet",
    "Pooled",
    "Protected",
    "Reassigned",
    "Recalled",
    "Received",
    "Refused",
    "Released",
    "Reminded",
    "Reopened",
    "RepLeft",
    "RepRenamed",
    "RepReturned",
    "RepSet",
    "Resumed",
    "ReviewAsked",
    "ReviewEnded",
    "RulesSet",
    "Told",
    "Transferred",
    "Undone",
    "Unparked",
    "Unpooled",
    "Won",
    "event_of",
    "frozen",
]

for _subject in (arrivals, routes, ownerships, endings, reps, whole_desk):
    register(_subject)
