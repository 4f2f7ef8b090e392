"""What a JSON schema says of settings, for people: tables in Markdown."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from leadopt.cli.schemas.asking import Schema

_BAR = "\\|"
_SHARED = {"hours": "working hours", "when": "a condition", "until": "a condition"}


def tables_in(setting: Schema) -> Iterator[str]:
    """Yield the names of the tables that a setting is, or is a list of."""
    for kind in (setting, setting.get("items", {}), *setting.get("anyOf", [])):
        if "$ref" in kind:
            yield kind["$ref"].rpartition("/")[2]
        elif isinstance(kind.get("items"), dict) and "$ref" in kind["items"]:
            yield kind["items"]["$ref"].rpartition("/")[2]


def settings_table(settings: Mapping[str, Schema], required: Any = ()) -> str:
    """Return a table of settings in Markdown: what each takes, its default, and what it says."""
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
        called = shape["$ref"].rpartition("/")[2]  # a class has settings of its own
        return "a table" if called[0].isupper() else _SHARED.get(called, f"a {called}")
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
        "a day": "days",
        "a list of any values": "lists",
        "a number": "numbers",
        "a whole number": "whole numbers",
    }
    return ones.get(
        words, f"({words})" if " or " in words else words.removeprefix("a ").replace("number", "numbers", 1)
    )


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
