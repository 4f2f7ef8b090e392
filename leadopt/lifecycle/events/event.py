"""An event: something that has happened, to and from plain JSON data."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from types import ModuleType
from typing import Any, ClassVar

from leadopt.errors import InvalidInput

KINDS: dict[str, type["Event"]] = {}
_FIELDS: "dict[str, tuple[Field[Any], ...]]" = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened. `kind` names it in the log, `version` its shape."""

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1

    @property
    def subject(self) -> str:
        """Return the random id of what it happened to: a lead, else a rep, else the desk."""
        for name in ("lead", "rep"):
            if (found := getattr(self, name, None)) is not None:
                return str(found)
        return "desk"

    def body(self) -> dict[str, Any]:
        """Return it as plain data that JSON holds; what is at its default is left out."""
        values = ((one, getattr(self, one.name)) for one in _FIELDS[self.kind])
        return {one.name: _plain(value) for one, value in values if not _is_default(one, value)}


def _is_default(one: "Field[Any]", value: Any) -> bool:
    if one.default is not MISSING:
        return bool(type(value) is type(one.default) and value == one.default)
    return one.default_factory is not MISSING and not value


def register(subject: ModuleType) -> None:
    """Let the log know each kind of event that a file of this room defines: its name in words is its kind."""
    for name, cls in vars(subject).items():
        if isinstance(cls, type) and issubclass(cls, Event) and cls is not Event and not name.startswith("_"):
            cls.kind = _snake(name)
            KINDS[cls.kind], _FIELDS[cls.kind] = cls, fields(cls)


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


def event_of(kind: str, body: Mapping[str, Any]) -> Event:
    """Return the event that the log holds as its kind and body."""
    if kind not in KINDS:
        raise InvalidInput(f"log: must hold events that this version knows; found {kind!r}; install a newer leadopt")
    return KINDS[kind](**{name: frozen(value) for name, value in body.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return value


def frozen(value: Any) -> Any:
    """Return plain data as events hold it: tuples for lists, so that it is the same before the log and after."""
    if isinstance(value, list):
        return tuple(frozen(one) for one in value)
    return {key: frozen(one) for key, one in value.items()} if isinstance(value, dict) else value
