"""Histories that stay where they live: lazy frames whose engine filters and counts, of which only counts come back.

`history_table` makes a `Table` of anything, and a `Remote` of what narwhals knows as lazy: lazy frames of polars,
relations of DuckDB, tables of Ibis, data frames of PySpark.
"""

from leadopt.tables.engines.opening import history_table

__all__ = ["history_table"]
