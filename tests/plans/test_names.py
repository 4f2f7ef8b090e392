"""A name is for people: whatever limits are called, a plan says the same of them in other words."""

import ast
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, InvalidInput, Limit, NewcomerQuota, Policy, assign
from leadopt.decision.solve import solved
from leadopt.plans.plan import Plan, plan_of
from leadopt.plans.report import load_columns
from leadopt.plot import plot_loads
from leadopt.problem.limit_kinds import LimitKind
from tests.strategies import examples
from tests.test_assign import leads_of, reps_of

PACKAGE = Path(__file__).parents[2] / "leadopt"
GAINS = np.array([[9.0, 1.0, 2.0], [8.0, 2.0, 1.0], [7.0, 3.0, 1.0], [6.0, 1.0, 1.0], [5.0, 2.0, 3.0], [4.0, 1.0, 2.0]])

# Names that leadopt itself gives, that begin like them, or that people give.
NAMES = [
    *("newcomer desk in Ann's office", "newcomer quota", "newcomer minimum of Bo", "minimum of Ann", "limit 0"),
    *("hours of overtime", "hours of nobody", "hours of Ann", "capacity of Ann", "capacity of rep 0", "band", "own"),
    *(
        "fairness band of Ann",
        "fairness band of Bo",
        "value band of Cy",
        "fair share of Ann",
        "王小明的新人名额",
        "St. Gallen",
    ),
]
names = st.lists(
    st.one_of(st.none(), st.sampled_from(NAMES), st.text(max_size=6)), min_size=16, max_size=16
)  # as many as a plan has limits, the same one often


def every_kind(**more):
    """A plan with a limit of nearly every kind, every one of them tight enough to count."""
    leads = leads_of(6, effort=[1, 2, 1, 2, 1, 2])
    reps = reps_of(3, 3, 3, hours=[4, 4, 4], min_leads=[1, 0, 0], is_newcomer=[0, 1, 1])
    quota = NewcomerQuota(share=0.3, min_leads=1, value_share=0.05, max_hot_share=0.5)
    fairness = [Fairness(low=0.4, high=1.5), Fairness(of="value", low=0, high=3.0)]
    return assign(leads, reps, affinity=GAINS, policy=Policy(fairness=fairness, newcomers=quota), **more)


def called(plan, given):
    """The same plan with other names."""
    problem = plan.case.problem
    limits = tuple(replace(limit, name=name) for limit, name in zip(problem.limits, given, strict=False))
    return replace(plan, case=replace(plan.case, problem=problem.replace(limits=limits)))


def told(plan):
    """What a plan says, names and sentences aside."""
    case, bars = plan.case, plot_loads(plan)
    lost = case.problem.replace(reserve=-np.inf, capacity=np.zeros(3, dtype=np.int64))
    with pytest.raises(Infeasible) as caught:
        solved(replace(case, problem=lost))
    explained = [plan.explain(lead) for lead in case.lead_ids]
    about = [plan.explain_rep(rep) for rep in case.rep_ids]
    return {
        "answer": plan_of(case, solved(case), plan.like).rep_of_lead.tolist(),
        "worth": (plan.objective, plan.bound, plan.status),
        "prices": list(plan.limit_prices.values()),
        "quota": plan.quota_cost(),
        "loads": load_columns(plan),
        "drawn": sorted((bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()) for bar in bars.patches),
        "reasons": [(row.reason, list(map(shape, row.changes))) for row in plan.unassigned_leads],
        "moves": [
            (other.rep_id, other.gain, other.slot_price, [held[1:] for held in other.held_by])
            for one in explained
            for other in one.alternatives
        ],
        "asked": [[held[1:] for held in one.asked_by] for one in explained],
        "bounds": [[(b.load, b.mine, b.lower, b.upper, b.price, b.state) for b in one.bounds] for one in about],
        "refused": (caught.value.witness.rows, caught.value.witness.need, caught.value.witness.room),
    }  # fmt: skip


def shape(change):
    return {key: sorted(value, key=str) if key != "limits" else list(value.values()) for key, value in change.items()}


PLAN = every_kind()
TOLD = told(PLAN)


@given(names)
@examples(10)
def test_other_names_change_nothing_but_the_texts(given_names):
    import matplotlib.pyplot as plt

    other = called(PLAN, given_names)
    assert told(other) == TOLD
    assert len(set(other.limit_prices)) == len(other.case.problem.limits)
    again = Plan.from_json(other.to_json())
    assert [(one.kind, one.of, one.name) for one in again.case.problem.limits] == [
        (one.kind, one.of, one.name) for one in other.case.problem.limits
    ]
    plt.close("all")


@given(names, st.sampled_from(list(LimitKind)))
@examples(10)
def test_a_kind_is_left_out_whatever_its_limits_are_called(given_names, kind):
    other = called(PLAN, given_names)
    if kind not in {limit.kind for limit in PLAN.case.problem.limits}:
        with pytest.raises(InvalidInput, match="no limit is called"):
            other.what_if(without=[kind])
        return
    here, there = PLAN.what_if(without=[kind]), other.what_if(without=[kind])
    assert (there.change, there.change_at_most) == (here.change, here.change_at_most)
    assert [limit.kind for limit in there.plan.case.problem.limits] == [
        limit.kind for limit in PLAN.case.problem.limits if limit.kind is not kind
    ]
    assert [(row["before"], row["after"]) for row in there.prices] == [
        (row["before"], row["after"]) for row in here.prices
    ]


def with_limit(name, **limit):
    return PLAN.what_if(limits={name: Limit(**limit)}).plan


@pytest.mark.parametrize("name", NAMES)
def test_a_users_limit_is_its_own_whatever_it_is_called(name):
    """One called "newcomer desk in Ann's office" made the quota's cost 21 in place of 0."""
    if name in PLAN.case.limit_names():
        pytest.skip("replaces that limit")
    plain, same = (with_limit(one, reps=[0], upper=1) for one in ("x", name))
    assert same.quota_cost() == plain.quota_cost()
    assert same.objective == plain.objective
    assert same.report().count("\n") == plain.report().count("\n")
    assert len(same.limit_prices) == len(plain.limit_prices)
    assert same.what_if(without=[same.case.limit_names()[-1]]).plan.objective == pytest.approx(PLAN.objective)


def test_a_desk_of_newcomers_is_no_quota():
    plan = assign(
        leads_of(6), reps_of(6, 6, is_newcomer=[0, 1]), affinity=GAINS[:, :2], newcomers=NewcomerQuota(share=0)
    )
    desk = plan.what_if(limits={"newcomer desk in Ann's office": Limit(reps=[1], lower=4)}).plan
    assert desk.objective < plan.objective - 10
    assert desk.quota_cost() is None  # its cost was that of the desk
    assert "quota costs" not in desk.report()


@pytest.mark.parametrize("name", ["hours of overtime", "hours of nobody", "hours of Ann"])
@pytest.mark.parametrize("limit", [{"reps": [], "upper": 3}, {"reps": [0], "upper": 3}, {"leads": [], "upper": 3}])
def test_no_name_invents_hours(name, limit):
    plan = assign(leads_of(4), reps_of(2, 2)).what_if(limits={name: Limit(**limit)}).plan
    assert "hours" not in load_columns(plan)
    assert "| hours" not in plan.report()  # "hours of nobody" raised IndexError
    plot_loads(plan)


def test_hours_that_one_rep_is_free_of_are_left_blank():
    plan = PLAN.what_if(without=["hours of Bo"]).plan
    rows = {row["rep_id"]: row for row in plan.loads()}
    assert (rows["Bo"]["hours"], rows["Bo"]["hours_there"]) == (None, None)
    assert rows["Ann"]["hours_there"] == 4
    assert plan.report()


def test_an_exact_name_goes_before_a_kind():
    plan = with_limit("band", reps=[0], upper=1)
    bands = [LimitKind.FAIRNESS_BAND, LimitKind.VALUE_BAND]
    assert plan.what_if(without=["band"]).notes == ("without band",)
    assert [limit.kind for limit in plan.what_if(without=bands).plan.case.problem.limits if "band" in limit.kind] == []
    assert plan.what_if(without=bands).plan.case.problem.limits[-1].name == "band"
    assert plan.what_if(without=["own"]).notes == ("without band",)


def test_names_that_occur_twice_are_told_apart_by_a_number():
    own = replace(PLAN.case.problem.limits[0], kind="own", of=None, name="hours of Ann")
    slots = replace(own, name="capacity of Ann")
    case = replace(PLAN.case, problem=PLAN.case.problem.replace(limits=(*PLAN.case.problem.limits, own, own, slots)))
    assert case.limit_names()[-3:] == ["hours of Ann (2)", "hours of Ann (3)", "capacity of Ann (2)"]
    plan = plan_of(case, solved(case), PLAN.like)
    assert len(plan.limit_prices) == len(case.problem.limits)
    one = plan.what_if(without=["hours of Ann (2)"])
    assert len(one.plan.case.problem.limits) == len(case.problem.limits) - 1
    assert one.plan.case.problem.limits[-2:] == plan.case.problem.limits[-2:]
    assert [row["after"] is None for row in one.prices].index(True) == 3 + len(case.problem.limits) - 3
    bounded = plan.what_if(limits={"hours of Ann (3)": {"upper": 2}}).plan
    assert [limit.upper for limit in bounded.case.problem.limits][-2] == 2


def test_slots_and_a_limit_called_after_them_are_told_apart():
    """The same text used to be taken for the slots of that rep."""
    plan = assign(leads_of(3), reps_of(3, 3), affinity=GAINS[:3, :2])
    plan = plan.what_if(limits={"capacity of Ann": Limit(reps=[0], upper=1)}).plan
    held = plan.explain(2).best
    assert [(one.name, one.slots) for one in held.held_by] == [("capacity of Ann (2)", False)]
    assert "held by capacity of Ann (2)" in str(plan.explain(2))
    with pytest.raises(Infeasible) as caught:
        plan.what_if(limits={"capacity of rep 0": Limit(reps=[0], lower=2)})
    assert "no plan meets every limit: capacity of rep 0, capacity of Ann (2) cannot be met" in str(caught.value)


def test_limits_of_one_name_that_conflict_are_both_named():
    plan = assign(leads_of(3), reps_of(3, 3))
    least, most = Limit(reps=[0], lower=2, name="desk"), Limit(reps=[0], upper=1, name="desk")
    case = replace(plan.case, problem=plan.case.problem.replace(limits=(least, most)))
    with pytest.raises(Infeasible) as caught:
        solved(case)
    assert str(caught.value).startswith("no plan meets every limit: desk, desk (2) cannot be met: Ann must")


@pytest.mark.parametrize("name", ["team cap", "capacity of Ann", "capacity of Bo"])
def test_a_limit_is_changed_and_lifted_by_its_own_name_though_it_is_shown_with_a_number(name):
    """A limit called as slots are shown could be added twice, and neither changed nor lifted."""
    plan = assign(leads_of(4), reps_of(4, 4))
    once = plan.what_if(limits={name: Limit(reps=[0], upper=1)}).plan
    twice = once.what_if(limits={name: Limit(reps=[0], upper=3)}).plan
    assert [limit.upper for limit in twice.case.problem.limits] == [3.0]
    assert once.what_if(limits={name: {"upper": 2}}).plan.case.problem.limits[0].upper == 2.0
    assert not once.what_if(without=[name]).plan.case.problem.limits


@pytest.mark.parametrize("name", ["zzz", "owner first: leads of Ann"])
def test_a_change_of_a_users_limit_leaves_owners_first_whatever_it_is_called(name):
    """Called as ours is, and shown before it, it was changed, and owners came first no more."""
    leads = leads_of(4, boss=["Ann", "Ann", "Bo", "Bo"])
    limit = [{"name": name, "reps": ["Bo"], "most": 3}]
    policy = Policy.from_dict({"columns": {"owner": "boss"}, "limit": limit})
    plan = assign(leads, reps_of(4, 4), affinity=[[1, 5], [1, 5], [5, 1], [5, 1]], policy=policy)
    changed = plan.what_if(limits={name: {"upper": 2}})
    assert changed.plan.rep_of_lead.tolist() == plan.rep_of_lead.tolist() == [0, 0, 1, 1]
    assert changed.plan.case.owned is not None and changed.plan.case.problem.limits[0].upper == 2
    ours = plan.case.limit_names()[1]
    assert plan.what_if(limits={ours: {"lower": 0}}).plan.case.owned is None


# What looks into a text in rooms that know of limits, each with what the text is.
LOOKS = {
    ("problem/rates/given.py", "repr(value)"),  # what a message says of any value
    ("solvers/capacities/exchanges.py", "self"),  # scratch of a search for paths
    ("frontier.py", "point.reason"),  # a refusal, whose last sentence is left out of a table
    ("frontier.py", "point.reason.removeprefix(REFUSAL)"),
    ("decision/setting.py", "str(over)"),  # a setting
    ("frontier.py", "name_of(over)"),
    ("fairness.py", "_ENTITLEMENTS"),  # the words of a message
    ("eligibility.py", "level"),  # a level of a column
    ("eligibility.py", "level.strip()"),
    ("decision/reading/columns_read.py", "header"),  # headers and cells of the user's tables
    ("decision/reading/footers.py", "cell"),
    ("decision/reading/footers.py", "filled[0]"),
    ("decision/reading/footers.py", "alike(cell)"),
    ("decision/owners.py", "level"),  # a cell of the user's
    # cells, headers and names of the user's own files
    ("decision/know.py", "str(one)"),
    ("decision/reading/away.py", "_HEADER_TEXT"),
    ("decision/reading/away.py", "_SHARE_TEXT"),
    ("decision/reading/away.py", "folded(header.rstrip('?'))"),
    ("decision/reading/away.py", "folded(header.rstrip('?')).removesuffix('?')"),
    ("decision/reading/away.py", "level"),
    ("decision/reading/away.py", "name"),
    ("decision/reading/away.py", "word"),
    ("decision/reading/columns_read.py", "key"),
    ("decision/reading/footers.py", "_BEGINS"),
    ("decision/reading/footers.py", "_ENDS"),
    ("decision/reading/footers.py", "_MAYBE"),
    ("decision/reading/footers.py", "_REMARK"),
    ("decision/reading/footers.py", "found['of']"),
    ("decision/reading/footers.py", "one[-1:]"),
    ("decision/reading/footers.py", "text"),
    ("decision/reading/units.py", "wrong[0]"),
    ("eligibility.py", "_AND"),
    ("eligibility.py", "each"),
    ("fairness.py", "near"),  # the nearest column
    ("plans/saved/names_of_format_1.py", "name or ''"),  # plans of 0.1.0, the one place
    ("plans/saved/names_of_format_1.py", "words"),
    ("plans/saved/names_of_format_1.py", "number"),
    ("problem/limit_kinds.py", "words"),  # what the user asks for
    ("problem/limit_kinds.py", "words.casefold()"),
    ("problem/limit_kinds.py", "kind"),
    # names of loops, and what a library says of them
    ("solvers/compiled.py", "_text(library, 'leadopt_kernels')"),
    ("solvers/compiled.py", "_text(library, f'{name}_signature')"),
    ("solvers/compiled.py", "arguments"),
    ("solvers/compiled.py", "function.__module__"),
    ("solvers/compiled.py", "function.__module__.rpartition('.')[2]"),
    ("solvers/compiled.py", "kind"),
    ("solvers/compiled.py", "text"),
    ("plot/axes.py", "str(name)"),
    ("plot/canvas.py", "str(error.name)"),  # a package that is missing
}
READS = {"startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "casefold",
         "strip", "isdecimal", "fullmatch", "search", "find"}  # fmt: skip
ROOMS = ["problem", "solvers", "decision", "plans", "plot", "metrics.py", "frontier.py", "fairness.py", "capacity.py",
         "matching.py", "assign.py", "eligibility.py"]  # fmt: skip


def sources():
    for room in ROOMS:
        path = PACKAGE / room
        every = [path] if path.is_file() else path.rglob("*.py")
        yield from (
            one for one in every if one.parent.name != "saved" or one.stem == "names_of_format_1"
        )  # the others read the keys of files


@cache
def parsed():
    """Return every node of those files, with the file that it stands in."""
    return [
        (str(path.relative_to(PACKAGE)), node)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Compare)
    ]


def test_no_part_reads_the_name_of_a_limit():
    """A kind was read off the first words of a name in seven files."""
    found, compared, others = set(), set(), {"np", "there"}  # arrays and lists have some of these words too
    for where, node in parsed():
        if isinstance(node, ast.Attribute) and node.attr in READS and ast.unparse(node.value) not in others:
            found.add((where, ast.unparse(node.value)))
        if isinstance(node, ast.Compare):
            sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
            if any(side.endswith((".name", "limit_names()")) for side in sides):
                compared.add((where, ast.unparse(node)))
    assert {(where, text.replace('"', "'")) for where, text in found} <= LOOKS
    # A user who asks for a limit by its name means that one.
    # An index of pandas has a name, too; and 0.1.0 gave no name twice.
    allowed = {"found.status.name != 'OPTIMAL'", "limit.name == wanted", "labels.name is None", "limit.name in named"}
    assert {text for _, text in compared} == allowed


# What reads the name of a limit in those rooms: to show it, or to find the one that its user asks for.
SHOWN = {
    ("decision/case.py", "limit.name"),  # with a number behind a name that something else has too
    ("decision/entitlements.py", "limit.name"),
    ("decision/solve.py", "problem.limits[k].name"),
    ("plans/changed_case.py", "limit.name"),
    ("plans/saved/names_of_format_1.py", "limit.name"),
    ("problem/certify.py", "limit.name"),
    ("problem/problem.py", "limit.name"),
    ("solvers/flow/infeasible.py", "problem.limits[node - problem.n_reps].name"),
    ("solvers/flow/limit_tree.py", "problem.limits[node - problem.n_reps].name"),
    ("solvers/lagrangian/infeasible.py", "problem.limits[row - problem.n_reps].name"),
    ("solvers/leximin/programs.py", "limit.name"),
}


def test_names_of_limits_are_read_where_they_are_shown_and_nowhere_else():
    """Two limits were told apart by their names in a set and in a dict, which no comparison shows."""
    found = {
        (where, ast.unparse(node))
        for where, node in parsed()
        if isinstance(node, ast.Attribute) and node.attr == "name" and "limit" in ast.unparse(node.value)
    }
    assert found == SHOWN
    changed = (PACKAGE / "plans/changed_case.py").read_text(encoding="utf-8")
    assert changed.count("limit.name") == 1
