"""Values of a type by its annotation; of classes that look at what they are given, only what they take."""

from collections.abc import Mapping
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from leadopt.eligibility import ExcludeRule, MatchRule, SkillsRule
from leadopt.fairness import Fairness, NewcomerQuota
from leadopt.limit_rules import LimitRule
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.tables.columns import NAMED, Columns
from leadopt.tables.headers import READ_OF
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes
from tests.strategies import affinities, general_limits, general_problems

names = st.text(min_size=1, max_size=4)
share = st.floats(0, 1)
PLAIN = {int: st.integers(), str: st.text(max_size=4), bool: st.booleans(), float: st.floats(), UUID: st.uuids()}
RULES = st.one_of(
    st.builds(MatchRule, names, st.none() | names),
    st.builds(SkillsRule, names, names),
    st.builds(ExcludeRule, st.lists(st.tuples(st.integers(0, 9), st.uuids())).map(tuple), st.none() | names),
)
FAIRNESS = st.builds(
    Fairness,
    low=share,
    high=st.floats(1, 9),
    entitlement=st.sampled_from(["capacity", "equal", "performance", "seniority"]),
    of=st.sampled_from(["leads", "value", "hot"]),
    weight=st.none() | st.floats(0, 9) | st.integers(0, 9),
    hot_share=st.floats(0.01, 1),
)
QUOTA = st.builds(
    NewcomerQuota,
    share=share,
    min_leads=st.none() | st.integers(0, 9),
    tenure_days=st.floats(1, 999),
    ramp_days=st.none(),
)
LIMIT_RULES = st.builds(
    LimitRule,
    reps=st.none() | st.lists(st.integers(0, 9) | names.filter(str.strip), min_size=1, max_size=3),
    leads=st.none() | st.dictionaries(names, names | st.lists(names | st.integers(0, 9), min_size=1), min_size=1),
    most=st.floats(5, 9),
    least=st.none() | st.integers(0, 5),
    usage=st.just("leads") | names,
    weight=st.none() | st.floats(0, 9),
    each=st.booleans() | names,
    name=st.none() | names.filter(str.strip),
)
OWN = {
    table: st.dictionaries(st.sampled_from(READ_OF[table]), names.map("own {}".format), max_size=2) for table in READ_OF
}
COLUMNS = st.builds(
    lambda start, own: Columns(**{name: f"{start}{k}" for k, name in enumerate(NAMED)}, **own),
    names,
    st.fixed_dictionaries(OWN),
)
FORMATS = st.builds(
    Formats,
    dates=st.none() | st.just("day first"),
    decimal=st.none() | st.sampled_from([",", "."]) | st.just({"value": ","}),
)
OUTCOMES = st.builds(Outcomes, won=st.just(["Ja!"]), lost=st.lists(st.sampled_from(["Aus", "Nein!"]), unique=True))
CHECKED = {
    MatchRule: RULES.filter(lambda rule: isinstance(rule, MatchRule)),
    SkillsRule: RULES.filter(lambda rule: isinstance(rule, SkillsRule)),
    ExcludeRule: RULES.filter(lambda rule: isinstance(rule, ExcludeRule)),
    Fairness: FAIRNESS,
    NewcomerQuota: QUOTA,
    Columns: COLUMNS,
    Formats: FORMATS,
    Outcomes: OUTCOMES,
    LimitRule: LIMIT_RULES,
    Affinity: affinities(2, 3),
    SparseRows: affinities(2, 3).map(lambda affinity: SparseRows.of_dense(affinity.rates)),
    Limit: general_limits(2, 3).filter(len).map(lambda limits: limits[0]),
    Problem: general_problems(),
    Policy: st.builds(
        Policy,
        segment_by=st.none() | st.lists(names, unique=True, max_size=3),
        eligibility=st.lists(RULES, max_size=3),
        fairness=st.none() | FAIRNESS | st.lists(FAIRNESS, max_size=3),
        newcomers=st.none() | QUOTA,
        reserve=st.floats(-9, 9) | st.just(-np.inf),
        half_life_days=st.none() | st.just("learn") | st.floats(1, 999),
        explore=share,
        bins=st.none() | st.just({"budget": 5, "hours": (1.0, 4.0)}),
        score=st.none() | st.just({"size": {"large": 2.0}, "~": {"~": 1.0}}),
        limit=st.lists(LIMIT_RULES, max_size=2),
        balance_open=st.booleans(),
        formats=FORMATS,
        outcomes=OUTCOMES,
        columns=COLUMNS,
    ),
}


def values_of(hint):
    """Return a strategy for what an annotation allows."""
    if hint in CHECKED:
        return CHECKED[hint]
    if hint in PLAIN:
        return PLAIN[hint]
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of(*(st.none() if one is NoneType else values_of(one) for one in inner))
    if origin is np.ndarray:
        return hnp.arrays(get_args(inner[1])[0], hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=3))
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return st.lists(values_of(inner[0]), max_size=3).map(tuple)
        return st.tuples(*map(values_of, inner))
    if origin is Mapping:
        return st.dictionaries(st.text(max_size=3), values_of(inner[1]), max_size=3)
    if hint is Any:
        return st.none() | st.integers()
    hints = get_type_hints(hint)
    saved = {f.name: values_of(hints[f.name]) for f in fields(hint)}
    return st.builds(hint, **saved)
