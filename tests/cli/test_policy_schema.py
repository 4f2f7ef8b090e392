"""The schema says what `Policy` takes: the same names, the same values, a sentence for each."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from leadopt.cli.demo import _DEMO_POLICY
from leadopt.cli.policy_page import policy_page
from leadopt.cli.policy_schema import FIRST_LINE, SCHEMA_NAME, schema, schema_text
from leadopt.errors import InvalidInput
from leadopt.policy import Policy
from tests.cli.test_commands import good, refusal
from tests.test_policy import FULL, TOML
from tests.test_readme import BLOCKS

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(schema())
NUMBERS = [-1e9, -1, -0.3, 0, 0.0, 1e-6, 0.3, 1, 1.0, 1.5, 2, 3.7, 90, 1e6]
VALUES = [*NUMBERS, True, False, "", "some words", "hot", "learn", "equal", "-inf", [], ["a"], [1], [[]], {}, {"a": 1}]
HELD_TO_MORE = {"ramp", "pairs"}  # what lists hold together, which no schema says


def takes(settings):
    try:
        Policy.from_dict(settings)
    except InvalidInput:
        return False
    return True


def settings_of(table, around, name=""):
    """Yield every setting in the schema by name, with what makes a policy of a value for it."""
    sample = {key: setting.get("const", "x") for key, setting in table["properties"].items()}
    needed = {key: sample[key] for key in table.get("required", [])}
    either = [key for alternative in table.get("anyOf", []) for key in alternative["required"]]
    first = {key: 1 if takes(around({**needed, key: 1})) else "x" for key in either[:1]}  # one of which it must have
    for key, setting in table["properties"].items():
        if "const" in setting:
            continue
        sample = needed if key in either else {**needed, **first}
        yield f"{name}{key}", setting, lambda value, key=key, sample=sample: around({**sample, key: value})
        for rule in setting.get("items", {}).get("oneOf", []):
            yield from settings_of(rule, lambda one, key=key: around({key: [one]}), f"{name}{key}.")
        if "$ref" in json.dumps(setting):
            called = json.dumps(setting).split("#/$defs/")[1].split('"')[0]
            kinds = [setting, *setting.get("anyOf", [])]
            alone = any("$ref" in kind for kind in kinds)
            wrap = (lambda one, key=key: around({key: one})) if alone else (lambda one, key=key: around({key: [one]}))
            yield from settings_of(schema()["$defs"][called], wrap, f"{name}{key}.")


SETTINGS = list(settings_of(schema(), lambda settings: settings))


@pytest.mark.parametrize(("name", "setting", "around"), SETTINGS, ids=[name for name, *_ in SETTINGS])
def test_the_schema_takes_what_the_policy_takes(name, setting, around):
    for value in VALUES:
        nested = isinstance(value, list | dict)
        if takes(around(value)):
            assert VALIDATOR.is_valid(around(value)), f"{name} = {value!r}"
        elif not (nested and name.rpartition(".")[2] in HELD_TO_MORE):
            assert not VALIDATOR.is_valid(around(value)), f"{name} = {value!r}"


@pytest.mark.parametrize(("name", "setting"), [(name, setting) for name, setting, _ in SETTINGS])
def test_every_setting_has_a_sentence_in_the_words_of_a_file(name, setting):
    assert len(setting["description"]) > 10, name
    assert "`" not in setting["description"]
    assert "None" not in setting["description"], f"{name}: say what it means to leave it out"


def test_every_field_is_in_the_schema():
    assert set(schema()["properties"]) == set(Policy.__dataclass_fields__)
    assert len(SETTINGS) >= 50


@pytest.mark.parametrize("policy", [Policy(), FULL], ids=["defaults", "full"])
def test_policies_as_json_are_valid(policy):
    def without_null(data):
        if isinstance(data, dict):
            return {key: without_null(value) for key, value in data.items() if value is not None}
        return [without_null(value) for value in data] if isinstance(data, list) else data

    VALIDATOR.validate(without_null(json.loads(policy.to_json())))


def test_policy_files_are_valid():
    (readme,) = [block for kind, block in BLOCKS if kind == "toml"]
    for text in (TOML, readme, _DEMO_POLICY):
        VALIDATOR.validate(tomllib.loads(text))
    assert not VALIDATOR.is_valid({"fairnes": {}})
    assert not VALIDATOR.is_valid({"eligibility": [{"rule": "mach", "column": "territory"}]})


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert json.loads(schema_text()) == schema()


def test_the_command_prints_and_writes_it(tmp_path):
    assert good("policy", "schema") == schema_text()
    assert good("policy", "schema", "--page") == policy_page()
    path = tmp_path / SCHEMA_NAME
    assert good("policy", "schema", "-o", str(path)) == f"Wrote {path}.\n"
    assert path.read_text() == schema_text()
    assert f"#:schema ./{path.name}" == FIRST_LINE


@pytest.mark.parametrize("name", ["leads.csv", "p.toml", "other.json"])
@pytest.mark.parametrize("page", [(), ("--page",)])
def test_no_other_file_is_replaced_without_force(tmp_path, name, page):
    path = tmp_path / name
    path.write_text("mine", encoding="utf-8")
    said = refusal(2, "policy", "schema", *page, "-o", str(path))
    assert f"{name}: is there already, and leadopt did not write it" in said
    assert said.endswith("name another with -o, or let it be replaced with --force")
    assert path.read_text(encoding="utf-8") == "mine"
    good("policy", "schema", *page, "-o", str(path), "--force")
    good("policy", "schema", *page, "-o", str(path))  # its own


def test_no_other_file_is_replaced_by_the_plan_beside_a_table(tmp_path):
    (tmp_path / "leads.csv").write_text("lead_id\n1\n", encoding="utf-8")
    (tmp_path / "reps.csv").write_text("rep_id\nAnn\n", encoding="utf-8")
    (tmp_path / "package.json").write_text('{"name": "mine"}', encoding="utf-8")
    tables = [str(tmp_path / "leads.csv"), str(tmp_path / "reps.csv")]
    said = refusal(2, "assign", *tables, "-o", str(tmp_path / "package.csv"))
    assert said.endswith("package.json: is there already, and leadopt did not write it; name another with --output")
    assert not (tmp_path / "package.csv").exists()
    assert (tmp_path / "package.json").read_text(encoding="utf-8") == '{"name": "mine"}'
    for _ in range(2):
        good("assign", *tables, "-o", str(tmp_path / "plan.csv"))


def test_the_page_in_docs_is_that_of_the_code():
    page = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
    assert page == policy_page(), "write it again: leadopt policy schema --page -o docs/policy.md"
    for name, _, _ in SETTINGS:
        assert f"| `{name.rpartition('.')[2]}` |" in page
