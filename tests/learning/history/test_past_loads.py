"""How many leads a rep had: against counting by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.history.past_loads import open_load, recent_load
from tests.strategies import examples

leads = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30), st.integers(-1, 9)), max_size=25)


@given(leads, st.integers(1, 9))
@examples(100)
def test_loads_are_what_counting_finds(rows, window):
    rep, came, lasted = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    end = np.where(lasted < 0, -1, came + lasted)
    recent = [sum(r == rep[k] and came[k] - window < d <= came[k] for r, d, _ in rows) for k in range(len(rows))]
    still = [
        sum(r == rep[k] and d <= came[k] and (n < 0 or d + n >= came[k]) for r, d, n in rows) for k in range(len(rows))
    ]
    assert recent_load(rep, came, window).tolist() == recent
    assert open_load(rep, came, end).tolist() == still
