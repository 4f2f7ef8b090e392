"""The settings of a policy file as a JSON schema, which editors read; `leadopt.cli.policy_page` has it for people."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, get_origin

from leadopt.cli.schemas.asking import DRAFT, Around, Asker, Schema, first_sentence, refused, table
from leadopt.eligibility import Rule
from leadopt.policy import RULES, Policy
from leadopt.tables.headers import READ_OF

SCHEMA_NAME = "policy.schema.json"
FIRST_LINE = f"#:schema ./{SCHEMA_NAME}"
"""By which taplo and Even Better TOML, among others, find the schema beside a policy file."""

# What a mapping from columns holds, which its annotation leaves open.
_OPEN: dict[str, Schema] = {
    "bins": {
        "anyOf": [
            {"type": "integer", "minimum": 0, "not": {"const": 1}},
            {"type": "array", "items": {"type": "number"}},
        ]
    },
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
    ask = Asker(own=_own)
    policy = table(Policy, Policy.from_dict, ask)
    return {
        "$schema": DRAFT,
        "title": "leadopt policy",
        "description": "How leads are handed out to sales reps. Every setting may be left out.",
        **policy,
        "$defs": ask.tables,
    }


def _own(name: str, kind: Any, around: Around, ask: Asker) -> Schema | None:
    """Return the schema of what is more than its annotation tells: rules, and mappings from columns."""
    if kind is Rule:
        return {"oneOf": [_rule(word, rule, ask) for word, rule in RULES.items()]}
    if get_origin(kind) not in (dict, Mapping):
        return None
    columns = next((columns for called, columns in READ_OF.items() if called == name), None)
    if columns is not None and refused(around, {"a": "x"}):  # columns of one table alone
        names = {column: {"type": "string"} for column in columns}
        return {"type": "object", "properties": names, "additionalProperties": False}
    if name not in _OPEN:
        return None
    least = {"minProperties": 1} if refused(around, {}) and not refused(around, {"a": 1}) else {}
    return {"type": "object", "additionalProperties": _OPEN[name], **least}


def _rule(word: str, kind: Any, ask: Asker) -> Schema:
    found = table(kind, lambda settings: Policy.from_dict({"eligibility": [{"rule": word, **settings}]}), ask)
    found["properties"] = {"rule": {"description": first_sentence(kind), "const": word}, **found["properties"]}
    return {**found, "required": ["rule", *found.get("required", [])]}
