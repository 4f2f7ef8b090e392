"""Tables in, tables out: the only place that knows data frames, and every check that names a column and a row."""

from leadopt.tables.table import Table, check_same_kind

__all__ = ["Table", "check_same_kind"]
