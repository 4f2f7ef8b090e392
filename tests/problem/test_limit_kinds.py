"""What a limit is for, as a word."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import InvalidInput, Limit, Problem
from leadopt.problem.limit_kinds import LimitKind
from tests.strategies import examples


def test_a_limit_is_its_users_own_unless_it_says_more():
    assert (Limit().kind, Limit().of) == (LimitKind.OWN, None)
    assert Limit(kind="hours", of=np.int64(3)).kind is LimitKind.HOURS
    assert Limit(kind="hours", of=np.int64(3)).of == 3


@pytest.mark.parametrize(
    "made, said",
    [
        ({"kind": "hour"}, "kind of a limit: found 'hour'; did you mean \"hours\"?"),
        ({"kind": None}, "kind of a limit: found None; known are own, minimum, hours, fairness band, value band, "
         "hot-lead band, fair share, even share and 5 more"),
        ({"of": True}, "limit 'x': of must be the index of a rep, a word or None; found True"),
        ({"of": -1}, "limit 'x': of must be the index of a rep, a word or None; found -1"),
        ({"of": 1.5}, "limit 'x': of must be the index of a rep, a word or None; found 1.5"),
    ],
)  # fmt: skip
def test_unknown_kinds_and_reps_are_refused(made, said):
    with pytest.raises(InvalidInput) as caught:
        Limit(name="x", **made)
    assert str(caught.value) == said


def test_a_limit_about_a_rep_who_is_not_there_is_refused():
    with pytest.raises(InvalidInput, match="limit 'x': of must be from 0 to 1; found 2"):
        Problem(affinity=np.ones((1, 2)), capacity=1, limits=(Limit(name="x", of=2),))


def test_words_fit_every_kind_that_has_them_all():
    assert LimitKind.called("Band") == {LimitKind.FAIRNESS_BAND, LimitKind.VALUE_BAND, LimitKind.HOT_LEAD_BAND}
    assert LimitKind.called("band value") == {LimitKind.VALUE_BAND}
    assert LimitKind.called("minimum") == {LimitKind.MINIMUM, LimitKind.NEWCOMER_MINIMUM}
    assert LimitKind.called("fairness band of Ann") == LimitKind.called("newcom") == LimitKind.called(" ") == set()
    assert all(kind.is_newcomer_quota == kind.startswith("newcomer") for kind in LimitKind)


@given(st.text())
@examples(40)
def test_any_text_is_a_kind_or_none(text):
    assert all(set(text.casefold().split()) <= set(kind.split()) for kind in LimitKind.called(text))
