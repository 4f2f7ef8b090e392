"""Keys of requests: the same key gets the same answer, from any process and after a crash."""

import json
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from leadopt.desk.database.beside import request
from leadopt.desk.database.statements import Statement
from leadopt.desk.work.answers import CONFLICT, Answer

_FOUND = Statement(
    sa.select(request.c.asked, request.c.answer).where(request.c.key == sa.bindparam("key", type_=sa.Text)), "key"
)
_KEEP = Statement(sa.insert(request), *request.c.keys())


def hashed(key: str, row: int) -> str:
    """Return what stands for a key in the database: the key itself may say who somebody is."""
    return sha256(f"{row}:{key}".encode()).hexdigest()


def asked(*what: Any) -> str:
    """Return the hash of what is asked for."""
    return sha256(json.dumps(what, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()


def answered(connection: sa.Connection, key: str, what: str) -> Answer | None:
    """Return what a key was answered before; None = it is new."""
    found = _FOUND.first(connection, key)
    if found is None:
        return None
    if found[0] != what:
        sentence = "This key was used for another command."
        return Answer(code=CONFLICT, reason="key_used", sentence=sentence, remedy="take a key of its own for each")
    return Answer(**json.loads(found[1]))


def keep(connection: sa.Connection, key: str, what: str, answer: Answer, now: int) -> None:
    """Keep what a key was answered, in the transaction in which it happened."""
    text = json.dumps(answer.plain(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    _KEEP.run(connection, key, what, text, now)
