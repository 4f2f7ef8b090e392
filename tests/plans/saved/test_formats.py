"""What a plan is saved as: names of its own, every class and field, and one sentence for whatever is wrong."""

import copy
import json
import re
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Plan, __version__
from leadopt.errors import InvalidInput, LeadoptError
from leadopt.plans.saved.encoding import decode, encode, parse
from leadopt.plans.saved.formats import FORMAT, RECORDS
from tests.strategies import examples
from tests.values_of_types import values_of

GOLDEN = Path(__file__).parents[2] / "golden"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in GOLDEN.glob(f"format-{FORMAT}/plans/*.json")}
EVERYTHING = json.loads(TEXTS["everything"])
BY_NAME = {record.name: record for record in RECORDS}


def records_in(tree):
    """Yield every record of a tree of plain values, with its name."""
    if isinstance(tree, dict):
        if tree.get("~") in BY_NAME:
            yield tree["~"], tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from records_in(item)


# The table


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_field_of_a_class_has_its_name_in_the_file(record):
    """A field that is new, renamed or gone needs its line in `RECORDS`, and a golden file that holds it."""
    told = {f.name for f in fields(record.kind)}
    assert sorted(record.fields.values()) == sorted(told)


def test_names_are_told_apart():
    assert len(BY_NAME) == len(RECORDS) == len({record.kind for record in RECORDS})


def test_every_class_that_a_saved_class_holds_is_in_the_table():
    def held(hint):
        if isinstance(hint, type) and is_dataclass(hint):
            yield hint
        for inner in getattr(hint, "__args__", ()):
            yield from held(inner)

    kinds = {record.kind for record in RECORDS}
    for record in RECORDS:
        for key, name in record.fields.items():
            assert set(held(record.types[name])) <= kinds, f"{record.name}.{key}"


def test_every_class_and_field_is_in_a_golden_plan_of_this_format():
    seen = {(name, key) for text in TEXTS.values() for name, item in records_in(json.loads(text)) for key in item}
    assert seen == {(record.name, key) for record in RECORDS for key in ("~", *record.fields)}


def test_the_file_says_which_format_and_which_version():
    text = Plan.from_json(TEXTS["everything"]).to_json()
    assert text.startswith(f'{{"format":{FORMAT},"leadopt":"{__version__}","summary":"')


def test_no_name_of_a_class_stands_in_the_file():
    tags = set()

    def collect(tree):
        if isinstance(tree, dict):
            tags.add(tree.get("~"))
        for item in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
            collect(item)

    collect(EVERYTHING)
    assert not tags & {record.kind.__name__ for record in RECORDS}


# What comes back


def same(one, other):
    if type(one) in {record.kind for record in RECORDS}:
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name))
            for record in RECORDS
            if record.kind is type(one)
            for name in record.fields.values()
        )
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, tuple | list):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and (one == other or (np.isnan(one) and np.isnan(other)))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_any_record_comes_back_exactly(record):
    @given(st.data())
    @examples(12)
    def check(data):
        value = data.draw(values_of(record.kind))
        assert same(decode(parse(encode(value, RECORDS)), BY_NAME), value)

    check()


# What is refused


def damaged(change):
    data = copy.deepcopy(EVERYTHING)
    change(data)
    return json.dumps(data)


def inside(data, *path):
    """Return a part of a plan, whatever several share written out where it stands first."""
    for key in path:
        data = data[key]
        data = data["value"] if data.get("~") == "same" else data
    return data


BROKEN = f"this is not a whole plan, as leadopt {EVERYTHING['leadopt']} wrote it: "
NO_PLAN = "this is not a plan that leadopt wrote: "


@pytest.mark.parametrize(
    "text, said",
    [
        ("", f"{NO_PLAN}it is no JSON (Expecting value: line 1 column 1 (char 0))"),
        ("[]", f"{NO_PLAN}it has no format number"),
        ("{}", f"{NO_PLAN}it has no format number"),
        ("[" * 100_000, NO_PLAN),
        (TEXTS["everything"][:3000], f"{NO_PLAN}it is no JSON ("),
        ('{"format": 2, "format": 2}', f"{NO_PLAN}it is no JSON ('format' stands twice in the same place)"),
        ('{"format": 99}', "this plan has format 99; this leadopt reads formats 1 to 2"),
        ('{"format": "2"}', "this plan has format '2'; this leadopt reads formats 1 to 2"),
        ('{"format": true}', "this plan has format True; this leadopt reads formats 1 to 2"),
        (damaged(lambda d: d.update(format=3, leadopt="0.5.0")),
         "this plan has format 3, written by leadopt 0.5.0; this leadopt reads formats 1 to 2"),
        ('{"format": 1, "turn": 0}',
         "this is not a whole plan, as leadopt 0.1.0 wrote it: "
         "it lacks case, rep_of_lead, capacity_prices, limit_prices_of_problem, method"),
        ('{"format": 2}', "this is not a whole plan, as leadopt of an unknown version wrote it: it lacks case, "),
        (damaged(lambda d: d.update(case={})), f"{BROKEN}case must be case; found {{}}"),
        (damaged(lambda d: d["case"].update(problem=None)), f"{BROKEN}case.problem must be problem; found None"),
        (damaged(lambda d: d["case"].update(lead_ids=None)), f"{BROKEN}case.lead_ids must be a list; found None"),
        (damaged(lambda d: d["case"].update(lead_ids=[1, 2])), f"{BROKEN}case.lead_ids must be a list; found [1, 2]"),
        (damaged(lambda d: d["case"]["lead_ids"]["items"].pop()), f"{BROKEN}lead_ids must have 10 entries; found 9"),
        (damaged(lambda d: d["case"].pop("notes")), f"{BROKEN}case lacks notes"),
        (damaged(lambda d: d["case"].update(colour="red")),
         f"{BROKEN}case holds 'colour', which is unknown; known are"),
        (damaged(lambda d: d.update(metod="x")),
         f"{BROKEN}it holds 'metod', which is unknown; did you mean \"method\"?"),
        (damaged(lambda d: d.update(method=5)), f"{BROKEN}method must be text; found 5"),
        (damaged(lambda d: d.update(turn=3)), f"{BROKEN}turn must be the index of a rep; found 3"),
        (damaged(lambda d: d.update(rep_of_lead=None)), f"{BROKEN}rep_of_lead must be an array of int64; found None"),
        (damaged(lambda d: d["rep_of_lead"].update(data=[7] * 10)),
         f"{BROKEN}rep_of_lead must hold indices from -1 to 2"),
        (damaged(lambda d: d["rep_of_lead"].update(data=[0.5] * 10)),
         f"{BROKEN}rep_of_lead is a damaged array: ValueError float in an array of int64"),
        (damaged(lambda d: inside(d, "case", "problem", "capacity").update(data=[-1] * 3)),
         f"{BROKEN}capacity of rep 0: must be a whole number, 0 or more; found -1"),
        (damaged(lambda d: inside(d, "case", "policy", "columns").update(value=7)),
         f"{BROKEN}case.policy.columns.value must be text; found 7"),
        (damaged(lambda d: inside(d, "case", "problem").update({"~": "Problem"})),
         f"{BROKEN}case.problem is of a kind that is unknown: 'Problem'"),
    ],
)  # fmt: skip
def test_a_damaged_plan_is_refused_in_a_sentence(text, said):
    with pytest.raises(InvalidInput) as caught:
        Plan.from_json(text)
    message = str(caught.value)
    assert message.startswith(said) and "\n" not in message and len(message) < 400


def parts_of(tree, path=()):
    """Return the path of every part of a tree of plain values."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(found for key, item in inner for found in parts_of(item, (*path, key)))]


PARTS = [
    (name, path)
    for name, text in TEXTS.items()
    for path in parts_of(json.loads(text))
    if path and path[-1] != "name"  # of a limit: any text is one, and what the limit is about hangs on it
]
WRONG = [
    *(None, True, -1, 3, 10**12, 10**400, 1.5, "", "x", [], {}, [1], {"a": 1}, {"~": "same", "as": 0}),
    {"~": "float", "value": "nan"}, {"~": "tuple", "items": []}, {"~": "tuple", "items": [1]}, {"~": "columns"},
    {"~": "array", "dtype": "<i8", "shape": [1], "data": [10**12]},
    {"~": "array", "dtype": "<f8", "shape": [0, 3], "data": []},
]  # fmt: skip


GONE, TWICE = "(gone)", "(twice)"


def wrecked(name, path, wrong):
    """Return a golden plan in which one part is gone, repeated, or something else."""
    tree = json.loads(TEXTS[name])
    around = tree
    for key in path[:-1]:
        around = around[key]
    if wrong == GONE:
        del around[path[-1]]
    elif wrong != TWICE:
        around[path[-1]] = wrong
    elif isinstance(around, list):
        around.append(around[path[-1]])
    else:
        around["other"] = around[path[-1]]
    return json.dumps(tree)


@given(st.sampled_from(PARTS), st.sampled_from([*WRONG, *[GONE] * 5, *[TWICE] * 3]))
@examples(30)
def test_whatever_is_damaged_is_refused_or_makes_a_plan_that_answers(part, wrong):
    try:
        plan = Plan.from_json(wrecked(*part, wrong))
    except InvalidInput as error:
        assert "\n" not in str(error)
        return
    for ask in (plan.report, plan.to_json, plan.compare, lambda: [plan.explain(lead) for lead in plan.case.lead_ids]):
        with suppress(LeadoptError):
            ask()


@pytest.mark.parametrize(
    "path, value, said",
    [
        (("lead_ids", "items", 1), 0, "lead_ids must be distinct; found "),
        (("rep_ids", "items", 1), 0, "rep_ids must be distinct; found "),
        (("shared", "items", 0, "of"), "Leads", "shared.of must be leads, value, hot; found 'Leads'"),
    ],
)
def test_what_an_editor_breaks_is_refused_where_the_file_is_read(path, value, said):
    tree = json.loads(json.dumps(EVERYTHING))
    *way, last = path
    place = tree["case"]
    for step in way:
        place = place[step]
    place[last] = place[value] if isinstance(value, int) else value
    with pytest.raises(InvalidInput, match=f"^this is not a whole plan, as leadopt .* wrote it: {re.escape(said)}"):
        Plan.from_json(json.dumps(tree))
