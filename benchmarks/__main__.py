"""`python -m benchmarks [--quick] [name ...]`: measure, and write pages of docs/.

A name is a page ("benchmarks", "benchmarks-affinity", "benchmarks-evaluate": written) or a benchmark (printed); without
any, all pages.
``--quick`` takes what each benchmark calls its `quick_rows`: small instances.
"""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

from benchmarks.harness import ROOT, Line, machine, sections

ALL = (
    *("import_time", "assign_tables", "assign_segments", "history_counts", "match_peers"),
    *("warm_start", "frontier", "curves", "honesty", "auto_table"),
    *("limits", "gap", "sparse", "cores"),
    *("desk_log", "desk_commands", "desk_reads", "desk_plan"),
)
AFFINITY = ("held_out", "affinity_lift", "many_columns", "few_reps", "season_value", "open_outcomes", "seasons")
EVALUATE = ("verdicts", "off_policy_coverage", "null_trials", "uniform_holdouts")
PAGE = """# Benchmarks

Written by `python -m benchmarks` in {seconds:.0f} s. A timing counts only if its answer is right: the plan is certified
OPTIMAL and its objective equals that of an independent solve where one can be had, or the run fails. Seconds are
medians of three runs or more, unless one takes over three seconds; peak memory is all that the process held, tables and
libraries included.

{machine}

{sections}
"""
AFFINITY_PAGE = """# Benchmarks: what is learned

Written by `python -m benchmarks benchmarks-affinity` in {seconds:.0f} s: real data, and simulated sales
floors whose truth is known.

{machine}

{sections}
"""
EVALUATE_PAGE = """# Benchmarks: does it help?

Written by `python -m benchmarks benchmarks-evaluate` in {seconds:.0f} s: histories and logs whose truth is known.

{machine}

{sections}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of docs/: the benchmarks on it, and its text around `machine`, `seconds` and `sections`."""

    names: tuple[str, ...]
    text: str


PAGES = {
    "benchmarks": Page(names=ALL, text=PAGE),
    "benchmarks-affinity": Page(names=AFFINITY, text=AFFINITY_PAGE),
    "benchmarks-evaluate": Page(names=EVALUATE, text=EVALUATE_PAGE),
}


def main(arguments: list[str]) -> None:
    quick = "--quick" in arguments
    names = [argument for argument in arguments if argument != "--quick"]
    for page in [name for name in names if name in PAGES] or ([] if names or quick else PAGES):
        write(page)
    single = [name for name in names if name not in PAGES]
    for name in single or (list(ALL) if quick and not names else []):
        for row in measured(name, quick):
            print(" | ".join(row.cells), flush=True)


def write(page: str) -> None:
    """Write a page, anew after each row, so that a run that is cut short leaves what it has."""
    setting, start, rows = "\n".join(machine()), perf_counter(), list[Line]()
    for name in PAGES[page].names:
        for row in measured(name, quick=False):
            rows.append(row)
            print(" | ".join(row.cells), flush=True)
            text = PAGES[page].text.format(seconds=perf_counter() - start, machine=setting, sections=sections(rows))
            (ROOT / "docs" / f"{page}.md").write_text(text, encoding="utf-8")


def measured(name: str, quick: bool) -> Iterator[Line]:
    module = importlib.import_module(f"benchmarks.{name}")
    return getattr(module, "quick_rows", module.rows)() if quick else module.rows()


if __name__ == "__main__":
    main(sys.argv[1:])
