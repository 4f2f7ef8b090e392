"""All the rules there are: the defaults of the page, what they say of a lead, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.rules import Rules, Where
from leadopt.lifecycle.rules.periods import FollowRules, TimeRules
from leadopt.lifecycle.rules.pools import PoolRules
from leadopt.lifecycle.rules.reviews import ReviewRules
from tests.lifecycle.moments import moment, shown
from tests.strategies import examples

LEAST = {"time": {"zone": "Europe/Berlin"}}
TOML = """
cool_off = "off"

[time]
zone = "Asia/Shanghai"
hours = {mon-fri = ["9-12", "13:30-18"], sat = ["9-12"]}
holidays = [2026-10-01, "2026-10-02"]

[follow]
first_within = "8 working hours"
next_within = "10 working days"
evidence = ["call", "visit"]
remind_before = 0
escalate_after = "off"

[recall]
after = 0
to = "pool"

[[recall.for]]
name = "machines"
where = {product = "machine"}
first_within = "5 days"
next_within = "30 days"

[[recall.for]]
where = [{product = "service", value = "< 5000"}, {source = ["fair", "missing"]}]
next_within = "off"
remind_before = "off"
to = "best"

[[pool]]
name = "north"
members = {teams = ["North"], tags = ["trainee"]}
where = {region = "north"}

[[pool]]
name = "rest"
default = true

[claim]
embargo = "off"
per_day = "off"
hide = []

[caps]
open = 40
per_day = 0

[protect]
max = "off"

[[review]]
name = "large"
where = {value = ">= 100000"}
within = "1 working day"
on_timeout = "wait"

[[reward]]
when = {on_time = ">= 0.95", won_to_expected = ">= 1", n = ">= 20"}
then = {entitlement = 1.1, claims_per_day = 3}

[[restrict]]
name = "late"
when = {on_time = "< 0.6", n = ">= 20"}
then = {new_leads = false, claims_per_day = 0, entitlement = 0.5}
until = {overdue = "<= 2"}

[leave]
reassign_after = 0

[sticky]
by = "customer"
wait = "off"

[credit]
half_life = "off"
bad_lead_reasons = ["spam"]
"""
FULL = Rules.from_toml(TOML)


def with_(**settings):
    return {**LEAST, **settings}


def test_the_defaults_are_those_of_the_page():
    assert Rules.from_dict(LEAST).to_dict() == {
        "time": {"zone": "Europe/Berlin", "hours": "Mon-Fri 9-12, 13-18", "holidays": []},
        "follow": {
            "first_within": "3 days",
            "next_within": "14 days",
            "evidence": ["call", "meeting", "email", "message", "visit", "quote"],
            "remind_before": "24 hours",
            "escalate_after": "0",
        },
        "recall": {"after": "1 day", "to": "best", "for": []},
        "pool": [{"name": "main", "default": True}],
        "claim": {"embargo": "12 hours", "per_day": 5, "hide": ["phone", "email", "address", "name"]},
        "cool_off": "14 days",
        "caps": {"open": "max_open", "per_day": "off"},
        "protect": {"max": "180 days"},
        "review": [
            {"name": "key accounts", "where": {"tier": "key"}, "within": "4 working hours", "on_timeout": "assign"}
        ],
        "reward": [],
        "restrict": [],
        "leave": {"reassign_after": "5 days"},
        "sticky": {"by": "account", "wait": "2 days"},
        "credit": {
            "half_life": "90 days",
            "bad_lead_reasons": ["invalid_contact", "duplicate", "spam", "out_of_scope"],
        },
    }


@pytest.mark.parametrize("rules", [FULL, Rules.from_dict(LEAST)], ids=["full", "defaults"])
def test_data_come_back(rules):
    assert Rules.from_dict(rules.to_dict()) == rules
    again = Rules.from_dict(json.loads(rules.to_json()))
    assert again == rules
    assert (again.to_json(), again.fingerprint) == (rules.to_json(), rules.fingerprint)
    assert hash(again) == hash(rules)


def test_the_fingerprint_is_of_what_the_rules_say_and_the_same_on_any_machine():
    rules = Rules.from_dict(LEAST)
    assert rules.fingerprint == "4af5a1eeed8d40cfed088e283fd13194eb1fd7cc3b48e158d4a9f9b533991519"
    spelled = with_(follow={"first_within": " 3  days"}, time={"zone": "Europe/Berlin", "hours": "Mon-Fri 9-12,13-18"})
    assert Rules.from_dict(spelled).fingerprint == rules.fingerprint
    shares = [with_(reward=[{"when": {"n": one}, "then": {"entitlement": one}}]) for one in (1, 1.0)]
    assert len({Rules.from_dict(share).fingerprint for share in shares}) == 1
    assert Rules.from_dict(with_(cool_off="13 days")).fingerprint != rules.fingerprint


def test_zero_is_at_once_and_off_is_never():  # scenario 38
    for written, kept, told in ((0, Duration(0, "minutes"), "0"), ("off", None, "off")):
        rules = Rules.from_dict(with_(recall={"after": written}, cool_off=written, caps={"open": written}))
        again = Rules.from_dict(json.loads(rules.to_json()))
        assert again.recall.after == rules.recall.after == kept
        assert again.cool_off == kept
        assert again.caps.open == (None if kept is None else 0)
        assert again.to_dict()["recall"]["after"] == told
    assert again.to_dict()["caps"]["open"] == "off"


def test_each_product_line_by_its_own_days_and_the_first_match_is_told():  # scenario 35
    rules = Rules.from_dict(
        with_(
            recall={
                "after": "2 days",
                "for": [
                    {"where": {"product": "machine"}, "first_within": "5 days", "next_within": "30 days"},
                    {"where": {"product": ["machine", "service"]}, "first_within": "1 day", "after": "off"},
                ],
            }
        )
    )
    machine, service, other = (rules.periods({"product": product}) for product in ("machine", "Service", None))
    assert (str(machine.first_within), str(machine.next_within), machine.rule) == (
        *("5 days", "30 days"),
        "product is machine",
    )
    assert str(machine.recall_after) == "2 days"
    assert (str(service.first_within), str(service.next_within)) == ("1 day", "14 days")
    assert (service.recall_after, service.recall_to) == (None, "best")
    assert service.rule == "product is machine or service"
    assert (str(other.first_within), other.rule) == ("3 days", "default")


def test_what_a_file_says_of_a_lead():
    periods = FULL.periods({"source": None, "product": "service"})
    assert (periods.next_within, periods.remind_before, periods.recall_to) == (None, None, "best")
    assert str(periods.first_within) == "8 working hours"
    assert periods.rule == "product is service and value < 5000, or source is fair or missing"
    assert FULL.periods({"product": "machine", "source": "web"}).rule == "machines"
    assert FULL.review_of({"value": "100000"}).name == "large"
    assert FULL.review_of({"value": 99_999}) is None
    assert FULL.pool_of({"region": "North"}).name == "north"
    assert FULL.pool_of({}).name == "rest"
    assert FULL.pools_of("north") == FULL.pools_of("south", ["Trainee"]) == ("north", "rest")
    assert FULL.pools_of(None) == FULL.pools_of("south", ["senior"]) == ("rest",)
    assert FULL.columns == ("customer", "product", "region", "source", "value")


def test_a_pool_is_found_by_its_name():
    assert FULL.pool_named("NORTH ") is FULL.pool[0]
    with pytest.raises(InvalidInput, match=r'rules\.pool: there is no pool "nort"; did you mean "north"\?'):
        FULL.pool_named("nort")


def test_the_calendar_is_that_of_the_organisation():
    due = FULL.calendar.add(moment("2026-09-30 17:00", "Asia/Shanghai"), Duration(2, "working hours"))
    assert shown(due, "Asia/Shanghai") == "2026-10-03 10:00"


def test_python_takes_the_same_by_the_same_names():
    rules = Rules(
        time=TimeRules(zone="Europe/Berlin"),
        follow=FollowRules(first_within="2 days", escalate_after=None),
        pool=[PoolRules(name="all", default=True)],
        review=[ReviewRules(name="large", where={"value": ">= 5"})],
        cool_off=None,
    )
    assert rules == Rules.from_dict(rules.to_dict())
    assert rules.to_dict()["follow"]["escalate_after"] == rules.to_dict()["cool_off"] == "off"
    with pytest.raises(InvalidInput, match=r"rules\.follow: must be FollowRules"):
        Rules(time=TimeRules(zone="Europe/Berlin"), follow={"first_within": "2 days"})


REFUSED = [
    ({}, "rules.time: is needed, and missing"),
    ({"time": {}}, "rules.time.zone: is needed, and missing"),
    ({"time": {"zone": "Europe/Berln"}}, 'rules.time.zone: "Europe/Berln" is no time zone; did you mean "Europe/Berli'),
    ({"time": {"zone": "Europe/Berlin", "hours": {}}}, "rules.time.hours: must hold a working hour in any 14 days"),
    ({"time": {"zone": "Europe/Berlin", "holidays": ["25.12."]}}, "rules.time.holidays: must be days such as"),
    (with_(folow={}), 'rules: unknown setting "folow"; did you mean "follow"?'),
    (with_(follow={"first_witin": 0}), 'rules.follow: unknown setting "first_witin"; did you mean "first_within"?'),
    (with_(recall={"exceptions": []}), 'rules.recall: unknown setting "exceptions"'),
    (with_(follow=3), "rules.follow: must be a table of settings; found 3"),
    (with_(follow={"first_within": "3 dais"}), 'rules.follow.first_within: unit "dais" is unknown'),
    (with_(follow={"first_within": 3}), 'without its unit: write "3 days", say'),
    (with_(follow={"first_within": None}), 'null is no setting: write "off", or leave it out'),
    (
        with_(follow={"next_within": "2 days"}),
        "next_within must not be shorter than first_within; found 2 days",
    ),
    (with_(follow={"next_within": 0}), "next_within must not be shorter than first_within; found 0, and 3 days"),
    (with_(follow={"next_within": "16 working hours"}), "rules.follow: next_within must not be shorter"),
    (
        with_(recall={"for": [{"where": {"a": 1}, "first_within": "20 days"}]}),
        "rules.recall.for (a is 1): next_within must not be shorter than first_within; found 14 days, and 20 days",
    ),
    (with_(follow={"evidence": []}), "rules.follow.evidence: must name 1 or more; found none"),
    (with_(follow={"evidence": ["call", "call"]}), "must be a list of distinct words"),
    (with_(follow={"evidence": "call"}), "rules.follow.evidence: must be a list of distinct words; found 'call'"),
    (with_(claim={"hide": "off"}), "rules.claim.hide: must be a list of distinct words; found 'off'"),
    (with_(recall={"to": "worst"}), 'rules.recall.to: must be "best" or "pool"; found \'worst\''),
    (with_(recall={"for": {"where": {"a": 1}}}), "rules.recall.for: must be a list of tables ([[recall.for]] in TOML)"),
    (with_(recall={"for": [{"where": {"a": 1}}]}), "must set one of first_within, next_within, remind_before,"),
    (with_(recall={"for": [{"after": 0}]}), "rules.recall.for.where: is needed, and missing"),
    (with_(recall={"for": [{"where": {}, "after": 0}]}), "rules.recall.for.where: must look like"),
    (with_(recall={"for": [{"where": {"a": 1}, "after": 0}] * 2}), 'rules.recall.for: "a is 1" is there twice'),
    (with_(pool=[]), "rules.pool: one must have default = true; found none"),
    (with_(pool=[{"name": "a"}]), 'rules.pool: one must have default = true; found none: write it for "a"'),
    (
        with_(pool=[{"name": "a", "default": True}, {"name": "b", "default": True}]),
        'rules.pool: only one may have default = true; found "a" and "b"',
    ),
    (with_(pool=[{"name": "a", "default": True}, {"name": "A"}]), 'rules.pool: "A" is there twice'),
    (with_(pool=[{"name": " ", "default": True}]), "rules.pool.name: must be a text; found ' '"),
    (with_(pool=[{"name": "a", "default": 1}]), 'rules.pool "a": default: must be true or false; found 1'),
    (with_(pool=[{"name": "a", "default": True, "members": {}}]), "rules.pool.members: must name teams or tags"),
    (with_(pool=[{"name": "a", "default": True, "members": {"reps": ["x"]}}]), 'unknown setting "reps"'),
    (with_(pool=[{"name": "a", "default": True, "where": {"x": "!= 5"}}]), 'rules.pool "a": where.x: a comparison is'),
    (with_(claim={"per_day": -1}), 'rules.claim.per_day: must be a whole number, 0 or more, or "off" for no limit;'),
    (with_(claim={"per_day": 2.5}), "rules.claim.per_day: must be a whole number"),
    (with_(claim={"per_day": True}), "rules.claim.per_day: must be a whole number"),
    (with_(claim={"hide": [1]}), "rules.claim.hide: must be a list of distinct words; found [1]"),
    (with_(cool_off="soon"), "rules.cool_off: must be a duration"),
    (
        with_(caps={"open": -5}),
        "rules.caps.open: must be a whole number, 0 or more, the name of a column of reps",
    ),
    (with_(caps={"open": "40"}), "rules.caps.open: a number is written without quotes; found '40'"),
    (with_(caps={"per_day": "max"}), "rules.caps.per_day: must be a whole number"),
    (with_(review=[{"where": {"a": 1}}]), "rules.review.name: is needed, and missing"),
    (
        with_(review=[{"name": "a", "where": {"a": 1}, "on_timeout": "drop"}]),
        'must be "assign" or "pool" or "wait"',
    ),
    (with_(review=[{"name": "a", "where": {"a": 1}}] * 2), 'rules.review: "a" is there twice'),
    (
        with_(
            reward=[{"name": "a", "when": {"n": 5}, "then": {"claims_per_day": 1}}],
            restrict=[{"name": "A", "when": {"n": 0}, "then": {"claims_per_day": 0}}],
        ),
        'rules.restrict: "A" is there twice',
    ),
    (
        with_(reward=[{"when": {"on_tme": 1}, "then": {"entitlement": 1}}]),
        '"on_tme" is no figure; did you mean',
    ),
    (
        with_(reward=[{"when": {"n": "many"}, "then": {"entitlement": 1}}]),
        "rules.reward.when.n: must be a number",
    ),
    (with_(reward=[{"when": {"n": 5}, "then": {}}]), "rules.reward.then: must set one of entitlement, claims_per_day"),
    (
        with_(reward=[{"when": {"n": 5}, "then": {"entitlement": 1.5}}]),
        "rules.reward.then.entitlement: must be from 1",
    ),
    (with_(reward=[{"when": {"overdue": 5}, "then": {"entitlement": 1}}]), '"overdue" is no figure'),
    (with_(restrict=[{"when": {"n": 5}, "then": {"entitlement": 0.4}}]), "must be from 0.5 to 1; found 0.4"),
    (with_(restrict=[{"when": {"n": 5}, "then": {"new_leads": 0}}]), "new_leads: must be true or false; found 0"),
    (
        with_(restrict=[{"when": {"n": 5}, "then": {"claims_per_day": -3}}]),
        "claims_per_day: must be a whole number",
    ),
    (with_(credit={"half_life": 0}), 'rules.credit.half_life: must be minutes, hours or days, above 0, or "off"; foun'),
    (with_(credit={"half_life": "9 working days"}), "rules.credit.half_life: must be minutes, hours or days"),
    (with_(sticky={"by": 3}), 'rules.sticky.by: must be the name of a column of leads, or "off"; found 3'),
    ([], "rules: must be a table of settings; found []"),
]


@pytest.mark.parametrize(("data", "said"), REFUSED, ids=[said[:50] for _, said in REFUSED])
def test_what_is_no_rule_is_refused_in_a_sentence(data, said):
    with pytest.raises(InvalidInput) as caught:
        Rules.from_dict(data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_longer_first_period_by_the_working_week_is_fine():
    for first, following in (("3 days", "3 working days"), ("2 working days", "16 working hours"), ("off", 0), (0, 0)):
        Rules.from_dict(with_(follow={"first_within": first, "next_within": following}))
    Rules.from_dict(with_(follow={"next_within": "off"}))


class TestColumns:
    def test_rules_nobody_wrote_are_off_without_their_column(self):
        rules = Rules.from_dict(LEAST)
        assert rules.check(["tier", "account"], ["max_open"]) == ()
        assert rules.check(["tier", "account"]) == ()
        assert rules.check(["value"], ["rep_id"]) == (
            'rules.review "key accounts" is off: leads have no column "tier"',
            'rules.sticky.by is off: leads have no column "account"',
            'rules.caps.open is off: reps have no column "max_open"',
        )
        assert rules.review_of({"value": 5}) is None

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (
                with_(review=[{"name": "big", "where": {"valu": "> 5"}}]),
                'rules.review "big": where: leads have no column "valu"; did you mean "value"?',
            ),
            (
                with_(sticky={"by": "custmer"}),
                'rules.sticky.by: leads have no column "custmer"; did you mean',
            ),
            (
                with_(recall={"for": [{"where": {"prod": 1}, "after": 0}]}),
                "rules.recall.for (prod is 1): leads have",
            ),
            (
                with_(pool=[{"name": "a", "default": True, "where": {"region": "n"}}]),
                'rules.pool "a": where: leads have no column "region"',
            ),
            (
                with_(caps={"open": "max_opn"}),
                'rules.caps.open: reps have no column "max_opn"; did you mean',
            ),
        ],
    )
    def test_a_rule_that_somebody_wrote_is_refused(self, data, said):
        rules = Rules.from_dict(data)
        with pytest.raises(InvalidInput) as caught:
            rules.check(["value", "customer", "tier", "account"], ["max_open"])
        assert said in str(caught.value)

    def test_a_closure_of_weeks_is_told(self):
        holidays = [f"2027-08-{day:02}" for day in range(2, 21)]
        rules = Rules.from_dict({"time": {"zone": "Europe/Rome", "holidays": holidays}, "sticky": {"by": "off"}})
        assert rules.check(["tier"]) == (
            "rules.time.holidays: nobody works for 23 days, from 2027-07-31 to 2027-08-22; what falls due then waits "
            "until work begins again",
        )


class TestFiles:
    def test_a_path_and_text_are_read(self, tmp_path):
        path = tmp_path / "rules.toml"
        path.write_text(TOML, encoding="utf-8")
        assert Rules.from_toml(path) == Rules.from_toml(str(path)) == FULL

    def test_what_is_wrong_names_the_file(self, tmp_path):
        path = tmp_path / "rules.toml"
        with pytest.raises(InvalidInput, match=r"rules\.toml: cannot be read: no such file"):
            Rules.from_toml(path)
        path.write_text("time.zone = ", encoding="utf-8")
        with pytest.raises(InvalidInput, match=r"rules\.toml: is not valid TOML"):
            Rules.from_toml(path)
        path.write_text("[time]\nzone = 3", encoding="utf-8")
        with pytest.raises(InvalidInput, match=r"rules\.toml: rules\.time\.zone: must be the name of a time zone"):
            Rules.from_toml(path)
        with pytest.raises(InvalidInput, match=r"^rules: is not valid TOML"):
            Rules.from_toml("time.zone = ")
        assert not Path("rules.toml").exists()


DURATIONS = st.one_of(st.sampled_from(["off", 0]), st.integers(1, 300).map(lambda n: f"{n} days"))


@examples(100)
@given(DURATIONS, DURATIONS, st.sampled_from(["off", 0, 3]), st.lists(st.sampled_from(["a", "b"]), unique=True))
def test_any_rules_come_back(after, cool_off, per_day, hide):
    rules = Rules.from_dict(
        with_(recall={"after": after}, cool_off=cool_off, claim={"per_day": per_day, "hide": hide}, leave={})
    )
    assert Rules.from_dict(json.loads(rules.to_json())) == rules
    assert isinstance(rules.review[0].where, Where)
