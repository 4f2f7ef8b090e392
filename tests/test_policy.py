"""Settings as data: they survive every format, keep their fingerprint, and refuse what they are not."""

import json
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.policy import LimitRule, Policy, exclude, match, skills
from leadopt.tables.columns import Columns
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes
from tests.strategies import examples

FULL = Policy(
    segment_by=["industry", "größe"],
    eligibility=[match("territory"), skills("needs", "has"), exclude([(1, "Ann"), ("L2", 7)], column="not_to")],
    fairness=Fairness(low=0.9, high=1.5, entitlement="equal"),
    newcomers=NewcomerQuota(share=0.1, min_leads=2, tenure_days=60),
    reserve=float("-inf"),
    score={"budget": {"yes": 3, "no": 0.5}, "visits": 1},
    half_life_days=180,
    rep_by=["team"],
    bins={"size": 4, "age": [10.0, 20.0]},
    explore=0.5,
    currencies={"usd": 1, "EUR": 1.08},
    value_zero="missing",
    together="account",
    move_cost=0.5,
    limit=[
        {"reps": {"team": "North"}, "leads": {"source": ["web", 7]}, "most": 5, "each": True, "name": "web"},
        LimitRule(reps=["Ann", 7], least=2, usage="value", weight=0.5),
    ],
    balance_open=True,
    formats=Formats(dates="day first", decimal={"value": ",", "history.value": "."}),
    outcomes=Outcomes(won=["Gewonnen!"], lost=["Aus"], open=["Demo", "Angebot"]),
    columns=Columns(lead_id="id", value="größe"),
)

TOML = """
segment_by = ["industry", "größe"]
reserve = "-inf"
half_life_days = 180
rep_by = ["team"]
bins = {size = 4, age = [10.0, 20.0]}
explore = 0.5
balance_open = true
currencies = {USD = 1.0, EUR = 1.08}
value_zero = "missing"
together = "account"
move_cost = 0.5

[fairness]
low = 0.9
high = 1.5
entitlement = "equal"

[newcomers]
share = 0.1
min_leads = 2
tenure_days = 60

[[eligibility]]
rule = "match"
column = "territory"

[[eligibility]]
rule = "skills"
needs = "needs"
has = "has"

[[eligibility]]
rule = "exclude"
pairs = [[1, "Ann"], ["L2", 7]]
column = "not_to"

[[limit]]
name = "web"
reps = {team = "North"}
leads = {source = ["web", "7"]}
most = 5
each = true

[[limit]]
reps = ["Ann", 7]
least = 2
usage = "value"
weight = 0.5

[score]
visits = 1
budget = {yes = 3, no = 0.5}

[formats]
dates = "day first"
decimal = {value = ",", "history.value" = "."}

[outcomes]
won = ["Gewonnen!"]
lost = "Aus"
open = ["Demo", "Angebot"]

[columns]
lead_id = "id"
value = "größe"
"""


def refused(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    return str(caught.value)


def test_toml_dict_and_json_give_the_same_policy(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(TOML, encoding="utf-8")
    loaded = Policy.from_toml(path)
    assert loaded == FULL == Policy.from_dict(FULL.to_dict()) == Policy.from_dict(json.loads(FULL.to_json()))
    assert loaded.fingerprint == FULL.fingerprint
    assert loaded.to_json() == FULL.to_json()
    assert Policy.from_toml(str(path)) == FULL


def test_an_infinite_reserve_may_be_toml_s_own(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text("reserve = -inf")
    assert Policy.from_toml(path).reserve == float("-inf")


UNUSED = {
    "explore": 0.0,
    "rep_by": (),
    "bins": None,
    "currencies": None,
    "value_zero": None,
    "together": None,
    "move_cost": 0.0,
    "limit": (),
    "balance_open": False,
    "formats": Formats(),
    "outcomes": Outcomes(),
}


def test_fingerprints_never_change():
    assert Policy().fingerprint == "ff1d234ee0022c23"
    assert FULL.replace(**UNUSED).fingerprint == "0b6025761fcbea78"


def test_what_a_later_release_added_counts_only_where_it_is_set():
    assert Policy(fairness=Fairness(of="leads", hot_share=0.2)).fingerprint == "6f8a72b632648352"
    later = [
        *(Fairness(of="value"), Fairness(weight=0), Fairness(maximin=True), Fairness(hot_share=0.1)),
        *(NewcomerQuota(value_share=0), NewcomerQuota(max_hot_share=0), NewcomerQuota(hot_share=0.1)),
        *(NewcomerQuota(protect="key"), NewcomerQuota(ramp_days=9), NewcomerQuota(ramp=[0, 0.5, 1])),
        *(Columns(effort="e"), Columns(credit="c"), Columns(in_fairness="f")),
        *(Columns(owner="o"), Columns(carried="x"), Columns(current_rep="r")),
    ]
    kinds = {Fairness: "fairness", NewcomerQuota: "newcomers", Columns: "columns"}
    plain = [Policy(), *(Policy(**{name: kind()}) for kind, name in kinds.items() if kind is not Columns)]
    changed = [Policy(**{kinds[type(setting)]: setting}) for setting in later]
    assert len({policy.fingerprint for policy in plain + changed}) == len(plain) + len(later)
    for policy in changed:
        assert Policy.from_dict(json.loads(policy.to_json())) == policy


def test_several_fairness_settings_are_a_list_in_every_format(tmp_path):
    both = Policy(fairness=[Fairness(of="value", low=0.6), Fairness(of="hot", weight=2.5)])
    path = tmp_path / "policy.toml"
    path.write_text('[[fairness]]\nof = "value"\nlow = 0.6\n[[fairness]]\nof = "hot"\nweight = 2.5\n')
    assert Policy.from_toml(path) == both == Policy.from_dict(json.loads(both.to_json()))
    assert [one.of for one in both.fairnesses] == ["value", "hot"]
    assert both.fingerprint != both.replace(fairness=both.fairnesses[::-1]).fingerprint


def test_one_fairness_setting_is_a_list_of_one():
    assert Policy(fairness=[Fairness()]) == Policy(fairness=Fairness()) == Policy.from_dict({"fairness": [{}]})
    assert Policy(fairness=()) == Policy() == Policy.from_dict({"fairness": []})
    assert Policy().fairnesses == ()


def test_every_setting_changes_the_fingerprint():
    changed = [Policy(), *(Policy(**{name: getattr(FULL, name)}) for name in Policy.__dataclass_fields__)]
    assert len({policy.fingerprint for policy in changed}) == len(changed)


def test_the_empty_dict_is_the_default_and_none_is_left_out():
    assert Policy.from_dict({}) == Policy()
    assert Policy.from_dict(dict.fromkeys(Policy.__dataclass_fields__)) == Policy()


def test_one_name_is_a_list_of_one():
    assert Policy(segment_by="a") == Policy(segment_by=["a"]) == Policy(segment_by=("a",))
    assert Policy(eligibility=match("a")) == Policy(eligibility=[match("a")])
    assert Policy.from_dict({"segment_by": "a"}).segment_by == ("a",)


def test_replace_keeps_the_rest():
    assert FULL.replace(reserve=0.0).replace(reserve=float("-inf")) == FULL
    assert refused(FULL.replace, reserv=1) == 'policy: unknown key "reserv"; did you mean "reserve"?'


def test_a_policy_does_not_change_with_the_dict_it_was_made_of():
    weights = {"budget": {"yes": 3}}
    policy = Policy(score=weights)
    before = policy.fingerprint
    weights["budget"]["yes"] = 4
    weights["more"] = 1
    assert policy.fingerprint == before


def test_ids_of_every_type_go_to_json_and_back():
    pairs = [(UUID(int=1), np.int64(7)), ("é", 2**60), (7.0, np.str_("b"))]
    policy = Policy(eligibility=[exclude(pairs)])
    again = Policy.from_dict(json.loads(policy.to_json()))
    assert again.eligibility[0].pairs == ((str(UUID(int=1)), 7), ("é", 2**60), (7, "b"))
    assert again.fingerprint == policy.fingerprint


def test_levels_of_a_score_are_text_as_in_json():
    assert Policy(score={"stars": {5.0: 2, None: 1}}).score == {"stars": {"5": 2, "": 1}}
    policy = Policy(score={"stars": {5: 2}})
    assert Policy.from_dict(json.loads(policy.to_json())) == policy


@pytest.mark.parametrize(
    "data, said",
    [
        ({"reserv": 1}, 'policy: unknown key "reserv"; did you mean "reserve"?'),
        ({"Fairness": {}}, 'policy: unknown key "Fairness"; did you mean "fairness"?'),
        ({5: 1}, 'policy: unknown key "5"; known are segment_by, eligibility, fairness, newcomers, reserve, score, '
                 "half_life_days, rep_by and 11 more"),
        (5, "policy: must be a table of settings; found 5"),
        (["reserve"], "policy: must be a table of settings; found ['reserve']"),
        ({"fairness": {"lo": 1}}, 'policy.fairness: unknown key "lo"; did you mean "low"?'),
        ({"fairness": 0.9}, "policy.fairness: must be a table of settings; found 0.9"),
        ({"fairness": {"low": "x"}}, "fairness: must have 0 <= low <= 1 <= high; found low='x', high=1.2"),
        ({"fairness": [{}, 5]}, "policy.fairness: must be a table of settings; found 5"),
        ({"fairness": {"of": "valu"}},
         'fairness.of: must be "leads", "value" or "hot"; found \'valu\'; did you mean "value"?'),
        ({"newcomers": {"ramp": 5}},
         "newcomers.ramp: must be two or more fractions that never fall and end at 1, as in [0, 0.25, 1]; found 5"),
        ({"newcomers": {"share": 2}}, "newcomers.share: must be a number from 0 to 1; found 2"),
        ({"columns": {"leadid": "x"}}, 'policy.columns: unknown key "leadid"; did you mean "lead_id"?'),
        ({"columns": {"lead_id": 5}}, "policy.columns.lead_id: must be the name of a column; found 5"),
        ({"reserve": "much"}, "policy.reserve: must be a number; found 'much'"),
        ({"reserve": float("nan")}, "policy.reserve: must be a number, or -inf to place every lead; found nan"),
        ({"reserve": float("inf")}, "policy.reserve: must be a number, or -inf to place every lead; found inf"),
        ({"reserve": True}, "policy.reserve: must be a number, or -inf to place every lead; found True"),
        ({"reserve": [1]}, "policy.reserve: must be a number, or -inf to place every lead; found [1]"),
        ({"together": 5}, "policy.together: must be the name of a column of leads; found 5"),
        ({"together": " "}, "policy.together: must be the name of a column of leads; found ' '"),
        ({"move_cost": -1}, "policy.move_cost: must be a finite number, 0 or more; found -1"),
        ({"explore": 1.5}, "policy.explore: must be from 0 to 1; found 1.5"),
        ({"explore": True}, "policy.explore: must be from 0 to 1; found True"),
        ({"half_life_days": 0}, 'policy.half_life_days: must be a number above 0, "learn", or None; found 0'),
        ({"half_life_days": "9"}, "policy.half_life_days: must be a number above 0, \"learn\", or None; found '9'"),
        (
            {"half_life_days": float("inf")},
            'policy.half_life_days: must be a number above 0, "learn", or None; found inf',
        ),
        ({"segment_by": 5}, "policy.segment_by: must be a list of names of columns; found 5"),
        ({"segment_by": [5]}, "policy.segment_by: must be a list of names of columns; found [5]"),
        ({"segment_by": ["a", "a"]}, "policy.segment_by: must be distinct names of columns; found ['a', 'a']"),
        ({"score": 5}, "score: must give points by column, like {'budget': 3}; found 5"),
        ({"score": {"a": None}}, "score.a: points must be numbers from 0 to 1e+100; found None"),
        ({"eligibility": 5}, "policy.eligibility: must be a list of rules ([[eligibility]] in TOML); found 5"),
        ({"eligibility": [5]},
         'policy.eligibility: a rule must look like {rule = "match", column = "territory"}; found 5'),
        ({"eligibility": [{"rule": "mach"}]}, "policy.eligibility: unknown rule 'mach'; did you mean \"match\"?"),
        ({"eligibility": [{"rule": "match", "colum": "a"}]},
         'policy.eligibility.match: unknown key "colum"; did you mean "column"?'),
        ({"eligibility": [{"rule": "match"}]},
         "policy.eligibility.match: MatchRule.__init__() missing 1 required positional argument: 'column'; found {}"),
        ({"eligibility": [{"rule": "exclude", "pairs": 5}]},
         "eligibility.exclude: pairs must be a list of (lead id, rep id); found 5"),
        ({"eligibility": [{"rule": "exclude", "pairs": [[1]]}]},
         "eligibility.exclude: a pair must be (lead id, rep id); found [1]"),
    ],
)  # fmt: skip
def test_what_is_no_setting_gets_one_sentence(data, said):
    assert refused(Policy.from_dict, data) == said


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"eligibility": "territory"},
         "policy.eligibility: must hold rules from leadopt.policy (match, skills, exclude); found 'territory'"),
        ({"fairness": 0.9}, "policy.fairness: must be Fairness(...); found 0.9"),
        ({"fairness": [Fairness(), 0.9]}, "policy.fairness: must be Fairness(...); found 0.9"),
        ({"newcomers": 0.1}, "policy.newcomers: must be NewcomerQuota(...); found 0.1"),
        ({"columns": None}, "policy.columns: must be Columns(...); found None"),
    ],
)  # fmt: skip
def test_what_is_no_object_gets_one_sentence(settings, said):
    assert refused(Policy, **settings) == said


def test_files_that_are_no_policy_say_which_file(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text("reserve = ")
    assert refused(Policy.from_toml, path).startswith(f"{path}: is not valid TOML: ")
    for unread in (b"\xff", b"\xff\xfe\0", "# Größe".encode("cp1252")):
        path.write_bytes(unread)
        assert refused(Policy.from_toml, path) == f"{path}: must be text in UTF-8"
    path.unlink()
    assert refused(Policy.from_toml, path) == f"{path}: cannot be read: no such file or directory"
    path.write_text("reserv = 1")
    assert refused(Policy.from_toml, path) == f'{path}: policy: unknown key "reserv"; did you mean "reserve"?'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_policy_file_may_have_a_mark_and_any_line_ends(tmp_path, encoding, line_end):
    path = tmp_path / "policy.toml"
    path.write_bytes(TOML.replace("\n", line_end).encode(encoding))
    assert Policy.from_toml(path) == FULL


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["match", "low", "equal"]),
)
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["rule", "low", "high", "share", "pairs", "column", "lead_id", "min_leads", "a"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


def tables_of(*names, **required):
    return st.fixed_dictionaries(required, optional=dict.fromkeys(names, plain))


rules = tables_of(
    *("column", "reps_column", "needs", "has", "pairs"), rule=st.sampled_from(["match", "skills", "exclude", "x"])
)
known = {
    "eligibility": st.lists(st.one_of(rules, plain), max_size=2),
    "fairness": st.one_of(
        tables_of("low", "high", "entitlement"),
        tables_of(*Fairness.__dataclass_fields__),
        st.lists(tables_of("low", "weight", of=st.sampled_from(["leads", "value", "hot", "x"])), max_size=3),
    ),
    "newcomers": st.one_of(
        tables_of("share", "min_leads", "tenure_days"), tables_of(*NewcomerQuota.__dataclass_fields__)
    ),
    "columns": tables_of("lead_id", "value", "at"),
}
wild = st.fixed_dictionaries(
    {},
    optional={name: st.one_of(plain, known.get(name, plain)) for name in [*Policy.__dataclass_fields__, "other"]},
)


@given(st.one_of(plain, wild, wild, wild))
@examples(120)
def test_any_dict_is_a_policy_that_round_trips_or_gets_one_sentence(data):
    try:
        policy = Policy.from_dict(data)
    except InvalidInput as error:
        assert str(error).partition(":")[0].partition(".")[0] in (
            "policy", "fairness", "newcomers", "eligibility", "score"
        )  # fmt: skip
    else:
        assert Policy.from_dict(json.loads(policy.to_json())) == policy
        assert len(policy.fingerprint) == 16
