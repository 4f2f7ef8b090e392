"""A column that a setting names is there or refused; a header close to a known one is told; so is what was read."""

import re
from collections import Counter

import pytest

from leadopt import AffinityModel, Fairness, InvalidInput, NewcomerQuota, Policy, assign
from leadopt.decision.reading.columns_read import named_columns
from leadopt.evaluate import backtest
from leadopt.policy import exclude, match, skills
from leadopt.tables.columns import NAMED, Columns
from leadopt.tables.headers import NEEDED, READ_OF
from tests.tables_strategies import KINDS, framed, records

LEADS = {"lead_id": [1, 2, 3, 4], "source": ["web", "fair"] * 2, "zone": ["n", "s"] * 2}
REPS = {"rep_id": ["Ann", "Bo"], "capacity": [2, 2], "zone": ["n", "s"]}
HISTORY = {"rep_id": ["Ann", "Bo"] * 10, "source": ["web", "fair", "fair", "web"] * 5, "converted": [1, 0] * 10}
TABLES = {"leads": LEADS, "reps": REPS, "history": HISTORY}
OPTIONAL = [
    (name, kinds)
    for name in NAMED
    if (kinds := [kind for kind in READ_OF if name in READ_OF[kind]]) and not any(name in NEEDED[k] for k in kinds)
]


def plan_of(tables=TABLES, kind="list of dicts", **more):
    return assign(*(framed(kind, tables[name]) for name in TABLES), **more)


def refusal(*tables, **more):
    with pytest.raises(InvalidInput) as caught:
        assign(*tables, **more) if tables else plan_of(**more)
    return str(caught.value)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_who_is_away_gets_nothing_or_the_name_is_refused(kind):
    policy = Policy(columns=Columns(available="On duty"))
    reps = framed(kind, REPS | {"On Duty": [0, 1]})
    said = refusal(framed(kind, LEADS), reps, policy=policy)
    assert said.startswith('reps: column "On duty" (columns.available) is missing; did you mean "On Duty"?')
    mended = policy.replace(columns=Columns(available="On Duty"))
    plan = assign(framed(kind, LEADS), reps, policy=mended)
    assert {row["rep_id"] for row in records(plan.assignments)} == {"Bo"}


@pytest.mark.parametrize(("name", "kinds"), OPTIONAL, ids=[name for name, _ in OPTIONAL])
def test_every_field_that_names_a_column_which_no_table_has_is_refused(name, kinds):
    near = f"My {name.replace('_', ' ').title()}"
    tables = {kind: {**TABLES[kind], **({near: [1] * len(TABLES[kind]["rep_id" if kind != "leads" else "lead_id"])})}
              for kind in kinds}  # fmt: skip
    policy = Policy(columns=Columns(**{name: f"my_{name}"}))
    said = refusal(tables=TABLES | tables, policy=policy)
    assert said.startswith(f'{" and ".join(kinds)}: column "my_{name}" (columns.{name}) is missing; ')
    assert f'"{near}"' in said


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (Policy(segment_by="Source"), 'leads and history: column "Source" (segment_by)'),
        (Policy(rep_by="team"), 'reps and history: column "team" (rep_by)'),
        (Policy(segment_by="source", bins={"Size": 4}), 'leads and reps and history: column "Size" (bins)'),
        (Policy(eligibility=match("Zone")), 'leads: column "Zone" (eligibility, match)'),
        (Policy(eligibility=match("zone", "Zones")), 'reps: column "Zones" (eligibility, match)'),
        (Policy(eligibility=skills("zone", "can")), 'reps: column "can" (eligibility, skills)'),
        (Policy(eligibility=exclude(column="not to")), 'leads: column "not to" (eligibility, exclude)'),
        (Policy(score={"Sources": 1}), 'leads: column "Sources" (score)'),
        (Policy(newcomers=NewcomerQuota(protect="key")), 'leads: column "key" (newcomers.protect)'),
        (Policy(fairness=Fairness(entitlement="Capacity ")), "fairness.entitlement: must be"),
        (Policy(columns=Columns(history={"value": "Amount"})), 'history: column "Amount" (columns.history.value)'),
    ],
)
def test_every_other_setting_too(policy, said):
    assert refusal(policy=policy).startswith(said)


def test_a_setting_that_nothing_reads_is_no_error():
    policy = Policy(columns=Columns(converted="Stage", at="Closed"), segment_by="source")
    assert assign(LEADS, REPS, policy=policy).rep_of_lead.min() >= 0
    assert assign(LEADS, REPS, affinity=[[1.0, 1.0]] * 4, policy=Policy(columns=Columns(value="x"))).unit == "gain"


def test_what_one_of_two_tables_has_is_fine_and_told():
    tables = TABLES | {"leads": LEADS | {"Amount": [1, 2, 3, 4]}}
    plan = plan_of(tables, policy=Policy(columns=Columns(value="Amount")))
    assert plan.unit == "value"
    assert (
        'column "Amount" (columns.value) is in leads and not in history: if history calls it otherwise, '
        "set columns.history.value" in plan.notes
    )


@pytest.mark.parametrize(
    ("kind", "header", "field"),
    [
        ("reps", "Available", "available"),
        ("reps", "avail", "available"),
        ("reps", "AVAILABLE?", "available"),
        ("reps", "Verfügbar", "available"),
        ("reps", "是否在岗", "available"),
        ("reps", "Disponible", "available"),
        ("reps", "Présent", "available"),
        ("reps", "Max Open Leads", "max_open"),
        ("reps", "Hire Date", "hired_on"),
        ("leads", "Deal Value (EUR)", "value"),
        ("leads", "预计金额", "value"),
        ("history", "Abschlussdatum", "at"),
        ("history", "Opportunity ID", "lead_id"),
    ],
)
def test_a_header_close_to_a_known_column_gets_a_note(kind, header, field):
    n = len(next(iter(TABLES[kind].values())))
    plan = plan_of(TABLES | {kind: TABLES[kind] | {header: [1] * n}}, policy=Policy(segment_by="source"))
    setting = f"columns.{kind}.{field}" if field == "lead_id" else f"columns.{field}"
    assert f'column "{header}" of {kind} looks like {field} and was not read: set {setting} = "{header}"' in plan.notes
    # What it proposes does what it says.
    part = {kind: {field: header}} if field == "lead_id" else {field: header}
    read = plan_of(
        TABLES | {kind: TABLES[kind] | {header: [1] * n if field not in ("at", "hired_on") else ["2026-01-01"] * n}},
        policy=Policy(segment_by="source", columns=Columns(**part)),
        now="2026-02-01",
    )
    assert not any("was not read" in note for note in read.notes)
    assert f"{header} as {field}" in read.notes[-1] or any(f"{header} as {field}" in note for note in read.notes)


@pytest.mark.parametrize("header", ["Notes", "Unavailable", "Name", "Status", "Phone", "region"])
def test_other_headers_get_none(header):
    plan = plan_of(TABLES | {"reps": REPS | {header: ["x", "y"]}})
    assert not any("was not read" in note for note in plan.notes)
    assert any(note.endswith(f"Not used: zone (leads), zone, {header} (reps)") for note in plan.notes)


def test_one_line_says_what_was_read_as_what():
    leads = {"Nr": [1, 2], "source": ["web", "fair"], "zone": ["n", "s"], "phone": ["", ""], "big": [True, False]}
    reps = {"Name": ["Ann", "Bo"], "capacity": [2, 2], "zone": ["n", "s"], "credit_value": [0, 0], "mail": ["", ""]}
    history = {"Owner": ["Ann", "Bo"] * 5, "source": ["web", "fair"] * 5, "converted": [1, 0] * 5}
    policy = Policy(
        columns=Columns(lead_id="Nr", rep_id="Name", history={"rep_id": "Owner"}),
        eligibility=match("zone"),
        newcomers=NewcomerQuota(protect="big"),
    )
    notes = assign(leads, {**reps, "is_newcomer": [0, 1]}, history, policy=policy).notes
    assert (
        "columns read: leads Nr as lead_id, zone as match, big as protected, source as segment; reps Name as rep_id, "
        "capacity, is_newcomer, zone as match, credit_value as credit; history Owner as rep_id, converted, source as "
        "segment. Not used: phone (leads), mail (reps)" in notes
    )
    assert [note.startswith("columns read: ") for note in notes].count(True) == 1


def test_the_line_ends_where_there_are_many_columns():
    reps = REPS | {f"x{k}": ["", ""] for k in range(20)}
    (line,) = [note for note in assign(LEADS, reps).notes if note.startswith("columns read")]
    assert "x6 and 13 more (reps)" in line


def test_each_table_may_have_names_of_its_own():
    history = {"Owner": HISTORY["rep_id"], "source": HISTORY["source"], "Stage": HISTORY["converted"]}
    policy = Policy(columns=Columns(history={"rep_id": "Owner", "converted": "Stage"}))
    for kind in sorted(KINDS):
        found = assign(framed(kind, LEADS), framed(kind, REPS), framed(kind, history), policy=policy)
        assert records(found.assignments) == records(plan_of(kind=kind).assignments)
    again = Policy.from_dict(policy.to_dict())
    assert again == policy and again.fingerprint == policy.fingerprint != Policy().fingerprint


def test_a_column_that_hides_another_one_is_the_one_that_is_meant():
    history = HISTORY | {"rep_id": ["nobody"] * 20, "Owner": HISTORY["rep_id"]}
    policy = Policy(columns=Columns(history={"rep_id": "Owner"}))
    assert plan_of(TABLES | {"history": history}, policy=policy).objective == plan_of().objective
    with pytest.raises(InvalidInput, match=re.escape("history.Owner, row 1: an id must be text")):
        plan_of(TABLES | {"history": history | {"Owner": [1.5] * 20}}, policy=policy)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"history": "Owner"}, "policy.columns.history: must hold names of columns"),
        ({"history": {"rep": "Owner"}}, "policy.columns.history: unknown key 'rep'; did you mean \"rep_id\"?"),
        ({"reps": {"converted": "x"}}, "policy.columns.reps: unknown key 'converted'"),
        ({"leads": {"lead_id": 3}}, "policy.columns.leads.lead_id: must be the name of a column; found 3"),
        ({"value": 3}, "policy.columns.value: must be the name of a column; found 3"),
    ],
)
def test_names_of_columns_are_checked(settings, said):
    with pytest.raises(InvalidInput) as caught:
        Policy.from_dict({"columns": settings})
    assert str(caught.value).startswith(said)


def test_a_date_column_that_is_named_and_missing_is_no_reason_to_draw_lots():
    history = HISTORY | {"Closed on": ["2026-01-01"] * 20}
    with pytest.raises(InvalidInput, match='column "closed_on" is missing; did you mean "Closed on"'):
        backtest(history, at="closed_on", now="2026-02-01")
    assert backtest(history, now="2026-02-01").scheme.startswith("Folds drawn by lot")


def test_a_value_that_is_named_and_missing_is_none():
    model = AffinityModel().fit(HISTORY)
    with pytest.raises(InvalidInput, match='leads: column "Amount" is missing'):
        model.affinity(LEADS, REPS, value="Amount")


def test_segments_whose_headers_differ_in_case_are_told():
    history = {("Source" if name == "source" else name): cells for name, cells in HISTORY.items()}
    assert 'no segments, though "source" of leads may be "Source" of history: call them alike' in (
        plan_of(TABLES | {"history": history}).notes
    )


def test_every_setting_of_a_policy_that_names_columns_is_looked_at():
    policy = Policy(
        segment_by="a",
        rep_by="b",
        bins={"a": 3},
        score={"c": 1},
        eligibility=[match("d", "e"), skills("f", "g"), exclude(column="h")],
        fairness=Fairness(entitlement="i"),
        newcomers=NewcomerQuota(protect="j"),
    )
    assert Counter(named.column for named in named_columns(policy)) == Counter("abacdefghij")


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        (Columns(reps={"territory": "area"}, leads={"territory": "region"}), match("region", "area")),
        (Columns(reps={"territory": "area"}, leads={"territory": "region"}), match("territory")),
        (Columns(reps={"territory": "area"}, territory="region"), match("region", "area")),
        (Columns(reps={"territory": "area"}, territory="region"), match("region")),
    ],
)
def test_a_rule_names_a_column_as_its_table_or_as_all_tables_do(kind, columns, rule):
    leads, reps = {"lead_id": [0, 1, 2, 3], "region": list("NSNS")}, {"rep_id": ["N", "S"], "area": ["N", "S"]}
    plan = assign(framed(kind, leads), framed(kind, reps), policy=Policy(columns=columns, eligibility=[rule]))
    assert plan.rep_of_lead.tolist() == [0, 1, 0, 1]
