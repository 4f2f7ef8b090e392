"""The settings of a policy file as a JSON schema, which editors read, and as a page, which people do.

Nothing is told twice. Names, types and defaults are those of the dataclasses, sentences those of their docstrings, and
ranges and words are found by asking `Policy` itself what it takes. A new setting is in the schema once it is a field.
"""

import inspect
import json
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, partial
from typing import Any, Union, get_args, get_origin, get_type_hints

from leadopt.eligibility import Rule
from leadopt.errors import LeadoptError
from leadopt.policy import RULES, Policy
from leadopt.tables.headers import READ_OF

SCHEMA_NAME = "policy.schema.json"
FIRST_LINE = f"#:schema ./{SCHEMA_NAME}"
"""By which taplo and Even Better TOML, among others, find the schema beside a policy file."""

Schema = dict[str, Any]
Around = Callable[[Any], Any]
Refusal = Callable[[Any], str | None]

_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}

_WORDS = re.compile(r'"([^"]+)"')
_BELOW, _INSIDE, _ABOVE = (-1e9, -1, -0.25), (0, 1e-9, 0.25, 1), (1.5, 2, 1000, 1e9)
_IN_A_FILE = {
    "None =": "left out =",
    "or None": "or left out",
    "() =": "[] =",
    "one Fairness, several": "one table, several",
}
_ANY_TEXT = "any text"
# What a mapping from columns holds, which its annotation leaves open.
_OPEN: dict[str, Schema] = {
    "bins": {"anyOf": [{"type": "integer", "minimum": 2}, {"type": "array", "items": {"type": "number"}}]},
    "score": {
        "anyOf": [
            {"type": "number", "minimum": 0},
            {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
        ]
    },
}


def schema_text() -> str:
    """Return the schema as JSON."""
    return f"{json.dumps(schema(), indent=2, ensure_ascii=False)}\n"


@cache
def schema() -> Schema:
    """Return the JSON schema (draft 2020-12) of a policy file."""
    tables: dict[str, Schema] = {}
    policy = _table(Policy, lambda settings: settings, tables)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "leadopt policy",
        "description": "How leads are handed out to sales reps. Every setting may be left out.",
        **policy,
        "$defs": tables,
    }


def _table(kind: Any, around: Around, tables: dict[str, Schema]) -> Schema:
    """Return the schema of a dataclass; `around` makes a whole policy of its settings, `tables` holds those below."""
    hints, told = get_type_hints(kind), parameters(kind)
    needed = [field.name for field in fields(kind) if _default(field) is MISSING]
    sample = dict.fromkeys(needed, "x")

    def asked_for(name: str) -> Around:
        return lambda value: around({**sample, name: value})

    settings = {}
    for field in fields(kind):
        shape = _shape(field.name, hints[field.name], asked_for(field.name), tables)
        usual = _as_json(_default(field))
        described = {"description": told.get(field.name, ""), **shape}
        settings[field.name] = described if usual is None else {**described, "default": usual}
    required = {"required": needed} if needed else {}
    return {"type": "object", "properties": settings, "additionalProperties": False, **required}


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _shape(name: str, hint: Any, around: Around, tables: dict[str, Schema]) -> Schema:
    """Return what a setting may be: lists and tables by its annotation, plain values by asking for them.

    Where none is taken alone, as it takes others beside it, plain values are those of the annotation.
    """
    annotated = [_annotated(name, kind, around, tables) for kind in _alternatives(hint)]
    nested = [kind for kind in annotated if kind.get("type") not in _PLAIN.values()]
    plain = _asked(around) or [kind for kind in annotated if kind not in nested]
    kinds = [kind for kind in [*nested, *plain] if kind]
    distinct = [kind for k, kind in enumerate(kinds) if kind not in kinds[:k]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _part(name: str, hint: Any, around: Around, tables: dict[str, Schema]) -> Any:
    """Return what an item of a list or table may be; true = anything."""
    known = all(
        get_origin(kind) or kind in _PLAIN or kind is Rule or is_dataclass(kind) for kind in _alternatives(hint)
    )
    return _shape(name, hint, around, tables) if known else True


def _alternatives(hint: Any) -> list[Any]:
    """Return the types that a setting may have; a setting that may be None may be left out."""
    if get_origin(hint) in (Union, types.UnionType):
        return [kind for part in get_args(hint) for kind in _alternatives(part)]
    return [] if hint is type(None) else [hint]


def _annotated(name: str, kind: Any, around: Around, tables: dict[str, Schema]) -> Schema:
    """Return the schema of one type, as far as its annotation tells it."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Rule:
        return {"oneOf": [_rule(word, rule, tables) for word, rule in RULES.items()]}
    if is_dataclass(kind):
        called = kind.__name__  # type: ignore[union-attr]
        if called not in tables:
            tables[called] = {"description": _first_sentence(kind), **_table(kind, around, tables)}
        return {"$ref": f"#/$defs/{called}"}
    if origin in (tuple, list, Sequence):
        return {"type": "array", "items": _part(name, parts[0], lambda value: around([value]), tables)}
    own = next((columns for kind, columns in READ_OF.items() if kind == name), None)
    if origin in (dict, Mapping) and own is not None:  # names in one table alone, of the columns that are read of it
        names = {column: {"type": "string"} for column in own}
        return {"type": "object", "properties": names, "additionalProperties": False}
    if origin in (dict, Mapping):
        least = {"minProperties": 1} if _refusal(around, {}) and not _refusal(around, {"a": 1}) else {}
        items = _OPEN.get(name) or _part(name, parts[1], lambda value: around({"a": value}), tables)
        return {"type": "object", "additionalProperties": items, **least}
    return {"type": _PLAIN[kind]} if kind in _PLAIN else {}


def _rule(word: str, kind: Any, tables: dict[str, Schema]) -> Schema:
    table = _table(kind, lambda settings: {"eligibility": [{"rule": word, **settings}]}, tables)
    table["properties"] = {"rule": {"description": _first_sentence(kind), "const": word}, **table["properties"]}
    return {**table, "required": ["rule", *table.get("required", [])]}


def _asked(around: Around) -> list[Schema]:
    """Return the kinds of plain values that a setting takes, found by asking for each."""
    refusal = partial(_refusal, around)
    truth = [{"type": "boolean"}] if refusal(True) is None else []
    return [*_numbers(refusal), *_texts(refusal), *truth]


def _refusal(around: Around, value: Any) -> str | None:
    """Return what a policy says of a value that it refuses, None if it takes it."""
    try:
        Policy.from_dict(around(value))
    except LeadoptError as error:
        return str(error)
    return None


def _numbers(refusal: Refusal) -> Iterator[Schema]:
    """Yield the range of numbers that a setting takes, if it takes any."""
    inside = [value for value in (*_INSIDE, *_ABOVE) if refusal(value) is None]
    if not inside:
        return
    whole = refusal(0.25) is not None and refusal(1.5) is not None
    shape: Schema = {"type": "integer" if whole else "number"}
    if all(refusal(value) is not None for value in _BELOW):
        if refusal(0) is None:
            shape["minimum"] = 0
        elif whole or refusal(0.25) is None:
            shape["exclusiveMinimum"] = 0
        else:
            shape["minimum"] = 1
    if refusal(1e9) is not None and refusal(1) is None:
        shape["maximum"] = 1
    yield shape


def _texts(refusal: Refusal) -> Iterator[Schema]:
    """Yield the text that a setting takes: any, or the words that its refusal names."""
    said = refusal(_ANY_TEXT)
    if said is None:
        yield {"type": "string", "pattern": r"\S"} if refusal("") and refusal(" ") else {"type": "string"}
        return
    words = dict.fromkeys([*_WORDS.findall(said), "-inf"])
    if known := [word for word in words if refusal(word) is None]:
        yield {"enum": known}


def _as_json(default: Any) -> Any:
    """Return a default as JSON, None where there is none worth telling."""
    if default is MISSING or default is None or default in ((), {}) or is_dataclass(default):
        return None
    return json.loads(json.dumps(default))


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


def _first_sentence(kind: Any) -> str:
    return _plain((inspect.getdoc(kind) or "").split("\n\n")[0])


def _plain(text: str) -> str:
    """Return a passage of a docstring in one line, in the words of a file: what is None there is left out."""
    line = " ".join(text.replace("`", "").split())
    for python, plain in _IN_A_FILE.items():
        line = line.replace(python, plain)
    return line
