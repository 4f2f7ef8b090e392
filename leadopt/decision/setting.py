"""A policy with one of its settings at another value, the setting given by its path, a short word or a function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.policy import Policy
from leadopt.tables.cells import is_number

Setting = Callable[[Policy, Any], Policy]

_DEFAULTS: dict[str, Callable[[], Any]] = {"fairness": Fairness, "newcomers": NewcomerQuota}


def setting(over: str | Setting) -> Setting:
    """Return how a value changes the policy."""
    if callable(over):
        return lambda policy, value: _checked(over(policy, value))
    if over == "band":
        return _with_band
    path = ("fairness", "weight") if over == "weight" else tuple(str(over).split("."))
    return lambda policy, value: _with(policy, path, value, "policy")


def values_of(values: Sequence[Any] | None) -> list[Any]:
    """Return the values to try as a list; raise `InvalidInput` where there are none."""
    if isinstance(values, str | Mapping) or not (values is None or hasattr(values, "__iter__")):
        raise InvalidInput(f"values: must be a list of values; found {values!r}")
    found = list(values or ())
    if not found:
        raise InvalidInput("values: must hold a value at least; found none")
    return found


def name_of(over: str | Setting) -> str:
    """Return what a setting is called: its own name, or that of the function that sets it."""
    return over if isinstance(over, str) else getattr(over, "__name__", "setting")


def _checked(policy: Any) -> Policy:
    if not isinstance(policy, Policy):
        raise InvalidInput(f"over: the function must return a leadopt.Policy; found {type(policy).__name__}")
    return policy


def _with_band(policy: Policy, value: Any) -> Policy:
    if not (is_number(value) and 0 <= value < np.inf):
        raise InvalidInput(f"values: half the width of a band must be a number, 0 or more; found {value!r}")
    low, high = max(0.0, 1.0 - value), 1.0 + value
    return policy.replace(fairness=[replace(one, low=low, high=high) for one in policy.fairnesses or (Fairness(),)])


def _with(settings: Any, path: tuple[str, ...], value: Any, where: str) -> Any:
    """Return frozen settings with a field changed, that may be a field of a field."""
    known = [one.name for one in fields(settings)]
    if path[0] not in known:
        raise InvalidInput(f"over: {where} has no setting {path[0]!r}{did_you_mean(path[0], known)}")
    if len(path) == 1:
        return replace(settings, **{path[0]: value})
    inner = getattr(settings, path[0])
    inner = _DEFAULTS[path[0]]() if inner is None and path[0] in _DEFAULTS else inner
    if isinstance(inner, tuple) and inner and all(map(is_dataclass, inner)):
        changed = tuple(_with(one, path[1:], value, f"{where}.{path[0]}") for one in inner)
        return replace(settings, **{path[0]: changed})
    if not is_dataclass(inner):
        raise InvalidInput(f"over: {where}.{path[0]} has no settings of its own; found {'.'.join(path)!r}")
    return replace(settings, **{path[0]: _with(inner, path[1:], value, f"{where}.{path[0]}")})
