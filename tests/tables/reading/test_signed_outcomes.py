"""A number keeps its sign wherever words are read: -1 is neither won nor there."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from leadopt import InvalidInput, assign
from leadopt.tables.cells import as_outcome, as_share

NEGATIVE = [-1, -1.0, np.int8(-1), Decimal(-1), "-1", "- 1", " -1 ", "–1", "—1", "−1", "-1.0", "1-", "/1", ".1", "_1"]


@pytest.mark.parametrize("cell", NEGATIVE, ids=repr)
def test_minus_one_is_no_outcome_and_no_share(cell: Any) -> None:
    assert as_outcome(cell) is None
    assert as_share(cell) is None


@pytest.mark.parametrize("cell", [1, 1.0, "1", " 1 ", "１", np.int64(1), Decimal(1), True, "closed-won", "Closed_Won"])
def test_one_is_won_in_every_type(cell: Any) -> None:
    assert as_outcome(cell) == 1


@pytest.mark.parametrize("engine", [dict, pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("cells", [[-1, 0, 1], [-1.0, 0.0, 1.0], ["-1", "0", "1"], ["- 1", "0", "1"]], ids=repr)
def test_a_history_with_minus_one_is_refused(engine: Any, cells: list[Any]) -> None:
    history = engine({"rep_id": ["Ann", "Bo", "Bo"], "converted": cells})
    with pytest.raises(InvalidInput, match=r"history\.converted, row 1: an outcome must be"):
        assign([{"lead_id": 1}], [{"rep_id": "Ann"}, {"rep_id": "Bo"}], history)
