"""What a person sees of a result: one sentence, and below it lines, tables and notes; as text, HTML and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from html import escape
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from leadopt.tables.text import html, markdown

Cells = tuple[Sequence[str], list[list[str]]]
"""Headers and rows, for people."""


class Parts(NamedTuple):
    """What stands below the summary: a list of sentences, tables, and paragraphs."""

    lines: Sequence[str] = ()
    tables: Sequence[Cells] = ()
    notes: Sequence[str] = ()


class Result:
    """A result that prints as text, shows as a table in a notebook, and is written as JSON.

    A dataclass that inherits from it has `repr=False`, says `summary()`, and in `below` what there is besides. What is
    shown of its fields stands in its JSON; fields with `repr=False` do not.
    """

    __slots__ = ()

    def summary(self) -> str:
        """Return the result in one sentence."""
        raise NotImplementedError

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary, on a page with room for tables or in text."""
        return Parts()

    def _told(self) -> dict[str, Any]:
        """Return what stands in the JSON."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.repr}  # type: ignore[arg-type]

    def to_json(self) -> str:
        """Return the result as JSON; what is not known or infinite is null."""
        import json

        return json.dumps(told(self._told()), ensure_ascii=False, allow_nan=False)

    def __str__(self) -> str:
        lines, tables, notes = self.below(page=False)
        head = "\n".join([self.summary(), *(f"  {line}" for line in lines)])
        return "\n\n".join([head, *(markdown(*table) for table in tables), *notes])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary()}>"

    def _repr_html_(self) -> str:
        lines, tables, notes = self.below(page=True)
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        below = [f"<ul>{items}</ul>"] if items else []
        below += [html(*table) for table in tables]
        below += [f"<p>{escape(note)}</p>" for note in notes]
        return "".join([f"<p><b>{escape(self.summary())}</b></p>", *below])


def told(value: Any) -> Any:
    """Return a value as JSON can hold it: None for what is not known or infinite, ids that are no numbers as text.

    >>> told({"low": float("-inf"), "ids": (1, "a"), "rates": np.array([0.5, np.nan])})
    {'low': None, 'ids': [1, 'a'], 'rates': [0.5, None]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: told(getattr(value, f.name)) for f in fields(value) if f.repr}
    if isinstance(value, Mapping):
        return {str(key): told(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return told(value.tolist())
    if isinstance(value, list | tuple):
        return [told(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value
