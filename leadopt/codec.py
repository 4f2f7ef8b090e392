"""Frozen dataclasses and arrays to JSON and back, exactly: floats by their shortest repr, -inf and NaN as text."""

from collections.abc import Callable, Mapping
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

    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


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
        return _rich(plain, classes)
    except InvalidInput:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise InvalidInput(f"this is not a plan that leadopt wrote: {type(error).__name__} {error}") from None


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {_TAG: type(value).__name__, **{f.name: _plain(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, np.ndarray):
        return {_TAG: "array", "dtype": value.dtype.str, "shape": list(value.shape), "data": _numbers(value)}
    if isinstance(value, UUID):
        return {_TAG: "uuid", "hex": value.hex}
    if isinstance(value, tuple):
        return {_TAG: "tuple", "items": [_plain(item) for item in value]}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        if _TAG in value:
            return {_TAG: "dict", "items": [[key, _plain(item)] for key, item in value.items()]}
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return {_TAG: "float", "value": str(value)}
    return value


def _numbers(array: np.ndarray[Any, Any]) -> list[Any]:
    flat = array.reshape(-1).tolist()
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return [value if np.isfinite(value) else str(value) for value in flat]
    return flat


def _rich(value: Any, classes: Mapping[str, Callable[..., Any]]) -> Any:
    if isinstance(value, list):
        return [_rich(item, classes) for item in value]
    if not isinstance(value, dict):
        return value
    tag = value.get(_TAG)
    if tag is None:
        return {key: _rich(item, classes) for key, item in value.items()}
    if tag == "array":
        data = [_SPECIAL[item] if isinstance(item, str) else item for item in value["data"]]
        return np.array(data, dtype=np.dtype(value["dtype"])).reshape(value["shape"])
    if tag == "dict":
        return {key: _rich(item, classes) for key, item in value["items"]}
    if tag == "uuid":
        return UUID(hex=value["hex"])
    if tag == "tuple":
        return tuple(_rich(item, classes) for item in value["items"])
    if tag == "float":
        return _SPECIAL[value["value"]]
    return classes[tag](**{key: _rich(item, classes) for key, item in value.items() if key != _TAG})
