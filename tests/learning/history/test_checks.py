"""What is said of a history fits what was found."""

import pytest

from leadopt.learning.history.checks import pairs_note


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ([(1, 2)], "a x b, of which the outcomes tell least, are taken to add up"),
        ([(1, 2), (1, 3), (2, 3)], "none is learned, and a x b, a x c, b x c are taken to add up"),
    ],
)
def test_pairs_that_are_left_out_are_the_least_telling_only_where_others_are_learned(left_out, said):
    (note,) = pairs_note(("rep", "a", "b", "c"), left_out, 3)
    assert note == (
        f"to learn all pairs of columns of leads would take too long: {said}; what a rep does with each column is "
        "learned"
    )


def test_one_pair_alone_and_none():
    (note,) = pairs_note(("rep", "a", "b"), [(1, 2)], 1)
    assert ": a x b, the only one, is taken to add up; " in note
    assert pairs_note(("rep", "a", "b"), [], 1) == []
