"""Frozen dataclasses and arrays to JSON and back, exactly: floats by their shortest repr, -inf and NaN as text.

Fields with ``metadata={"saved": False}`` are left out, and come back as their defaults.
An array or a dataclass that occurs several times, such as a usage that many limits share, is written once.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from uuid import UUID

import numpy as np

from leadopt.errors import InvalidInput

_TAG = "~"
_SPECIAL = {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}


def encode(value: Any) -> str:
    """Return JSON for a tree of dataclasses, arrays, tuples, lists, dicts with text keys, UUIDs and plain values."""
    import json

    return json.dumps(_Writer(value).plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def decode(text: str, classes: Mapping[str, Callable[..., Any]]) -> Any:
    """Return what `encode` wrote; `classes` maps names to dataclasses, whose constructors validate again.

    Raises
    ------
    InvalidInput
        the text is no such JSON
    """
    import json

    try:
        plain = json.loads(text)
    except (RecursionError, TypeError, ValueError) as error:
        raise InvalidInput(f"this is not a plan that leadopt wrote: it is no JSON ({error})") from None
    try:
        return _rich(plain, classes, {})
    except InvalidInput:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise InvalidInput(f"this is not a plan that leadopt wrote: {type(error).__name__} {error}") from None


class _Writer:
    """Turns a tree into plain values, and knows what occurs in it more than once."""

    def __init__(self, value: Any) -> None:
        self._times: Counter[Hashable] = Counter()
        self._number: dict[Hashable, int] = {}
        self._count(value)

    def _count(self, value: Any) -> None:
        if (key := _identity(value)) is not None:
            self._times[key] += 1
            if self._times[key] > 1:
                return
        if _is_record(value):
            for name in _saved(value):
                self._count(getattr(value, name))
        elif isinstance(value, tuple | list):
            for item in value:
                self._count(item)
        elif isinstance(value, Mapping):
            self._count(list(value.values()))

    def plain(self, value: Any) -> Any:
        key = _identity(value)
        if key is None or self._times[key] < 2:
            return self._once(value)
        if key in self._number:
            return {_TAG: "same", "as": self._number[key]}
        self._number[key] = len(self._number)
        return {_TAG: "same", "as": self._number[key], "value": self._once(value)}

    def _once(self, value: Any) -> Any:
        if _is_record(value):
            return {_TAG: type(value).__name__, **{name: self.plain(getattr(value, name)) for name in _saved(value)}}
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
        if isinstance(value, np.generic):
            return self._once(value.item())
        if isinstance(value, float) and not np.isfinite(value):
            return {_TAG: "float", "value": str(value)}
        return value


def _is_record(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _saved(record: Any) -> list[str]:
    return [f.name for f in fields(record) if f.metadata.get("saved", True)]


def _identity(value: Any) -> Hashable:
    """Return what two places that hold the same dataclass, or arrays of the same memory, have in common; else None."""
    if isinstance(value, np.ndarray):
        place = value.__array_interface__["data"][0]
        return (place, value.shape, value.strides, value.dtype.str) if value.size else None
    return id(value) if _is_record(value) else None


def _numbers(array: np.ndarray[Any, Any]) -> list[Any]:
    flat = array.reshape(-1).tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return [value if np.isfinite(value) else str(value) for value in flat]
    return flat


def _rich(value: Any, classes: Mapping[str, Callable[..., Any]], known: dict[int, Any]) -> Any:
    if isinstance(value, list):
        return [_rich(item, classes, known) for item in value]
    if not isinstance(value, dict):
        return value
    tag = value.get(_TAG)
    if tag is None:
        return {key: _rich(item, classes, known) for key, item in value.items()}
    if tag == "same":
        if "value" in value:
            known[value["as"]] = _rich(value["value"], classes, known)
        return known[value["as"]]
    if tag == "array":
        data = [_SPECIAL[item] if isinstance(item, str) else item for item in value["data"]]
        return np.array(data, dtype=np.dtype(value["dtype"])).reshape(value["shape"])
    if tag == "dict":
        return {key: _rich(item, classes, known) for key, item in value["items"]}
    if tag == "uuid":
        return UUID(hex=value["hex"])
    if tag == "tuple":
        return tuple(_rich(item, classes, known) for item in value["items"])
    if tag == "float":
        return _SPECIAL[value["value"]]
    return classes[tag](**{key: _rich(item, classes, known) for key, item in value.items() if key != _TAG})
