"""Records and arrays to JSON and back, exactly: floats by their shortest repr, -inf and NaN as text.

What a class and its fields are called in JSON says a table of `Record`, so that a file outlives a new name in Python.
An array or a record that occurs several times, such as a usage that many limits share, is written once: arrays are told
apart by what they hold, so that a copy of a plan is written as the plan is. What is read must have the type of its
field.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cached_property
from hashlib import blake2b
from math import isfinite, prod
from types import NoneType, UnionType
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import numpy as np

from leadopt.errors import InvalidInput, did_you_mean

_TAG = "~"
_SPECIAL = {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}
_ITEMS: dict[str, set[type]] = {"f": {float, int}, "i": {int}, "b": {bool}}  # what JSON holds of an array, by its kind
_WORDS: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    str: "text",
    bool: "true or false",
    NoneType: "null",
}


@dataclass(frozen=True)
class Record:
    """What a class is called where it is saved.

    Parameters
    ----------
    name
        of the class
    kind
        a dataclass, whose constructor validates again
    keys
        names of the fields; ``key:field`` where the field is called otherwise in Python
    """

    name: str
    kind: type
    keys: str

    @cached_property
    def fields(self) -> dict[str, str]:
        """From what stands in the file to the field."""
        pairs = (key.partition(":") for key in self.keys.split())
        return {key: name or key for key, _, name in pairs}

    @cached_property
    def types(self) -> dict[str, Any]:
        """What each field may hold."""
        return get_type_hints(self.kind)

    @cached_property
    def needed(self) -> set[str]:
        """The fields without a default."""
        return {f.name for f in fields(self.kind) if f.default is MISSING and f.default_factory is MISSING}


def encode(value: Any, records: Iterable[Record]) -> str:
    """Return JSON for a tree of records, arrays, tuples, lists, dicts with text keys, UUIDs and plain values."""
    import json

    tree = _Writer(value, records).plain(value)
    return json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def parse(text: str) -> Any:
    """Return JSON as plain values.

    Raises
    ------
    InvalidInput
        it is none, or says something twice
    """
    import json

    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except InvalidInput:
        raise
    except (RecursionError, TypeError, ValueError) as error:
        raise InvalidInput(str(error).partition(";")[0]) from None


def decode(tree: Any, records: Mapping[str, Record]) -> Any:
    """Return what was written as this tree of plain values; `records` by the names that stand in it.

    Raises
    ------
    InvalidInput
        something in it is damaged or unknown: says where
    """
    try:
        return _Reader(records).rich(tree, "")
    except RecursionError:
        raise InvalidInput("it is nested too deeply") from None


def decode_parts(tree: Mapping[str, Any], records: Mapping[str, Record], types: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same of a table whose values must be of these types.

    Raises
    ------
    InvalidInput
        something in it is damaged, unknown or missing: says where
    """
    try:
        return _Reader(records).parts(tree, {key: (key, hint) for key, hint in types.items()}, "")
    except RecursionError:
        raise InvalidInput("it is nested too deeply") from None


class _Writer:
    """Turns a tree into plain values, and knows what occurs in it more than once."""

    def __init__(self, value: Any, records: Iterable[Record]) -> None:
        self._record_of = {record.kind: record for record in records}
        self._times: Counter[Hashable] = Counter()
        self._number: dict[Hashable, int] = {}
        self._held: dict[Hashable, Hashable] = {}  # by what memory, so that nothing is looked at twice
        self._count(value)

    def _count(self, value: Any) -> None:
        if (key := self._identity(value)) is not None:
            self._times[key] += 1
            if self._times[key] > 1:
                return
        if (record := self._record_of.get(type(value))) is not None:
            for name in record.fields.values():
                self._count(getattr(value, name))
        elif isinstance(value, tuple | list):
            for item in value:
                self._count(item)
        elif isinstance(value, Mapping):
            self._count(list(value.values()))

    def _identity(self, value: Any) -> Hashable:
        """Return what two places with the same record, or arrays of the same numbers, have in common; else None."""
        if isinstance(value, np.ndarray):
            return self._content(value) if value.size else None
        return id(value) if type(value) in self._record_of else None

    def _content(self, array: np.ndarray[Any, Any]) -> Hashable:
        place = (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str)
        if place not in self._held:
            digest = blake2b(np.ascontiguousarray(array).data, digest_size=16).digest()
            self._held[place] = (digest, array.shape, array.dtype.str)
        return self._held[place]

    def plain(self, value: Any) -> Any:
        key = self._identity(value)
        if key is None or self._times[key] < 2:
            return self._once(value)
        if key in self._number:
            return {_TAG: "same", "as": self._number[key]}
        self._number[key] = len(self._number)
        return {_TAG: "same", "as": self._number[key], "value": self._once(value)}

    def _once(self, value: Any) -> Any:
        if (record := self._record_of.get(type(value))) is not None:
            return {_TAG: record.name, **{key: self.plain(getattr(value, name)) for key, name in record.fields.items()}}
        if isinstance(value, np.ndarray):
            return {_TAG: "array", "dtype": value.dtype.str, "shape": list(value.shape), "data": _numbers(value)}
        if isinstance(value, UUID):
            return {_TAG: "uuid", "hex": value.hex}
        if isinstance(value, tuple):
            return {_TAG: "tuple", "items": [self.plain(item) for item in value]}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, Mapping):
            if _TAG in value:
                return {_TAG: "dict", "items": [[key, self.plain(item)] for key, item in value.items()]}
            return {str(key): self.plain(item) for key, item in value.items()}
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, np.generic):
            return self._once(value.item())
        if isinstance(value, float) and not isfinite(value):
            return {_TAG: "float", "value": str(value)}
        return value


def _numbers(array: np.ndarray[Any, Any]) -> list[Any]:
    flat = array.reshape(-1).tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return [value if isfinite(value) else str(value) for value in flat]
    return flat


class _Reader:
    """Turns plain values into what they were, and knows what was read so far that other places name."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records
        self._known: dict[int, Any] = {}

    def rich(self, value: Any, where: str) -> Any:
        if isinstance(value, list):
            return [self._item(item, where, k) for k, item in enumerate(value)]
        if isinstance(value, float) and not isfinite(value):
            _refuse(where, "a number that JSON can hold", value)
        if not isinstance(value, dict):
            return value
        if _TAG not in value:
            return {key: self.rich(item, _inside(where, key)) for key, item in value.items()}
        tag = value[_TAG]
        if not isinstance(tag, str):
            _refuse(where, "of a kind", tag)
        if tag in self._records:
            return self._record(self._records[tag], value, where)
        reads: dict[str, Callable[[Any, str], Any]] = {
            "same": self._same,
            "array": lambda value, where: _array(value),
            "dict": self._dict,
            "uuid": lambda value, where: UUID(hex=value["hex"]),
            "tuple": lambda value, where: tuple(self.rich(_as_list(value["items"]), where)),
            "float": lambda value, where: _SPECIAL[value["value"]],
        }
        if tag not in reads:
            raise InvalidInput(f"{where or 'it'} is of a kind that is unknown: {_brief(tag)}")
        try:
            return reads[tag](value, where)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise InvalidInput(f"{where or 'it'} is a damaged {tag}: {_brief(error)}") from None

    def _item(self, item: Any, where: str, k: int) -> Any:
        return self.rich(item, f"{where}[{k}]") if isinstance(item, dict | list | float) else item

    def _same(self, value: Any, where: str) -> Any:
        if "value" in value:
            self._known[value["as"]] = self.rich(value["value"], where)
        return self._known[value["as"]]

    def _dict(self, value: Any, where: str) -> Any:
        return {key: self.rich(item, _inside(where, key)) for key, item in value["items"]}

    def _record(self, record: Record, value: dict[str, Any], where: str) -> Any:
        here = where or record.name
        types = {key: (name, record.types[name]) for key, name in record.fields.items()}
        given = {key: item for key, item in value.items() if key != _TAG}
        found = self.parts(given, types, here)
        if missing := [key for key, name in record.fields.items() if name in record.needed and name not in found]:
            raise InvalidInput(f"{here} lacks {', '.join(missing)}")
        try:
            return record.kind(**found)
        except InvalidInput:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InvalidInput(f"{here} is damaged: {_brief(error)}") from None

    def parts(self, value: Mapping[str, Any], types: Mapping[str, tuple[str, Any]], where: str) -> dict[str, Any]:
        """Return what each key holds, by the name of its field; `types` are field and type by key."""
        found = {}
        for key, item in value.items():
            if key not in types:
                raise InvalidInput(f"{where or 'it'} holds {_brief(key)}, which is unknown{did_you_mean(key, types)}")
            name, hint = types[key]
            found[name] = _member(self.rich(item, _inside(where, key)), hint)
            if not _fits(found[name], hint):
                _refuse(_inside(where, key), self._words(hint), found[name])
        return found

    def _words(self, hint: Any) -> str:
        """Return what a field may hold, in words."""
        origin = get_origin(hint) or hint
        if origin in (Union, UnionType):
            return " or ".join(dict.fromkeys(self._words(one) for one in get_args(hint)))
        if origin is np.ndarray:
            return f"an array of {np.dtype(_scalar(hint)).name}"
        names = {record.kind: record.name for record in self._records.values()}
        plain: dict[Any, str] = {tuple: "a list", Mapping: "a table", **_WORDS, **names}
        return plain.get(origin, f"a {getattr(origin, '__name__', origin)}")


def _array(value: Any) -> np.ndarray[Any, Any]:
    dtype = np.dtype(value["dtype"]) if isinstance(value["dtype"], str) else np.dtype(object)
    shape, data = _as_list(value["shape"]), _as_list(value["data"])
    if dtype.kind not in _ITEMS:
        raise ValueError(f"no array of {value['dtype']}")
    if any(type(size) is not int or size < 0 for size in shape) or prod(shape) != len(data):
        raise ValueError(f"{len(data)} numbers for shape {_brief(shape)}")
    if dtype.kind == "f":
        texts = sum(isinstance(item, str) for item in data)
        data = [_SPECIAL[item] if isinstance(item, str) else item for item in data] if texts else data
    if not (kinds := set(map(type, data))) <= _ITEMS[dtype.kind]:
        raise ValueError(f"{' and '.join(sorted(kind.__name__ for kind in kinds))} in an array of {dtype.name}")
    array = np.array(data, dtype=dtype).reshape(shape)
    if dtype.kind == "f" and int((~np.isfinite(array)).sum()) != texts:
        raise ValueError("a number that is too large")
    return array


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value is of a type; of a protocol, the constructor looks at it."""
    origin = get_origin(hint) or hint
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype == _scalar(hint)
    if origin is tuple:
        inner = get_args(hint)
        inner = (inner[0],) * len(value) if isinstance(value, tuple) and inner[-1] is Ellipsis else inner
        return isinstance(value, tuple) and len(value) == len(inner) and all(map(_fits, value, inner))
    if origin is Mapping:
        return isinstance(value, dict) and all(_fits(item, get_args(hint)[1]) for item in value.values())
    if hint is float:
        return type(value) in (float, int)
    if hint is int:
        return type(value) is int
    return hint is Any or getattr(hint, "_is_protocol", False) or isinstance(value, hint)


def _member(value: Any, hint: Any) -> Any:
    """Return a value as the member of an enumeration where the type is one."""
    for one in (hint, *get_args(hint)):
        if isinstance(one, type) and issubclass(one, Enum) and value in [member.value for member in one]:
            return one(value)
    return value


def _scalar(hint: Any) -> Any:
    return get_args(get_args(hint)[1])[0]


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise InvalidInput(f"{_brief(twice)} stands twice in the same place")
    return found


def _no_number(text: str) -> NoReturn:
    raise InvalidInput(f"{text} is no number in JSON")


def _as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"no list: {_brief(value)}")
    return value


def _inside(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _refuse(where: str, rule: str, found: Any) -> NoReturn:
    raise InvalidInput(f"{where or 'it'} must be {rule}; found {_brief(found)}")


def _brief(value: Any, most: int = 60) -> str:
    """Return a value, or what an error says, on one short line."""
    text = f"{type(value).__name__} {value}" if isinstance(value, Exception) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]}..."
