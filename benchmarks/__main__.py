"""`python -m benchmarks [--quick | --write] [name ...]`: measure, and write pages of docs/.

A name is a page ("benchmarks", "benchmarks-affinity", "benchmarks-evaluate", "benchmarks-desk": written anew) or a
benchmark (printed, and with ``--write`` put in the place of its sections of its page, of which the others stay);
without any, all pages.
``--quick`` takes what each benchmark calls its `quick_rows`: small instances.
"""

import importlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

from benchmarks.harness import ROOT, Line, commit, machine, sections, split_sections

ALL = (
    *("import_time", "assign_tables", "assign_segments", "history_counts"),
    *("match_peers", "small_problems", "tied", "warm_start", "frontier", "curves", "honesty", "auto_table"),
    *("limits", "gap", "sparse", "cores", "interrupts"),
)
AFFINITY = (
    *("held_out", "affinity_lift", "many_columns", "small_teams", "few_reps"),
    *("season_value", "open_outcomes", "seasons"),
)
DESK = ("desk_log", "desk_commands", "desk_reads", "desk_plan")
EVALUATE = ("headlines", "verdicts", "verdict_power", "off_policy_coverage", "null_trials", "uniform_holdouts")
PAGE = """# Benchmarks

Written by `python -m benchmarks`. A timing counts only if its answer is right: the plan is certified
OPTIMAL and its objective equals that of an independent solve where one can be had, or the run fails. Seconds are
medians of three runs or more, unless one takes over three seconds; peak memory is all that the process held, tables and
libraries included.

{machine}

{sections}
"""
AFFINITY_PAGE = """# Benchmarks: what is learned

Written by `python -m benchmarks benchmarks-affinity`: real data, and simulated sales floors whose truth is known.

{machine}

{sections}
"""
EVALUATE_PAGE = """# Benchmarks: does it help?

Written by `python -m benchmarks benchmarks-evaluate`: histories and logs whose truth is known.

{machine}

{sections}
"""
DESK_PAGE = """# Benchmarks: the desk

Written by `python -m benchmarks benchmarks-desk`. Commands and the log alone stand beside a bare
insert of rows of the same size, in turns on one disk. Reads and plans are of a desk that was filled in bulk and then
rebuilt from its log, so that every record follows from it; every answer is checked.

{machine}

{sections}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of docs/: the benchmarks on it, and its text around `machine` and `sections`."""

    names: tuple[str, ...]
    text: str


PAGES = {
    "benchmarks": Page(names=ALL, text=PAGE),
    "benchmarks-affinity": Page(names=AFFINITY, text=AFFINITY_PAGE),
    "benchmarks-evaluate": Page(names=EVALUATE, text=EVALUATE_PAGE),
    "benchmarks-desk": Page(names=DESK, text=DESK_PAGE),
}


def main(arguments: list[str]) -> None:
    flags = {argument for argument in arguments if argument.startswith("--")}
    quick, names = "--quick" in flags, [argument for argument in arguments if argument not in flags]
    for page in [name for name in names if name in PAGES] or ([] if names or quick else PAGES):
        write(page, PAGES[page].names, {})
    for name in [name for name in names if name not in PAGES] or (list(ALL) if quick and not names else []):
        if "--write" in flags:
            page = next(page for page, of_page in PAGES.items() if name in of_page.names)
            write(page, (name,), split_sections(_path(page).read_text(encoding="utf-8")))
        else:
            for row in measured(name, quick):
                print(" | ".join(row.cells), flush=True)


def write(page: str, names: Iterable[str], kept: dict[str, str]) -> None:
    """Write a page of these sections and of some benchmarks', after each row: a run cut short leaves what it has.

    A section of the same title as one that is kept takes its place.
    """
    # Which commit is asked before the page is written, which makes the files differ from it.
    setting, measured_at, found = "\n".join(machine()), commit(), dict(kept)
    for name in names:
        start, rows = perf_counter(), list[Line]()
        for row in measured(name, quick=False):
            rows.append(row)
            print(" | ".join(row.cells), flush=True)
            told = f"Measured on {date.today()} at {measured_at}, in {perf_counter() - start:,.0f} s."
            found |= sections(rows, told)
            text = PAGES[page].text.format(machine=setting, sections="\n\n".join(found.values()))
            _path(page).write_text(text, encoding="utf-8")


def _path(page: str) -> Path:
    return ROOT / "docs" / f"{page}.md"


def measured(name: str, quick: bool) -> Iterator[Line]:
    module = importlib.import_module(f"benchmarks.{name}")
    return getattr(module, "quick_rows", module.rows)() if quick else module.rows()


if __name__ == "__main__":
    main(sys.argv[1:])
