"""What is known of each lead, rep, account and absence at one moment: small frozen records, replaced and never changed.

All of it follows from events (`leadopt.lifecycle.evolve`). Moments are whole microseconds UTC. `replaced` has `replace`
for some fields of a record, `columns` the plain data that records hold.
"""

from leadopt.lifecycle.records.columns import Columns, Level, Shares
from leadopt.lifecycle.records.leads import Account, Lead, Ownership, Review
from leadopt.lifecycle.records.replaced import replace
from leadopt.lifecycle.records.reps import HOUSE, Absence, Conduct, Credit, Rep
from leadopt.lifecycle.records.whole_desk import Message, RuleFile, State

Record = Lead | Rep | Credit | Absence | Account | Ownership | Conduct | Message | RuleFile | State

__all__ = [
    "HOUSE",
    "Absence",
    "Account",
    "Columns",
    "Conduct",
    "Credit",
    "Lead",
    "Level",
    "Message",
    "Ownership",
    "Record",
    "Rep",
    "Review",
    "RuleFile",
    "Shares",
    "State",
    "replace",
]
