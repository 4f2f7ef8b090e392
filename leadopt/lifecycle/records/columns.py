"""Plain data that records, events and commands hold: the columns of a lead or rep, and shares of what is divided."""

from collections.abc import Mapping

Level = str | float | bool | None
Columns = Mapping[str, Level]
Shares = Mapping[str, Mapping[str, float]]  # what is shared -> rep -> how much of it
