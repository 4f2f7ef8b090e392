"""Messages that were sent leave the outbox; the log and the messages themselves stay."""

import re
from collections.abc import Sequence

import sqlalchemy as sa

from leadopt.desk.database.beside import outbox
from leadopt.desk.database.statements import Statement
from leadopt.desk.work.core import Core
from leadopt.errors import InvalidInput

_ID = re.compile(r"(\d{1,18})-(\d{1,9})")
_SENT = Statement(
    sa.delete(outbox).where(
        outbox.c.seq == sa.bindparam("seq", type_=sa.BigInteger),
        outbox.c.number == sa.bindparam("number", type_=sa.BigInteger),
    ),
    "seq",
    "number",
)


def ack(core: Core, messages: Sequence[str]) -> int:
    """Take note that messages were sent; return how many were still to send."""
    places = []
    for one in messages:
        found = _ID.fullmatch(one) if isinstance(one, str) else None
        if found is None:
            raise InvalidInput(f"messages: must be ids as desk.messages() has them, such as '12-1'; found {one!r}")
        places.append((int(found[1]), int(found[2])))
    return core.write(lambda session: sum(_SENT.run(session.connection, *place) for place in places))
