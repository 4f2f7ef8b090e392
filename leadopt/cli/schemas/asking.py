"""A JSON schema of settings, found by asking.

Names, types and defaults are those of the dataclasses, sentences those of their docstrings, and ranges and words are
found by asking what takes the settings. A new setting is in the schema once it is a field.
"""

import inspect
import json
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache, partial
from typing import Any, Union, get_args, get_origin, get_type_hints

from leadopt.errors import LeadoptError

Schema = dict[str, Any]
Around = Callable[[Any], Any]
"""Makes whole settings of a value for one of them, and raises a `LeadoptError` where they are refused."""
Refusal = Callable[[Any], str | None]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SAMPLES: tuple[Any, ...] = (1, "x", True, ["x"], {"a": "x"})
_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}
_WORDS = re.compile(r'"([^"]+)"')
_BELOW, _INSIDE, _ABOVE = (-1e9, -1, -0.25), (0, 1e-9, 0.25, 1), (1.5, 2, 1000, 1e9)
_ANY_TEXT = "any text"
_IN_A_FILE = {
    "None =": "left out =",
    "or None": "or left out",
    "() =": "[] =",
    "True =": "true =",
    "False =": "false =",
    "one Fairness, several": "one table, several",
}


def _as_json(setting: Any) -> Any:
    """Return a default as JSON, None where there is none worth telling."""
    default = default_of(setting)
    if default is MISSING or default is None or default in ((), {}) or is_dataclass(default):
        return None
    return json.loads(json.dumps(default))


@dataclass(frozen=True, kw_only=True)
class Asker:
    """How settings of one kind are asked for.

    Parameters
    ----------
    own
        from name, type and who takes it: the schema of a setting that asking does not find; None = ask
    named
        what a file calls a field
    usual
        the default of a field as JSON; None = none that is worth telling
    needed
        a value that is taken for each setting that its table needs, by name; others are asked for with "x"
    samples
        values of which one is taken by each setting of a table that needs any one of them
    tables
        the schemas of the tables below, by the names of their classes; grows
    """

    own: Callable[[str, Any, Around, "Asker"], Schema | None]
    named: Callable[[Any], str] = lambda setting: str(setting.name)
    usual: Callable[[Any], Any] = _as_json
    needed: Mapping[str, Any] = field(default_factory=dict)
    samples: tuple[Any, ...] = SAMPLES
    tables: dict[str, Schema] = field(default_factory=dict)


def table(kind: Any, around: Around, ask: Asker) -> Schema:
    """Return the schema of a dataclass; `around` makes whole settings of those of the table."""
    hints, told = get_type_hints(kind), parameters(kind)
    needed = [ask.named(setting) for setting in fields(kind) if default_of(setting) is MISSING]
    least = {name: ask.needed.get(name, "x") for name in needed} | ask.needed.get(kind.__name__, {})
    one_of = dict(_one_of(kind, lambda more: around({**least, **more}), ask))
    first = dict(list(one_of.items())[:1])

    def asked_for(name: str) -> Around:
        sample = least if name in one_of else {**least, **first}  # two bounds would bound each other
        return lambda value: around({**sample, name: value})

    settings = {}
    for setting in fields(kind):
        name = ask.named(setting)
        found = shape(name, hints[setting.name], asked_for(name), ask)
        usual = ask.usual(setting)
        described = {"description": told.get(setting.name, ""), **found}
        settings[name] = described if usual is None else {**described, "default": usual}
    required = {"required": needed} if needed else {}
    either = {"anyOf": [{"required": [name]} for name in one_of]} if one_of else {}
    return {"type": "object", "properties": settings, "additionalProperties": False, **required, **either}


def _one_of(kind: Any, around: Around, ask: Asker) -> Iterator[tuple[str, Any]]:
    """Yield the settings of which a table must have one, each with a value that does; none if it may be empty."""
    if refused(around, {}) is None:
        return
    for setting in fields(kind):
        name = ask.named(setting)
        does = (value for value in ask.samples if refused(around, {name: value}) is None)
        yield from ((name, value) for value in list(does)[:1])


def default_of(setting: Any) -> Any:
    """Return the default of a field, MISSING if there is none."""
    return setting.default if setting.default_factory is MISSING else setting.default_factory()


def shape(name: str, hint: Any, around: Around, ask: Asker) -> Schema:
    """Return what a setting may be: lists and tables by its annotation, plain values by asking for them.

    Where none is taken alone, as it takes others beside it, plain values are those of the annotation.
    """
    own = ask.own(name, hint, around, ask)
    if own is not None:
        return own
    annotated = [_annotated(name, kind, around, ask) for kind in _alternatives(hint)]
    nested = [kind for kind in annotated if kind.get("type") not in _PLAIN.values()]
    plain = _asked(around) or [kind for kind in annotated if kind not in nested]
    return _merged([kind for kind in [*nested, *plain] if kind])


def _merged(kinds: Sequence[Schema]) -> Schema:
    distinct = [kind for k, kind in enumerate(kinds) if kind not in kinds[:k]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def part(name: str, hint: Any, around: Around, ask: Asker) -> Any:
    """Return what an item of a list or table may be; true = anything."""
    known = all(
        get_origin(kind) or kind in _PLAIN or is_dataclass(kind) or ask.own(name, kind, around, ask)
        for kind in _alternatives(hint)
    )
    if known:
        return shape(name, hint, around, ask)
    asked = _asked(around)
    return _merged(asked) if asked else True


def _alternatives(hint: Any) -> list[Any]:
    """Return the types that a setting may have; a setting that may be None may be left out."""
    if get_origin(hint) in (Union, types.UnionType):
        return [kind for one in get_args(hint) for kind in _alternatives(one)]
    return [] if hint is type(None) else [hint]


def _annotated(name: str, kind: Any, around: Around, ask: Asker) -> Schema:
    """Return the schema of one type, as far as its annotation tells it."""
    origin, parts = get_origin(kind), get_args(kind)
    own = ask.own(name, kind, around, ask)
    if own is not None:
        return own
    if is_dataclass(kind):
        called = kind.__name__  # type: ignore[union-attr]
        if called not in ask.tables:
            ask.tables[called] = {"description": first_sentence(kind), **table(kind, around, ask)}
        return {"$ref": f"#/$defs/{called}"}
    if origin in (tuple, list, Sequence):
        items = part(name, parts[0], lambda value: around([value]), ask)
        least = {"minItems": 1} if refused(around, []) and not all(refused(around, [one]) for one in SAMPLES) else {}
        return {"type": "array", "items": items, **least}
    if origin in (dict, Mapping):
        least = {"minProperties": 1} if refused(around, {}) and not refused(around, {"a": 1}) else {}
        items = part(name, parts[1], lambda value: around({"a": value}), ask)
        return {"type": "object", "additionalProperties": items, **least}
    return {"type": _PLAIN[kind]} if kind in _PLAIN else {}


def _asked(around: Around) -> list[Schema]:
    """Return the kinds of plain values that a setting takes, found by asking for each."""
    refusal = partial(refused, around)
    truth = [{"type": "boolean"}] if refusal(True) is None else []
    return [*_numbers(refusal), *_texts(refusal), *truth]


def refused(around: Around, value: Any) -> str | None:
    """Return what is said of a value that is refused, None if it is taken."""
    try:
        around(value)
    except LeadoptError as error:
        return str(error)
    return None


def _numbers(refusal: Refusal) -> Iterator[Schema]:
    """Yield the range of numbers that a setting takes, if it takes any."""
    inside = [value for value in (*_INSIDE, *_ABOVE) if refusal(value) is None]
    if not inside:
        return
    whole = refusal(0.25) is not None and refusal(1.5) is not None
    found: Schema = {"type": "integer" if whole else "number"}
    if all(refusal(value) is not None for value in _BELOW):
        if refusal(0) is None:
            found["minimum"] = 0
        elif whole or refusal(0.25) is None:
            found["exclusiveMinimum"] = 0
        else:
            found["minimum"] = 1
    if refusal(1e9) is not None and refusal(1) is None:
        found["maximum"] = 1
    yield found


def _texts(refusal: Refusal) -> Iterator[Schema]:
    """Yield the text that a setting takes: any, or the words that its refusal names."""
    said = refusal(_ANY_TEXT)
    if said is None:
        yield {"type": "string", "pattern": r"\S"} if refusal("") and refusal(" ") else {"type": "string"}
        return
    words = dict.fromkeys([*_WORDS.findall(said), "-inf"])
    if known := [word for word in words if refusal(word) is None]:
        yield {"enum": known}


@cache
def parameters(kind: type) -> Mapping[str, str]:
    """Return what the docstring of a class says of each parameter, as one line of plain text.

    >>> from leadopt.fairness import Fairness
    >>> parameters(Fairness)["low"]
    'the band, as multiples of the entitlement, 0 <= low <= 1 <= high'
    """
    text = inspect.getdoc(kind) or ""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", text, re.MULTILINE | re.DOTALL)
    told: dict[str, str] = {}
    for names, body in re.findall(
        r"^(\w[^\n]*)\n((?:[ \t]+[^\n]*\n?|\n)*)", section.group(1) if section else "", re.MULTILINE
    ):
        for name in names.split(","):
            told[name.strip()] = _plain(body)
    return told


def first_sentence(kind: Any) -> str:
    """Return the first passage of a docstring in one line."""
    return _plain((inspect.getdoc(kind) or "").split("\n\n")[0])


def _plain(text: str) -> str:
    """Return a passage of a docstring in one line, in the words of a file: what is None there is left out."""
    line = " ".join(text.replace("`", "").split())
    for python, plain in _IN_A_FILE.items():
        line = line.replace(python, plain)
    return line
