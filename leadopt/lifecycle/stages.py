"""The stages of a lead: one at a time, and which event leads from which to which."""

from enum import StrEnum


class Stage(StrEnum):
    """Where a lead is. Exactly one at a time; `ASSIGNED`, `WORKING`, `WON` and `LOST` name a rep."""

    NEW = "new"
    REVIEW = "review"
    ASSIGNED = "assigned"
    WORKING = "working"
    POOL = "pool"
    PARKED = "parked"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


class Via(StrEnum):
    """By which route a lead came to its owner."""

    PLAN = "plan"
    ROUTER = "router"
    STICKY = "sticky"
    REVIEW = "review"
    CLAIM = "claim"
    TRANSFER = "transfer"
    IMPORT = "import"
    REOPEN = "reopen"


HELD = frozenset({Stage.ASSIGNED, Stage.WORKING})  # an owner works on it: it counts as open work
OWNED = HELD | {Stage.WON, Stage.LOST}  # a rep is named, if only for the record
OPEN = frozenset({Stage.NEW, Stage.REVIEW, Stage.POOL, Stage.PARKED}) | HELD
ENDED = frozenset(Stage) - OPEN
_FREE = frozenset({Stage.NEW, Stage.POOL, Stage.REVIEW})
_NOBODY: frozenset[Stage] = frozenset()

TRANSITIONS: dict[str, tuple[frozenset[Stage], Stage | None]] = {
    # event: from where it may come, where it leads; None = the stage stays as it is
    "received": (_NOBODY, Stage.NEW),
    "changed": (OPEN | ENDED, None),
    "absorbed": (OPEN | ENDED, None),
    "merged": (OPEN, Stage.CLOSED),
    "review_asked": (_FREE, Stage.REVIEW),
    "review_ended": (frozenset({Stage.REVIEW}), Stage.NEW),
    "assigned": (_FREE, Stage.ASSIGNED),
    "pooled": (_FREE, Stage.POOL),
    "unpooled": (frozenset({Stage.POOL}), Stage.NEW),
    "refused": (frozenset({Stage.ASSIGNED}), Stage.NEW),
    "released": (HELD, Stage.NEW),
    "recalled": (HELD, Stage.NEW),
    "reassigned": (HELD, Stage.NEW),
    "transferred": (HELD, Stage.NEW),
    "followed_up": (HELD, Stage.WORKING),
    "reminded": (HELD, None),
    "escalated": (HELD, None),
    "complained": (OPEN | ENDED, None),
    "protected": (HELD, None),
    "bar_lifted": (OPEN | ENDED, None),
    "parked": (OPEN - {Stage.PARKED}, Stage.PARKED),
    "unparked": (frozenset({Stage.PARKED}), Stage.NEW),
    "won": (OPEN | {Stage.WON, Stage.LOST}, Stage.WON),
    "lost": (OPEN | {Stage.WON, Stage.LOST}, Stage.LOST),
    "reopened": (ENDED, Stage.NEW),
    "closed": (OPEN, Stage.CLOSED),
    "erased": (OPEN | ENDED, Stage.CLOSED),
}
