"""Columns that describe leads or reps, as levels: measurements binned, what only names leads, or copies, left out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.history.bins import Edges, Results, bins_note, codes_note, learned_edges, levels_of
from leadopt.learning.history.checks import copies_of_columns, name_note, names_leads, one_level_note
from leadopt.tables.cells.coded import Coded
from leadopt.tables.ids import nothing_note, one_nothing, one_truth, respelled, spellings_note, spellings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """The columns in use.

    Parameters
    ----------
    levels
        of each column in use, one for each group of outcomes
    edges
        inner edges of those that are binned
    spellings
        of each column in use that is not binned, its levels by what all their spellings have in common
        (`level_key`)
    numbers
        columns in use of numbers that are not binned, but each a level: text that spells one is that level
    notes
        which columns are left out, and why, and which levels are one in several spellings, in words
    """

    levels: dict[str, Coded]
    edges: dict[str, Edges]
    spellings: dict[str, dict[str, str | None]]
    numbers: frozenset[str]
    notes: list[str]


def read_attributes(
    table: str,
    columns: Mapping[str, Sequence[Any]],
    outcomes: Ints,
    results: Results,
    *,
    weights: Floats | None = None,
    bins: Mapping[str, int | Edges] | None = None,
    noun: str = "outcome",
    of_reps: Collection[str] = (),
) -> Attributes:
    """Return the levels of columns.

    Parameters
    ----------
    table
        what messages call it
    columns
        cells by column, one for each group of outcomes
    outcomes
        int64 (n_groups,), how many there are of each
    results
        what came of them, which says whether numbers are codes
    weights
        float64 (n_groups,), what bins hold equally much of; None = outcomes
    bins
        as of `check_bins`
    noun
        what a note calls an outcome
    of_reps
        columns that describe the rep, and not the lead: neither is a copy of the other

    Raises
    ------
    InvalidInput
        a column that is binned holds what is no number
    """
    asked, held = bins or {}, outcomes.astype(np.float64) if weights is None else weights
    coded = {name: Coded.of(cells) for name, cells in columns.items()}
    found = {
        name: learned_edges(asked.get(name), cells, held, results, of_reps=name in of_reps)
        for name, cells in coded.items()
    }
    edges = {name: its for name, (its, _) in found.items()}
    levels = {name: levels_of(f"{table}.{name}", cells, edges[name]) for name, cells in coded.items()}
    names = [name for name, its in levels.items() if names_leads(its, outcomes)]
    copies = dict[str, str]()
    for side in (True, False):
        described = {name: its for name, its in levels.items() if (name in of_reps) == side and name not in names}
        copies |= copies_of_columns(described, outcomes)
    left_out = [*names, *copies]
    plain = [name for name in levels if edges[name] is None and name not in left_out]
    others = {name: respelled(levels[name], outcomes) | one_truth(levels[name].cells) for name in plain}
    for name, other in others.items():
        levels[name] = levels[name].replaced(other)
    nothing = {name: one_nothing(levels[name].cells) for name in plain}
    for name, ways in nothing.items():
        levels[name] = levels[name].replaced(ways)
    used = {name: its for name, its in levels.items() if name not in left_out}
    return Attributes(
        levels=used,
        edges={name: its for name in used if (its := edges[name]) is not None},
        spellings={name: spellings_of(levels[name].cells) for name in plain},
        numbers=frozenset(name for name in used if edges[name] is None and found[name][1] == "numbers"),
        notes=[
            *(name_note(name, levels[name], outcomes, noun) for name in names),
            *(f"{name} tells the same as {first}, level by level: it is left out" for name, first in copies.items()),
            *(
                note
                for name in used
                if (its := edges[name]) is not None
                for note in bins_note(name, coded[name], outcomes, its, found[name][1], noun)
            ),
            *(
                note
                for name in used
                if edges[name] is None and name not in asked and (kind := found[name][1]) is not None
                for note in codes_note(name, coded[name], outcomes, kind, noun)
            ),
            *(
                note
                for name in used
                if edges[name] is None
                for note in one_level_note(name, levels[name], outcomes, noun)
            ),
            *(note for name in used for note in spellings_note(f"levels of {name}", others.get(name, {}))),
            *(note for name in used for note in nothing_note(f"{table}.{name}", nothing.get(name, {}))),
        ],
    )
