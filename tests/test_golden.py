"""What earlier versions saved is read for ever, and says the same."""

import json
from pathlib import Path

import pytest

from leadopt import Plan, Policy
from tests.golden.facts import facts_of, facts_of_policy

GOLDEN = Path(__file__).parent / "golden"
SAVED = sorted(GOLDEN.glob("*/plans/*.json"))
POLICIES = {
    f"{facts.parent.parent.name}/{name}": (facts.parent / name, told)
    for facts in GOLDEN.glob("*/policies/facts.json")
    for name, told in json.loads(facts.read_text(encoding="utf-8")).items()
}


def name_of(path):
    return f"{path.parent.parent.name}/{path.stem}"


def told_of(path):
    return json.loads((path.parent.parent / "facts" / path.name).read_text(encoding="utf-8"))


def close(told, found):
    """Whether facts are equal, numbers but for rounding."""
    if isinstance(told, list):
        return isinstance(found, list) and len(told) == len(found) and all(map(close, told, found))
    if isinstance(told, dict):
        return isinstance(found, dict) and told.keys() == found.keys() and all(close(told[k], found[k]) for k in told)
    if {type(told), type(found)} <= {int, float}:
        return found == pytest.approx(told, rel=1e-12, abs=1e-12)
    return type(told) is type(found) and told == found


def _without_runner_up_of(lead):
    """Facts of a plan in which the runner-up of a lead has fewer hours in all than the lead takes: it is none."""

    def changed(derived):
        rows = [dict(row["pairs"]) for row in derived["assignments"]]
        rows = [row | {"runner_up": None, "runner_up_gain": None} if row["lead_id"] == lead else row for row in rows]
        return {"assignments": [{"pairs": [list(pair) for pair in row.items()]} for row in rows]}

    return changed


SAID_BETTER = {"0.1.0/hours": _without_runner_up_of(3)}


def test_every_plan_of_0_1_0_is_there():
    assert len([path for path in SAVED if name_of(path).startswith("0.1.0/")]) == 45


@pytest.mark.parametrize("path", SAVED, ids=name_of)
def test_a_plan_of_an_earlier_version_gives_its_facts_again(path):
    plan = Plan.from_json(path.read_text(encoding="utf-8"))
    told, found = told_of(path), json.loads(json.dumps(facts_of(plan)))
    told["derived"] |= SAID_BETTER.get(name_of(path), lambda _: {})(told["derived"])
    assert found["saved"] == told["saved"]
    assert found["derived"].keys() == told["derived"].keys()
    assert not [key for key in told["derived"] if not close(told["derived"][key], found["derived"][key])]


@pytest.mark.parametrize("path", SAVED, ids=name_of)
def test_a_plan_of_an_earlier_version_says_the_same_once_this_version_has_saved_it(path):
    one = Plan.from_json(path.read_text(encoding="utf-8"))
    other = Plan.from_json(one.to_json())
    assert other.to_json() == one.to_json()
    assert facts_of(other) == facts_of(one)
    assert other.report() == one.report() and other._repr_html_() == one._repr_html_()
    assert str(other.compare()) == str(one.compare())
    assert [str(other.explain(lead)) for lead in other.case.lead_ids[:3]] == [
        str(one.explain(lead)) for lead in one.case.lead_ids[:3]
    ]
    assert [str(other.explain_rep(rep)) for rep in other.case.rep_ids] == [
        str(one.explain_rep(rep)) for rep in one.case.rep_ids
    ]


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_of_an_earlier_version_is_the_same_with_the_same_fingerprint(name):
    path, told = POLICIES[name]
    text = path.read_text(encoding="utf-8")
    policy = Policy.from_toml(path) if path.suffix == ".toml" else Policy.from_dict(json.loads(text))
    assert json.loads(json.dumps(facts_of_policy(policy))) == told


def test_all_23_policies_of_0_1_0_are_there():
    assert len([name for name in POLICIES if name.startswith("0.1.0/")]) == 23
