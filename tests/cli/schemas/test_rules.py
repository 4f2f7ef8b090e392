"""The schema says what `Rules` takes: the same names, the same values, a sentence for each."""

import json
import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from leadopt.cli.schemas.rules import rules_page, schema, schema_text
from leadopt.errors import InvalidInput
from leadopt.lifecycle.rules import Rules
from tests.lifecycle.rules.test_settings import LEAST, REFUSED, TOML, with_

ROOT = Path(__file__).parents[3]
VALIDATOR = jsonschema.Draft202012Validator(schema())
VALUES = [
    *(-1e9, -1, -0.3, 0, 0.0, 1e-6, 0.3, 0.5, 0.75, 1, 1.0, 1.1, 1.25, 1.5, 2, 3.7, 90, 1e6),
    *(True, False, None, "", " ", "off", "0", "some words", "best", "pool", "assign", "max_open", "Europe/Berlin"),
    *("3 days", "3 dais", "1.5 hours", "8 working hours", "-1 days", "20 days", "< 5", "!= 5", ">= 0.5"),
    *("Mon-Fri 9-12", "Mon 9-25", "2026-12-25", "9-12"),
    *([], ["a"], ["a", "a"], [""], [1], [[]], ["2026-12-25"], {}, {"a": 1}, {"a": "< 5"}, {"a": "<> 5"}, {"a": []}),
    *({"n": ">= 5"}, {"n": "many"}, {"overdue": 1}, {"mon": ["9-12"]}, {"mon": "9-12"}, {"mon": [9]}, [{"a": 1}]),
    *({"teams": ["x"]}, {"entitlement": 1}, {"new_leads": False}, {"zone": "UTC"}, {"zone": "UTC", "hours": {}}),
    *([{"name": "a", "default": True}], [{"name": "a"}], [{"name": n, "default": True} for n in "ab"]),
]
# What values hold together or with others, which a schema cannot say.
HELD_TO_MORE = {
    "zone": [value for value in VALUES if isinstance(value, str) and value.strip()],  # which names are zones
    "follow.first_within": ["20 days"],  # no longer than the next
    "follow.next_within": ["0", 0, 0.0, "1.5 hours", "8 working hours"],  # no shorter than the first
    "recall.for.first_within": ["20 days"],
    "recall.for.next_within": ["0", 0, 0.0, "1.5 hours", "8 working hours"],
    "credit.half_life": ["0", 0, 0.0, "8 working hours"],  # above 0, and of the clock
}


def takes(settings):
    try:
        Rules.from_dict(settings)
    except InvalidInput:
        return False
    return True


POOL = {"name": "main", "default": True}
AROUND = {  # whole rules of settings of one table
    "": lambda one: {**LEAST, **one},
    "time.": lambda one: {"time": {"zone": "Europe/Berlin", **one}},
    "follow.": lambda one: with_(follow=one),
    "recall.": lambda one: with_(recall=one),
    "recall.for.": lambda one: with_(recall={"for": [{"where": {"a": 1}, "escalate_after": 0, **one}]}),
    "pool.": lambda one: with_(pool=[{**POOL, **one}]),
    "pool.members.": lambda one: with_(pool=[{**POOL, "members": {"tags": ["x"], **one}}]),
    "claim.": lambda one: with_(claim=one),
    "caps.": lambda one: with_(caps=one),
    "protect.": lambda one: with_(protect=one),
    "review.": lambda one: with_(review=[{"name": "a", "where": {"a": 1}, **one}]),
    "reward.": lambda one: with_(reward=[{"when": {"n": 1}, "then": {"entitlement": 1}, **one}]),
    "reward.then.": lambda one: with_(reward=[{"when": {"n": 1}, "then": {"entitlement": 1, **one}}]),
    "restrict.": lambda one: with_(restrict=[{"when": {"n": 1}, "then": {"entitlement": 1}, **one}]),
    "restrict.then.": lambda one: with_(restrict=[{"when": {"n": 1}, "then": {"entitlement": 1, **one}}]),
    "leave.": lambda one: with_(leave=one),
    "sticky.": lambda one: with_(sticky=one),
    "credit.": lambda one: with_(credit=one),
}


def settings_of(table, path=""):
    """Yield every setting in the schema by its name, with what is said of it and what makes rules of a value."""
    for key, setting in table["properties"].items():
        yield f"{path}{key}", setting, lambda value, key=key: AROUND[path]({key: value})
        called = [ref["$ref"].rpartition("/")[2] for ref in (setting, setting.get("items", {})) if "$ref" in ref]
        for name in called:
            if name[0].isupper():
                yield from settings_of(schema()["$defs"][name], f"{path}{key}.")


SETTINGS = list(settings_of(schema()))
NAMES = [name for name, *_ in SETTINGS]


@pytest.mark.parametrize(("name", "setting", "around"), SETTINGS, ids=NAMES)
def test_the_schema_takes_what_the_rules_take(name, setting, around):
    n_taken = 0
    for value in VALUES:
        taken = takes(around(value))
        n_taken += taken
        more = HELD_TO_MORE.get(name, HELD_TO_MORE.get(name.rpartition(".")[2], []))
        if taken or value not in more:
            assert VALIDATOR.is_valid(around(value)) == taken, f"{name} = {value!r}"
    assert n_taken, f"{name}: no value is taken, so that nothing is tried"


@pytest.mark.parametrize(("data", "said"), REFUSED, ids=[said[:50] for _, said in REFUSED])
def test_the_schema_refuses_what_it_can(data, said):
    of_more = ("no time zone", "must not be shorter", "is there twice", "half_life: must be")
    if not any(words in said for words in of_more):
        assert not VALIDATOR.is_valid(data)


@pytest.mark.parametrize(("name", "setting"), [(name, setting) for name, setting, _ in SETTINGS], ids=NAMES)
def test_every_setting_has_a_sentence_in_the_words_of_a_file(name, setting):
    assert len(setting["description"]) > 5, name
    assert "`" not in setting["description"]
    assert "None" not in setting["description"], f"{name}: say what it means to leave it out"


def test_every_field_is_in_the_schema():
    assert set(schema()["properties"]) == {setting.name for setting in fields(Rules)}
    assert set(AROUND) == {"", *(f"{name.rpartition('.')[0]}." for name in NAMES if "." in name)}
    assert len(SETTINGS) >= 55


def test_defaults_in_the_schema_are_those_of_the_rules():
    told = Rules.from_dict(LEAST).to_dict()
    for name, setting, _ in SETTINGS:
        value = told
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if "default" in setting and value is not None:
            assert setting["default"] == value, name


@pytest.mark.parametrize("rules", [Rules.from_dict(LEAST), Rules.from_toml(TOML)], ids=["defaults", "full"])
def test_rules_as_json_are_valid(rules):
    VALIDATOR.validate(json.loads(rules.to_json()))


def test_files_are_valid():
    def as_json(value):
        return value.isoformat() if isinstance(value, date) else str(value)

    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    for text in (TOML, example):
        VALIDATOR.validate(json.loads(json.dumps(tomllib.loads(text), default=as_json)))
    assert Rules.from_toml(example).periods({"product": "service", "value": 6000}).rule != "default"


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert json.loads(schema_text()) == schema()


def test_the_page_in_docs_is_that_of_the_code():
    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    again = "from leadopt.cli.schemas.rules import rules_page; open('docs/rules.md', 'w').write(rules_page())"
    assert page == rules_page(), f'write it again: python -c "{again}"'
    for name in NAMES:
        assert f"| `{name.rpartition('.')[2]}` |" in page
