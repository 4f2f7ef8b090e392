"""Tables of settings as frozen data: what each field may be, plain data in, and the same plain data out."""

from collections.abc import Mapping
from dataclasses import MISSING, field, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.lifecycle.calendar.durations import Duration, text_of
from leadopt.lifecycle.calendar.hours import Hours
from leadopt.lifecycle.rules.conditions import Where
from leadopt.tables.cells import is_number

OFF = "off"
MOST_COUNT = 10**9


class Elsewhere(Enum):
    """The value of a setting that an exception does not name: it is as it is for all others."""

    AS_ELSEWHERE = "as elsewhere"


AS_ELSEWHERE = Elsewhere.AS_ELSEWHERE


def period(default: str | int) -> Any:
    """Return a field that is a duration, None for "off"."""
    return field(default=Duration.parse(default), metadata={OFF: True})


def elsewhere() -> Any:
    """Return a field of an exception that is a duration, None for "off"."""
    return field(default=AS_ELSEWHERE, metadata={OFF: True})


def count(default: int | str | None) -> Any:
    """Return a field that is a number of things, None for no limit."""
    return field(default=default, metadata={OFF: True})


def called(name: str, default: Any) -> Any:
    """Return a field that a file calls by another name, as its own is a word of Python."""
    return field(default=default, metadata={"called": name})


def name_of(setting: Any) -> str:
    """Return what a file calls a field."""
    return str(setting.metadata.get("called", setting.name))


def set_periods(settings: Any, where: str, names: tuple[str, ...]) -> None:
    """Turn what is written into durations, in place, as part of making the settings."""
    for name in names:
        given = getattr(settings, name)
        if given is not None and given is not AS_ELSEWHERE:
            object.__setattr__(settings, name, Duration.parse(given, f"{where}.{name}"))


def set_words(settings: Any, where: str, name: str, least: int = 0) -> None:
    """Turn a list of words into a tuple, each once, in place."""
    given = getattr(settings, name)
    several = tuple(given) if isinstance(given, list | tuple) else (None,)
    if not all(isinstance(word, str) and word.strip() for word in several) or len(set(several)) < len(several):
        raise InvalidInput(f"{where}.{name}: must be a list of distinct words; found {given!r}")
    if len(several) < least:
        raise InvalidInput(f"{where}.{name}: must name {least} or more; found none")
    object.__setattr__(settings, name, several)


def set_count(settings: Any, where: str, name: str, off: str = ', or "off" for no limit') -> None:
    """Make a whole number of what is one, in place; None is no limit."""
    given = getattr(settings, name)
    if given is None:
        return
    if not (is_number(given) and 0 <= given <= MOST_COUNT and given == int(given)):
        raise InvalidInput(f"{where}.{name}: must be a whole number, 0 or more{off}; found {given!r}")
    object.__setattr__(settings, name, int(given))


def check_word(given: Any, where: str, known: tuple[str, ...]) -> None:
    """Refuse what is none of the words that are known."""
    if not isinstance(given, str) or given not in known:
        words = " or ".join(f'"{word}"' for word in known)
        raise InvalidInput(f"{where}: must be {words}; found {given!r}")


def check_text(given: Any, where: str, what: str) -> None:
    """Refuse what is no text."""
    if not (isinstance(given, str) and given.strip()):
        raise InvalidInput(f"{where}: must be {what}; found {given!r}")


def check_flag(given: Any, where: str) -> None:
    """Refuse what is not true or false."""
    if not isinstance(given, bool):
        raise InvalidInput(f"{where}: must be true or false; found {given!r}")


def read(kind: Any, data: Any, where: str) -> Any:
    """Return the settings of a table of plain data.

    Parameters
    ----------
    kind
        the dataclass of the table
    data
        settings by name, as TOML and JSON have them
    where
        what a refusal calls the table

    Raises
    ------
    InvalidInput
        no table, an unknown setting (names the nearest), one that is needed and missing, or a value that is none
    """
    if isinstance(data, kind):
        return data
    if not isinstance(data, Mapping):
        raise InvalidInput(f"{where}: must be a table of settings; found {data!r}")
    known = {name_of(setting): setting for setting in fields(kind)}
    for key in data:
        if key not in known:
            raise InvalidInput(f'{where}: unknown setting "{key}"{did_you_mean(str(key), known)}')
    for name, setting in known.items():
        if name not in data and setting.default is MISSING and setting.default_factory is MISSING:
            raise InvalidInput(f"{where}.{name}: is needed, and missing")
    tables = tables_of(kind)
    return kind(**{known[key].name: _value(known[key], data[key], f"{where}.{key}", tables) for key in data})


def _value(setting: Any, given: Any, where: str, tables: Mapping[str, tuple[Any, bool]]) -> Any:
    if given is None:
        raise InvalidInput(f'{where}: null is no setting: write "off", or leave it out')
    if isinstance(given, str) and given.strip() == OFF and setting.metadata.get(OFF):
        return None
    if setting.name not in tables:
        return given
    kind, several = tables[setting.name]
    if not several:
        return read(kind, given, where)
    if not isinstance(given, list | tuple):
        raise InvalidInput(
            f"{where}: must be a list of tables ([[{where.partition('.')[2]}]] in TOML); found {given!r}"
        )
    return tuple(read(kind, one, where) for one in given)


@cache
def tables_of(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Return which fields are tables of settings themselves, of which kind, and whether they are several."""
    found = {}
    for name, hint in get_type_hints(kind).items():
        for alternative in get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,):
            several = get_origin(alternative) is tuple
            inner = get_args(alternative)[0] if several else alternative
            if is_dataclass(inner) and inner not in (Duration, Hours, Where):
                found[name] = (inner, several)
    return found


def plain(value: Any) -> Any:
    """Return settings as plain data that `read` takes back: all of them but those that say nothing.

    >>> plain(Duration.parse("3 days")), plain((Duration.parse(0),))
    ('3 days', ['0'])
    """
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Where):
        return value.plain()
    if isinstance(value, Hours):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return _plain_table(value) if is_dataclass(value) else value


def _plain_table(settings: Any) -> dict[str, Any]:
    told = {}
    for setting in fields(settings):
        value = getattr(settings, setting.name)
        if value is AS_ELSEWHERE or (value is None and not setting.metadata.get(OFF)):
            continue
        told[name_of(setting)] = OFF if value is None else plain(value)
    return told


def in_words(value: Any) -> str:
    """Return one setting as a sentence says it."""
    return text_of(value) if value is None or isinstance(value, Duration) else str(value)
