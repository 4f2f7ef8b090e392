"""Records as JSON text and back: what is at its default is left out, and the same record is the same text.

Shares are a text within it (`leadopt.lifecycle.credit.SharesText`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, NamedTuple, get_type_hints

from leadopt.lifecycle.book import KINDS, R
from leadopt.lifecycle.credit import SharesText
from leadopt.lifecycle.records import Record, Review, Shares
from leadopt.lifecycle.stages import Stage

_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class _Field(NamedTuple):
    name: str
    default: Any
    plain: Callable[[Any], Any] | None
    back: Callable[[Any], Any] | None


def encode(record: Record) -> str:
    """Return a record as JSON text."""
    data = {}
    for name, default, plain, _ in _FIELDS[type(record)]:
        value = getattr(record, name)
        if value != default:
            data[name] = value if plain is None else plain(value)
    return _text(data)


def decode(kind: type[R], text: str) -> R:
    """Return the record of a kind that is written so."""
    data = json.loads(text)
    for name, back in _READ[kind]:
        if name in data:
            data[name] = back(data[name])
    return kind(**data)


def _fields(kind: type[Record]) -> tuple[_Field, ...]:
    hints = get_type_hints(kind)
    return tuple(_Field(one.name, _default(one), *_ways(hints[one.name])) for one in fields(kind))


def _default(one: Any) -> Any:
    return one.default_factory() if one.default_factory is not MISSING else one.default


def _ways(hint: Any) -> tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None]:
    """Return how a field becomes plain data, and how it comes back; None = as it is."""
    if hint == frozenset[str]:
        return sorted, frozenset
    if hint == tuple[str, ...]:
        return list, tuple
    if hint is Stage:
        return str, Stage
    if hint == Shares:
        return _shares, SharesText
    return (_plain_review, _review) if hint == Review | None else (None, None)


def _shares(shares: Shares) -> str:
    return (shares if isinstance(shares, SharesText) else SharesText.of(shares)).text


def _plain_review(review: Review) -> dict[str, Any]:
    return {one.name: getattr(review, one.name) for one in fields(Review)}


def _review(data: Mapping[str, Any]) -> Review:
    return Review(**data)


_FIELDS = {kind: _fields(kind) for kind in KINDS}
_READ = {kind: [(one.name, one.back) for one in found if one.back is not None] for kind, found in _FIELDS.items()}
