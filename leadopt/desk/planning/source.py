"""What a desk's tables tell a model, read at once: only what a history needs of each lead, and no record of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from leadopt.desk.database import following
from leadopt.desk.database.statements import Statement
from leadopt.desk.database.tables import log
from leadopt.desk.planning.history import STAGES
from leadopt.lifecycle.records import Columns
from leadopt.lifecycle.stages import Stage

_leads = following.lead
_STAGE = sa.bindparam("stage", type_=sa.Text)
_OF_STAGE = Statement(sa.select(_leads.c.record).where(_leads.c.stage == _STAGE), "stage")
_COUNTED = Statement(sa.select(sa.func.count()).select_from(_leads).where(_leads.c.stage == _STAGE), "stage")
_SINCE = Statement(
    sa.select(log.c.seq)
    .where(log.c.kind == sa.bindparam("kind", type_=sa.Text), log.c.seq > sa.bindparam("seq", type_=sa.BigInteger))
    .limit(1),
    "kind",
    "seq",
)
_ENDING = ("won", "lost", "imported", "reopened", "undone", "erased")  # the events that change who has ended


@dataclass(slots=True)
class PastLead:
    """What a history tells of a lead; fields as of `Lead`."""

    stage: Stage
    owner: str | None = None
    columns: Columns = field(default_factory=dict)
    since: int = 0
    started: int = 0
    received_at: int = 0
    outcome_at: int | None = None
    value: float | None = None
    via: str | None = None


def past_leads(connection: sa.Connection) -> Iterator[PastLead]:
    """Yield all leads that ended or are held."""
    for stage in STAGES:
        for (text,) in _OF_STAGE.all(connection, str(stage)):
            yield _past(stage, json.loads(text))


def may_have_ended(connection: sa.Connection, since: int) -> bool:
    """Return whether the log tells, after an event, of anything by which other leads may have ended than before.

    It looks at six places of an index, where counting those that ended reads every lead.
    """
    return any(_SINCE.first(connection, kind, since) is not None for kind in _ENDING)


def n_ended(connection: sa.Connection) -> int:
    """Return how many leads were won or lost: a model is old where there are others than it has learned from."""
    counted = (_COUNTED.first(connection, str(stage)) for stage in (Stage.WON, Stage.LOST))
    return sum(row[0] for row in counted if row is not None)


def _past(stage: Stage, told: Mapping[str, Any]) -> PastLead:
    return PastLead(
        stage,
        told.get("owner"),
        told.get("columns", {}),
        told.get("since", 0),
        told.get("started", 0),
        told.get("received_at", 0),
        told.get("outcome_at"),
        told.get("value"),
        told.get("via"),
    )
