"""The reference page of a policy file, `docs/policy.md`: the schema for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from leadopt.cli.policy_schema import Schema, schema

_HEAD = """\
# Settings of a policy file

<!-- Written by `leadopt policy schema --page`; a test holds it to the code. Do not edit it by hand. -->

A policy is a text file in [TOML](https://toml.io). Every setting may be left out. `leadopt policy init` writes one for
your own files, `leadopt policy check` says whether one is right, and `leadopt policy schema` prints these settings as a
JSON schema, by which editors complete and check them: [how](howto/policy.md). In Python, `leadopt.Policy` takes the
same settings by the same names.
"""
_BAR = "\\|"
_RULES = "One table `[[eligibility]]` for each rule; `rule` says which one it is."


def policy_page() -> str:
    """Return the page in Markdown: a table of settings, and one for each table in it."""
    whole = schema()
    parts = [_HEAD, _settings(whole["properties"])]
    for name, setting in whole["properties"].items():
        parts += _section(name, setting, whole["$defs"])
    return "\n".join(parts).rstrip() + "\n"


def _section(name: str, setting: Schema, tables: Mapping[str, Schema]) -> Iterator[str]:
    """Yield what is to be said of a setting that is a table, or a list of them."""
    rules = setting.get("items", {}).get("oneOf", [])
    if rules:
        yield f"\n## `[[{name}]]`\n\n{_RULES}"
        for rule in rules:
            settings = dict(rule["properties"])
            told = settings.pop("rule")
            yield f'\n### `rule = "{told["const"]}"`\n\n{told["description"]}\n'
            yield _settings(settings, rule["required"])
        return
    called = list(dict.fromkeys(_tables_in(setting)))
    for table in called:
        several = any("items" in kind for kind in (setting, *setting.get("anyOf", [])))
        header = f"`[{name}]`" + (f", or several `[[{name}]]`" if several else "")
        yield f"\n## {header}\n\n{tables[table]['description']}\n"
        yield _settings(tables[table]["properties"], tables[table].get("required", []))


def _tables_in(setting: Schema) -> Iterator[str]:
    for kind in (setting, setting.get("items", {}), *setting.get("anyOf", [])):
        if "$ref" in kind:
            yield kind["$ref"].rpartition("/")[2]
        elif isinstance(kind.get("items"), dict) and "$ref" in kind["items"]:
            yield kind["items"]["$ref"].rpartition("/")[2]


def _settings(settings: Mapping[str, Schema], required: Any = ()) -> str:
    rows = [
        [
            f"`{name}`",
            takes(setting),
            "needed" if name in required else f"`{_toml(setting['default'])}`" if "default" in setting else "",
            setting["description"],
        ]
        for name, setting in settings.items()
    ]
    lines = [["setting", "takes", "default", "what it says"], ["---"] * 4, *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', _BAR) for cell in line)} |" for line in lines)


def takes(shape: Schema) -> str:
    """Return in words what a setting takes.

    >>> takes({"type": "number", "exclusiveMinimum": 0}), takes({"enum": ["leads", "hot"]})
    ('a number above 0', '`"leads"` or `"hot"`')
    """
    if "anyOf" in shape:
        return ", or ".join(dict.fromkeys(map(takes, shape["anyOf"])))
    if "enum" in shape:
        *most, last = [f"`{_toml(word)}`" for word in shape["enum"]]
        return f"{', '.join(most)} or {last}" if most else last
    if "$ref" in shape:
        return "a table"
    kind = shape.get("type", "any value" if not shape.get("oneOf") else "a table")
    if kind == "array":
        items = shape["items"]
        return f"a list of {'any values' if items is True else _plural(takes(items))}"
    if kind == "object" and "properties" in shape:
        return f"a table of texts by these names: {', '.join(shape['properties'])}"
    if kind == "object":
        return f"a table of {_plural(takes(shape['additionalProperties']))} by name"
    return {"string": "text", "boolean": "true or false"}.get(kind) or _number(kind, shape)


def _number(kind: str, shape: Schema) -> str:
    if kind not in ("integer", "number"):
        return str(kind)
    noun = "a whole number" if kind == "integer" else "a number"
    low, above, high = shape.get("minimum"), shape.get("exclusiveMinimum"), shape.get("maximum")
    if above is not None:
        return f"{noun} above {above}" + (f", {high} at most" if high is not None else "")
    if low is not None and high is not None:
        return f"{noun} from {low} to {high}"
    return noun if low is None else f"{noun}, {low} or more"


def _plural(words: str) -> str:
    ones = {
        "text": "texts",
        "a table": "tables",
        "a list of any values": "lists",
        "a number": "numbers",
        "a whole number": "whole numbers",
    }
    return ones.get(
        words, f"({words})" if " or " in words else words.removeprefix("a ").replace("number", "numbers", 1)
    )


def _toml(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
