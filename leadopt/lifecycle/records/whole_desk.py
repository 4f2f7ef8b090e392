"""The desk as a whole: rules, messages, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """A rule file as it was set: its fingerprint, its data, and from when it is in force."""

    table: ClassVar[str] = "rule_file"

    fingerprint: str
    starts_at: int
    set_at: int
    seq: int
    data: Mapping[str, object]

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return str(self.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something that somebody is to hear of: written with its event, sent by who runs the desk, acknowledged once.

    Parameters
    ----------
    seq, number
        the event that it tells of, and which of its messages it is
    to
        id of a rep, or "manager"
    kind
        "assigned", "reminder", "escalation", "recalled", ...
    lead
        which lead; None = not about one
    not_before
        the first working minute at or after the event
    """

    table: ClassVar[str] = "message"

    seq: int
    number: int
    to: str
    kind: str
    lead: str | None
    not_before: int
    body: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return f"{self.seq}-{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What holds of the desk as a whole.

    Parameters
    ----------
    opened_at
        when its log began
    policy
        fingerprint of the policy in force
    plan
        the plan that is being applied; "" = none
    planned_at, told_at
        when a plan was last applied, and managers were last told of leads that no period runs for
    hold_until
        after a gap between runs: no recall before
    day
        the local day whose first run was done (conduct is looked at then), ISO text
    """

    table: ClassVar[str] = "state"

    opened_at: int = 0
    policy: str = ""
    plan: str = ""
    planned_at: int = 0
    told_at: int = 0
    hold_until: int = 0
    day: str = ""

    @property
    def key(self) -> str:
        """Return what the record is found by."""
        return "desk"
