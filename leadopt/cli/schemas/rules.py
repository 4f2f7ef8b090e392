"""The rules of a desk as a JSON schema and as a page, `docs/rules.md`."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, get_args

from leadopt.cli.schemas.asking import DRAFT, Around, Asker, Schema, default_of, refused, table
from leadopt.cli.schemas.page import settings_table, tables_in
from leadopt.lifecycle.calendar import Duration, Hours
from leadopt.lifecycle.calendar.durations import PATTERN as DURATION
from leadopt.lifecycle.calendar.hours import DAY_PATTERN, SPAN_PATTERN
from leadopt.lifecycle.calendar.hours import PATTERN as WEEK
from leadopt.lifecycle.calendar.working_time import DATE_PATTERN
from leadopt.lifecycle.rules import Rules, Where
from leadopt.lifecycle.rules.conditions import NUMBER, VALUE_PATTERN
from leadopt.lifecycle.rules.conduct import FIGURES, LEAST, MOST, OVERDUE
from leadopt.lifecycle.rules.reading import OFF, name_of, plain

SCHEMA_NAME = "rules.schema.json"
FIRST_LINE = f"#:schema ./{SCHEMA_NAME}"
"""By which editors find the schema beside a file of rules."""

_TAKEN: dict[str, Any] = {  # what is taken for a setting that its table needs
    "time": {"zone": "Europe/Berlin"},
    "zone": "Europe/Berlin",
    "where": {"column": "x"},
    "when": {"n": 1},
    "then": {"entitlement": 1},
    "PoolRules": {"default": True},
}
_AT_LEAST_ONE = ("evidence", "teams", "tags")
_SAMPLES = (0, "30 days", "pool", 1, True, ["x"])
_WORDS: Schema = {"type": "array", "items": {"type": "string", "pattern": r"\S"}, "uniqueItems": True}
_DEFAULT_POOL: Schema = {"properties": {"default": {"const": True}}, "required": ["default"]}
_NO_NUMERAL = rf"^(?!\s*{NUMBER}\s*$)[\s\S]*\S"
_ANY_NUMBER: Schema = {"type": "number", "minimum": -1e30, "maximum": 1e30}
_COMPARISON = rf"^\s*(?:<=|>=|<|>)?\s*{NUMBER}\s*$"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _several(one: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _columns(pattern: str, values: Schema) -> Schema:
    """Return the schema of a table whose keys look like something."""
    return {"type": "object", "minProperties": 1, "additionalProperties": False, "patternProperties": {pattern: values}}


def _figures(names: tuple[str, ...]) -> Schema:
    """Return the schema of a condition over some figures."""
    values = dict.fromkeys(names, _several(_ref("figure")))
    return _several({"type": "object", "minProperties": 1, "additionalProperties": False, "properties": values})


_SHARED: dict[str, Schema] = {  # what several settings are, by the name by which they refer to it
    "duration": {
        "description": 'so many minutes, hours, days, working hours or working days; 0 = at once, "off" = never',
        "anyOf": [{"const": 0}, {"type": "string", "pattern": DURATION}],
    },
    "condition": {
        "description": "columns with a value, a list of values, a comparison with a number, or missing; all of a table "
        "hold, and several tables are alternatives",
        **_several(_columns(r"\S", _several(_ref("value")))),
    },
    "value": {"anyOf": [_ANY_NUMBER, {"type": "boolean"}, {"type": "string", "pattern": VALUE_PATTERN}]},
    "when": {"description": "figures of a rep with comparisons, all of which hold", **_figures(FIGURES)},
    "until": {"description": "the same, and what is overdue now", **_figures((*FIGURES, OVERDUE))},
    "figure": {"anyOf": [_ANY_NUMBER, {"type": "string", "pattern": _COMPARISON}]},
    "hours": {
        "description": "the working hours of a week",
        "anyOf": [
            {"type": "string", "pattern": WEEK},
            _columns(DAY_PATTERN, {"anyOf": [_ref("span"), {"type": "array", "items": _ref("span")}]}),
        ],
    },
    "span": {"description": "from when to when, as 9-12 or 13:30-18", "type": "string", "pattern": SPAN_PATTERN},
    "day": {"description": "a day, as 2026-12-25", "type": "string", "pattern": DATE_PATTERN},
}
_TYPES = {Duration: "duration", Where: "condition", Hours: "hours", date: "day"}


def schema_text() -> str:
    """Return the schema as JSON."""
    return f"{json.dumps(schema(), indent=2, ensure_ascii=False)}\n"


@cache
def schema() -> Schema:
    """Return the JSON schema (draft 2020-12) of a file of rules; days are text in it, as JSON has none."""
    ask = Asker(own=_own, named=name_of, usual=_usual, needed=_TAKEN, samples=_SAMPLES)
    rules = table(Rules, Rules.from_dict, ask)
    rules["properties"]["pool"] |= {"contains": _DEFAULT_POOL, "minContains": 1, "maxContains": 1}
    return {
        "$schema": DRAFT,
        "title": "leadopt rules",
        "description": "By what rules leads are followed up, recalled, claimed and reviewed. Only time.zone is needed.",
        **rules,
        "$defs": {**_SHARED, **ask.tables},
    }


def _own(name: str, hint: Any, around: Around, ask: Asker) -> Schema | None:
    """Return the schema of what no asking finds: durations, conditions, hours, lists of words, shares of conduct."""
    kinds = [kind for kind in (hint, *get_args(hint)) if kind in _TYPES]
    if name in ("when", "until"):
        return _ref(name)
    if kinds and kinds[0] is not date:
        return _ref(_TYPES[kinds[0]])
    if hint is date:
        return _ref("day")
    if name == "open":
        return {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _NO_NUMERAL}]}
    if name == "zone":
        return {"type": "string", "pattern": r"\S"}
    if tuple[str, ...] in (hint, *get_args(hint)):
        return {**_WORDS, "minItems": 1} if name in _AT_LEAST_ONE else _WORDS
    if name == "entitlement":
        low, high = (1, MOST) if refused(around, LEAST) else (LEAST, 1)
        return {"type": "number", "minimum": low, "maximum": high}
    if name == "claims_per_day":
        return {"type": "integer", "minimum": 0}
    return None


def _usual(setting: Any) -> Any:
    """Return a default as a file has it; None where there is none, and for tables, whose settings have their own."""
    default = default_of(setting)
    if default is None and setting.metadata.get(OFF):
        return OFF
    told = plain(default) if not isinstance(default, str | int) else default
    return told if isinstance(told, str | int) or (isinstance(told, list) and told) else None


_HEAD = """\
# Rules of a desk

<!-- Written by `leadopt.cli.schemas.rules`; a test holds it to the code. Do not edit it by hand. -->

The rules say by when a lead is followed up, when it is taken back and who gets it, who may claim from a pool, and what
a manager looks at. They are a text file in [TOML](https://toml.io), and these are all the settings there are. Only
`time.zone` is needed:

```toml
[time]
zone = "Europe/Berlin"
hours = "Mon-Thu 9-12, 13-18; Fri 9-15"
holidays = [2026-12-25, 2027-01-01]

[[recall.for]]                       # other periods for some leads; the first that holds
where = {product = "service", value = ">= 5000"}
first_within = "8 working hours"

[[review]]
name = "large"
where = [{tier = "key"}, {value = ">= 100000"}]
```

A **duration** is `"90 minutes"`, `"24 hours"`, `"3 days"`, `"8 working hours"` or `"2 working days"`. `0` means at
once; `"off"` means that there is no such thing. For counts `"off"` is no limit and 0 is none. Minutes and hours pass at
night too. Days keep the local time, whatever clocks do between. Working hours pass in working time alone. Working days
count days with work, from the first working moment, whose local time they keep: 1 working day from Sunday is Tuesday
morning. A local time that exists twice is its first, one that clocks leave out is the moment at which they do.

**Hours** are text such as `"Mon-Thu 9-12, 13-18; Fri 9-15"`, or a table: `{mon-thu = ["9-12", "13-18"], fri = "9-15"}`.
A span over midnight is two, `"22-24"` and `"0-6"` of the next day. Holidays may be many: `leadopt` says where nobody
works for 14 days or more.

Deadlines of follow-up, recall and review that fall outside working time move to the first end of a working day at or
after them, and messages leave at the next working minute. Embargo, cool-off, protection and parking are not moved.

A **condition** is a table from columns of leads to a value, a list of values, `"< 5"`, `"<= 5"`, `"> 5"`, `">= 5"` or
`"missing"`; all of them hold. Text is compared without letter case, and text that spells a number is that number.
Several tables in a list are alternatives.
"""


def rules_page() -> str:
    """Return the page in Markdown: a table of settings, and one for each table in it."""
    whole = schema()
    parts = [_HEAD, settings_table(whole["properties"], whole["required"])]
    parts += _sections("", whole["properties"], whole["$defs"])
    return "\n".join(parts).rstrip() + "\n"


def _sections(path: str, settings: Mapping[str, Schema], tables: Mapping[str, Schema]) -> Iterator[str]:
    """Yield what is to be said of each setting that is a table, or a list of them, and of those in it."""
    for name, setting in settings.items():
        for called in dict.fromkeys(tables_in(setting)):
            if called in _SHARED:
                continue
            header = f"[[{path}{name}]]" if setting.get("type") == "array" else f"[{path}{name}]"
            yield f"\n## `{header}`\n\n{tables[called]['description']}\n"
            yield settings_table(tables[called]["properties"], tables[called].get("required", []))
            yield from _sections(f"{path}{name}.", tables[called]["properties"], tables)
