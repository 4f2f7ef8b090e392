"""A date in another order than the policy says: the refusal names the setting."""

from typing import Any

import pandas as pd
import polars as pl
import pytest

from leadopt import Formats, InvalidInput, Policy, assign


@pytest.mark.parametrize("engine", [dict, pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    ("dates", "cell", "other"),
    [("day first", "03/13/2025", "month first"), ("month first", "13/03/2025", "day first")],
)
@pytest.mark.parametrize("by_column", [False, True])
def test_the_policys_order_is_named(engine: Any, dates: str, cell: str, other: str, by_column: bool) -> None:
    history = engine({"rep_id": ["Ann", "Bo"], "converted": [1, 0], "at": ["03/04/2025", cell]})
    policy = Policy(half_life_days=30, formats=Formats(dates={"history.at": dates} if by_column else dates))
    with pytest.raises(InvalidInput) as caught:
        assign([{"lead_id": 1}], [{"rep_id": "Ann"}, {"rep_id": "Bo"}], history, policy=policy, now="2025-06-01")
    said = str(caught.value)
    assert f"found '{cell}'. The policy says that dates are {dates}, and this one is {other}" in said
    assert f'[formats] dates = {{"history.at" = "{other}"}}' in said


def test_what_is_no_date_has_no_such_word() -> None:
    history = {"rep_id": ["Ann", "Bo"], "converted": [1, 0], "at": ["03/04/2025", "soon"]}
    policy = Policy(half_life_days=30, formats=Formats(dates="day first"))
    with pytest.raises(InvalidInput) as caught:
        assign([{"lead_id": 1}], [{"rep_id": "Ann"}, {"rep_id": "Bo"}], history, policy=policy, now="2025-06-01")
    assert "The policy says" not in str(caught.value)
